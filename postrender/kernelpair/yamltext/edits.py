"""Edits of a text, gathered and then applied at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import emit
from .spans import OddLayoutError, is_block_scalar, layout_of

if TYPE_CHECKING:
    from .emit import Layout
    from .spans import Text
    from .tree import Node


class Edits:
    """Replacements of spans. Each refers to the text as it was; none may overlap another."""

    def __init__(self, text: Text, root: Node) -> None:
        self.text = text
        self._root = root
        self._layout: Layout | None = None
        self._spans: list[tuple[int, int, str]] = []

    @property
    def layout(self) -> Layout:
        """How the document's author indents."""
        if self._layout is None:
            self._layout = layout_of(self._root)
        return self._layout

    @property
    def layout_below(self) -> Layout:
        """The layout for `lines_below`: block scalars too, where the last line has an end for them to keep."""
        return self.layout._replace(literal=self.text.ends_line(len(self.text.text)))

    def replace(self, start: int, end: int, new: str) -> None:
        """Puts `new` in the place of `text[start:end]`."""
        self._spans.append((start, end, new))

    def lines_below(self, position: int, lines: list[str], margin: int) -> None:
        """Adds whole lines, indented by `margin`, below the line of `position`."""
        below = self.text.next_line(position)
        made = [" " * margin + line if line else line for line in lines]
        newline = self.text.newline
        if below == len(self.text.text) and not self.text.ends_line(below):
            self.replace(below, below, "".join(newline + line for line in made))
        else:
            self.replace(below, below, "".join(line + newline for line in made))

    def lines_at(self, start: int, end: int, lines: list[str]) -> None:
        """Puts lines in the place of a span, the first where the span begins and the others below it."""
        margin = " " * self.text.column(start)
        self.replace(
            start, end, self.text.newline.join([lines[0], *(margin + line if line else "" for line in lines[1:])])
        )

    def close_before(self, leaf: Node) -> None:
        """Makes room behind a block scalar that ends the text without a line end, which would become part of it."""
        text = self.text.text
        if not is_block_scalar(leaf) or leaf.end < len(text) or self.text.ends_line(len(text)):
            return
        start, end = self.text.header(leaf)
        if leaf.text.endswith("\n"):
            self.replace(leaf.start, leaf.end, emit.scalar(leaf.text))
        elif "-" not in text[start:end]:
            self.replace(start, end, text[start:end].replace("+", "") + "-")

    def apply(self) -> str:
        """The text with all edits made; edits of one place in the order in which they were given."""
        text = self.text.text
        pieces: list[str] = []
        position = 0
        broken = False  # whether what has been written ends a line
        for start, end, new in sorted(self._spans, key=_place):
            if start < position:
                raise OddLayoutError(0)
            kept = text[position:start]
            if kept:
                broken = kept.endswith(("\n", "\r"))
                pieces.append(kept)
            if start == end == len(text) and broken and new.startswith(self.text.newline):
                # The line end that was missing here went with the removed lines before it.
                new = new.removeprefix(self.text.newline)
            if new:
                broken = new.endswith(("\n", "\r"))
                pieces.append(new)
            position = end
        pieces.append(text[position:])
        return "".join(pieces)


def _place(edit: tuple[int, int, Any]) -> tuple[int, int]:
    return edit[:2]
