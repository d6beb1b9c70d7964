"""A hub fitted with the hook, and taken back: `fit` is `build` after `unfit`, so that a second run changes nothing."""

from __future__ import annotations

from typing import Any, NamedTuple

from .. import runtimefiles, targets
from ..core.pods import mapping
from ..core.settings import Settings
from ..errors import Problem
from ..hub.files import FOLDER, LINE
from . import hubfiles, hubs, pullers, shapes
from .hubs import CONFIG, POD, Hub, Item, hub_container, label
from .notes import Note, Said
from .record import Addition, Removal, UnreadableError, is_recorded

VOLUME = "kernelpair-hub"

_CHECKSUM = "checksum/config-map"
_POD_ANNOTATIONS = ("spec", "template", "metadata", "annotations")
_VOLUMES = (*POD, "volumes")


class Fitted(NamedTuple):
    """What becomes of one hub: new objects beside the items they replace, ConfigMaps to put behind the Deployment.

    `pulls` are the image pullers that pull the front-end image ahead.
    """

    objects: list[tuple[Item, dict[str, Any]]]
    configs: list[dict[str, Any]]
    pulls: list[Item]
    said: list[Said]


class Refused(ValueError):
    """A hub can't be fitted; `notes` holds every reason with the item that it is about."""

    def __init__(self, notes: list[tuple[Item, Said]]) -> None:
        super().__init__("; ".join(said.sentence.what for _, said in notes))
        self.notes = notes


def problem(item: Item, said: Said) -> Problem:
    """A note on an object as a problem of the stream."""
    what, why, fix = said.sentence
    place = Problem(what, document=item.document, source=item.source, object=label(item))
    return place._replace(key=said.key, why=why, fix=fix)


def fit(hub: Hub, written: dict[str, Any], settings: Settings) -> Fitted:
    """Return the hub with the hook, whose spawns become pairs by `settings`, written as `written`.

    Takes a hub that was never fitted (`unfit` its objects first) and changes none of its objects. Raises Refused.
    """
    broken = [
        (item, Said(Note.WRONG_TYPE, key, sentence))
        for item in (hub.config, hub.deployment, *hub.pullers)
        if item is not None
        for key, sentence in shapes.wrong(item.object)
    ]
    if broken:
        raise Refused(broken)
    index = hub_container(hub)
    notes = _in_the_way(hub, index)
    if notes or index is None or hub.config is None:
        raise Refused(notes)
    own, files = hubfiles.config_map(hub, written)
    configs = [own, runtimefiles.config_map(hub.runtime.found)]
    deployment = _deployment(hub.deployment.object, index, own["metadata"]["name"], files, configs)
    objects = [(hub.config, _with_line(hub.config.object)), (hub.deployment, deployment)]
    pulls, said = [], []
    for puller in hub.pullers:
        made, more = pullers.fit(puller.object, settings)
        said += [note._replace(key=f"{label(puller)}: {note.key}") for note in more]
        if made is not puller.object:
            objects.append((puller, made))
        if any(container.get("image") == settings.image("notebook.image") for container in hubs.pulls(made)):
            pulls.append(puller)
    return Fitted(objects, configs, pulls, said)


def _in_the_way(hub: Hub, index: int | None) -> list[tuple[Item, Said]]:
    if hub.config is None:
        return [(hub.deployment, Said(Note.NO_CONFIG, ".".join(_VOLUMES)))]
    notes: list[tuple[Item, Said]] = []
    if not isinstance(mapping(hub.config.object, "data")[CONFIG], str):
        notes.append((hub.config, Said(Note.CONFIG_NO_TEXT, f"data.{CONFIG}")))
    pod = targets.get(hub.deployment.object, POD)
    if any(targets.get(volume, ("name",)) == VOLUME for volume in pod["volumes"]):
        notes.append((hub.deployment, Said(Note.VOLUME_TAKEN, ".".join(_VOLUMES), VOLUME)))
    containers = [container for container in pod.get("containers") or [] if isinstance(container, dict)]
    if index is None:
        seen = ", ".join(str(container.get("name")) for container in containers) or "none"
        return [*notes, (hub.deployment, Said(Note.NO_CONTAINER, ".".join((*POD, "containers")), seen))]
    for mount in pod["containers"][index].get("volumeMounts") or []:
        path = str(targets.get(mount, ("mountPath",)) or "").rstrip("/")
        if path == FOLDER or path.startswith(f"{FOLDER}/"):
            key = ".".join((*POD, f"containers[{index}]", "volumeMounts"))
            notes.append((hub.deployment, Said(Note.MOUNT_TAKEN, key, path, FOLDER)))
    return notes


def _deployment(
    deployment: dict[str, Any], index: int, config: str, files: list[dict[str, str]], configs: list[dict[str, Any]]
) -> dict[str, Any]:
    made = Addition(deployment)
    made.add(_VOLUMES, [{"name": VOLUME, "configMap": {"name": config, "items": files}}])
    mount = {"name": VOLUME, "mountPath": FOLDER, "readOnly": True}
    made.add((*POD, "containers", index, "volumeMounts"), [mount])
    old = targets.get(deployment, (*_POD_ANNOTATIONS, _CHECKSUM))
    made.add(_POD_ANNOTATIONS, {_CHECKSUM: _checksum(old, configs)})
    return made.recorded(checksum=old)


def _checksum(old: Any, configs: list[dict[str, Any]]) -> str:
    """What makes the hub restart when, and only when, the chart's configuration or something of ours is another.

    Whatever the digest begins with, nobody can take the text for a number.
    """
    import hashlib
    import json

    parts = [old, [config["data"] for config in configs], LINE]
    return f"kernelpair-{hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()}"


def _with_line(config: dict[str, Any]) -> dict[str, Any]:
    """The ConfigMap with our line; whether the text ended with a line end can be told from the result."""
    text = config["data"][CONFIG]
    return _with_text(config, f"{text}{LINE}\n" if text.endswith("\n") else f"{text}\n{LINE}")


def _without_line(config: dict[str, Any]) -> dict[str, Any]:
    text = config["data"][CONFIG]
    return _with_text(config, text.removesuffix(f"{LINE}\n" if text.endswith("\n") else f"\n{LINE}"))


def _with_text(config: dict[str, Any], text: str) -> dict[str, Any]:
    made: dict[str, Any] = targets.replaced(config, ("data", CONFIG), text)
    return made


def _is_loading(object: dict[str, Any]) -> bool:
    text = mapping(object, "data").get(CONFIG)
    if object.get("kind") != "ConfigMap" or not isinstance(text, str):
        return False
    return text.endswith((f"\n{LINE}", f"\n{LINE}\n"))


def unfit(object: dict[str, Any]) -> dict[str, Any]:
    """Return an object of a fitted release as it was before; any other object is returned itself.

    Raises record.UnreadableError where the record is broken or a later version's.
    """
    if _is_loading(object):
        return _without_line(object)
    if not is_recorded(object):
        return object
    for _, sentence in shapes.wrong(object):
        raise UnreadableError(sentence)
    return _plain_deployment(object) if object.get("kind") == "Deployment" else pullers.unfit(object)


def _plain_deployment(deployment: dict[str, Any]) -> dict[str, Any]:
    plain = Removal(deployment)
    containers = targets.get(plain.object, (*POD, "containers"))
    mounts = [(*POD, "containers", index, "volumeMounts") for index in range(len(containers or []))]
    for path in (_VOLUMES, *mounts):
        entries = targets.get(plain.object, path)
        kept = [entry for entry in entries or [] if targets.get(entry, ("name",)) != VOLUME]
        if kept != (entries or []):
            plain.keep(path, kept)
    old, annotations = plain.facts.get("checksum"), targets.get(plain.object, _POD_ANNOTATIONS)
    if isinstance(annotations, dict):
        before = {key: old if key == _CHECKSUM else text for key, text in annotations.items()}
        plain.keep(_POD_ANNOTATIONS, {key: text for key, text in before.items() if key != _CHECKSUM or old is not None})
    return plain.done()
