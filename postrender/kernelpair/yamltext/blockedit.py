"""Edits of values and entries in block style."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import emit
from .literal import change_end
from .spans import OddLayoutError, is_block_scalar, last_leaf

if TYPE_CHECKING:
    from .edits import Edits
    from .spans import Entry, Text
    from .tree import Node

Additions = dict[int, list[tuple[Any, Any]]]
"""New (key or None, value) pairs by the index of the entry they follow; -1: before all."""


def change_block(
    edits: Edits,
    node: Node,
    entries: list[Entry],
    stays: list[bool],
    added: Additions,
    entry: Entry | None,
    parent: Node | None,
) -> None:
    """Removes the entries of a block collection that don't stay and adds new ones. `entry`: where `node` stands."""
    # What comes first (-1) may share its lines with others.
    made = {
        at: [line for pair in pairs for line in emit.entry(*pair, edits.layout if at < 0 else edits.layout_below)]
        for at, pairs in added.items()
    }
    if True not in stays:
        _replace_all(edits, node, entries, made.get(-1, []), entry, parent)
        return
    first = stays.index(True)
    _remove(edits, entries, stays, first, made.pop(-1, []))
    for at, lines in made.items():
        if lines:
            leaf = last_leaf(entries[at].node)
            edits.close_before(leaf)
            edits.lines_below(entries[at].end, lines, edits.text.column(entries[0].start))


def _replace_all(
    edits: Edits, node: Node, entries: list[Entry], lines: list[str], entry: Entry | None, parent: Node | None
) -> None:
    """No entry stays: the new ones take the first one's place, or empty brackets the collection's."""
    text = edits.text
    begin = entries[0]
    if lines:
        edits.lines_at(begin.start, begin.end, lines)
    else:
        brackets = "{}" if node.kind == "map" else "[]"
        below_key = parent is not None and parent.kind == "map" and text.alone(begin.start)
        if below_key and entry is not None and entry.head >= 0:
            body = text.body(node)
            # Behind the anchor or tag on the key's line, if there is one.
            head = entry.head if body == node.start else _end_of_properties(text, node, body)
            edits.replace(head, head, " " + brackets)
            _remove_lines(edits, begin)
        else:
            edits.replace(begin.start, begin.end, brackets)
    for gone in entries[1:]:
        _remove_lines(edits, gone)


def _end_of_properties(text: Text, node: Node, body: int) -> int:
    """Behind a node's anchor and tag, whose body stands on a later line."""
    line = text.next_line(node.start)
    if line > body:
        raise OddLayoutError(node.line)
    head = text.text[node.start : line].partition(" #")[0].rstrip()
    return node.start + len(head)


def _remove(edits: Edits, entries: list[Entry], stays: list[bool], first: int, lines: list[str]) -> None:
    """Removes what doesn't stay; `lines` come before the first entry that does (`first`)."""
    text = edits.text
    begin = entries[0]
    gone = [i for i, stay in enumerate(stays) if not stay]
    if not stays[0] and not text.alone(begin.start):
        # It shares its line with a dash that must stay.
        gone.remove(0)
        between = "".join(text.text[text.next_line(entries[i].end) : entries[i + 1].start] for i in range(first))
        if lines:
            edits.lines_at(begin.start, begin.end, lines)
        elif "#" in between:
            dash = len(text.text[: begin.start].rstrip(" "))
            edits.replace(dash, text.line_end(begin.end), "")
        else:
            edits.replace(begin.start, entries[first].start, "")
            gone = [i for i in gone if i > first]
    elif lines:
        column = text.column(entries[first].start)
        made = text.newline.join(line if i == 0 else " " * column + line for i, line in enumerate(lines))
        edits.replace(entries[first].start, entries[first].start, made + text.newline + " " * column)
    before = None
    for entry, stay, leaves in zip(entries, stays, _flags(gone, len(entries)), strict=True):
        before = entry.node if stay else before
        if leaves:
            _remove_lines(edits, entry, before)


def _flags(indexes: list[int], count: int) -> list[bool]:
    flags = [False] * count
    for index in indexes:
        flags[index] = True
    return flags


def _remove_lines(edits: Edits, entry: Entry, before: Node | None = None) -> None:
    """Removes an entry with its lines. Behind a block scalar that keeps blank lines, those below the entry go too."""
    text = edits.text
    end = text.next_line(entry.end)
    leaf = last_leaf(before) if before is not None else None
    if leaf is not None and is_block_scalar(leaf) and text.keeps(leaf):
        while end < len(text.text) and not text.text[end : text.next_line(end)].strip():
            end = text.next_line(end)
    edits.replace(text.line_start(entry.start), end, "")


def change_value(edits: Edits, node: Node, new: Any, entry: Entry | None, parent: Node | None) -> None:
    """Writes another value in the place of a node in block style, or of the document's own."""
    if change_end(edits, node, new):
        return
    if entry is not None and entry.head < 0:
        key = emit.entry(entry.key.text if entry.key else None, new, edits.layout)
        edits.lines_at(entry.start, entry.end, key)
    elif isinstance(new, (dict, list)) and new:
        _write_collection(edits, node, new, entry, parent)
    else:
        _write_inline(edits, node, new, entry, parent)


def _write_inline(edits: Edits, node: Node, new: Any, entry: Entry | None, parent: Node | None) -> None:
    """Writes a scalar or empty brackets."""
    text = edits.text
    made = inline(node, new)
    body = text.body(node)
    end = text.end(node)
    if node.start == end:
        edits.replace(end, end, " " + made)
    elif node.items and not node.flow and parent is not None and parent.kind == "map" and text.alone(body):
        head = entry.head if entry is not None else node.start
        edits.replace(head, head if body == node.start else _end_of_properties(text, node, body), " " + made)
        edits.replace(text.line_start(body), text.next_line(end), "")
    else:
        edits.replace(node.start, end, made)


def _write_collection(edits: Edits, node: Node, new: Any, entry: Entry | None, parent: Node | None) -> None:
    """Writes entries in block style in the place of another value."""
    text = edits.text
    layout = edits.layout
    lines = emit.lines(new, layout)
    end = text.end(node)
    if entry is None or parent is None:
        root_flow = node.flow or not text.alone(node.start)
        edits.lines_at(node.start, end, [emit.flow(new)] if root_flow else lines)
        return
    same_line = text.line_start(node.start) == text.line_start(entry.start)
    margin = text.column(entry.start) + (layout.step if isinstance(new, dict) else layout.sequence)
    if parent.kind == "map" and same_line:
        edits.replace(entry.head, end, "")
        edits.lines_below(end, lines, margin)
    elif parent.kind == "map":
        start = text.line_start(node.start)
        made = text.newline.join(" " * margin + line if line else line for line in lines)
        edits.replace(start, end, made)
    elif same_line:
        column = text.column(entry.start) + layout.dash if node.start == end else text.column(node.start)
        edits.replace(entry.head, end, " " * (column - text.column(entry.head)) + lines[0])
        if lines[1:]:
            edits.lines_below(end, lines[1:], column)
    else:
        edits.lines_at(node.start, end, lines)


def inline(node: Node, new: Any) -> str:
    """A scalar or a collection on one line, in the quotes the old value had."""
    if isinstance(new, (dict, list)):
        return emit.flow(new)
    if isinstance(new, str) and node.style == '"':
        return emit.quoted(new)
    return emit.scalar(new)
