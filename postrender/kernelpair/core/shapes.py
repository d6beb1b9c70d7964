"""The parts of a pod, and of our record in it, that the code reads: their types, as tables."""

from __future__ import annotations

from typing import Any, Union

Shape = Union[type, "dict[str, Any]", "list[Any]"]

_DOWNWARD: dict[str, Any] = {"items": [{"resourceFieldRef": {}}]}
_CONTAINER: dict[str, Any] = {
    "name": str,
    "workingDir": str,
    "command": [str],
    "args": [str],
    "env": [{}],
    "envFrom": [{}],
    "ports": [{}],
    "volumeMounts": [{}],
    "volumeDevices": [{}],
    "resizePolicy": [{}],
    "resources": {"limits": {}, "requests": {}, "claims": [{}]},
    "securityContext": {"capabilities": {}},
    "lifecycle": {},
}
POD: dict[str, Any] = {
    "metadata": {"annotations": {}},
    "spec": {
        "containers": [_CONTAINER],
        "initContainers": [_CONTAINER],
        "volumes": [{"downwardAPI": _DOWNWARD, "projected": {"sources": [{"downwardAPI": _DOWNWARD}]}}],
        "imagePullSecrets": [{}],
        "securityContext": {},
        "nodeSelector": {},
        "os": {},
        "resources": {"limits": {}, "requests": {}},
    },
}
_ADDED = ("notebook.env", "kernel.env", "volumeMounts", "volumes", "initContainers", "imagePullSecrets", "annotations")
RECORD: dict[str, Any] = {
    "container": str,
    "sidecar": bool,
    "added": {**{key: [str] for key in _ADDED}, "podResources": bool},
    "overwritten": {"fields": {"notebook": {}, "kernel": {}}, "env": [str], "annotations": {}},
    "reserved": {"limits": {}, "requests": {}},
    "order": [list],
    "bare": [list],
    "was": {},
}
_NAMES = {str: "a text", bool: "true or false", list: "a list"}


def mismatches(value: Any, shape: Shape, path: str = "") -> list[tuple[str, str]]:
    """Return (dotted key, sentence) for every part of ``value`` that has another type than ``shape`` says.

    Keys that the shape doesn't name are not looked at; absent and null ones fit, null items of a list don't.
    """
    if isinstance(shape, type):
        return [] if isinstance(value, shape) else [(path, f"{path} must be {_NAMES[shape]}")]
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [(path, f"{path} must be a list")]
        parts = [(f"{path}[{index}]", item, shape[0]) for index, item in enumerate(value)]
    else:
        if not isinstance(value, dict):
            return [(path, f"{path or 'it'} must be a mapping")]
        present = [(key, part) for key, part in shape.items() if value.get(key) is not None]
        parts = [(f"{path}.{key}".lstrip("."), value[key], part) for key, part in present]
    return [wrong for key, item, part in parts for wrong in mismatches(item, part, key)]
