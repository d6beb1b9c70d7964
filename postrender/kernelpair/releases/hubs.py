"""What every kind of hub release has: the objects that make a hub, where its settings stand, and who pulls images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from .. import targets
from ..core.pods import items, mapping
from ..runtimefiles import identity
from ..targets import Found
from .notes import Said

CONFIG = "jupyterhub_config.py"
POD = ("spec", "template", "spec")
PULL = "image-pull-"
_SAME_RELEASE = ("app", "release", "app.kubernetes.io/name", "app.kubernetes.io/instance")


class Item(NamedTuple):
    """An object of a stream: its document's number, the template that it comes from, and where it stands."""

    document: int
    source: str
    found: Found

    @property
    def object(self) -> dict[str, Any]:
        """The object itself."""
        return self.found.object


class Hub(NamedTuple):
    """One hub: the objects that make it, and the DaemonSets that pull images for its users' pods.

    `config` is the ConfigMap with jupyterhub_config.py, mounted as `volume`; `settings` the object in which the
    settings are written. Both are None where the stream doesn't have them. The ConfigMap that users' pods mount is
    named after `runtime`.
    """

    deployment: Item
    config: Item | None
    volume: str
    settings: Item | None
    runtime: Item
    pullers: tuple[Item, ...]


class Written(NamedTuple):
    """What stands where a hub's settings belong, None for nothing, and what there is to warn of."""

    settings: Any
    warnings: tuple[Said, ...] = ()


class Kind(NamedTuple):
    """One kind of hub release.

    `find` returns the hubs among the objects of a stream; `read` what is written for a hub whose `settings` is there,
    or raises UnreadableError or InvalidSettings; `key` says where one setting ("": all of them) is written, for
    messages; `missing` is the note for a hub whose `settings` is not in the stream.
    """

    find: Callable[[list[Item]], list[Hub]]
    read: Callable[[Hub], Written]
    key: Callable[[str], str]
    missing: Callable[[Hub], Said]


class UnreadableError(ValueError):
    """The settings of a hub can't be read; the message says why, and never quotes them."""


def label(item: Item) -> str:
    """`Kind namespace/name` for people."""
    return targets.label(item.found)


def by_identity(objects: Iterable[Item], wanted: Callable[[dict[str, Any]], bool]) -> dict[tuple[str, str], Item]:
    """The objects of one kind by namespace and name."""
    return {identity(item.object): item for item in objects if wanted(item.object)}


def mounted(deployment: dict[str, Any], configs: dict[tuple[str, str], Item]) -> tuple[str, Item] | None:
    """The first volume of a Deployment's pod with one of `configs`, and the ConfigMap."""
    namespace = identity(deployment)[0]
    for volume in volumes(deployment):
        config = configs.get((namespace, str(targets.get(volume, ("configMap", "name")))))
        if config is not None:
            return str(targets.get(volume, ("name",))), config
    return None


def volumes(deployment: dict[str, Any]) -> list[Any]:
    """The volumes of a Deployment's pod."""
    return items(targets.get(deployment, POD), "volumes")


def is_config(object: dict[str, Any], keys: Iterable[str]) -> bool:
    """Tell whether an object is a ConfigMap with all of `keys`."""
    data = object.get("data")
    return object.get("kind") == "ConfigMap" and isinstance(data, dict) and all(key in data for key in keys)


def pullers(objects: Iterable[Item], deployment: dict[str, Any]) -> tuple[Item, ...]:
    """The DaemonSets of a hub's release that pull images ahead of its users' pods."""
    return tuple(item for item in objects if _is_puller(item.object) and _one_release(deployment, item.object))


def _is_puller(object: dict[str, Any]) -> bool:
    return object.get("kind") == "DaemonSet" and any(True for _ in pulls(object))


def pulls(puller: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the containers with which a DaemonSet pulls images for users' pods."""
    for container in items(targets.get(puller, POD), "initContainers"):
        if str(targets.get(container, ("name",))).startswith(PULL):
            yield container


def _one_release(deployment: dict[str, Any], puller: dict[str, Any]) -> bool:
    ours, theirs = (mapping(mapping(object, "metadata"), "labels") for object in (deployment, puller))
    same = all(ours.get(name) == theirs.get(name) for name in _SAME_RELEASE)
    return same and identity(deployment)[0] == identity(puller)[0]


def hub_container(hub: Hub) -> int | None:
    """Return the index of the hub's own container: the one that mounts the ConfigMap; of several, the one named hub."""
    found = [
        (index, str(targets.get(container, ("name",))))
        for index, container in enumerate(items(targets.get(hub.deployment.object, POD), "containers"))
        if any(targets.get(mount, ("name",)) == hub.volume for mount in items(container, "volumeMounts"))
    ]
    if len(found) == 1:
        return found[0][0]
    return next((index for index, name in found if name == "hub"), None)
