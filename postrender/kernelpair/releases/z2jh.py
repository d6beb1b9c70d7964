"""Releases of zero-to-jupyterhub, recognised by what the chart renders and not by names.

A hub is a Deployment whose pod mounts a ConfigMap with the keys jupyterhub_config.py and z2jh.py; its values are in a
Secret that the pod mounts too, under the key values.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .. import hubvalues, targets
from ..core.pods import mapping
from ..errors import Rejected
from ..runtimefiles import identity
from . import hubs
from .hubs import Hub, Item, UnreadableError, Written
from .notes import Note, Said

_CONFIG_KEYS = (hubs.CONFIG, "z2jh.py")
_SETTINGS = ("custom", hubvalues.SETTINGS)


def find(objects: list[Item]) -> list[Hub]:
    """Return the hubs among the objects of a stream, in its order. A puller serves the first hub that it fits."""
    configs = hubs.by_identity(objects, lambda one: hubs.is_config(one, _CONFIG_KEYS))
    secrets = hubs.by_identity(objects, _is_secret)
    made: list[Hub] = []
    for item in objects:
        mounted = hubs.mounted(item.object, configs) if item.object.get("kind") == "Deployment" else None
        if mounted is None:
            continue
        volume, config = mounted
        serving = {id(puller.object) for hub in made for puller in hub.pullers}
        free = tuple(puller for puller in hubs.pullers(objects, item.object) if id(puller.object) not in serving)
        made.append(Hub(item, config, volume, _secret(item.object, secrets), item, free))
    return made


def read(hub: Hub) -> Written:
    """Return custom.kernelGateway of a release's values, the front-end image filled in. Raises UnreadableError."""
    assert hub.settings is not None
    held = _values(hub.settings)
    name = targets.get(held, ("hub", "existingSecret"))
    warnings = (Said(Note.EXISTING_SECRET, "hub.existingSecret", str(name)),) if name else ()
    written, of_image = _with_front_end(targets.get(held, _SETTINGS), held)
    return Written(written, warnings + of_image)


def _with_front_end(written: Any, held: dict[str, Any]) -> tuple[Any, tuple[Said, ...]]:
    """The settings with the release's singleuser.image as the front-end image where they name none, and that said.

    It is an image that runs the hub's server already, and that the image pullers pull.
    """
    image = mapping(mapping(held, "singleuser"), "image")
    block = mapping(written, "notebook")
    if not isinstance(written, dict) or targets.get(block, ("image", "name")) or not image.get("name"):
        return written, ()
    taken = {part: image[part] for part in ("name", "tag", "pullPolicy") if image.get(part)}
    filled = {**written, "notebook": {**block, "image": {**mapping(block, "image"), **taken}}}
    shown = ":".join(str(taken[part]) for part in ("name", "tag") if part in taken)
    return filled, (Said(Note.FRONT_END_TAKEN, key("notebook.image"), shown),)


def unused(objects: list[Item], found: list[Hub]) -> Iterator[tuple[Item, Any]]:
    """Yield the Secrets that hold settings, and what is written there, though no hub reads them."""
    used = {id(hub.settings.object) for hub in found if hub.settings is not None}
    for item in objects:
        if _is_secret(item.object) and id(item.object) not in used:
            try:
                written = targets.get(_values(item), _SETTINGS)
            except UnreadableError:
                continue
            if written is not None:
                yield item, written


def key(setting: str) -> str:
    """Where a setting is written, for messages."""
    path = ".".join(_SETTINGS) + (f".{setting}" if setting else "")
    return f"data[{hubvalues.KEY}]: {path}"


def _values(secret: Item) -> dict[str, Any]:
    """All values of a release. Raises UnreadableError where they are encrypted or otherwise no values."""
    from ..yamltext.nodes import compose, value

    decoded = hubvalues.decode(mapping(secret.object, "data").get(hubvalues.KEY))
    if decoded is None:
        raise UnreadableError("they are not base64, so probably encrypted or redacted")
    try:
        held = value(compose(decoded.decode()))
    except (Rejected, UnicodeDecodeError):
        raise UnreadableError("they are not YAML") from None
    if not isinstance(held, dict):
        raise UnreadableError("they are no mapping")
    return held


def _is_secret(object: dict[str, Any]) -> bool:
    data = object.get("data")
    return object.get("kind") == "Secret" and isinstance(data, dict) and hubvalues.KEY in data


def _secret(deployment: dict[str, Any], secrets: dict[tuple[str, str], Item]) -> Item | None:
    namespace = identity(deployment)[0]
    names = (str(targets.get(volume, ("secret", "secretName"))) for volume in hubs.volumes(deployment))
    return next((secrets[namespace, name] for name in names if (namespace, name) in secrets), None)


KIND = hubs.Kind(find, read, key, lambda _: Said(Note.VALUES_MISSING))
