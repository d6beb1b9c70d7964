"""How jupyter-kernel-gateway gets into the pod: a table of ways, and which of them the settings take.

A bundle is one read-only tree that holds the gateway, an interpreter and a C library: it runs in any image, without a
network. In the pod it stands at `names.BUNDLE_DIR` of the kernel container.
"""

from __future__ import annotations

from typing import Any, Callable, Mapping, NamedTuple

from . import names
from .pods import cpu_and_memory
from .security import unprivileged
from .settings import Settings

_START = f"{names.BUNDLE_DIR}/start"
NOTHING = (_START, "/dev/null")
"""A command that does nothing, successfully, in an image that holds a bundle, whatever else that has."""
_BY_SHELL = ("sh", f"{names.RUNTIME_DIR}/gateway.sh")
_BY_BUNDLE = (_START, f"{names.RUNTIME_DIR}/gateway.py")
_COPY = (_START, f"{names.RUNTIME_DIR}/kernelpair_copy.py", names.BUNDLE_TARGET)
_COPY_OR_FALL_BACK = ("sh", f"{names.RUNTIME_DIR}/bundle.sh", names.BUNDLE_TARGET)


class Way(NamedTuple):
    """One way for the gateway into the pod.

    ``launcher`` is what the kernel container runs; ``what`` says it to people ({image}, {claim}); ``volume`` returns
    what makes the bundle's volume, if there is one; ``fill`` is the init container's command that fills it, () where
    that needs none; ``sub_path`` is where in the volume the bundle is.
    """

    launcher: tuple[str, ...]
    what: str
    volume: Callable[[Settings], dict[str, Any]] | None = None
    fill: tuple[str, ...] = ()
    sub_path: str = ""


class Taken(NamedTuple):
    """The way that settings take: its name, what that is, and why, as people read it."""

    way: str
    what: str
    why: str


def _empty(settings: Settings) -> dict[str, Any]:
    return {"emptyDir": {}}


def _image(settings: Settings) -> dict[str, Any]:
    policy = _pull_policy(settings)
    return {"image": {"reference": _reference(settings), **({"pullPolicy": policy} if policy else {})}}


def _claim(settings: Settings) -> dict[str, Any]:
    return {"persistentVolumeClaim": {"claimName": settings["gateway.bundle.claim"], "readOnly": True}}


FRONT_END = "frontEnd"
WAYS: Mapping[str, Way] = {
    "image": Way(_BY_SHELL, "the user's image has it"),
    "pip": Way(_BY_SHELL, "pip installs it when the pod starts"),
    "initContainer": Way(_BY_BUNDLE, "the bundle, copied from {image} by an init container", _empty, _COPY),
    "imageVolume": Way(
        _BY_BUNDLE,
        "the bundle, mounted from {image} (Kubernetes 1.33 or newer)",
        _image,
        sub_path=names.BUNDLE_DIR.lstrip("/"),
    ),
    "pvc": Way(_BY_BUNDLE, "the bundle, mounted from the claim {claim}", _claim),
    FRONT_END: Way(
        _BY_BUNDLE,
        f"the bundle of {{image}} if that has one at {names.BUNDLE_DIR}, else what the user's image has, else pip",
        _empty,
        _COPY_OR_FALL_BACK,
    ),
}
"""Name -> way: the sources `image` and `pip`, the bundle's mounts, and what `auto` does when no bundle is named."""


_NAMING = ("gateway.bundle.image.name", "gateway.bundle.mount", "gateway.bundle.claim")
"""The keys that name a bundle, or how it is mounted: one that is set is meant."""


def taken(settings: Settings) -> Taken:
    """Return the way that ``settings`` take. `auto` takes what needs no network, as far as the settings can tell."""
    name, why = _name(settings), f"gateway.source is {settings['gateway.source']}"
    named = settings.written(_NAMING)
    if name == FRONT_END:
        why += ", and no bundle is named; bundle would insist on one"
    elif settings["gateway.source"] == "auto":
        why += f", and {', '.join(named)} {'is' if len(named) == 1 else 'are'} set"
    facts = {"image": _reference(settings), "claim": settings["gateway.bundle.claim"]}
    return Taken(name, WAYS[name].what.format(**facts), why)


def _name(settings: Settings) -> str:
    source: str = settings["gateway.source"]
    if source in WAYS:
        return source
    if source == "auto" and not settings.written(_NAMING):
        return FRONT_END
    mount: str = settings["gateway.bundle.mount"]
    return mount


def _way(settings: Settings) -> Way:
    return WAYS[_name(settings)]


def launcher(settings: Settings) -> list[str]:
    """Return what the kernel container runs."""
    return list(_way(settings).launcher)


def volumes(settings: Settings) -> list[dict[str, Any]]:
    """Return the volume (none or one) with the bundle."""
    make = _way(settings).volume
    return [{"name": names.BUNDLE_VOLUME, **make(settings)}] if make else []


def mounts(settings: Settings) -> list[dict[str, Any]]:
    """Return the mount (none or one) of the bundle in the kernel container."""
    way = _way(settings)
    made = {"name": names.BUNDLE_VOLUME, "mountPath": names.BUNDLE_DIR, "readOnly": True}
    return [{**made, **({"subPath": way.sub_path} if way.sub_path else {})}] if way.volume else []


def init_container(user: dict[str, Any], settings: Settings) -> list[dict[str, Any]]:
    """Return the init container (none or one) that fills the bundle's volume.

    It runs as the user, without privileges, in the image that holds the bundle, and states the user's CPU and memory
    (see `pods.cpu_and_memory`).
    """
    fill = _way(settings).fill
    if not fill:
        return []
    made: dict[str, Any] = {"name": names.BUNDLE_INIT, "image": _reference(settings)}
    if _pull_policy(settings):
        made["imagePullPolicy"] = _pull_policy(settings)
    made["command"] = list(fill)
    made["volumeMounts"] = [
        {"name": names.RUNTIME_VOLUME, "mountPath": names.RUNTIME_DIR, "readOnly": True},
        {"name": names.BUNDLE_VOLUME, "mountPath": names.BUNDLE_TARGET},
    ]
    if user.get("securityContext") is not None:
        made["securityContext"] = unprivileged(user["securityContext"])
    return [{**made, **cpu_and_memory(user)}]


def _block(settings: Settings) -> str:
    return "gateway.bundle.image" if settings["gateway.bundle.image.name"] else "notebook.image"


def _reference(settings: Settings) -> str:
    return settings.image(_block(settings))


def _pull_policy(settings: Settings) -> str:
    policy: str = settings[f"{_block(settings)}.pullPolicy"]
    return policy
