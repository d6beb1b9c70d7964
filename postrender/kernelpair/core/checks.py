"""What speaks against splitting a pod, and what the operator should know when it is split: a table of questions."""

from __future__ import annotations

from typing import Any, Callable

from . import downward, environment, names, quantities
from .pods import every_container, items, mapping
from .reasons import Finding, Reason
from .settings import Settings

ONLY_WARNINGS = frozenset(
    {
        Reason.RUNS_AS_ROOT,
        Reason.UID_UNSET,
        Reason.ENV_FROM,
        Reason.EXEC_PROBE,
        Reason.SHARED_PROCESSES,
        Reason.HOST_PID,
        Reason.HOME_NOT_SHARED,
        Reason.HOME_IN_POD,
        Reason.TOKEN_DERIVED,
    }
)
_PodQuestion = Callable[["dict[str, Any]", Settings], "list[Finding]"]
_UserQuestion = Callable[["dict[str, Any]", "dict[str, Any]"], "list[Finding]"]


def pod_findings(pod: dict[str, Any], settings: Settings) -> list[Finding]:
    """Return every refusal and warning about ``pod`` as a whole; keys are dotted from the pod."""
    return [finding for question in _OF_THE_POD for finding in question(pod, settings)]


def user_findings(user: dict[str, Any], pod: dict[str, Any]) -> list[Finding]:
    """Return every refusal and warning about the user's container in ``pod``; keys are dotted from the container."""
    return [finding for question in _OF_THE_USER for finding in question(user, pod)]


def _image(user: dict[str, Any], pod: dict[str, Any]) -> list[Finding]:
    named = isinstance(user.get("image"), str) and user["image"]
    return [] if named else [Finding(Reason.NO_IMAGE, "image")]


def _kernel_name(pod: dict[str, Any], settings: Settings) -> list[Finding]:
    taken = [path for path, container in every_container(pod) if container.get("name") == names.KERNEL]
    return [Finding(Reason.KERNEL_NAME_TAKEN, f"{path}.name", names.KERNEL) for path in taken]


def _port(pod: dict[str, Any], settings: Settings) -> list[Finding]:
    port = settings["kernel.port"]
    return [
        Finding(Reason.PORT_TAKEN, f"{path}.ports[{index}].containerPort", str(port), str(container.get("name")))
        for path, container in every_container(pod)
        for index, stated in enumerate(items(container, "ports"))
        if stated.get("containerPort") == port
    ]


def _host_network(pod: dict[str, Any], settings: Settings) -> list[Finding]:
    on = mapping(pod, "spec").get("hostNetwork") is True
    return [Finding(Reason.HOST_NETWORK, "spec.hostNetwork", "true")] if on else []


def _windows(pod: dict[str, Any], settings: Settings) -> list[Finding]:
    spec = mapping(pod, "spec")
    where = {
        "spec.os.name": mapping(spec, "os").get("name"),
        "spec.nodeSelector.kubernetes.io/os": mapping(spec, "nodeSelector").get("kubernetes.io/os"),
    }
    return [Finding(Reason.WINDOWS, key, "windows") for key, system in where.items() if system == "windows"]


def _gateway(user: dict[str, Any], pod: dict[str, Any]) -> list[Finding]:
    found = [entry for entry in items(user, "env") if entry.get("name") == environment.GATEWAY_URL]
    return [Finding(Reason.GATEWAY_ALREADY_SET, "env", environment.GATEWAY_URL)] if found else []


def _volumes(pod: dict[str, Any], settings: Settings) -> list[Finding]:
    spec = mapping(pod, "spec")
    taken = [
        (f"spec.volumes[{i}]", v.get("name"))
        for i, v in enumerate(items(spec, "volumes"))
        if v.get("name") in names.VOLUMES
    ]
    taken += [(path, c.get("name")) for path, c in every_container(pod) if c.get("name") in names.INITS]
    return [Finding(Reason.VOLUME_TAKEN, f"{path}.name", str(name)) for path, name in taken]


def _mounts(user: dict[str, Any], pod: dict[str, Any]) -> list[Finding]:
    ours = (names.RUNTIME_DIR, names.RUN_DIR, names.PACKAGES_DIR, names.BUNDLE_DIR)
    paths = [str(mount.get("mountPath", "")).rstrip("/") for mount in items(user, "volumeMounts")]
    return [Finding(Reason.MOUNT_TAKEN, "volumeMounts", path) for path in paths if path in ours]


def _quantities(pod: dict[str, Any], settings: Settings) -> list[Finding]:
    if not settings["podResources"]:
        return []
    found = []
    for path, container in every_container(pod):
        for block in ("limits", "requests"):
            for name, quantity in mapping(container.get("resources"), block).items():
                try:
                    quantities.parse(quantity)
                except ValueError as error:
                    key = f"{path}.resources.{block}.{name}"
                    found.append(Finding(Reason.BAD_QUANTITY, key, str(quantity), str(error)))
    return found


def _uid(user: dict[str, Any], pod: dict[str, Any]) -> list[Finding]:
    of_pod, own = mapping(mapping(pod, "spec"), "securityContext"), mapping(user, "securityContext")
    uid = of_pod.get("runAsUser") if own.get("runAsUser") is None else own["runAsUser"]
    if uid is None:
        return [Finding(Reason.UID_UNSET, "securityContext.runAsUser")]
    return [Finding(Reason.RUNS_AS_ROOT, "securityContext.runAsUser", "0")] if uid == 0 else []


def _search_paths(user: dict[str, Any], pod: dict[str, Any]) -> list[Finding]:
    hidden = environment.hidden_search_paths(items(user, "env"))
    return [Finding(Reason.SEARCH_PATH_HIDDEN, "env", name) for name in hidden]


def _no_kernel_yet(pod: dict[str, Any], settings: Settings) -> list[Finding]:
    """A reference to a container that isn't there would find ours, and `undo` would take it for one of ours."""
    where = {
        f"{path}.env": environment.names_container(items(container, "env"), names.KERNEL)
        for path, container in every_container(pod)
    }
    where["spec.volumes"] = downward.names_container(items(mapping(pod, "spec"), "volumes"), names.KERNEL)
    taken = any(container.get("name") == names.KERNEL for _, container in every_container(pod))
    said = f"a resourceFieldRef names container {names.KERNEL}, and the pod has none"
    return [Finding(Reason.NOT_A_POD, key, "", said) for key, found in where.items() if found and not taken]


def _env_from(user: dict[str, Any], pod: dict[str, Any]) -> list[Finding]:
    return [Finding(Reason.ENV_FROM, "envFrom")] if items(user, "envFrom") else []


def _probes(user: dict[str, Any], pod: dict[str, Any]) -> list[Finding]:
    probes = ("startupProbe", "readinessProbe", "livenessProbe")
    running = [probe for probe in probes if isinstance(user.get(probe), dict) and "exec" in user[probe]]
    return [Finding(Reason.EXEC_PROBE, probe, probe) for probe in running]


def _processes(pod: dict[str, Any], settings: Settings) -> list[Finding]:
    spec = mapping(pod, "spec")
    asked = (("shareProcessNamespace", Reason.SHARED_PROCESSES), ("hostPID", Reason.HOST_PID))
    return [Finding(reason, f"spec.{field}", "true") for field, reason in asked if spec.get(field) is True]


_OF_THE_POD: tuple[_PodQuestion, ...] = (
    _kernel_name,
    _no_kernel_yet,
    _port,
    _host_network,
    _windows,
    _volumes,
    _quantities,
    _processes,
)
_OF_THE_USER: tuple[_UserQuestion, ...] = (
    _image,
    _gateway,
    _mounts,
    _uid,
    _search_paths,
    _env_from,
    _probes,
)
