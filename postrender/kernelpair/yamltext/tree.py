"""A document's values, where each stands in its text, and what Go's YAML reads in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .scalars import key_text, resolve, resolve_tagged

if TYPE_CHECKING:
    from collections.abc import Iterator

_MERGE_TAG = "tag:yaml.org,2002:merge"


class Node:
    """One value of a document and where it stands."""

    __slots__ = (
        "anchor", "column", "end", "flow", "items", "kind", "line", "refs", "start", "style", "tag", "target", "text",
    )  # fmt: skip

    def __init__(self, kind: str, start: int, end: int, line: int, column: int) -> None:
        self.kind = kind
        """'map', 'seq', 'scalar' or 'alias'."""
        self.start = start
        """Index in the text of the first character: the anchor or tag, where there is one."""
        self.end = end
        """Index behind the last character; a block collection ends where its last value does."""
        self.line = line
        """1-based line of the stream."""
        self.column = column
        """Characters before `start` on its line; a byte order mark doesn't count."""
        self.text = ""
        """A scalar's text as the parser unfolds it."""
        self.style = ""
        """A scalar's style: '' (plain), "'", '"', '|' or '>'."""
        self.flow = False
        """Whether a collection is written with brackets (or is the one pair of `[a: b]`)."""
        self.tag = ""
        """The explicit tag in full, or ''."""
        self.anchor = ""
        """The anchor a node defines, or the one an alias names, or ''."""
        self.items: list[Any] = []
        """A sequence's nodes; a mapping's (key node, value node) pairs."""
        self.target: Node | None = None
        """The node an alias stands for."""
        self.refs = 0
        """How many aliases name this node."""

    @property
    def plain(self) -> bool:
        """Whether this is a scalar without quotes and not a block scalar."""
        return self.kind == "scalar" and not self.style

    def children(self) -> Iterator[Node]:
        """The nodes directly below, keys included."""
        for item in self.items:
            if self.kind == "map":
                yield from item
            else:
                yield item


def is_merge(key: Node) -> bool:
    """Whether go-yaml takes the key for a merge key: `<<`, plain or tagged as one, and not an alias."""
    return key.kind == "scalar" and key.text == "<<" and ((key.plain and not key.tag) or key.tag == _MERGE_TAG)


def key_of(key: Node) -> str | None:
    """The string a mapping's key is in JSON, as sigs.k8s.io/yaml makes it; None where it can't."""
    node = key.target or key
    return key_text(_scalar(node)) if node.kind == "scalar" else None


def value(node: Node | None, memo: dict[int, Any] | None = None) -> Any:
    """What sigs.k8s.io/yaml reads in a node: dict with str keys, list, str, bool, None, SourceInt or SourceFloat.

    Aliases share the object of what they name. Merge keys are resolved in the order of the text, as go-yaml v2 does: a
    merged key overrides one that stands before the `<<`. Scalars with a tag of their own stay the string they are, and
    so does what is tagged `!!binary`. Numbers know how they were written (`.source`). The result is new on every call.
    `memo` collects the objects made for collections, by `id` of their nodes.
    """
    if node is None:
        return None
    memo = {} if memo is None else memo
    node = node.target or node
    if node.kind == "scalar":
        return _scalar(node)
    known = memo.get(id(node))
    if known is not None:
        return known
    if node.kind == "seq":
        made: Any = [value(item, memo) for item in node.items]
    else:
        made = _mapping(node, memo)
    memo[id(node)] = made
    return made


def _mapping(node: Node, memo: dict[int, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, content in node.items:
        if is_merge(key):
            # Of a list, the first wins (go-yaml steps backwards).
            for source in reversed(content.items) if content.kind == "seq" else (content,):
                made.update(value(source, memo))
        else:
            made[key_of(key) or ""] = value(content, memo)
    return made


def _scalar(node: Node) -> Any:
    if node.tag:
        return resolve_tagged(node.tag, node.text)
    return node.text if node.style else resolve(node.text)
