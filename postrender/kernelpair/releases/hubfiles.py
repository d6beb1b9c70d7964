"""The ConfigMap that a hub mounts: the hook with all that it needs, and the release's settings."""

from __future__ import annotations

from typing import Any

from .. import runtimefiles
from ..core import names
from ..hub import files
from ..targets import owner_name
from .hubs import Hub

SUFFIX = "-hub"
"""What the name of the hub's ConfigMap has behind the name of the runtime ConfigMap."""


def texts() -> dict[str, str]:
    """The files by their path below the mount, the settings not included."""
    return files.hub_files()


def config_map(hub: Hub, settings: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """Return the hub's ConfigMap and the items of the volume that lays it out as files.

    `settings` is the block as written, but for the flag that the environment overrides. A ConfigMap's keys hold no
    slashes, so a file's key is its path with dots. Raises ValueError where two files would have one key.
    """
    metadata = runtimefiles.config_map(hub.deployment.found)["metadata"]
    runtime, namespace = names.runtime_config_map(owner_name(hub.runtime.found)), str(metadata.get("namespace") or "")
    held = {**texts(), files.SETTINGS: files.settings_file(settings, runtime, namespace)}
    keys = {path.replace("/", "."): path for path in held}
    if len(keys) < len(held):
        raise ValueError(f"files share a key: {', '.join(sorted(set(held) - set(keys.values())))}")
    made = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {**metadata, "name": config_map_name(hub)},
        "data": {key: held[path] for key, path in keys.items()},
    }
    return made, [{"key": key, "path": path} for key, path in keys.items()]


def config_map_name(hub: Hub) -> str:
    """Return the name of the hub's ConfigMap; names of Deployments are short enough for all suffixes."""
    return names.runtime_config_map(owner_name(hub.deployment.found)) + SUFFIX
