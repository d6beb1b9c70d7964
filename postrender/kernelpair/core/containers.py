"""The notebook and the kernel container, each made from the user's container by one table of fields."""

from __future__ import annotations

from typing import Any

from . import environment, gateway, names
from .pods import asks_for_gpu, items, literal, mapping
from .security import unprivileged
from .settings import Settings

MOVED = ("resources", "resizePolicy", "volumeDevices")
COPIED = (
    "envFrom",
    "workingDir",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "restartPolicy",
    "restartPolicyRules",
)
# Everything else (ports, probes, stdin, tty, fields we don't know) stays with the notebook.

_INTERNAL_SSL_VOLUME = "jupyterhub-internal-certs"


def notebook_lifecycle(lifecycle: dict[str, Any]) -> dict[str, Any]:
    """Return the handlers that stay: all but those that run a command."""
    return {name: handler for name, handler in lifecycle.items() if not _runs_command(handler)}


def kernel_lifecycle(lifecycle: dict[str, Any]) -> dict[str, Any]:
    """Return the handlers that run a command: they were written for the user's image, and run once."""
    return {name: handler for name, handler in lifecycle.items() if _runs_command(handler)}


def _runs_command(handler: Any) -> bool:
    return isinstance(handler, dict) and "exec" in handler


def launcher(user: dict[str, Any], settings: Settings) -> dict[str, list[str]]:
    """Return command or args: in the user's own field, so that the image's ENTRYPOINT runs where it did before."""
    return {"command" if user.get("command") else "args": gateway.launcher(settings)}


def our_mounts(home: str, packages: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the mounts that a container gets from us; ``home`` is "" where a volume is mounted there already.

    ``packages`` says how it may use what the launcher puts down: the gateway that pip installed, and the user image's
    lab extensions, which the notebook server serves.
    """
    mounts: list[dict[str, Any]] = [
        {"name": names.RUNTIME_VOLUME, "mountPath": names.RUNTIME_DIR, "readOnly": True},
        {"name": names.RUN_VOLUME, "mountPath": names.RUN_DIR},
        {"name": names.PACKAGES_VOLUME, "mountPath": names.PACKAGES_DIR, **packages},
    ]
    return [*mounts, {"name": names.HOME_VOLUME, "mountPath": home}] if home else mounts


def _without_hub_certificates(user: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the user's mounts without KubeSpawner's internal SSL certificates: they are the hub's credentials."""
    key_file = literal(user, "JUPYTERHUB_SSL_KEYFILE")

    def holds_certificates(mount: dict[str, Any]) -> bool:
        path = str(mount.get("mountPath", "")).rstrip("/")
        return mount.get("name") == _INTERNAL_SSL_VOLUME or bool(key_file and path and key_file.startswith(f"{path}/"))

    return [mount for mount in items(user, "volumeMounts") if not holds_certificates(mount)]


def notebook(user: dict[str, Any], env: list[dict[str, Any]], settings: Settings, home: str) -> dict[str, Any]:
    """Return the notebook container: the user's, with the front-end image and without resources or privileges."""
    made = {key: value for key, value in user.items() if key not in MOVED}
    made["image"] = settings.image("notebook.image")
    made.pop("imagePullPolicy", None)
    if settings["notebook.image.pullPolicy"]:
        made["imagePullPolicy"] = settings["notebook.image.pullPolicy"]
    if user.get("securityContext") is not None:
        made["securityContext"] = unprivileged(user["securityContext"])
    if mapping(user, "lifecycle"):
        made["lifecycle"] = notebook_lifecycle(user["lifecycle"])
        if not made["lifecycle"]:
            del made["lifecycle"]
    own = environment.point_at(environment.with_search_paths(env), user["name"], names.KERNEL)
    made["env"] = own + environment.missing(own, environment.notebook_additions(settings, user["image"]))
    made["volumeMounts"] = items(user, "volumeMounts") + our_mounts(home, {"readOnly": True})
    return made


def kernel(user: dict[str, Any], env: list[dict[str, Any]], settings: Settings, home: str) -> dict[str, Any]:
    """Return the kernel container: the user's image and resources, the gateway launcher, no probes and no ports."""
    made: dict[str, Any] = {"name": names.KERNEL, "image": user["image"]}
    if "imagePullPolicy" in user:
        made["imagePullPolicy"] = user["imagePullPolicy"]
    made.update(launcher(user, settings))
    own = environment.point_at(env, user["name"], names.KERNEL)
    additions = environment.kernel_additions(settings, asks_for_gpu(user))
    made["env"] = own + environment.missing(items(user, "env"), additions)
    for key in (*MOVED, "securityContext", *COPIED):
        if key in user:
            made[key] = user[key]
    if kernel_lifecycle(mapping(user, "lifecycle")):
        made["lifecycle"] = kernel_lifecycle(user["lifecycle"])
    if environment.passes_credentials(user, settings):
        mounts = items(user, "volumeMounts")
    else:
        mounts = _without_hub_certificates(user)
    made["volumeMounts"] = mounts + our_mounts(home, {}) + gateway.mounts(settings)
    return made
