"""Which lines of a stream the renderer has no business with, found with PyYAML alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

# What a pair changes inside a pod, and what an earlier run left there.
_APPENDED = {"metadata", "annotations", "volumes", "initContainers", "imagePullSecrets", "containers", "items"}
_OURS = ("kernelpair", "auditing.image", "example.org/image", "checksum/config-map")


class Loader(yaml.CSafeLoader):
    """Reads whatever a case may hold; a tag of the application's own stands beside its text."""


def _tagged(loader: Loader, suffix: str, node: yaml.Node) -> Any:
    return suffix, node.value if isinstance(node, yaml.ScalarNode) else str(node.tag)


Loader.add_multi_constructor("!", _tagged)
Loader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: node.value)


def lines(data: bytes) -> list[bytes]:
    """The stream's lines that no edit may touch: all but users' containers and the places where the pair is entered."""
    touched: set[int] = set()
    for root in yaml.compose_all(data, Loader=yaml.CSafeLoader):
        if root is not None:
            touched.update(_touched(root, _value(root, "kind") or ""))
    return [line for number, line in enumerate(data.splitlines(keepends=True)) if number not in touched]


def _touched(node: yaml.Node, key: str) -> Iterator[int]:
    if isinstance(node, yaml.MappingNode):
        if _value(node, "kind") == "ConfigMap" and "kernelpair/runtime" in str(node):
            yield from _span(node)
        for name, value in node.value:
            if name.value in _APPENDED and (value.flow_style if hasattr(value, "flow_style") else True):
                yield from range(name.start_mark.line, value.end_mark.line + 1)
            elif str(name.value).startswith(_OURS):
                yield from range(name.start_mark.line, _last_line(value) + 1)
            elif str(name.value).startswith("downwardAPI"):
                yield from _span(value)
            yield from _touched(value, str(name.value))
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            name = _value(item, "name") or ""
            if name.startswith("kernelpair-") or (key == "containers" and not name.startswith("sidecar")):
                yield from _span(item)
            yield from _touched(item, key)


def _span(node: yaml.Node) -> Iterator[int]:
    yield from range(node.start_mark.line, _last_line(node) + 1)


def _last_line(node: yaml.Node) -> int:
    """Where a node ends; the end mark of a block collection or scalar is where the next token begins."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last_line(last[1] if isinstance(last, tuple) else last)
    literal = isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")
    return node.end_mark.line - 1 if literal else node.end_mark.line


def _value(node: yaml.Node, key: str) -> str | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((str(value.value) for name, value in pairs if name.value == key), None)
