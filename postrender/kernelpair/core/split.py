"""`split` makes a pair of a pod, `undo` the pod of a pair: pure functions on plain dicts and lists.

``split = build after undo``: a pod that is a pair already is taken back first, so that new settings rebuild it and the
same settings change nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from . import (
    checks,
    containers,
    downward,
    environment,
    gateway,
    home,
    merge,
    names,
    overrides,
    podlevel,
    reserve,
    shapes,
    status,
)
from .pods import items, mapping, shape_findings, user_container
from .reasons import Finding, Reason, Refused
from .settings import Settings


class Pair(NamedTuple):
    """What `split` made: the pair, the record that its status annotation carries, and warnings."""

    pod: dict[str, Any]
    record: dict[str, Any]
    warnings: tuple[Finding, ...]


def split(pod: dict[str, Any], settings: Settings, runtime: str, completes: bool = False, container: str = "") -> Pair:
    """Return the pair made of ``pod`` (a pod or pod template: metadata and spec).

    ``runtime`` is the name of the ConfigMap with the runtime files in the pod's namespace. ``completes`` says that the
    pod must be able to end by itself (Job): the kernel container becomes a native sidecar (Kubernetes 1.29).
    ``container`` names the user's container where the pod itself does not tell; "" or one that isn't there: no hint.

    Guarantees: ``pod`` is not changed; ``split(split(p)) == split(p)``; ``undo(split(p)) == p``; the resources of the
    pair's containers add up to the pod's (plus ``notebook.resources``, which are stated on top). The flag is not looked
    at: `pods.decide` says whether a pod is to be split.

    Raises Refused with every reason why the pod can't be split.
    """
    return build(undo(pod), settings, runtime, completes, container)


def build(
    plain: dict[str, Any], settings: Settings, runtime: str, completes: bool = False, container: str = ""
) -> Pair:
    """Return what `split` does, of a pod that `undo` has returned: neither a pair nor of other types than a pod's."""
    index, findings = user_container(plain, container)
    found = findings + checks.pod_findings(plain, settings)
    if findings:
        raise Refused([finding for finding in found if finding.reason not in checks.ONLY_WARNINGS])
    user = items(plain["spec"], "containers")[index]
    mount_at, of_home = home.shared_home(user, settings)
    notebook_share, kernel_share, of_reserve = reserve.carve(mapping(user, "resources"), settings["notebook.reserve"])
    found += _within(index, checks.user_findings(user, plain) + of_home + of_reserve)
    refusals = [finding for finding in found if finding.reason not in checks.ONLY_WARNINGS]
    if refusals:
        raise Refused(refusals)
    sidecar = completes or settings["kernel.nativeSidecar"]
    plan = _Plan(index, runtime, mount_at, sidecar, notebook_share, kernel_share)
    made, record, warnings = _built(plain, plan, settings)
    return Pair(made, record, tuple(found + _within(index, warnings)))


def _within(index: int, findings: list[Finding]) -> list[Finding]:
    return [finding._replace(key=f"spec.containers[{index}].{finding.key}") for finding in findings]


class _Plan(NamedTuple):
    """What was found out before anything is built."""

    position: int  # of the user's container
    runtime: str  # name of the runtime ConfigMap
    home: str  # where the shared home is mounted, "" if a volume is there already
    sidecar: bool  # the kernel container must not keep the pod from ending
    notebook_share: dict[str, Any]  # of the resources, carved out
    kernel_share: dict[str, Any]


def _built(
    plain: dict[str, Any], plan: _Plan, settings: Settings
) -> tuple[dict[str, Any], dict[str, Any], list[Finding]]:
    """Return pair, record and warnings; nothing is refused here but overrides that would lose an original."""
    spec = plain["spec"]
    user = spec["containers"][plan.position]
    division = environment.divide(user, settings)
    notebook = containers.notebook(user, division.notebook, settings, plan.home)
    kernel = containers.kernel(user, division.kernel, settings, plan.home)
    if plan.notebook_share:
        kernel["resources"] = plan.kernel_share
    own = merge.strategic(plan.notebook_share, settings["notebook.resources"])
    if own:
        notebook["resources"] = own
    pair = overrides.apply(user, notebook, kernel, settings)
    if pair.lost:
        raise Refused(_within(plan.position, pair.lost))
    new_spec, added = _spec(spec, plan, pair, settings)
    record = {
        "container": user["name"],
        "sidecar": plan.sidecar,
        "moved": [field for field in containers.MOVED if field in user],
        "added": {
            **added,
            "notebook.env": _new_names(pair.notebook, division.notebook),
            "kernel.env": _new_names(pair.kernel, division.kernel),
            "volumeMounts": [
                mount["mountPath"] for mount in containers.our_mounts(plan.home, {}) + gateway.mounts(settings)
            ],
        },
        "overwritten": {"fields": pair.fields, "env": pair.env},
        "reserved": reserve.originals(mapping(user, "resources"), plan.notebook_share),
        "order": [list(position) for position in division.kernel_only],
        "bare": environment.bare_references(items(user, "env")),
        "was": podlevel.emptiness(plain, user),
    }
    made, record = podlevel.annotate({**plain, "spec": new_spec}, user["image"], settings, record)
    return made, record, division.warnings


def _spec(
    spec: dict[str, Any], plan: _Plan, pair: overrides.Overridden, settings: Settings
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the pod spec with both containers, and what was added to it."""
    old = spec["containers"]
    user = old[plan.position]
    beside = [] if plan.sidecar else [pair.kernel]
    inits = home.init_container(user, settings, plan.home) + gateway.init_container(user, settings)
    if plan.sidecar:
        inits.append({**pair.kernel, "restartPolicy": "Always"})
    new_volumes = podlevel.volumes(plan.runtime, plan.home, settings)
    before, after, first = (
        environment.point_others_at(others, user["name"], names.KERNEL)
        for others in (old[: plan.position], old[plan.position + 1 :], items(spec, "initContainers"))
    )
    secrets = podlevel.pull_secrets(spec, settings)
    made = {
        **spec,
        "containers": [*before, pair.notebook, *beside, *after],
        "volumes": downward.point_at(items(spec, "volumes"), user["name"], names.KERNEL) + new_volumes,
    }
    if first or inits:
        made["initContainers"] = first + inits
    if secrets:
        made["imagePullSecrets"] = items(spec, "imagePullSecrets") + secrets
    totals = podlevel.totals(made, user["name"]) if settings["podResources"] and "resources" not in spec else {}
    if totals:
        made["resources"] = totals
    added = {
        "volumes": [volume["name"] for volume in new_volumes],
        "initContainers": [container["name"] for container in inits],
        "imagePullSecrets": [secret["name"] for secret in secrets],
        "podResources": bool(totals),
    }
    return made, added


def _new_names(container: dict[str, Any], own: list[dict[str, Any]]) -> list[str]:
    """Return the variables of ``container`` that aren't among those it has from the user, ``own``."""
    present = {entry["name"] for entry in own}
    return [entry["name"] for entry in items(container, "env") if entry["name"] not in present]


def undo(pair: dict[str, Any]) -> dict[str, Any]:
    """Return the pod that ``pair`` was made of; a pod that is no pair is returned as it is.

    Edits made to the pair since are kept where they have a place in the pod: the kernel's image, resources and security
    context, the notebook's everything else. Raises Refused when the record is damaged or its containers are gone.
    """
    findings = shape_findings(pair)
    if findings:
        raise Refused(findings)
    record = status.read(pair)
    if record is None:
        return pair
    spec = mapping(pair, "spec")
    index = _find(items(spec, "containers"), record["container"])
    field = "initContainers" if record["sidecar"] else "containers"
    kernel_index = _find(items(spec, field), names.KERNEL)
    if index < 0 or kernel_index < 0:
        gone = record["container"] if index < 0 else names.KERNEL
        raise Refused([Finding(Reason.PAIR_BROKEN, "spec.containers", gone, f"it has no container {gone}")])
    user = _user_container(spec["containers"][index], spec[field][kernel_index], record)
    added = record["added"]
    own = record["container"]
    before, after, first = (
        environment.point_others_at(others, names.KERNEL, own)
        for others in (spec["containers"][:index], spec["containers"][index + 1 :], items(spec, "initContainers"))
    )
    new_spec = {
        **spec,
        "containers": [*_without(before, [names.KERNEL]), user, *_without(after, [names.KERNEL])],
        "volumes": downward.point_at(_without(items(spec, "volumes"), added["volumes"]), names.KERNEL, own),
        "initContainers": _without(first, added["initContainers"]),
        "imagePullSecrets": _without(items(spec, "imagePullSecrets"), added["imagePullSecrets"]),
    }
    if added["podResources"]:
        new_spec.pop("resources", None)
    return podlevel.unannotate({**pair, "spec": new_spec}, record)


def _find(found: list[Any], name: str) -> int:
    return next((index for index, container in enumerate(found) if container.get("name") == name), -1)


def _without(found: list[Any], added: list[str]) -> list[Any]:
    return [item for item in found if item.get("name") not in added]


def _user_container(notebook: dict[str, Any], kernel: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
    notebook, kernel = overrides.take_back(notebook, kernel, record["overwritten"]["fields"])
    for container in (notebook, kernel):
        status.require(container, shapes.CONTAINER, str(container["name"]))
    taken = (*containers.MOVED, "image", "imagePullPolicy", "securityContext")
    user = {key: value for key, value in notebook.items() if key not in taken}
    user.update({key: kernel[key] for key in taken if key in kernel})
    if record["reserved"]:
        user["resources"] = reserve.give_back(
            mapping(kernel, "resources"), mapping(notebook, "resources"), record["reserved"]
        )
    lifecycle = {**mapping(notebook, "lifecycle"), **mapping(kernel, "lifecycle")}
    if lifecycle:
        user["lifecycle"] = lifecycle
    added = record["added"]
    user["env"] = environment.restore(
        _without(items(notebook, "env"), added["notebook.env"]),
        _without(items(kernel, "env"), added["kernel.env"]),
        record["container"],
        {"overwritten": record["overwritten"]["env"], "order": record["order"], "bare": record["bare"]},
    )
    ours = {(volume, path) for volume in names.VOLUMES for path in added["volumeMounts"]}
    mounts = items(notebook, "volumeMounts")
    user["volumeMounts"] = [m for m in mounts if (m.get("name"), m.get("mountPath")) not in ours]
    return podlevel.container_as_it_was(user, record)
