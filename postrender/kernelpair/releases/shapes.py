"""The types of what is added to, taken away and read in a hub's objects, as tables for `core.shapes.mismatches`."""

from __future__ import annotations

from typing import Any

from ..core.shapes import Required, mismatches

_METADATA: dict[str, Any] = {"annotations": {}, "labels": {}}


def _workload(pod: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": _METADATA, "spec": {"template": {"metadata": _METADATA, "spec": pod}}}


_KINDS: dict[str, dict[str, Any]] = {
    "ConfigMap": {"metadata": _METADATA, "data": {}},
    "Deployment": _workload({"volumes": [{}], "containers": [{"volumeMounts": [{}]}]}),
    "DaemonSet": _workload({"initContainers": [{"name": str, "image": str}], "imagePullSecrets": [{"name": str}]}),
}
RECORD: dict[str, Any] = {"version": Required(int), "was": Required({}), "containers": [str], "secrets": [str]}
"""The record in the annotation of an object that was added to."""


def wrong(object: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (dotted key, sentence) for every part of a hub's object that has another type than its kind says."""
    return mismatches(object, _KINDS.get(str(object.get("kind")), {}))
