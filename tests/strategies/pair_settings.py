"""Settings as people write them: `valid` ones over all keys, and `doubtful` ones that may be refused."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

from kernelpair.core import settings

from . import pods

IMAGE = "example.org/front-end"
_RESERVABLE = st.sampled_from([{}, {}, {"memory": "1Ki"}, {"cpu": "10m", "memory": "1M"}, {"ephemeral-storage": 1}])
_OWN = st.sampled_from(
    [{}, {}, {"requests": {"cpu": "100m"}}, {"limits": {"memory": "256Mi"}, "requests": {"memory": "64Mi"}}]
)
_NOTEBOOK_OVERRIDES = st.sampled_from(
    [
        {}, {}, {"env": [{"name": "A", "value": "over"}, {"name": "NEW", "value": "$(A)"}]}, {"workingDir": None},
        {"volumeMounts": [{"name": "extra", "mountPath": "/extra"}], "tty": True},
        {"env": [{"name": "PATH", "value": "/f"}]},
        {"securityContext": {"runAsUser": 1000}, "command": ["x"]},
    ]
)  # fmt: skip
_KERNEL_OVERRIDES = st.sampled_from(
    [
        {},
        {},
        {"env": [{"name": "B", "value": "over"}]},
        {"livenessProbe": {"exec": {"command": ["true"]}}, "stdin": None},
    ]
)
_GOOD: dict[str, st.SearchStrategy[Any]] = {
    "optIn": st.booleans(),
    "userChoice": st.booleans(),
    "onRefusal": st.sampled_from(["plain", "fail"]),
    "plainUrls": st.sampled_from([[], ["/rstudio"]]),
    "podResources": st.booleans(),
    "notebook.image.tag": st.sampled_from(["", "1.0"]),
    "notebook.image.digest": st.sampled_from(["", "sha256:" + "0" * 64]),
    "notebook.image.pullPolicy": st.sampled_from(["Always", ""]),
    "notebook.image.pullSecrets": st.sampled_from([[], ["front"], [{"name": "front"}, "pull"]]),
    "notebook.resources": _OWN,
    "notebook.reserve": _RESERVABLE,
    "notebook.terminals": st.sampled_from(["kernel", "notebook", "off", False]),
    "notebook.overrides": _NOTEBOOK_OVERRIDES,
    "kernel.port": st.sampled_from([8889, 9999]),
    "kernel.env": st.sampled_from(
        [{}, {"A": "mine", "EXTRA": "$(A)"}, {"Z": "1", "FROM": "$(Z)"}, {"NVIDIA_VISIBLE_DEVICES": "0"}]
    ),
    "kernel.passHubCredentials": st.sampled_from(["auto", True, False]),
    "kernel.home": st.sampled_from(["", "/home/jovyan"]),
    "kernel.sharedHome": st.sampled_from(["auto", "copy", "emptyDir", "none"]),
    "kernel.memoryGuard": st.booleans(),
    "kernel.prestart": st.sampled_from(["auto", True, False]),
    "kernel.nativeSidecar": st.booleans(),
    "kernel.overrides": _KERNEL_OVERRIDES,
    "gateway.pip.requirement": st.just("jupyter-kernel-gateway"),
    "gateway.pip.indexUrl": st.sampled_from(["", "https://index.example.org/simple"]),
    "gateway.pip.constraints": st.sampled_from(["", "/c.txt"]),
    "gateway.pip.caCertificate": st.sampled_from(["", "/ca.pem"]),
    "gateway.timeouts.start": st.integers(1, 3600),
    "gateway.timeouts.connect": st.sampled_from([1, 40]),
    "gateway.timeouts.request": st.sampled_from([1, 40]),
    "audit.annotation": st.sampled_from(["auditing.image", "", "example.org/image"]),
}
_BUNDLED = {"gateway.source": st.sampled_from(["auto", "bundle"])}
_BUNDLE_IMAGE: dict[str, st.SearchStrategy[Any]] = {
    "gateway.bundle.image.tag": st.just("1"),
    "gateway.bundle.image.digest": st.sampled_from(["", "sha256:" + "1" * 64]),
    "gateway.bundle.image.pullPolicy": st.sampled_from(["Always", ""]),
    "gateway.bundle.image.pullSecrets": st.sampled_from([[], ["bundle"], [{"name": "front"}, "pull"]]),
    "gateway.bundle.mount": st.sampled_from(["initContainer", "imageVolume"]),
}
_CLAIM = {"gateway.bundle.mount": st.just("pvc"), "gateway.bundle.claim": st.just("bundles")}
_DELIVERY: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"gateway.source": st.sampled_from(["auto", "image", "bundle", "pip"])}),
    st.fixed_dictionaries({**_BUNDLED, "gateway.bundle.mount": st.just("imageVolume")}),
    st.fixed_dictionaries({**_BUNDLED, "gateway.bundle.image.name": st.just("b")}, optional=_BUNDLE_IMAGE),
    st.fixed_dictionaries({**_BUNDLED, **_CLAIM}),
)
"""How the gateway gets into the pod: these keys go together."""
_APART = {"enabled", "notebook.image.name", "gateway.source", "gateway.bundle.image.name", *_BUNDLE_IMAGE, *_CLAIM}
assert {*_GOOD, *_APART} == {key.path for key in settings.KEYS}, "a key has no strategy"


def nested(flat: dict[str, Any]) -> dict[str, Any]:
    """The block with the values of ``flat``, whose keys are dotted."""
    block: dict[str, Any] = {}
    for path, value in flat.items():
        *branches, leaf = path.split(".")
        node = block
        for branch in branches:
            node = node.setdefault(branch, {})
        node[leaf] = value
    return copy.deepcopy(block)


_REQUIRED = {"enabled": st.just(True), "notebook.image.name": st.just(IMAGE)}


def _without_contradiction(flat: dict[str, Any]) -> bool:
    stated = {name for block in flat.get("notebook.resources", {}).values() for name in block}
    return not stated & set(flat.get("notebook.reserve", {}))


_FLAT = st.builds(
    lambda flat, delivery: {**flat, **delivery},
    st.lists(st.sampled_from(sorted(_GOOD)), max_size=6, unique=True).flatmap(
        lambda keys: st.fixed_dictionaries({**_REQUIRED, **{key: _GOOD[key] for key in keys}})
    ),
    _DELIVERY,
)
valid = _FLAT.filter(_without_contradiction).map(nested)
parsed = valid.map(settings.parse)


def plain(**fixed: Any) -> st.SearchStrategy[settings.Settings]:
    """Parsed settings without overrides; ``fixed`` says values of keys, `__` for the dot."""
    values = {key.replace("__", "."): value for key, value in fixed.items()}
    without = _FLAT.map(lambda flat: {**{k: v for k, v in flat.items() if not k.endswith("overrides")}, **values})
    return without.filter(_without_contradiction).map(nested).map(settings.parse)


without_overrides = plain()

_ODD = st.one_of(
    pods.json_values,
    st.sampled_from(["8889", "off", "True", -1, 80, 8889, 99999, 0.5, "1Gi", "-1", "0", "", ["a", ""], ["a"]]),
    st.dictionaries(st.sampled_from(["A", "1A", "a b", "cpu", "gpu", ""]), st.sampled_from(["1", "x", 0, 1, "0.0m"])),
    st.sampled_from([{"limits": {"cpu": "1"}}, {"limit": {}}, {"requests": {"cpu": "-1"}}, [{"name": "a"}], [{}]]),
    st.sampled_from([{"image": "x"}, {"env": [{"name": "A"}]}, {"env": [{"value": "A"}]}, {"env": {}}, {"tty": True}]),
)  # fmt: skip
_KEYS = sorted({key.path for key in settings.KEYS})
doubtful = st.one_of(
    valid,
    st.builds(lambda flat, key, odd: nested({**flat, key: odd}), _FLAT, st.sampled_from(_KEYS), _ODD),
    pods.mutated(valid),
    st.builds(lambda block, key: {**block, key: 1}, valid, st.sampled_from(["enable", "kernel.port", "x"])),
)
