"""Releases of kernelpair's own chart, whose hub lays what KubeSpawner makes over a PodTemplate of the release.

A hub is a Deployment that names the PodTemplate in its annotation kernelpair/pod-template; the settings are those of
the PodTemplate, which is split where it stands too.
"""

from __future__ import annotations

from .. import flags, targets
from ..core import names
from ..runtimefiles import identity
from . import hubs
from .hubs import Hub, Item, Written
from .notes import Note, Said

_NAMED = ("metadata", "annotations", names.POD_TEMPLATE)
_SETTINGS = ("metadata", "annotations", names.SETTINGS)


def find(objects: list[Item]) -> list[Hub]:
    """Return the hubs among the objects of a stream, in its order."""
    configs = hubs.by_identity(objects, lambda one: hubs.is_config(one, [hubs.CONFIG]))
    templates = hubs.by_identity(objects, lambda one: one.get("kind") == "PodTemplate")
    made = []
    for item in objects:
        named = targets.get(item.object, _NAMED)
        if item.object.get("kind") != "Deployment" or not isinstance(named, str):
            continue
        volume, config = hubs.mounted(item.object, configs) or ("", None)
        template = templates.get((identity(item.object)[0], named))
        made.append(Hub(item, config, volume, template, template or item, hubs.pullers(objects, item.object)))
    return made


def read(hub: Hub) -> Written:
    """Return the settings in the PodTemplate's annotation. Raises InvalidSettings where it holds no JSON."""
    written = targets.get(hub.settings.object, _SETTINGS) if hub.settings else None
    return Written(None if written is None else flags.parsed(written))


def key(setting: str) -> str:
    """Where a setting is written, for messages."""
    return ".".join(_SETTINGS) + (f": {setting}" if setting else "")


def _missing(hub: Hub) -> Said:
    return Said(Note.TEMPLATE_MISSING, ".".join(_NAMED), str(targets.get(hub.deployment.object, _NAMED)))


KIND = hubs.Kind(find, read, key, _missing)
