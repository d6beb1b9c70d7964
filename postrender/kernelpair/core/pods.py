"""Questions about a pod that is never changed: its containers, the user's one, QoS class, homes and decisions."""

from __future__ import annotations

from typing import Any, Callable, Iterator

from . import names, quantities, shapes
from .reasons import Finding, Reason
from .settings import Settings


def mapping(holder: Any, key: str) -> dict[str, Any]:
    """Return the mapping at ``key``; anything else, absent and null included, reads as empty."""
    value = holder.get(key) if isinstance(holder, dict) else None
    return value if isinstance(value, dict) else {}


def items(holder: Any, key: str) -> list[Any]:
    """Return the list at ``key``; anything else, absent and null included, reads as empty."""
    value = holder.get(key) if isinstance(holder, dict) else None
    return value if isinstance(value, list) else []


def annotations_of(pod: dict[str, Any]) -> dict[str, Any]:
    """Return the pod's annotations."""
    return mapping(mapping(pod, "metadata"), "annotations")


def every_container(pod: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (dotted key, container) for containers and init containers."""
    for field in ("containers", "initContainers"):
        for index, container in enumerate(items(mapping(pod, "spec"), field)):
            yield f"spec.{field}[{index}]", container


def shape_findings(pod: Any) -> list[Finding]:
    """Return what keeps ``pod`` from being read as a pod template: wrong types where split must look."""
    return [Finding(Reason.NOT_A_POD, key, "", sentence) for key, sentence in shapes.mismatches(pod, shapes.POD)]


def user_container(pod: dict[str, Any], hint: str = "") -> tuple[int, list[Finding]]:
    """Return (index in spec.containers of the user's container, findings); -1 when it can't be told.

    It is the one named `notebook`, else the one that the annotation kernelpair/container names, else the one named
    ``hint``, else the only one.
    """
    present = [container.get("name") for container in items(pod.get("spec"), "containers")]
    if not present:
        return -1, [Finding(Reason.NO_CONTAINER, "spec.containers")]
    listed = ", ".join(map(str, present))
    named = annotations_of(pod).get(names.CONTAINER)
    if named is not None and named not in present and names.NOTEBOOK not in present:
        return -1, [Finding(Reason.UNKNOWN_CONTAINER, f"metadata.annotations.{names.CONTAINER}", str(named), listed)]
    for name in (names.NOTEBOOK, named, hint):
        if name and name in present:
            return present.index(name), []
    if len(present) == 1:
        return 0, []
    return -1, [Finding(Reason.AMBIGUOUS_CONTAINER, "spec.containers", listed)]


def decide(pod: dict[str, Any], settings: Settings) -> Finding | None:
    """Return why ``pod`` stays as it is under ``settings``, or None when it is to be split.

    A `Reason.BAD_OPT_IN` among them is a refusal, the others are skips.
    """
    if not settings["enabled"]:
        return Finding(Reason.OFF)
    said = annotations_of(pod).get(names.SPLIT)
    if said is None:
        return Finding(Reason.NOT_OPTED_IN) if settings["optIn"] else None
    if said in ("true", "false") and isinstance(said, str):
        return None if said == "true" else Finding(Reason.OPTED_OUT)
    shown = str(said).lower() if isinstance(said, bool) else str(said)
    return Finding(Reason.BAD_OPT_IN, f"metadata.annotations.{names.SPLIT}", shown)


def literal(container: dict[str, Any], name: str) -> str | None:
    """Return the value of a variable where the manifest states it literally; the last entry wins, as in the kubelet."""
    for entry in reversed(items(container, "env")):
        if entry.get("name") == name:
            value = entry.get("value")
            return value if isinstance(value, str) and "$(" not in value else None
    return None


def asks_for_gpu(container: dict[str, Any]) -> bool:
    """Tell whether the container asks for an NVIDIA device: plain, MIG and shared names, or a resource claim.

    A count of zero asks for none: profiles write it to take a default GPU away.
    """
    resources = mapping(container, "resources")
    stated = [*mapping(resources, "limits").items(), *mapping(resources, "requests").items()]
    return bool(items(resources, "claims")) or any(
        str(name).startswith("nvidia.com/") and _amount(quantity) for name, quantity in stated
    )


_QOS_RESOURCES = ("cpu", "memory")


def cpu_and_memory(container: dict[str, Any]) -> dict[str, Any]:
    """Return the field ``resources`` with the CPU and memory that ``container`` states, without it where there is none.

    Init containers of ours have that of the user's: they run before the others, so the pod asks for no more than it
    did, and a quota that wants every container to state them is content.
    """
    resources = mapping(container, "resources")
    found = {block: mapping(resources, block) for block in ("limits", "requests")}
    kept = {block: {name: stated[name] for name in stated if name in _QOS_RESOURCES} for block, stated in found.items()}
    stated = {block: amounts for block, amounts in kept.items() if amounts}
    return {"resources": stated} if stated else {}


def is_sidecar(init_container: dict[str, Any]) -> bool:
    """Tell whether an init container keeps running beside the containers (Kubernetes 1.29)."""
    return init_container.get("restartPolicy") == "Always"


def aggregate(spec: dict[str, Any], amount: Callable[[dict[str, Any]], int]) -> int:
    """Return what the containers of a pod ask for as a whole, by the scheduler's rule; ``amount`` says it for one.

    That is the sum of all that run together, or the start of an init container beside the sidecars started before it,
    whichever is more (k8s.io/component-helpers/resource).
    """
    sidecars = most = 0
    for container in items(spec, "initContainers"):
        wanted = sidecars + amount(container)
        most = max(most, wanted)
        sidecars = wanted if is_sidecar(container) else sidecars
    return max(most, sidecars + sum(map(amount, items(spec, "containers"))))


def qos_class(pod: dict[str, Any]) -> str:
    """Return Guaranteed, Burstable or BestEffort by Kubernetes' rules, pod-level resources (1.34) included.

    A quantity that can't be read counts as stated.
    """
    spec = mapping(pod, "spec")
    pod_level = mapping(spec, "resources")
    holders = [pod_level] if pod_level else [mapping(container, "resources") for _, container in every_container(pod)]
    stated = [(_request(holder, name), _limit(holder, name)) for holder in holders for name in _QOS_RESOURCES]
    if mapping(pod_level, "limits"):
        stated = [(_pod_request(spec, name), _limit(pod_level, name)) for name in _QOS_RESOURCES]
    if not any(request or limit for request, limit in stated):
        return "BestEffort"
    if all(limit and (request is None or request == limit) for request, limit in stated):
        return "Guaranteed"
    return "Burstable"


def _request(holder: dict[str, Any], name: str) -> int | None:
    return _amount(mapping(holder, "requests").get(name))


def _limit(holder: dict[str, Any], name: str) -> int | None:
    return _amount(mapping(holder, "limits").get(name))


def _pod_request(spec: dict[str, Any], name: str) -> int | None:
    """Return the pod-level request; one that isn't stated is what the containers ask for (API server defaults)."""
    stated = _request(mapping(spec, "resources"), name)

    def amount(container: dict[str, Any]) -> int:
        resources = mapping(container, "resources")
        request = _request(resources, name)
        return (_limit(resources, name) if request is None else request) or 0

    return aggregate(spec, amount) or None if stated is None else stated


def _amount(quantity: Any) -> int | None:
    if quantity is None:
        return None
    try:
        return quantities.parse(quantity)
    except ValueError:
        return -1
