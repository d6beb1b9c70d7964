"""Edits of values and entries between brackets, JSON documents included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import emit
from .blockedit import Additions, change_value, inline
from .spans import OddLayoutError

if TYPE_CHECKING:
    from .edits import Edits
    from .spans import Entry, Text
    from .tree import Node


def change_flow(
    edits: Edits,
    node: Node,
    entries: list[Entry],
    stays: list[bool],
    added: Additions,
    entry: Entry | None,
    parent: Node | None,
) -> None:
    """Removes the entries of a flow collection that don't stay and adds new ones. `entry`: where `node` stands."""
    text = edits.text
    made = {at: [_pair(*pair) for pair in pairs] for at, pairs in added.items()}
    opened = text.body(node) + 1
    if True not in stays:
        if made.get(-1):
            edits.replace(entries[0].start, entries[-1].end, ", ".join(made[-1]))
        else:
            (change_flow_value if parent is not None and parent.flow else change_value)(
                edits, node, {} if node.kind == "map" else [], entry, parent
            )
        return
    first = stays.index(True)
    for at, stay in enumerate(stays):
        if not stay:
            _remove(edits, entries, at, first)
    begin = entries[0].start
    own_lines = text.line_start(opened) != text.line_start(begin) and text.alone(begin)
    comma = "," + (text.newline + " " * text.column(begin) if own_lines else " ")
    for at, items in made.items():
        if at < 0:
            edits.replace(entries[first].start, entries[first].start, "".join(item + comma for item in items))
        else:
            end = entries[at].end
            edits.replace(end, end, "".join(comma + item for item in items))


def _remove(edits: Edits, entries: list[Entry], at: int, first: int) -> None:
    """Removes one entry and one comma; comments between entries stay."""
    text = edits.text
    entry = entries[at]
    if at < first:
        comma = _comma(text, entry.end)
        if "#" in text.text[entry.end : entries[at + 1].start]:
            edits.replace(entry.start, entry.end, "")
            edits.replace(comma, comma + 1, "")
        else:
            edits.replace(entry.start, entries[at + 1].start, "")
        return
    before = entries[at - 1].end
    comma = _comma(text, before)
    if "#" in text.text[before : entry.start]:
        edits.replace(comma, comma + 1, "")
        edits.replace(entry.start, entry.end, "")
    else:
        edits.replace(before, entry.end, "")


def _comma(text: Text, position: int) -> int:
    comma = text.skip(position)
    if not text.text.startswith(",", comma):
        raise OddLayoutError(0)
    return comma


def _pair(key: str | None, value: Any) -> str:
    return emit.flow(value) if key is None else f"{emit.quoted(key)}: {emit.flow(value)}"


def change_flow_value(edits: Edits, node: Node, new: Any, entry: Entry | None, parent: Node | None) -> None:
    """Writes another value in the place of a node between brackets."""
    made = emit.flow(new) if isinstance(new, (dict, list, str)) else inline(node, new)
    if entry is None or entry.key is None or entry.head >= 0:
        edits.replace(node.start, node.end, made if node.start < node.end else " " + made)
    else:
        edits.replace(entry.key.end, entry.key.end, ": " + made)
