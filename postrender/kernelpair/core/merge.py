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
    "claims": "name",
}


def strategic(base: Any, patch: Any, field: str = "") -> Any:
    """Return ``base`` with ``patch`` laid over it; neither is changed.

    A null in ``patch`` removes the key. ``field`` is the name of the field that holds both, it tells the merge key.
    """
    if isinstance(base, dict) and isinstance(patch, dict):
        merged = {key: value for key, value in base.items() if patch.get(key, value) is not None or value is None}
        for key, value in patch.items():
            if value is not None:
                merged[key] = strategic(base.get(key), value, key)
        return merged
    key = MERGE_KEYS.get(field)
    if key and _keyed(base, key) and _keyed(patch, key):
        return _by_key(base, patch, key)
    return patch


def _keyed(value: Any, key: str) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) and key in item for item in value)


def _by_key(base: list[Any], patch: list[Any], key: str) -> list[Any]:
    merged = list(base)
    for item in patch:
        # The last of several with one key is the one that counts (environment variables).
        place = max((index for index, old in enumerate(merged) if old[key] == item[key]), default=-1)
        if place < 0:
            merged.append(item)
        elif "value" in item or "valueFrom" in item:
            merged[place] = item
        else:
            merged[place] = strategic(merged[place], item)
    return merged
