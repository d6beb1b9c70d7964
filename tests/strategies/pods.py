"""Pods and pod templates as KubeSpawner, Deployments and people write them, and settings to split them with.

Credentials of the hub hold `SECRET` in their values and nothing else does, so that a leak can be searched for.
`pods` mostly splits; `mutated` breaks anything anywhere.
"""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

SECRET = "s3cret"
HOME = "/home/jovyan"
CREDENTIALS = ("JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN", "CONFIGPROXY_AUTH_TOKEN")
_USER_ONLY = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "CONDA_PREFIX")
_OURS = ("NVIDIA_VISIBLE_DEVICES", "JUPYTER_CONFIG_PATH", "JUPYTER_PATH", "KERNEL_IMAGE", "KERNELPAIR_RUN")
_OTHER = ("A", "B", "DATA", "MEM_LIMIT")
_VALUES = [
    "", "x", "/data/$(JUPYTERHUB_USER)",
    "$(A)/$(B)", "$$(A)", "$$$(A)", "$(", "$()", "$(A", "$(MISSING)",
    "$(PATH):/opt", "$(CONDA_PREFIX)/etc", "$(LD_LIBRARY_PATH)", "$(JUPYTERHUB_API_TOKEN)", "Bearer $(DATA)",
    "$(JPY_API_TOKEN)", "ünï",
]  # fmt: skip
_SCALARS = st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.just(1.0), st.sampled_from(["", "1", "true", "x"]))

json_values = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["name", "env", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)
_MOSTLY = st.sampled_from([True] * 9 + [False])
unknown_fields = st.dictionaries(st.sampled_from(["futureField", "x-note"]), json_values, max_size=1)


def _maybe(strategy: st.SearchStrategy[Any], empty: Any) -> st.SearchStrategy[Any]:
    """What people leave in a field: mostly something, else null or an empty one."""
    return st.one_of(strategy, strategy, strategy, st.none(), st.just(empty).map(copy.copy))


def _mapping(optional: dict[str, st.SearchStrategy[Any]], **required: st.SearchStrategy[Any]) -> Any:
    """A mapping with the required keys, some of the optional ones and now and then an unknown one."""
    known = st.fixed_dictionaries(required, optional=optional)

    @st.composite
    def mapping(draw: st.DrawFn) -> dict[str, Any]:
        value = draw(known)
        return value if draw(_MOSTLY) else {**draw(unknown_fields), **value}

    return mapping()


quantities = st.sampled_from(
    ["500m", "2", "1.5", "4Gi", "1e9", "12E2", "100M", "0.1Gi", "1536Mi", "1k", "3T", "0.5", "8589934592", 2, 1.5, 1e9]
)
cpu_and_memory = st.fixed_dictionaries({}, optional={"cpu": quantities, "memory": quantities})
devices = st.dictionaries(
    st.sampled_from(["nvidia.com/gpu", "nvidia.com/mig-1g.5gb", "amd.com/gpu", "ephemeral-storage", "hugepages-2Mi"]),
    st.sampled_from(["1", 1, "2", "0", "4Gi"]),
    max_size=2,
)
_AMOUNTS = st.builds(lambda a, b: {**a, **b}, cpu_and_memory, devices)
resources = _mapping(
    {
        "limits": _maybe(_AMOUNTS, {}),
        "requests": _maybe(_AMOUNTS, {}),
        "claims": _maybe(st.just([{"name": "gpu", "request": "one"}]), []),
    }
)

_NAMES_A_CONTAINER = st.sampled_from(
    [{}, *({"containerName": name} for name in ("notebook", "main", "side", "", None))]
)
_FIELD_REFERENCES = st.builds(
    lambda named, resource: {"resourceFieldRef": {"resource": resource, **named}},
    _NAMES_A_CONTAINER,
    st.sampled_from(["limits.cpu", "requests.memory"]),
)
_SOURCES = st.one_of(
    st.just({"secretKeyRef": {"name": "s", "key": "k", "optional": True}}),
    st.just({"configMapKeyRef": {"name": "c", "key": "k"}}),
    st.just({"fieldRef": {"fieldPath": "status.podIP"}}),
    _FIELD_REFERENCES,
)


@st.composite
def env_entries(draw: st.DrawFn) -> dict[str, Any]:
    """One variable: a literal, one with references, from a source, or with nothing at all."""
    kind = draw(st.sampled_from([CREDENTIALS, _USER_ONLY, _OURS, _OTHER, _OTHER, ("JUPYTERHUB_USER", "HOME")]))
    name = draw(st.sampled_from(kind))
    if name == "JUPYTERHUB_USER":
        return {"name": name, "value": "alice"}  # subPathExpr refers to it
    if name == "HOME":
        return {"name": name, "value": draw(st.sampled_from([HOME, HOME, "/home/$(JUPYTERHUB_USER)", "/", ""]))}
    if name in CREDENTIALS:
        value = draw(st.sampled_from([f"{SECRET}-1", f"{SECRET}-2"]))
        return {"name": name, "value": value}
    how = draw(st.integers(0, 6))
    if how == 0:
        return {"name": name, **draw(st.sampled_from([{}, {"value": None}, {"value": ""}]))}
    if how <= 2:
        return {"name": name, "valueFrom": draw(_SOURCES)}
    return {"name": name, "value": draw(st.sampled_from(_VALUES))}


_EXEC = st.just({"exec": {"command": ["gitpuller", "https://example.org/course"]}})
_HTTP = st.just({"httpGet": {"port": 8888, "path": "/"}})
_HANDLERS = st.one_of(_EXEC, _HTTP, st.just({"sleep": {"seconds": 5}}), st.just({"tcpSocket": {"port": 1}}), st.none())
lifecycles = _mapping({"postStart": _HANDLERS, "preStop": _HANDLERS, "stopSignal": st.just("SIGTERM")})

security_contexts = _mapping(
    {
        "runAsUser": st.sampled_from([0, 1000, None]),
        "runAsGroup": st.just(100),
        "runAsNonRoot": st.booleans(),
        "privileged": st.booleans(),
        "allowPrivilegeEscalation": st.sampled_from([True, False, None]),
        "readOnlyRootFilesystem": st.booleans(),
        "capabilities": st.sampled_from([{"add": ["NET_ADMIN"]}, {"drop": ["ALL"], "add": ["SYS_PTRACE"]}, {}, None]),
        "seccompProfile": st.sampled_from([{"type": "RuntimeDefault"}, {"type": "Unconfined"}]),
        "seLinuxOptions": st.just({"level": "s0:c1"}),
        "appArmorProfile": st.just({"type": "RuntimeDefault"}),
        "procMount": st.just("Default"),
    }
)

_MOUNTS = [
    {"name": "home", "mountPath": HOME, "subPath": "alice"},
    {"name": "home", "mountPath": f"{HOME}/"},
    {"name": "shm", "mountPath": "/dev/shm"},
    {"name": "home", "mountPath": "/data", "subPathExpr": "$(JUPYTERHUB_USER)/x"},
    {"name": "jupyterhub-internal-certs", "mountPath": "/etc/jupyterhub/ssl/"},
    {"name": "info", "mountPath": "/etc/podinfo", "readOnly": True, "recursiveReadOnly": "Disabled"},
]
mounts = st.lists(st.sampled_from(_MOUNTS), max_size=4, unique_by=lambda mount: mount["mountPath"])
_PROBE = st.one_of(_HTTP, _EXEC, st.none())
images = st.sampled_from(["example.org/pytorch:2.9", "r", "example.org/r@sha256:" + "0" * 64])


def containers(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """A container called ``name``, as a user's one may be written."""
    return _mapping(
        {
            "imagePullPolicy": st.sampled_from(["Always", "IfNotPresent"]),
            "command": _maybe(st.just(["tini", "--", "start $(PATH)"]), []),
            "args": _maybe(st.just(["jupyterhub-singleuser", "--x=$(A)"]), []),
            "workingDir": st.sampled_from([HOME, "/", "", None]),
            "env": _maybe(st.lists(env_entries(), max_size=7), []),
            "envFrom": _maybe(st.just([{"secretRef": {"name": "s"}}]), []),
            "ports": _maybe(st.just([{"name": "notebook-port", "containerPort": 8888}]), []),
            "resources": _maybe(resources, {}),
            "resizePolicy": st.just([{"resourceName": "cpu", "restartPolicy": "NotRequired"}]),
            "volumeMounts": _maybe(mounts, []),
            "volumeDevices": st.just([{"name": "raw", "devicePath": "/dev/xvda"}]),
            "lifecycle": _maybe(lifecycles, {}),
            "securityContext": _maybe(security_contexts, {}),
            "readinessProbe": _PROBE,
            "livenessProbe": _PROBE,
            "terminationMessagePolicy": st.just("FallbackToLogsOnError"),
            "restartPolicy": st.just("Never"),
            "stdin": st.booleans(),
        },
        name=st.just(name),
        image=images,
    )


_SIDE = _mapping(
    {
        "env": st.just([{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}]),
        "resources": _maybe(resources, {}),
        "ports": st.just([{"containerPort": 9000}]),
    },
    name=st.just("side"),
    image=st.just("example.org/side"),
)
_INIT = _mapping(
    {"restartPolicy": st.just("Always"), "resources": _maybe(resources, {}), "securityContext": security_contexts},
    name=st.sampled_from(["block-cloud-metadata", "first"]),
    image=st.just("example.org/iptables"),
)
_FILE = {"path": "cpu", "resourceFieldRef": {"containerName": "notebook", "resource": "limits.cpu"}}
_LABELS = {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}
_NO_FILES = {"downwardAPI": None}
_VOLUMES = [
    {"name": "home", "persistentVolumeClaim": {"claimName": "homes"}},
    {"name": "shm", "emptyDir": {"medium": "Memory"}},
    {"name": "info", "downwardAPI": {"items": [_LABELS, _FILE]}},
    {"name": "all", "projected": {"sources": [{"secret": {}}, {"downwardAPI": {"items": [_FILE]}}, _NO_FILES]}},
    {"name": "none", "downwardAPI": {"items": None}},
    {"name": "image", "image": {"reference": "example.org/data"}},
]  # fmt: skip
volumes = st.lists(st.sampled_from(_VOLUMES), max_size=4, unique_by=lambda volume: volume["name"])
_APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
_ANNOTATIONS = st.dictionaries(
    st.sampled_from(["hub.jupyter.org/username", "auditing.image", f"{_APPARMOR}notebook", f"{_APPARMOR}kernel"]),
    st.sampled_from(["alice", "runtime/default", ""]),
    max_size=3,
)
_METADATA = _mapping(
    {"name": st.just("jupyter-alice"), "labels": st.just({"app": "x"}), "annotations": _maybe(_ANNOTATIONS, {})}
)


# Made once: a strategy that is built anew for each example costs more than the example.
_USERS = {name: containers(name) for name in ("notebook", "main")}
_SPEC = _mapping(
    {
        "restartPolicy": st.just("OnFailure"),
        "initContainers": _maybe(st.lists(_INIT, max_size=2, unique_by=lambda c: c["name"]), []),
        "volumes": _maybe(volumes, []),
        "imagePullSecrets": _maybe(st.just([{"name": "pull"}]), []),
        "securityContext": _maybe(st.just({"fsGroup": 100, "runAsUser": 1000}), {}),
        "resources": _maybe(resources, {}),
        "nodeSelector": st.just({"kubernetes.io/os": "linux"}),
        "tolerations": st.just([{"operator": "Exists"}]),
    }
)
_SIDES = st.lists(_SIDE, max_size=1)
_MAYBE_METADATA = st.fixed_dictionaries({}, optional={"metadata": _maybe(_METADATA, {})})


@st.composite
def pods(draw: st.DrawFn) -> dict[str, Any]:
    """A pod or pod template with one container that is the user's: `notebook`, or `main` alone or by annotation."""
    name = draw(st.sampled_from(["notebook", "notebook", "notebook", "main"]))
    user = draw(_USERS[name])
    if draw(_MOSTLY) and not any(m["mountPath"].startswith(HOME) for m in user.get("volumeMounts") or []):
        user["volumeMounts"] = [*(user.get("volumeMounts") or []), _MOUNTS[0]]
    beside = draw(_SIDES)
    metadata = draw(_MAYBE_METADATA)
    if beside and name == "main":
        metadata = {"metadata": {"annotations": {"kernelpair/container": "main"}}}
    spec = draw(_SPEC)
    order = [*beside, user] if draw(st.booleans()) else [user, *beside]
    top = draw(st.sampled_from([{}, {"apiVersion": "v1", "kind": "Pod"}]))
    return copy.deepcopy({**top, **metadata, "spec": {**spec, "containers": order}})


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place within ``value``, as the keys and indexes that lead there; the root excluded."""
    found = [path] if path else []
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        found += places(inner, (*path, step))
    return found


@st.composite
def mutated(draw: st.DrawFn, whole: st.SearchStrategy[Any], times: int = 2) -> Any:
    """What ``whole`` makes, with up to ``times`` parts anywhere replaced by anything or removed."""
    value = copy.deepcopy(draw(whole))
    for _ in range(draw(st.integers(1, times))):
        found = places(value)
        if not found:
            return draw(json_values)
        *path, last = draw(st.sampled_from(found))
        holder = value
        for step in path:
            holder = holder[step]
        if draw(st.integers(0, 4)) == 0:
            del holder[last]
        else:
            holder[last] = draw(json_values)
    return value
