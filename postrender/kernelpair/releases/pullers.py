"""The DaemonSets that pull images ahead of users' pods: they pull the front-end image and the bundle's too."""

from __future__ import annotations

from typing import Any

from .. import targets
from ..core import gateway, podlevel
from ..core.settings import Settings
from .hubs import POD, PULL, pulls
from .notes import Note, Said
from .record import Addition, Removal

_CONTAINERS = (*POD, "initContainers")
_SECRETS = (*POD, "imagePullSecrets")
_IMAGES = {f"{PULL}kernelpair": "notebook.image", f"{PULL}kernelpair-bundle": "gateway.bundle.image"}
"""Name of the container that pulls an image -> where the image stands in the settings."""
_COMMANDS = {"gateway.bundle.image": gateway.NOTHING}
"""What runs in an image that needs not hold what the other ones do, such as a shell."""


def fit(puller: dict[str, Any], settings: Settings) -> tuple[dict[str, Any], list[Said]]:
    """Return the DaemonSet with a container for each image that it doesn't pull yet, shaped as its other ones.

    A container of ours that would have the name of another is left out, and said. Without an image to add the result
    is `puller` itself.
    """
    made, said = Addition(puller), []
    others = list(pulls(puller))
    images = {container.get("image") for container in others}
    added = []
    for name, block in _IMAGES.items():
        image = settings.image(block)
        if not image or image in images:
            continue
        if any(container.get("name") == name for container in others):
            said.append(Said(Note.PULLER_NAME_TAKEN, ".".join(_CONTAINERS), name, image))
            continue
        images.add(image)
        added.append(_container(others[-1], name, block, settings))
    if not added:
        return puller, said
    made.add(_CONTAINERS, added)
    secrets = podlevel.pull_secrets(targets.get(puller, POD), settings)
    if secrets:
        made.add(_SECRETS, secrets)
    facts = {"containers": [container["name"] for container in added], "secrets": [each["name"] for each in secrets]}
    return made.recorded(**facts), said


def _container(like: dict[str, Any], name: str, block: str, settings: Settings) -> dict[str, Any]:
    shape = {key: part for key, part in like.items() if key not in ("name", "image", "imagePullPolicy")}
    if block in _COMMANDS:
        shape = {**{key: part for key, part in shape.items() if key != "args"}, "command": list(_COMMANDS[block])}
    policy = settings[f"{block}.pullPolicy"]
    made = {"name": name, "image": settings.image(block)}
    return {**made, **({"imagePullPolicy": policy} if policy else {}), **shape}


def unfit(puller: dict[str, Any]) -> dict[str, Any]:
    """Return the DaemonSet as it was before `fit`. Raises record.UnreadableError."""
    plain = Removal(puller)
    for path, names in ((_CONTAINERS, plain.facts.get("containers")), (_SECRETS, plain.facts.get("secrets"))):
        entries = targets.get(plain.object, path)
        if names and isinstance(entries, list):
            plain.keep(path, [entry for entry in entries if targets.get(entry, ("name",)) not in names])
    return plain.done()
