"""How the gateway gets into the pod: what each way puts there, and which way the settings take."""

from __future__ import annotations

import pytest

from kernelpair.core import gateway, split
from tests.unit.core import build
from tests.unit.core.build import FRONT_END, MISSING, chosen, pod, user

OWN = {"name": "example.org/bundle", "tag": "1"}
PVC = {"mount": "pvc", "claim": "bundles"}
SHELL = ["sh", "/opt/kernelpair/gateway.sh"]
BUNDLE = ["/opt/kernelpair-bundle/start", "/opt/kernelpair/gateway.py"]
COPY = ["/opt/kernelpair-bundle/start", "/opt/kernelpair/kernelpair_copy.py", "/run/kernelpair-bundle"]
FALL_BACK = ["sh", "/opt/kernelpair/bundle.sh", "/run/kernelpair-bundle"]
EMPTY = {"emptyDir": {}}
CLAIM = {"persistentVolumeClaim": {"claimName": "bundles", "readOnly": True}}


def image(reference):
    return {"image": {"reference": reference, "pullPolicy": "IfNotPresent"}}


ROWS = [
    # gateway block, the way, the kernel runs, the bundle's volume, the init container runs, in which image
    ({"source": "image"}, "image", SHELL, None, None, None),
    ({"source": "pip"}, "pip", SHELL, None, None, None),
    ({}, "frontEnd", BUNDLE, EMPTY, FALL_BACK, FRONT_END),
    ({"source": "bundle"}, "initContainer", BUNDLE, EMPTY, COPY, FRONT_END),
    ({"source": "bundle", "bundle": {"image": OWN}}, "initContainer", BUNDLE, EMPTY, COPY, "example.org/bundle:1"),
    ({"source": "bundle", "bundle": {"mount": "imageVolume"}}, "imageVolume", BUNDLE, image(FRONT_END), None, None),
    ({"source": "bundle", "bundle": PVC}, "pvc", BUNDLE, CLAIM, None, None),
    # auto: a bundle that is named is meant.
    ({"bundle": {"image": OWN}}, "initContainer", BUNDLE, EMPTY, COPY, "example.org/bundle:1"),
    (
        {"bundle": {"image": OWN, "mount": "imageVolume"}},
        "imageVolume",
        BUNDLE,
        image("example.org/bundle:1"),
        None,
        None,
    ),
    ({"bundle": PVC}, "pvc", BUNDLE, CLAIM, None, None),
]


@pytest.mark.parametrize(("block", "way", "runs", "volume", "fills", "from_image"), ROWS)
def test_each_way_puts_into_the_pod_what_it_needs(block, way, runs, volume, fills, from_image):
    before = pod()
    made = build.pair(before, gateway=block).pod
    assert split.undo(made) == before
    assert gateway.taken(chosen(gateway=block)).way == way
    spec = made["spec"]
    notebook, kernel = spec["containers"]
    assert kernel["args"] == runs
    volumes = [v for v in spec["volumes"] if v["name"] == "kernelpair-bundle"]
    assert volumes == ([{"name": "kernelpair-bundle", **volume}] if volume else [])
    inits = spec.get("initContainers", [])
    assert [(init["name"], init["command"], init["image"]) for init in inits] == (
        [("kernelpair-bundle", fills, from_image)] if fills else []
    )
    mounted = [m for m in kernel["volumeMounts"] if m["name"] == "kernelpair-bundle"]
    path = {"subPath": "opt/kernelpair-bundle"} if way == "imageVolume" else {}
    expected = {"name": "kernelpair-bundle", "mountPath": "/opt/kernelpair-bundle", "readOnly": True, **path}
    assert mounted == ([expected] if volume else [])
    assert "kernelpair-bundle" not in [m["name"] for m in notebook["volumeMounts"]]


def test_every_way_has_a_row_and_a_sentence():
    assert {row[1] for row in ROWS} == set(gateway.WAYS)
    for block, *_ in ROWS:
        taken = gateway.taken(chosen(gateway=block))
        assert taken.what
        assert "{" not in taken.what
        assert "gateway.source is" in taken.why


def test_the_reason_names_the_keys_that_decide():
    named = {"image": {**OWN, "pullPolicy": "Always"}, "mount": "imageVolume"}
    why = gateway.taken(chosen(gateway={"bundle": named})).why
    assert why == "gateway.source is auto, and gateway.bundle.image.name, gateway.bundle.mount are set"


@pytest.mark.parametrize("policy", ["Always", ""])
def test_the_bundle_images_own_pull_policy_counts(policy):
    block = {"image": {**OWN, "pullPolicy": policy}}
    (init,) = build.pair(pod(), gateway__bundle=block).pod["spec"]["initContainers"]
    assert init.get("imagePullPolicy", "") == policy
    volumes = build.pair(pod(), gateway__bundle={**block, "mount": "imageVolume"}).pod["spec"]["volumes"]
    assert volumes[-1]["image"].get("pullPolicy", "") == policy


def test_the_front_ends_pull_policy_counts_for_its_own_image():
    made = build.pair(pod(), notebook__image__pullPolicy="Never", gateway__source="bundle").pod
    assert made["spec"]["initContainers"][0]["imagePullPolicy"] == "Never"


SECURITY = [
    (MISSING, MISSING),
    (None, MISSING),
    ({"runAsUser": 1000}, {"runAsUser": 1000}),
    (
        {"privileged": True, "allowPrivilegeEscalation": True, "capabilities": {"add": ["X"], "drop": ["ALL"]}},
        {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    ),
]


@pytest.mark.parametrize(("written", "expected"), SECURITY)
def test_the_copy_runs_as_the_user_without_privileges(written, expected):
    (init,) = build.pair(pod(user(securityContext=written))).pod["spec"]["initContainers"]
    assert init.get("securityContext", MISSING) == expected


RESOURCES = [
    (MISSING, MISSING),
    ({}, MISSING),
    ({"limits": {"nvidia.com/gpu": 1}, "claims": [{"name": "c"}]}, MISSING),
    (
        {"limits": {"cpu": "2", "nvidia.com/gpu": 1}, "requests": {"memory": "1Gi", "example.org/x": 1}},
        {"limits": {"cpu": "2"}, "requests": {"memory": "1Gi"}},
    ),
]


@pytest.mark.parametrize(("written", "expected"), RESOURCES)
def test_the_copy_states_the_users_cpu_and_memory_and_nothing_else(written, expected):
    (init,) = build.pair(pod(user(resources=written))).pod["spec"]["initContainers"]
    assert init.get("resources", MISSING) == expected


def test_the_copy_is_told_nothing_and_sees_no_home():
    made = user(env=build.env(JUPYTERHUB_API_TOKEN="s3cret"), envFrom=[{"secretRef": {"name": "x"}}])
    (init,) = build.pair(pod(made), gateway__source="bundle").pod["spec"]["initContainers"]
    assert not {"env", "envFrom"} & set(init)
    assert [m["name"] for m in init["volumeMounts"]] == ["kernelpair-runtime", "kernelpair-bundle"]
