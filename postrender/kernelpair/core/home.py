"""The user's home must be one folder for both containers: where it is, and how it is shared when no volume is there."""

from __future__ import annotations

import re
from typing import Any

from . import names
from .pods import cpu_and_memory, items, literal
from .reasons import Finding, Reason
from .settings import Settings


def shared_home(user: dict[str, Any], settings: Settings) -> tuple[str, list[Finding]]:
    """Return (path where a shared volume must be mounted, findings); "" when a volume is mounted at the home already.

    The home is HOME, else the setting ``kernel.home``, else the working directory. Where none of them tells, a volume
    mounted at /home, /home/NAME or /root is taken for it; without one the pod is refused.
    """
    told = (literal(user, "HOME"), settings["kernel.home"], user.get("workingDir"))
    # "/" tells nothing: no volume can be mounted there.
    home = next((path.rstrip("/") for path in told if path and path.startswith("/") and path.strip("/")), "")
    mounted = [str(mount.get("mountPath", "")).rstrip("/") for mount in items(user, "volumeMounts")]
    if any(_holds(path, home) if home else _USUAL.fullmatch(path) for path in mounted):
        return "", []
    if settings["kernel.sharedHome"] == "none":
        return "", [Finding(Reason.HOME_NOT_SHARED, "volumeMounts", home)]
    if not home:
        return "", [Finding(Reason.HOME_UNKNOWN, "volumeMounts")]
    copied = "" if settings["kernel.sharedHome"] == "emptyDir" else ", with a copy of what the image has there"
    return home, [Finding(Reason.HOME_IN_POD, "volumeMounts", home, copied)]


_USUAL = re.compile(r"/home(/[^/]+)?|/root")


def _holds(folder: str, path: str) -> bool:
    return bool(folder) and (path.rstrip("/") + "/").startswith(folder + "/")


def init_container(user: dict[str, Any], settings: Settings, home: str) -> list[dict[str, Any]]:
    """Return the init container (none or one) that copies the image's home into the shared volume.

    It states the user's CPU and memory (see `pods.cpu_and_memory`).
    """
    if not home or settings["kernel.sharedHome"] == "emptyDir":
        return []
    made: dict[str, Any] = {
        "name": names.HOME_INIT,
        "image": user["image"],
        "command": ["sh", f"{names.RUNTIME_DIR}/home.sh", home, names.HOME_TARGET],
        "volumeMounts": [
            {"name": names.RUNTIME_VOLUME, "mountPath": names.RUNTIME_DIR, "readOnly": True},
            {"name": names.HOME_VOLUME, "mountPath": names.HOME_TARGET},
        ],
    }
    for key in ("imagePullPolicy", "securityContext"):
        if key in user:
            made[key] = user[key]
    return [{**made, **cpu_and_memory(user)}]
