"""Changes to an object, written into its text as the smallest span edits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import Problem, Rejected
from .align import align
from .blockedit import change_block, change_value
from .edits import Edits
from .flowedit import change_flow, change_flow_value
from .nodes import compose, is_merge, key_of, same, value
from .spans import OddLayoutError, Text

if TYPE_CHECKING:
    from .spans import Entry
    from .tree import Node


def rewrite(text: str, root: Node, new: object) -> str:
    """`text`, whose tree is `root`, changed so that it reads as `new`.

    `new` is `value(root)` with changes: dict, list, str, bool, None, int and float. What is equal stays to the byte:
    comments, quoting, order, line ends, indentation. Added keys follow the last one of their mapping; items of a
    sequence are told apart by `name`, else by what they are; removed entries go with their lines; what is new is
    written in the style that surrounds it. Equal objects give `text` itself.

    The result is read again and compared with `new` before it is returned. Raises Rejected, with `Problem.document`
    unset, where an anchor that is used, an alias or a merge key stands in what must change, where a value has no YAML
    form, and where a layout can't be edited: the result is right or there is none.
    """
    values: dict[int, Any] = {}
    old = value(root, values)
    if same(old, new):
        return text
    changes = _Changes(Text(text), root, values)
    try:
        changes.node(root, new, "", None, None)
        if changes.problems:
            raise Rejected(*changes.problems)
        result = changes.edits.apply()
    except OddLayoutError as error:
        raise Rejected(_unusual(error.line, "", "an entry was not found where it should stand")) from None
    except ValueError as error:
        raise Rejected(_unwritable(root, str(error))) from None
    _verify(result, root, old, new)
    return result


class _Changes:
    """Walks the old tree and the new object together and collects the edits between them."""

    def __init__(self, text: Text, root: Node, values: dict[int, Any]) -> None:
        self.text = text
        self.values = values
        self.edits = Edits(text, root)
        self.problems: list[Problem] = []

    def node(self, node: Node, new: Any, path: str, entry: Entry | None, parent: Node | None) -> None:
        """Changes one value, if it is another one now. `entry` is where it stands in `parent`."""
        old = self.value(node)
        if same(old, new):
            return
        if node.kind == "alias" or node.refs:
            self.pinned(node, path)
        elif isinstance(old, dict) and isinstance(new, dict) and (new or not node.flow) and self.editable(node):
            self.mapping(node, old, new, path, entry, parent)
        elif isinstance(old, list) and isinstance(new, list) and (new or not node.flow) and self.editable(node):
            self.sequence(node, old, new, path, entry, parent)
        elif self.free(node, path):
            change = change_flow_value if parent is not None and parent.flow else change_value
            change(self.edits, node, new, entry, parent)

    def value(self, node: Node) -> Any:
        known = self.values.get(id(node))
        return value(node, self.values) if known is None else known

    def editable(self, node: Node) -> bool:
        """Whether entries can be changed one by one: there are some, and a flow collection has its brackets."""
        if not node.items:
            return False
        return not node.flow or self.text.text[self.text.body(node)] in "{["

    def mapping(
        self, node: Node, old: Any, new: dict[str, Any], path: str, entry: Entry | None, parent: Node | None
    ) -> None:
        entries = self.text.entries(node)
        stays, explicit = [], set()
        for (key, content), place in zip(node.items, entries, strict=True):
            name = None if is_merge(key) else key_of(key)
            stays.append(name is None or name in new)
            if name is None:
                continue
            explicit.add(name)
            here = f"{path}.{name}".lstrip(".")
            if name in new:
                self.node(content, new[name], here, place, node)
            else:
                self.free(key, here)
                self.free(content, here)
        for name, content in old.items():
            if name not in explicit and not (name in new and same(content, new[name])):
                self.pinned(node, f"{path}.{name}".lstrip("."))
        added = [(name, content) for name, content in new.items() if name not in old]
        if added or not all(stays):
            last = max((i for i, stay in enumerate(stays) if stay), default=-1)
            change = change_flow if node.flow else change_block
            change(self.edits, node, entries, stays, {last: added}, entry, parent)

    def sequence(
        self, node: Node, old: list[Any], new: list[Any], path: str, entry: Entry | None, parent: Node | None
    ) -> None:
        entries = self.text.entries(node)
        stays = [False] * len(old)
        added: dict[int, list[tuple[str | None, Any]]] = {}
        last = -1
        for content, at in zip(new, align(old, new), strict=True):
            if at is None:
                added.setdefault(last, []).append((None, content))
            else:
                stays[at], last = True, at
                self.node(node.items[at], content, f"{path}[{at}]", entries[at], node)
        for at, item in enumerate(node.items):
            if not stays[at]:
                self.free(item, f"{path}[{at}]")
        if added or not all(stays):
            change = change_flow if node.flow else change_block
            change(self.edits, node, entries, stays, added, entry, parent)

    def free(self, node: Node, path: str) -> bool:
        """Whether nothing in `node`, whose text is about to go, is tied to other places; a problem if it is."""
        stack = [node]
        while stack:
            found = stack.pop()
            merges = found.kind == "map" and any(is_merge(key) for key, _ in found.items)
            if found.kind == "alias" or found.refs or merges:
                self.pinned(found, path)
                return False
            stack.extend(found.children())
        return True

    def pinned(self, node: Node, path: str) -> None:
        self.problems.append(
            Problem(
                what="anchors or merge keys inside what must be edited",
                key=path,
                line=node.line,
                value=f"*{node.anchor}" if node.kind == "alias" else f"&{node.anchor}" if node.refs else "<<",
                why="the text stands for values in several places, and only some of them may change",
                fix="write the values out here instead of sharing them by an anchor, alias or merge key",
            )
        )


def _verify(result: str, root: Node, old: Any, new: object) -> None:
    """Raises Rejected unless `result` reads as `new`."""
    try:
        got = value(compose(result))
    except Rejected as error:
        line = error.problems[0].line + root.line - 1
        why = f"line {line} of the result is not valid: {error.problems[0].what}"
        raise Rejected(_unusual(root.line, "", why)) from None
    if same(got, new):
        return
    path = _difference(got, new)
    raise Rejected(_unusual(root.line, path, "the edited text would read as something else"))


def _difference(got: Any, new: Any, path: str = "") -> str:
    """Where two objects first differ."""
    if isinstance(got, dict) and isinstance(new, dict):
        for key in [*new, *got]:
            if key not in got or key not in new:
                return f"{path}.{key}".lstrip(".")
            if not same(got[key], new[key]):
                return _difference(got[key], new[key], f"{path}.{key}".lstrip("."))
    if isinstance(got, list) and isinstance(new, list) and len(got) == len(new):
        at = next(i for i, pair in enumerate(zip(got, new, strict=True)) if not same(*pair))
        return _difference(got[at], new[at], f"{path}[{at}]")
    return path


def _unusual(line: int, path: str, why: str) -> Problem:
    return Problem(
        what="this layout can't be edited",
        key=path,
        line=line,
        why=f"{why}; kernelpair changes only the lines it must and found no safe way here",
        fix="write this part of the manifest in plain block style: one key a line, indented by two spaces",
    )


def _unwritable(root: Node, why: str) -> Problem:
    return Problem(
        what="a new value has no form that every YAML reader understands alike",
        line=root.line,
        why=why,
        fix="correct the value that is to be written",
    )
