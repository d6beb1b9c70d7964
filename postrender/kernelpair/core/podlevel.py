"""What a pair has beside its two containers: volumes, pull secrets, pod-level resources, annotations."""

from __future__ import annotations

from typing import Any

from . import gateway, names, quantities, status
from .pods import aggregate, annotations_of, is_sidecar, items, mapping
from .settings import Settings

# Deprecated since 1.30 and still read: one annotation per container, named after it.
_PER_CONTAINER = ("container.apparmor.security.beta.kubernetes.io/", "container.seccomp.security.alpha.kubernetes.io/")


def volumes(runtime: str, home: str, settings: Settings) -> list[dict[str, Any]]:
    """Return the volumes that the pair adds; ``runtime`` names the ConfigMap with the runtime files.

    Secrets and state are in memory, what may be large is on disk, where it doesn't count as the pod's memory.
    """
    made: list[dict[str, Any]] = [
        {"name": names.RUNTIME_VOLUME, "configMap": {"name": runtime}},
        {"name": names.RUN_VOLUME, "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}},
        {"name": names.PACKAGES_VOLUME, "emptyDir": {}},
    ]
    if home:
        made.append({"name": names.HOME_VOLUME, "emptyDir": {}})
    return made + gateway.volumes(settings)


_PULLED = ("notebook.image", "gateway.bundle.image")


def pull_secrets(spec: dict[str, Any], settings: Settings) -> list[dict[str, Any]]:
    """Return the pull secrets of the front-end and the bundle image that the pod doesn't name yet."""
    present = {secret.get("name") for secret in items(spec, "imagePullSecrets")}
    named = [each for block in _PULLED for each in settings[f"{block}.pullSecrets"]]
    wanted = [secret["name"] if isinstance(secret, dict) else secret for secret in named]
    return [{"name": name} for name in dict.fromkeys(wanted) if name not in present]


_POD_LEVEL = ("cpu", "memory")  # and huge pages, which must be equal everywhere and gain nothing by it


def totals(spec: dict[str, Any], notebook: str) -> dict[str, Any]:
    """Return the pod-level resources (Kubernetes 1.34) that state what the pair asks for as a whole.

    ``notebook`` is the name of the notebook container. Requests: what the scheduler counts, a limit standing for a
    request that isn't stated. Limits: the same, where every running container but the notebook states one, so that the
    notebook shares the user's limit instead of having none. Never less than the API server accepts.
    """
    made = {block: {} for block in ("limits", "requests")}  # type: dict[str, dict[str, Any]]
    for block, found in made.items():
        for name in _POD_LEVEL:
            total = _total(spec, block, name, notebook)
            if total:
                found[name] = total
    return {block: found for block, found in made.items() if found}


def _total(spec: dict[str, Any], block: str, name: str, notebook: str) -> str:
    """Return the total of one resource as a quantity, "" where there is none to state."""
    other = "limits" if block == "requests" else "requests"
    running = items(spec, "containers") + [c for c in items(spec, "initContainers") if is_sidecar(c)]
    unlimited = [c for c in running if c["name"] != notebook and _stated(c, "limits", name) is None]
    if block == "limits" and unlimited:
        return ""

    def wanted(container: dict[str, Any]) -> Any:
        own = _stated(container, block, name)
        return _stated(container, other, name) if own is None else own

    total = aggregate(spec, lambda container: quantities.parse(wanted(container) or 0))
    like = next(filter(None, map(wanted, running)), "")
    return quantities.show(total, like) if total else ""


def _stated(container: dict[str, Any], block: str, name: str) -> Any:
    return mapping(container.get("resources"), block).get(name)


def container_annotations(pod: dict[str, Any], own: str) -> dict[str, Any]:
    """Return the annotations that give ``kernel`` the AppArmor and seccomp profiles of container ``own``."""
    found = annotations_of(pod)
    return {prefix + names.KERNEL: found[prefix + own] for prefix in _PER_CONTAINER if prefix + own in found}


def annotate(
    pod: dict[str, Any], image: str, settings: Settings, record: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return (``pod`` with the audit, profile and status annotations, the record completed with them)."""
    before = annotations_of(pod)
    new = container_annotations(pod, record["container"])
    if settings["audit.annotation"]:
        new[settings["audit.annotation"]] = image
    record = {
        **record,
        "added": {**record["added"], "annotations": sorted(name for name in new if name not in before)},
        "overwritten": {**record["overwritten"], "annotations": {name: before[name] for name in new if name in before}},
    }
    metadata = {**mapping(pod, "metadata"), "annotations": {**before, **new, names.STATUS: status.write(record)}}
    return {**pod, "metadata": metadata}, record


# Where split puts something: a holder that wasn't there, or was null, is recorded so that undo leaves no empty one.
_HOLDERS = {"": ("metadata",), "metadata": ("annotations",), "spec": ("volumes", "initContainers", "imagePullSecrets")}
_CONTAINER_HOLDERS = ("env", "volumeMounts")


def emptiness(pod: dict[str, Any], user: dict[str, Any]) -> dict[str, str]:
    """Return dotted key -> "absent" or "null" of every holder that split fills and that was one of the two."""
    found = {}
    for path, keys in _HOLDERS.items():
        holder = mapping(pod, path) if path else pod
        found.update({f"{path}.{key}".lstrip("."): _missing(holder, key) for key in keys})
    found.update({f"container.{key}": _missing(user, key) for key in _CONTAINER_HOLDERS})
    return {key: how for key, how in found.items() if how}


def _missing(holder: dict[str, Any], key: str) -> str:
    return "absent" if key not in holder else "null" if holder[key] is None else ""


def _as_it_was(holder: dict[str, Any], key: str, how: str | None) -> dict[str, Any]:
    if how is None or holder.get(key):
        return holder
    rest = {name: value for name, value in holder.items() if name != key}
    return rest if how == "absent" else {**rest, key: None}


def unannotate(pod: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
    """Return ``pod`` without the annotations of the pair, and with every holder empty, null or absent as it was."""
    was, old = record["was"], record["overwritten"]["annotations"]
    gone = {names.STATUS, *record["added"]["annotations"]}
    kept = {name: old.get(name, value) for name, value in annotations_of(pod).items() if name not in gone}
    metadata = _as_it_was(
        {**mapping(pod, "metadata"), "annotations": kept}, "annotations", was.get("metadata.annotations")
    )
    spec = pod["spec"]
    for key in _HOLDERS["spec"]:
        spec = _as_it_was(spec, key, was.get(f"spec.{key}"))
    return _as_it_was({**pod, "metadata": metadata, "spec": spec}, "metadata", was.get("metadata"))


def container_as_it_was(user: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
    """Return the user's container with empty lists null or absent as they were."""
    for key in _CONTAINER_HOLDERS:
        user = _as_it_was(user, key, record["was"].get(f"container.{key}"))
    return user
