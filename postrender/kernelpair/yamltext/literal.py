"""Literal block scalars whose text grew or shrank at its end: whole lines come or go, and the others stay."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .edits import Edits
    from .spans import Text
    from .tree import Node


def change_end(edits: Edits, node: Node, new: Any) -> bool:
    """Adds or removes lines at the end of a literal block scalar; False, without an edit, where that isn't the change.

    The scalar's header stays, so the new text must end as its chomping says: `|` with one line end, `|-` with none,
    `|+` with any. Lines that a literal block scalar can't hold, a blank first one, and a text of blank lines only are
    left to others.
    """
    if node.style != "|" or not isinstance(new, str) or not _fits(edits.text, node, new):
        return False
    grown = _lines_between(node.text, new)
    gone = _lines_between(new, node.text)
    last = _end(edits.text, node)
    if grown and grown[0] and all(_holdable(line) for line in grown):
        margin = _indentation(edits.text, node)
        if margin:
            edits.lines_below(last, grown, margin)
            return True
    if gone is not None and new.strip("\n"):
        start = last
        for _ in gone[1:]:
            start = edits.text.line_start(start) - 1
        edits.replace(edits.text.line_start(start), edits.text.next_line(last), "")
        return True
    return False


def _fits(text: Text, node: Node, new: str) -> bool:
    """Whether old and new text both end as the header says, and the scalar's last line ends too."""
    if not text.ends_line(text.next_line(text.end(node))):
        return False
    start, end = text.header(node)
    header = text.text[start:end]
    if "+" in header:
        return all(one.endswith("\n") for one in (node.text, new))
    if "-" in header:
        return not any(one.endswith("\n") for one in (node.text, new))
    return all(one.endswith("\n") and not one.endswith("\n\n") for one in (node.text, new))


def _end(text: Text, node: Node) -> int:
    """Where the last line of the scalar's value ends: blank lines behind it that the value doesn't have are no part."""
    first = bisect_right(text.line_starts, text.header(node)[1])
    more = sum(node.text.removesuffix("\n").count(line_break) for line_break in "\n\u2028\u2029")
    return text.line_end(text.line_starts[first + more])


def _lines_between(less: str, more: str) -> list[str] | None:
    """The lines that `more` has behind all of `less`, or None where it isn't `less` and more lines."""
    if not more.startswith(less) or more == less:
        return None
    rest = more[len(less) :]
    if less.endswith("\n"):
        return rest.removesuffix("\n").split("\n")
    return rest[1:].split("\n") if rest.startswith("\n") and less else None


def _holdable(line: str) -> bool:
    return line.isprintable() and (not line or bool(line.strip()))


def _indentation(text: Text, node: Node) -> int:
    """How far the scalar's lines are indented; 0 where no line shows it."""
    position = text.next_line(text.header(node)[1])
    for line in node.text.split("\n"):
        end = text.line_end(position)
        if line.strip():
            return end - position - len(line)
        position = text.next_line(position)
    return 0
