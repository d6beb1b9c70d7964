"""Where things stand in a document's text: lines, the entries of a collection, the author's layout."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from .emit import Layout

if TYPE_CHECKING:
    from .tree import Node

# libyaml's line ends.
_BREAKS = "\r\n\x85\u2028\u2029"
_BREAK = re.compile(rf"\r\n|[{_BREAKS}]")
_TRAILING_BREAKS = re.compile(rf"(?:\r\n|[{_BREAKS}])*\Z")
_GAP = re.compile(rf"(?:[ \t{_BREAKS}]|#[^{_BREAKS}]*)*")
_PROPERTY = re.compile(r"[&!]\S*")
_COLON = re.compile(r"[ \t]*:")
_BLOCK_HEADER = re.compile(r"[|>][-+0-9]*")


class OddLayoutError(Exception):
    """The text isn't laid out as its tree says, so far as this module can see; `.line` is where."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


class Entry(NamedTuple):
    """One `key: value` or `- value`."""

    start: int
    """Index of the key, of the `?` of an explicit one, or of the dash."""
    end: int
    """Behind the last character of the value, the line end of a block scalar not included."""
    head: int
    """Behind the colon or the dash; -1 for an explicit key, and where a key in brackets has no value."""
    key: Node | None
    node: Node


class Text:
    """A document's text and its lines."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.line_starts = [1 if text.startswith("\ufeff") else 0]
        first = None
        for match in _BREAK.finditer(text):
            first = first or match.group()
            self.line_starts.append(match.end())
        self.newline = first if first in ("\n", "\r\n", "\r") else "\n"

    def line_start(self, position: int) -> int:
        """Where the line of `position` begins, behind a byte order mark."""
        return self.line_starts[max(bisect_right(self.line_starts, position) - 1, 0)]

    def next_line(self, position: int) -> int:
        """Where the line after that of `position` begins; the end of the text if there is none."""
        at = bisect_right(self.line_starts, position)
        return self.line_starts[at] if at < len(self.line_starts) else len(self.text)

    def line_end(self, position: int) -> int:
        """Where the line of `position` ends, its line end not included."""
        match = _BREAK.search(self.text, position)
        return match.start() if match else len(self.text)

    def ends_line(self, position: int) -> bool:
        """Whether a line end stands directly before `position`."""
        return position > 0 and self.text[position - 1] in _BREAKS

    def column(self, position: int) -> int:
        """Characters before `position` on its line."""
        return position - self.line_start(position)

    def alone(self, position: int) -> bool:
        """Whether only spaces stand before `position` on its line."""
        return not self.text[self.line_start(position) : position].strip(" ")

    def skip(self, position: int) -> int:
        """The next position that is neither white space nor in a comment."""
        match = _GAP.match(self.text, position)
        return match.end() if match else position

    def body(self, node: Node) -> int:
        """Where a node begins behind its anchor and tag."""
        position = node.start
        for _ in range(bool(node.anchor) + bool(node.tag)):
            match = _PROPERTY.match(self.text, position)
            position = self.skip(match.end()) if match else position
        return position

    def end(self, node: Node) -> int:
        """Behind the last character of a node; of a block scalar, before the line end of its last line.

        The blank lines behind a block scalar count only where they belong to its value (`|+`).
        """
        leaf = last_leaf(node)
        if not is_block_scalar(leaf):
            return node.end
        raw = self.text[leaf.start : leaf.end]
        breaks = _TRAILING_BREAKS.search(raw)
        if breaks is None or breaks.start() == len(raw):
            return leaf.end
        if not self.keeps(leaf):
            return leaf.start + breaks.start()
        return leaf.end - (2 if raw.endswith("\r\n") else 1)

    def header(self, leaf: Node) -> tuple[int, int]:
        """The span of a block scalar's `|2+`."""
        start = self.body(leaf)
        match = _BLOCK_HEADER.match(self.text, start)
        if match is None:
            raise OddLayoutError(leaf.line)
        return match.span()

    def keeps(self, leaf: Node) -> bool:
        """Whether a block scalar keeps the blank lines behind it."""
        start, end = self.header(leaf)
        return "+" in self.text[start:end]

    def entries(self, node: Node) -> list[Entry]:
        """The entries of a collection. Raises OddLayoutError where they aren't found in the text."""
        position = self.body(node)
        if node.flow:
            return [self._flow_entry(item, node) for item in node.items]
        entries = []
        for item in node.items:
            position = self.skip(position)
            key, content = item if node.kind == "map" else (None, item)
            entry = self._item(position, content) if key is None else self._pair(position, key, content)
            entries.append(entry)
            position = max(content.end, entry.head)
        return entries

    def _item(self, position: int, content: Node) -> Entry:
        if not self.text.startswith("-", position):
            raise OddLayoutError(content.line)
        return Entry(position, max(self.end(content), position + 1), position + 1, None, content)

    def _pair(self, position: int, key: Node, content: Node) -> Entry:
        if position != key.start:
            if not self.text.startswith("?", position):
                raise OddLayoutError(key.line)
            return Entry(position, max(self.end(content), key.end), -1, key, content)
        colon = _COLON.match(self.text, key.end)
        if colon is None:
            raise OddLayoutError(key.line)
        return Entry(position, max(self.end(content), colon.end()), colon.end(), key, content)

    def _flow_entry(self, item: Node | tuple[Node, Node], node: Node) -> Entry:
        if not isinstance(item, tuple):
            return Entry(item.start, item.end, item.start, None, item)
        key, content = item
        colon = self.skip(key.end)
        head = colon + 1 if self.text.startswith(":", colon) else -1
        return Entry(key.start, max(key.end, head, content.end), head, key, content)


def last_leaf(node: Node) -> Node:
    """The value that stands last in a block collection; any other node itself."""
    while node.kind in ("map", "seq") and not node.flow and node.items:
        node = node.items[-1][1] if node.kind == "map" else node.items[-1]
    return node


def is_block_scalar(node: Node) -> bool:
    """Whether a node is written with `|` or `>`."""
    return node.kind == "scalar" and node.style in ("|", ">")


def layout_of(root: Node) -> Layout:
    """How a document's author indents: the first example of each measure, else Layout's own."""
    found: dict[str, int] = {}
    stack = [root]
    while stack and len(found) < len(_MEASURES):
        node = stack.pop()
        if node.flow:
            continue
        if node.kind == "map":
            for key, content in node.items:
                _measure(found, "step" if content.kind == "map" else "sequence", key, content)
            stack.extend(content for _, content in reversed(node.items))
        elif node.kind == "seq":
            for item in node.items:
                if item.line == node.line:
                    _measure(found, "dash", node, item)
            stack.extend(reversed(node.items))
    usual = Layout()
    return Layout(
        step=found.get("step", usual.step),
        sequence=found.get("sequence", usual.sequence),
        dash=found.get("dash", usual.dash),
    )


# The least and the most that is taken for a habit.
_MEASURES = {"step": (1, 8), "sequence": (0, 8), "dash": (2, 8)}


def _measure(found: dict[str, int], name: str, outer: Node, inner: Node) -> None:
    if inner.kind not in ("map", "seq") or inner.flow or any(node.anchor or node.tag for node in (outer, inner)):
        return
    least, most = _MEASURES[name]
    distance = inner.column - outer.column
    if least <= distance <= most:
        found.setdefault(name, distance)
