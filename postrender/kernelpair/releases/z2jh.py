"""Releases of zero-to-jupyterhub, recognised by what the chart renders and not by names.

A hub is a Deployment whose pod mounts a ConfigMap with the keys jupyterhub_config.py and z2jh.py; its values are in a
Secret that the pod mounts too, under the key values.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from .. import hubvalues, targets
from ..core.pods import items, mapping
from ..errors import Rejected
from ..runtimefiles import identity
from ..targets import Found

CONFIG = "jupyterhub_config.py"
_CONFIG_KEYS = (CONFIG, "z2jh.py")
POD = ("spec", "template", "spec")
SETTINGS = ("custom", hubvalues.SETTINGS)
_SAME_RELEASE = ("app", "release", "app.kubernetes.io/name", "app.kubernetes.io/instance")
PULL = "image-pull-"


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

    `secret` is None where the Secret with the values is not in the stream. `volume` is the name of the pod's volume
    with the ConfigMap.
    """

    deployment: Item
    config: Item
    secret: Item | None
    volume: str
    pullers: tuple[Item, ...]


class UnreadableError(ValueError):
    """A Secret's values can't be read; the message says why, and never quotes them."""


def hubs(objects: list[Item]) -> list[Hub]:
    """Return the hubs among the objects of a stream, in its order. A puller serves the first hub that it fits."""
    configs = {identity(item.object): item for item in objects if _is_config(item.object)}
    secrets = {identity(item.object): item for item in objects if _is_secret(item.object)}
    pullers = [item for item in objects if _is_puller(item.object)]
    made = []
    for item in objects:
        mounted = _mounted(item.object, configs) if item.object.get("kind") == "Deployment" else None
        if mounted is None:
            continue
        volume, config = mounted
        own = tuple(puller for puller in pullers if _one_release(item.object, puller.object))
        pullers = [puller for puller in pullers if puller not in own]
        made.append(Hub(item, config, _secret(item.object, secrets), volume, own))
    return made


def values(secret: Item) -> dict[str, Any]:
    """Return all values of a release. Raises UnreadableError where they are encrypted or otherwise no values."""
    from ..yamltext.nodes import compose, value

    decoded = hubvalues.decode(mapping(secret.object, "data").get(hubvalues.KEY))
    if decoded is None:
        raise UnreadableError("they are not base64, so probably encrypted or redacted")
    try:
        found = value(compose(decoded.decode()))
    except (Rejected, UnicodeDecodeError):
        raise UnreadableError("they are not YAML") from None
    if not isinstance(found, dict):
        raise UnreadableError("they are no mapping")
    return found


def value_secrets(objects: list[Item]) -> Iterator[Item]:
    """Yield the Secrets that could hold a release's values."""
    yield from (item for item in objects if _is_secret(item.object))


def _is_config(object: dict[str, Any]) -> bool:
    data = object.get("data")
    return object.get("kind") == "ConfigMap" and isinstance(data, dict) and all(key in data for key in _CONFIG_KEYS)


def _is_secret(object: dict[str, Any]) -> bool:
    data = object.get("data")
    return object.get("kind") == "Secret" and isinstance(data, dict) and hubvalues.KEY in data


def _is_puller(object: dict[str, Any]) -> bool:
    return object.get("kind") == "DaemonSet" and any(True for _ in pulls(object))


def pulls(puller: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the containers with which a DaemonSet pulls images for users' pods."""
    for container in items(targets.get(puller, POD), "initContainers"):
        if str(targets.get(container, ("name",))).startswith(PULL):
            yield container


def _volumes(deployment: dict[str, Any]) -> list[Any]:
    return items(targets.get(deployment, POD), "volumes")


def _mounted(deployment: dict[str, Any], configs: dict[tuple[str, str], Item]) -> tuple[str, Item] | None:
    """The volume with a hub's ConfigMap, and the ConfigMap."""
    namespace = identity(deployment)[0]
    for volume in _volumes(deployment):
        config = configs.get((namespace, str(targets.get(volume, ("configMap", "name")))))
        if config is not None:
            return str(targets.get(volume, ("name",))), config
    return None


def _secret(deployment: dict[str, Any], secrets: dict[tuple[str, str], Item]) -> Item | None:
    namespace = identity(deployment)[0]
    names = (str(targets.get(volume, ("secret", "secretName"))) for volume in _volumes(deployment))
    return next((secrets[namespace, name] for name in names if (namespace, name) in secrets), None)


def _one_release(deployment: dict[str, Any], puller: dict[str, Any]) -> bool:
    ours, theirs = (mapping(mapping(object, "metadata"), "labels") for object in (deployment, puller))
    same = all(ours.get(label) == theirs.get(label) for label in _SAME_RELEASE)
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
