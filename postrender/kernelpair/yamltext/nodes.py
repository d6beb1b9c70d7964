"""The tree of one YAML document: where each value stands in the text, and what Go's YAML reads in it.

The syntax is PyYAML's C parser (libyaml, of which Go's parser is a port); nothing here recurses on what it is given
before the depth is known to be at most DEPTH_LIMIT.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..errors import Problem, Rejected, short
from .scalars import SourceFloat, SourceInt, resolve_tagged, same
from .syntax import events
from .tree import Node, is_merge, key_of, value

__all__ = ["DEPTH_LIMIT", "Node", "SourceFloat", "SourceInt", "compose", "is_merge", "key_of", "same", "value"]

DEPTH_LIMIT = 100
"""Levels of nesting, aliases counted as what they stand for."""
_BOMB_SIZE = 1_000_000
_BOMB_RATIO = 10
_STRING_TAG = "tag:yaml.org,2002:str"


class _Size(NamedTuple):
    """What a node amounts to with its aliases written out."""

    nodes: int
    height: int


_LEAF = _Size(1, 0)


class _Open:
    """A collection whose end the parser hasn't reached."""

    __slots__ = ("height", "key", "node", "nodes")

    def __init__(self, node: Node) -> None:
        self.node = node
        self.nodes, self.height = 1, 1
        self.key: Node | None = None


def compose(text: str, *, document: int = 0, first_line: int = 1) -> Node | None:
    """The tree of the one document in `text`; None if there is none in it.

    `document` and `first_line` say where `text` stands in the stream, for messages and `Node.line`. A byte order mark
    at the start is skipped, and counted in every index. Raises Rejected with all problems that were found: invalid
    YAML, more than one document, nesting below DEPTH_LIMIT, duplicate keys and keys that JSON can't have, merge keys
    without a mapping, tags that don't fit, unknown and recursive anchors, alias bombs.
    """
    return _Composer(text, document, first_line).run()


class _Composer:
    """Builds the tree from parser events and gathers problems on the way."""

    def __init__(self, text: str, document: int, first_line: int) -> None:
        self.text, self.document, self.first_line = text, document, first_line
        self.shift = 1 if text.startswith("\ufeff") else 0
        self.stack: list[_Open] = []
        self.anchors: dict[str, Node] = {}
        self.sizes: dict[int, _Size] = {}
        self.problems: list[Problem] = []
        self.root: Node | None = None
        self.count = 0
        self.documents = 0

    def run(self) -> Node | None:
        handlers = {
            "ScalarEvent": self.scalar,
            "AliasEvent": self.alias,
            "MappingStartEvent": self.open_map,
            "SequenceStartEvent": self.open_seq,
            "MappingEndEvent": self.close,
            "SequenceEndEvent": self.close,
            "DocumentStartEvent": self.begin,
        }
        try:
            for event in events(self.text[self.shift :], self.document, self.first_line):
                handler = handlers.get(type(event).__name__)
                if handler:
                    handler(event)
        except Rejected as rejected:
            raise Rejected(*self.problems, *rejected.problems) from None
        if self.problems:
            raise Rejected(*self.problems)
        return self.root

    def begin(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            raise Rejected(
                self.problem(
                    "one document holds a second one",
                    event.start_mark.line + self.first_line,
                    why="a `---` stands behind a line separator that only some YAML readers take for a line end",
                    fix="end lines with LF or CRLF; write U+0085, U+2028 and U+2029 as escapes in double quotes",
                )
            )

    def scalar(self, event: Any) -> None:
        node = self.node("scalar", event)
        node.text = event.value
        node.style = event.style or ""
        node.end = event.end_mark.index + self.shift
        if node.tag:
            try:
                resolve_tagged(node.tag, node.text)
            except ValueError:
                node.tag = _STRING_TAG
                self.add(
                    f"the tag {event.tag.replace('tag:yaml.org,2002:', '!!')} doesn't fit its value",
                    node,
                    why="Go's YAML can't read the value as the tag says",
                    fix="remove the tag or correct the value",
                )
        self.attach(node, _LEAF)

    def alias(self, event: Any) -> None:
        node = Node(
            "alias", event.start_mark.index + self.shift, event.end_mark.index + self.shift,
            event.start_mark.line + self.first_line, event.start_mark.column,
        )  # fmt: skip
        node.anchor = event.anchor
        node.target = self.anchors.get(event.anchor)
        if node.target is None:
            raise Rejected(self.problem(
                f"the alias *{short(event.anchor)} names no anchor", node.line,
                why="an anchor must stand before its aliases, in the same document",
                fix=f"add &{short(event.anchor)} to the value that is meant, or write the value out",
            ))  # fmt: skip
        size = self.sizes.get(id(node.target))
        if size is None:
            raise Rejected(self.problem(
                f"the anchor &{short(event.anchor)} contains itself", node.line,
                why="such a value has no end when it is written as JSON for the API server",
                fix="write the value out where the alias stands",
            ))  # fmt: skip
        node.target.refs += 1
        self.attach(node, size)

    def open_map(self, event: Any) -> None:
        self.open("map", event)

    def open_seq(self, event: Any) -> None:
        self.open("seq", event)

    def open(self, kind: str, event: Any) -> None:
        node = self.node(kind, event)
        node.flow = bool(event.flow_style)
        if len(self.stack) >= DEPTH_LIMIT:
            raise Rejected(self.too_deep(node.line))
        self.stack.append(_Open(node))

    def close(self, event: Any) -> None:
        frame = self.stack.pop()
        node = frame.node
        if node.flow:
            node.end = event.end_mark.index + self.shift
        elif node.items:
            last = node.items[-1]
            node.end = last[1].end if node.kind == "map" else last.end
        if node.kind == "map":
            self.check_keys(node)
        size = _Size(frame.nodes, frame.height)
        if len(self.stack) + size.height > DEPTH_LIMIT:
            raise Rejected(self.too_deep(node.line))
        if size.nodes > _BOMB_SIZE and size.nodes > _BOMB_RATIO * self.count:
            raise Rejected(self.problem(
                "the aliases expand to more than a million values", node.line,
                why="written out, this document would fill the memory of whoever reads it (an alias bomb)",
                fix="write the values out, or use fewer aliases of aliases",
            ))  # fmt: skip
        self.attach(node, size)

    def node(self, kind: str, event: Any) -> Node:
        mark = event.start_mark
        start = mark.index + self.shift
        node = Node(kind, start, start, mark.line + self.first_line, mark.column)
        self.count += 1
        if event.tag:
            node.tag = event.tag
        if event.anchor:
            node.anchor = event.anchor
            self.anchors[event.anchor] = node
        return node

    def attach(self, node: Node, size: _Size) -> None:
        """Puts a finished node into the collection that is open."""
        if node.anchor and node.kind != "alias":
            self.sizes[id(node)] = size
        if not self.stack:
            self.root = node
            return
        frame = self.stack[-1]
        frame.nodes += size.nodes
        if frame.height <= size.height:
            frame.height = size.height + 1
        if frame.node.kind == "seq":
            frame.node.items.append(node)
        elif frame.key is None:
            frame.key = node
        else:
            frame.node.items.append((frame.key, node))
            frame.key = None

    def check_keys(self, node: Node) -> None:
        seen: dict[str, Node] = {}
        for key, content in node.items:
            if is_merge(key):
                self.check_merge(key, content)
                continue
            name = key_of(key)
            if name is None:
                self.add(
                    "a mapping has a key that JSON can't have",
                    key,
                    why="Kubernetes reads YAML as JSON: numbers and booleans become text there, other keys can't",
                    fix="quote the key",
                )
            elif name in seen:
                self.add(
                    f"the key {short(name)} stands twice in one mapping (lines {seen[name].line} and {key.line})",
                    key,
                    why="readers disagree on which one counts: Go's strict reader refuses, others take the last one",
                    fix="remove one of the two",
                    name=name,
                )
            else:
                seen[name] = key

    def check_merge(self, key: Node, content: Node) -> None:
        sources = content.items if content.kind == "seq" else [content]
        if any((source.target or source).kind != "map" for source in sources):
            self.add(
                "a merge key `<<` brings in what is not a mapping",
                key,
                why="only a mapping, or a list of mappings, can be merged",
                fix="name a mapping's anchor, or quote the key if it is a plain key",
            )

    def path(self, name: str = "") -> str:
        """Where the parser stands, as a dotted path."""
        path = ""
        for frame in self.stack:
            if frame.node.kind == "seq":
                path += f"[{len(frame.node.items)}]"
            elif frame.key is not None:
                path += "." + short(key_of(frame.key) or "?")
        return (f"{path}.{short(name)}" if name else path).lstrip(".")

    def problem(self, what: str, line: int, why: str, fix: str, name: str = "") -> Problem:
        return Problem(what, document=self.document, line=line, key=self.path(name), why=why, fix=fix)

    def add(self, what: str, node: Node, why: str, fix: str, name: str = "") -> None:
        self.problems.append(self.problem(what, node.line, why, fix, name))

    def too_deep(self, line: int) -> Problem:
        return self.problem(
            f"the document is nested more than {DEPTH_LIMIT} levels deep", line,
            why="no Kubernetes object is; such input is broken or meant to exhaust its reader",
            fix="check the template that makes it for a loop",
        )._replace(key="")  # fmt: skip
