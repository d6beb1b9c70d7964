# Copy of postrender/kernelpair/core/merge.py: make generate
"""Kubernetes' strategic merge: mappings merge, lists with a merge key merge by it, all others are replaced."""

from __future__ import annotations

from typing import Any

# Field -> merge key, from the patchMergeKey tags of k8s.io/api/core/v1.
MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "env": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "volumes": "name",
    "ports": "containerPort",
    "imagePullSecrets": "name",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
    "resourceClaims": "name",
    "schedulingGates": "name",
}
# Items that are one of several things (patchStrategy retainKeys): what an item is now drops what it was.
_RETAIN_KEYS = ("volumes", "resourceClaims")


def strategic(base: Any, patch: Any, field: str = "") -> Any:
    """Return ``base`` with ``patch`` laid over it; neither is changed.

    A null in ``patch`` removes the key. ``field`` is the name of the field that holds both, it tells the merge key.
    """
    if isinstance(patch, dict):
        old = base if isinstance(base, dict) else {}
        merged = {key: value for key, value in old.items() if patch.get(key, key) is not None}
        for key, value in patch.items():
            if value is not None:
                merged[key] = strategic(old.get(key), value, key)
        return merged
    key = MERGE_KEYS.get(field)
    if key and _keyed(patch, key):
        return _by_key(base, patch, key, field) if _keyed(base, key) else [strategic({}, item) for item in patch]
    return patch


def _keyed(value: Any, key: str) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) and key in item for item in value)


def _by_key(base: list[Any], patch: list[Any], key: str, field: str) -> list[Any]:
    merged = list(base)
    for item in patch:
        # The last of several with one key is the one that counts (environment variables).
        place = max((index for index, old in enumerate(merged) if old[key] == item[key]), default=-1)
        if place < 0:
            merged.append(strategic({}, item))
        else:
            merged[place] = _laid_over(merged[place], item, field)
    return merged


def _laid_over(old: dict[str, Any], item: dict[str, Any], field: str) -> Any:
    if field == "env" and ("value" in item or "valueFrom" in item):
        return strategic({}, item)
    if field in _RETAIN_KEYS and len(item) > 1:
        old = {key: value for key, value in old.items() if key in item}
    return strategic(old, item)
