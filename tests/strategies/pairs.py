"""Pairs made of generated pods, and the containers in them."""

from __future__ import annotations

from typing import Any

from hypothesis import reject

from kernelpair.core import split
from kernelpair.core.reasons import Refused
from kernelpair.core.settings import Settings


def pair_of(pod: dict[str, Any], settings: Settings, completes: bool = False) -> split.Pair:
    """The pair; a pod that is refused is no example here."""
    try:
        return split.split(pod, settings, "files", completes)
    except Refused:
        return reject()


def running(pod: dict[str, Any], name: str) -> dict[str, Any]:
    """The container called ``name``, a native sidecar or not."""
    spec = pod["spec"]
    return next(c for c in spec["containers"] + (spec.get("initContainers") or []) if c["name"] == name)
