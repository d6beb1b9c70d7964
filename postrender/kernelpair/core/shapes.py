"""The parts of a pod, and of our record in it, that the code reads: their types, as tables."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Union

Shape = Union[type, Mapping[str, Any], "list[Any]", "tuple[type, ...]"]


class Required(NamedTuple):
    """The shape of a key that must be there and not null."""

    shape: Shape


ANY = "*"  # stands for every key of a mapping

_DOWNWARD: dict[str, Any] = {"items": [{"resourceFieldRef": {}}]}
CONTAINER: dict[str, Any] = {
    "name": Required(str),
    "workingDir": str,
    "command": [str],
    "args": [str],
    "env": [{"name": Required(str)}],
    "envFrom": [{}],
    "ports": [{}],
    "volumeMounts": [{"name": str, "mountPath": str, "subPathExpr": str}],
    "volumeDevices": [{}],
    "resizePolicy": [{}],
    "resources": {"limits": {}, "requests": {}, "claims": [{}]},
    "securityContext": {"capabilities": {}},
    "lifecycle": {},
}
POD: dict[str, Any] = {
    "metadata": {"annotations": {}},
    "spec": {
        "containers": [CONTAINER],
        "initContainers": [CONTAINER],
        "volumes": [{"name": str, "downwardAPI": _DOWNWARD, "projected": {"sources": [{"downwardAPI": _DOWNWARD}]}}],
        "imagePullSecrets": [{"name": str}],
        "securityContext": {},
        "nodeSelector": {},
        "os": {},
        "resources": {"limits": {}, "requests": {}},
    },
}
_ADDED = ("notebook.env", "kernel.env", "volumeMounts", "volumes", "initContainers", "imagePullSecrets", "annotations")
_INDEX_AND_NAME = (int, str)
RECORD: dict[str, Any] = {
    "container": Required(str),
    "sidecar": Required(bool),
    "added": Required({**{key: Required([str]) for key in _ADDED}, "podResources": Required(bool)}),
    "overwritten": Required(
        {
            "fields": Required({ANY: Required({ANY: Required([object])})}),
            "env": Required([str]),
            "annotations": Required({}),
        }
    ),
    "reserved": Required({ANY: Required({})}),
    "order": Required([_INDEX_AND_NAME]),
    "bare": Required([(*_INDEX_AND_NAME, list)]),
    "was": Required({}),
}
_NAMES = {str: "a text", bool: "true or false", int: "a whole number", list: "a list"}


_Path = Union[str, "tuple[Any, str]"]  # a text, or what stands before it and a text


def mismatches(value: Any, shape: Shape, path: str = "") -> list[tuple[str, str]]:
    """Return (dotted key, sentence) for every part of ``value`` that has another type than ``shape`` says.

    Keys that the shape doesn't name are not looked at; absent and null ones fit unless they are `Required`, null items
    of a list don't. A tuple is a list of that length, each item with its own type.
    """
    return [
        (key, said.format(key or "it")) for where, said in _mismatches(value, shape, path) for key in (_text(where),)
    ]


def _text(path: _Path) -> str:
    return path if isinstance(path, str) else (_text(path[0]) + path[1]).lstrip(".")


def _mismatches(value: Any, shape: Shape, path: _Path) -> list[tuple[_Path, str]]:
    """Paths are put together only for what doesn't fit: mostly all does."""
    if isinstance(shape, type):
        return [] if isinstance(value, shape) else [(path, f"{{}} must be {_NAMES[shape]}")]
    if isinstance(shape, (list, tuple)):
        if not isinstance(value, list):
            return [(path, "{} must be a list")]
        if isinstance(shape, tuple) and len(value) != len(shape):
            return [(path, f"{{}} must have {len(shape)} items")]
        parts = shape if isinstance(shape, tuple) else shape * len(value)
        return [wrong for i, item in enumerate(value) for wrong in _mismatches(item, parts[i], (path, f"[{i}]"))]
    if not isinstance(value, dict):
        return [(path, "{} must be a mapping")]
    named: Mapping[str, Any] = dict.fromkeys(value, shape[ANY]) if ANY in shape else shape
    found: list[tuple[_Path, str]] = []
    for key, part in named.items():
        inner = value.get(key)
        if inner is not None:
            found += _mismatches(inner, part.shape if isinstance(part, Required) else part, (path, f".{key}"))
        elif isinstance(part, Required):
            found.append(((path, f".{key}"), "{} is missing"))
    return found
