"""Who gets which environment variable: the notebook, the kernel, or both."""

from __future__ import annotations

import re
from typing import Any, Iterable, NamedTuple

from . import names
from .pods import items
from .reasons import Finding, Reason
from .settings import Settings

# The hub's tokens. JUPYTERHUB_USER and its like are no secrets and stay, other variables refer to them.
CREDENTIALS = frozenset({"JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN", "CONFIGPROXY_AUTH_TOKEN", "JUPYTERHUB_CRYPT_KEY"})
# What describes the user image's interpreter would break the front-end's.
_KERNEL_ONLY = re.compile(r"PATH|PYTHONPATH|PYTHONHOME|LD_.*|CONDA_.*")
# A client of dask-gateway logs in with the hub's token (its JupyterHubAuth), unless it is told to log in otherwise. The
# rest of such a name is read in any case (dask.config). A class of the operator's own may do what JupyterHubAuth does.
_WANTS_CREDENTIALS = re.compile(r"DASK_(?i:GATEWAY__.*)")
_LOGIN = re.compile(r"DASK_(?i:GATEWAY__AUTH__TYPE)")
_OTHER_LOGINS = frozenset({"basic", "kerberos"})
_REFERENCE = re.compile(r"\$\$|\$\(([^()]*)\)")

GATEWAY_URL = "JUPYTER_GATEWAY_URL"
# Where Jupyter looks first in the notebook container: for our configuration, and for kernelspecs that lead to the
# gateway. Operators set both too.
SEARCH_PATHS = {"JUPYTER_CONFIG_PATH": names.RUNTIME_DIR, "JUPYTER_PATH": names.JUPYTER_DIR}


class Division(NamedTuple):
    """The user's variables divided, order kept.

    ``kernel_only`` holds the index in the pod's own list and the name of each that the notebook does not get.
    """

    notebook: list[dict[str, Any]]
    kernel: list[dict[str, Any]]
    kernel_only: list[tuple[int, str]]
    warnings: list[Finding]


def references(value: object) -> set[str]:
    """Return the names that ``value`` refers to as ``$(NAME)``; ``$$`` escapes, by the kubelet's rules."""
    if not isinstance(value, str) or "$(" not in value:
        return set()
    found = _REFERENCE.finditer(value)
    return {match.group(1) for match in found if match.group(1)}


def _with_dependents(env: list[dict[str, Any]], seeds: Iterable[str]) -> set[str]:
    """Return ``seeds`` and every variable whose value refers to one of them, directly or not.

    The kubelet resolves a reference only to earlier entries, but of a name that stands there twice only one may refer
    to a seed, so one pass over the list is not enough.
    """
    reached, before = set(seeds), -1
    while len(reached) > before:
        before = len(reached)
        reached |= {str(entry.get("name")) for entry in env if references(entry.get("value")) & reached}
    return reached


def _with_referenced(env: list[dict[str, Any]], texts: Iterable[object]) -> set[str]:
    """Return every variable that ``texts`` refer to, directly or through another variable."""
    reached = {name for text in texts for name in references(text)}
    for entry in reversed(env):
        if entry.get("name") in reached:
            reached |= references(entry.get("value"))
    return reached


def passes_credentials(container: dict[str, Any], settings: Settings) -> bool:
    """Tell whether the kernel gets the hub's tokens: as set, or where a client that needs them is configured."""
    wanted = settings["kernel.passHubCredentials"]
    if wanted != "auto":
        return bool(wanted)
    wanting = [entry for entry in items(container, "env") if _WANTS_CREDENTIALS.fullmatch(str(entry.get("name")))]
    logins = [entry.get("value") for entry in wanting if _LOGIN.fullmatch(str(entry.get("name")))]
    return bool(wanting) and not (logins and logins[-1] in _OTHER_LOGINS)


def divide(container: dict[str, Any], settings: Settings) -> Division:
    """Divide the user container's variables between notebook and kernel.

    Credentials of the hub, and what refers to them, go to the notebook alone; PATH, PYTHONPATH, LD_*, CONDA_*, and what
    refers to them, to the kernel alone. What a container's mounts, command or args refer to, it keeps.
    """
    env = items(container, "env")
    present = {str(entry.get("name")) for entry in env}
    paths = [mount.get("subPathExpr") for mount in items(container, "volumeMounts")]
    started = items(container, "command") + items(container, "args")
    credentials = set() if passes_credentials(container, settings) else present & CREDENTIALS
    secret = _with_dependents(env, credentials) - _with_referenced(env, paths)
    ours = {name for name in present if _KERNEL_ONLY.fullmatch(name)}
    kernel_only = _with_dependents(env, ours) - secret - _with_referenced(env, paths + started)
    derived = sorted(secret - credentials)
    return Division(
        notebook=[entry for entry in env if str(entry.get("name")) not in kernel_only],
        kernel=[entry for entry in env if str(entry.get("name")) not in secret],
        kernel_only=[
            (i, str(entry.get("name"))) for i, entry in enumerate(env) if str(entry.get("name")) in kernel_only
        ],
        warnings=[Finding(Reason.TOKEN_DERIVED, "env", name, ", ".join(sorted(credentials))) for name in derived],
    )


def missing(env: list[dict[str, Any]], additions: dict[str, str]) -> list[dict[str, Any]]:
    """Return ``additions`` (name -> value) as entries, without those that ``env`` sets already."""
    present = {entry.get("name") for entry in env}
    return [{"name": name, "value": value} for name, value in additions.items() if name not in present]


def notebook_additions(settings: Settings, image: str) -> dict[str, str]:
    """Return the variables that the notebook container gets from us."""
    terminals = settings["notebook.terminals"]
    return {
        GATEWAY_URL: f"http://127.0.0.1:{settings['kernel.port']}",
        "JUPYTER_GATEWAY_CONNECT_TIMEOUT": str(settings["gateway.timeouts.connect"]),
        "JUPYTER_GATEWAY_REQUEST_TIMEOUT": str(settings["gateway.timeouts.request"]),
        "KERNEL_IMAGE": image,
        **SEARCH_PATHS,
        "KERNELPAIR_RUN": names.RUN_DIR,
        "KERNELPAIR_PACKAGES": names.PACKAGES_DIR,
        "KERNELPAIR_START_TIMEOUT": str(settings["gateway.timeouts.start"]),
        **({"KERNELPAIR_TERMINALS": terminals} if terminals != "kernel" else {}),
        "NVIDIA_VISIBLE_DEVICES": "none",
    }


def kernel_additions(settings: Settings, gpu: bool) -> dict[str, str]:
    """Return the variables that the kernel container gets from us: the operator's, and what the launcher needs."""
    additions = dict(settings["kernel.env"])
    if not gpu:
        additions["NVIDIA_VISIBLE_DEVICES"] = additions.get("NVIDIA_VISIBLE_DEVICES", "none")
    launcher = {
        "KERNELPAIR_PORT": str(settings["kernel.port"]),
        "KERNELPAIR_RUN": names.RUN_DIR,
        "KERNELPAIR_SOURCE": settings["gateway.source"],
        "KERNELPAIR_PACKAGES": names.PACKAGES_DIR,
        "KERNELPAIR_PIP_REQUIREMENT": settings["gateway.pip.requirement"],
        "KERNELPAIR_PIP_INDEX_URL": settings["gateway.pip.indexUrl"],
        "KERNELPAIR_PIP_CONSTRAINTS": settings["gateway.pip.constraints"],
        "KERNELPAIR_PIP_CA_CERTIFICATE": settings["gateway.pip.caCertificate"],
        "KERNELPAIR_START_TIMEOUT": str(settings["gateway.timeouts.start"]),
        "KERNELPAIR_MEMORY_GUARD": "" if settings["kernel.memoryGuard"] else "false",
        "KERNELPAIR_PRESTART": {True: "true", False: "false"}.get(settings["kernel.prestart"], ""),
    }
    return {**additions, **{name: value for name, value in launcher.items() if value}}


def with_search_paths(env: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return ``env`` with our folder in front of the operator's own in each of SEARCH_PATHS that it sets.

    In front: of two files of one name, Jupyter takes the one of the earlier folder.
    """
    made = list(env)
    for name, ours in SEARCH_PATHS.items():
        place = _last(made, name)
        if place >= 0:
            made[place] = {**made[place], "value": ":".join(filter(None, (ours, made[place].get("value"))))}
    return made


def hidden_search_paths(env: list[dict[str, Any]]) -> list[str]:
    """Return those of SEARCH_PATHS that are known only in the cluster, so that nothing can be put in front of them."""
    places = [(name, _last(env, name)) for name in SEARCH_PATHS]
    return [name for name, place in places if place >= 0 and env[place].get("valueFrom") is not None]


def _without_search_paths(env: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a copy of ``env`` without what `with_search_paths` put in front."""
    made = list(env)
    for name, folder in SEARCH_PATHS.items():
        place, ours = _last(made, name), f"{folder}:"
        value = made[place].get("value") if place >= 0 else None
        if isinstance(value, str) and value.startswith(ours):
            made[place] = {**made[place], "value": value[len(ours) :]}
    return made


def point_at(env: list[dict[str, Any]], own: str, target: str) -> list[dict[str, Any]]:
    """Return ``env`` with every resourceFieldRef that names container ``own``, or none, naming ``target``."""
    return [_pointed(entry, own, target) for entry in env]


def point_others_at(containers: list[dict[str, Any]], own: str, target: str) -> list[dict[str, Any]]:
    """Return other ``containers`` with every resourceFieldRef that names container ``own`` naming ``target``."""

    def pointed(entry: dict[str, Any]) -> dict[str, Any]:
        return entry if (_field_ref(entry) or {}).get(_REFERS) != own else _pointed(entry, own, target)

    return [
        {**container, "env": [pointed(entry) for entry in items(container, "env")]}
        if names_container(items(container, "env"), own)
        else container
        for container in containers
    ]


def bare_references(env: list[dict[str, Any]]) -> list[list[Any]]:
    """Return [index, name, was] of every resourceFieldRef that names no container, for `restore`.

    ``was`` is [] where the key is absent, else [null] or [""], which mean the same to the kubelet.
    """
    found = [(index, entry["name"], _field_ref(entry)) for index, entry in enumerate(env)]
    return [
        [index, name, [reference[_REFERS] for key in reference if key == _REFERS]]
        for index, name, reference in found
        if reference is not None and not reference.get(_REFERS)
    ]


def names_container(env: list[dict[str, Any]], name: str) -> bool:
    """Tell whether a resourceFieldRef of ``env`` names container ``name``."""
    return any((_field_ref(entry) or {}).get(_REFERS) == name for entry in env)


_REFERS = "containerName"


def _field_ref(entry: dict[str, Any]) -> dict[str, Any] | None:
    source = entry.get("valueFrom")
    reference = source.get("resourceFieldRef") if isinstance(source, dict) else None
    return reference if isinstance(reference, dict) else None


def _pointed(entry: dict[str, Any], own: str, target: str) -> dict[str, Any]:
    reference = _field_ref(entry)
    if reference is None or (reference.get(_REFERS) or own) != own:
        return entry
    return {**entry, "valueFrom": {**entry["valueFrom"], "resourceFieldRef": {**reference, _REFERS: target}}}


def _bare(entry: dict[str, Any], own: str, was: list[Any]) -> dict[str, Any]:
    reference = _field_ref(entry)
    if reference is None or reference.get(_REFERS) != own:
        return entry
    rest = {key: value for key, value in reference.items() if key != _REFERS}
    bare = {**rest, _REFERS: was[0]} if was else rest
    return {**entry, "valueFrom": {**entry["valueFrom"], "resourceFieldRef": bare}}


def _last(env: list[dict[str, Any]], name: str) -> int:
    return max((index for index, entry in enumerate(env) if entry.get("name") == name), default=-1)


def restore(notebook: list[dict[str, Any]], kernel: list[dict[str, Any]], own: str, record: dict[str, Any]) -> Any:
    """Return the user's own variables from the pair's two lists (ours removed already), the inverse of `divide`.

    ``record``: ``overwritten`` names to take back from the kernel, ``order`` [index, name] of the kernel-only ones,
    ``bare`` what `bare_references` returned. Variables that were added to the kernel container since (an edit of the
    pair) are kept, at the end.
    """
    env = _without_search_paths(notebook)
    for name in record["overwritten"]:
        source, place = _last(kernel, name), _last(env, name)
        if source >= 0 and place >= 0:
            env[place] = kernel[source]
    present = {entry.get("name") for entry in env}
    waiting = [entry for entry in kernel if entry.get("name") not in present]
    for index, name in sorted(record["order"]):
        place = next((i for i, entry in enumerate(waiting) if entry.get("name") == name), -1)
        if place >= 0:
            env.insert(index, waiting.pop(place))
    env += waiting
    env = point_at(env, names.KERNEL, own)
    for index, name, was in record["bare"]:
        if 0 <= index < len(env) and env[index].get("name") == name:
            env[index] = _bare(env[index], own, was)
    return env
