"""Downward API volumes that name a container's resources: they follow the resources to another container."""

from __future__ import annotations

from typing import Any

from .pods import items, mapping


def point_at(volumes: list[Any], own: str, target: str) -> list[Any]:
    """Return ``volumes`` with every resourceFieldRef that names container ``own`` naming ``target``."""
    return [_volume(volume, own, target) for volume in volumes]


def names_container(volumes: list[Any], name: str) -> bool:
    """Tell whether a resourceFieldRef of ``volumes`` names container ``name``."""
    sources = [source for volume in volumes for source in (volume, *items(mapping(volume, "projected"), "sources"))]
    return any(_names(mapping(source, "downwardAPI"), name) for source in sources)


def _volume(volume: dict[str, Any], own: str, target: str) -> dict[str, Any]:
    plain, projected = mapping(volume, "downwardAPI"), mapping(volume, "projected")
    if _names(plain, own):
        return {**volume, "downwardAPI": _files(plain, own, target)}
    if not any(_names(mapping(source, "downwardAPI"), own) for source in items(projected, "sources")):
        return volume
    sources = [
        {**source, "downwardAPI": _files(source["downwardAPI"], own, target)}
        if _names(mapping(source, "downwardAPI"), own)
        else source
        for source in projected["sources"]
    ]
    return {**volume, "projected": {**projected, "sources": sources}}


def _reference(item: Any) -> dict[str, Any]:
    return mapping(item, "resourceFieldRef")


def _names(downward: dict[str, Any], own: str) -> bool:
    return any(_reference(item).get("containerName") == own for item in items(downward, "items"))


def _files(downward: dict[str, Any], own: str, target: str) -> dict[str, Any]:
    files = [
        {**item, "resourceFieldRef": {**_reference(item), "containerName": target}}
        if _reference(item).get("containerName") == own
        else item
        for item in downward["items"]
    ]
    return {**downward, "items": files}
