"""Whole pairs: the one of the example, edited ones, and whose container is split."""

from __future__ import annotations

import copy
import json

import pytest

from kernelpair.core import names, pods, split, status
from tests.strategies.oracles import exact
from tests.unit.core import build
from tests.unit.core.build import FRONT_END, env, pod, user

SECURITY = {"runAsUser": 1000, "allowPrivilegeEscalation": False}
RESOURCES = {
    "limits": {"cpu": "2", "memory": "4Gi", "nvidia.com/gpu": "1"},
    "requests": {"cpu": "1", "memory": "2Gi", "nvidia.com/gpu": "1"},
}
CLONE = {"postStart": {"exec": {"command": ["git", "clone", "https://example.org/repo"]}}}
MOUNTS = [{"name": "homes", "mountPath": "/home/jovyan", "subPath": "bob"}, {"name": "shm", "mountPath": "/dev/shm"}]
GUARD = {"name": "guard", "image": "example.org/guard", "securityContext": {"privileged": True}}
VARIABLES = env(JUPYTERHUB_USER="bob", JUPYTERHUB_API_TOKEN="s3cret", DIR="/d/$(JUPYTERHUB_USER)", LD_X="/lib", N="1")
SPAWNED = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "jupyter-bob", "annotations": {"hub.jupyter.org/username": "bob"}},
    "spec": {
        "restartPolicy": "OnFailure",
        "securityContext": {"fsGroup": 100},
        "initContainers": [GUARD],
        "containers": [
            {
                "name": "notebook",
                "image": "example.org/r:4",
                "imagePullPolicy": "Always",
                "args": ["jupyterhub-singleuser"],
                "env": VARIABLES,
                "ports": [{"name": "notebook-port", "containerPort": 8888}],
                "resources": RESOURCES,
                "securityContext": SECURITY,
                "lifecycle": CLONE,
                "volumeMounts": MOUNTS,
            }
        ],
        "volumes": [{"name": "homes", "persistentVolumeClaim": {"claimName": "h"}}, {"name": "shm", "emptyDir": {}}],
    },
}  # fmt: skip
OURS = [
    {"name": "kernelpair-runtime", "mountPath": "/opt/kernelpair", "readOnly": True},
    {"name": "kernelpair-run", "mountPath": "/run/kernelpair"},
]
BUNDLE = {"name": "kernelpair-bundle", "mountPath": "/opt/kernelpair-bundle", "readOnly": True}
PACKAGES = {"name": "kernelpair-gateway", "mountPath": "/opt/kernelpair-gateway"}


def test_a_spawned_pod_becomes_the_pair_of_the_example():
    found = build.pair(SPAWNED).pod
    notebook, kernel = found["spec"]["containers"]
    assert notebook == {
        "name": "notebook",
        "image": FRONT_END,
        "imagePullPolicy": "IfNotPresent",
        "args": ["jupyterhub-singleuser"],
        "env": env(
            JUPYTERHUB_USER="bob",
            JUPYTERHUB_API_TOKEN="s3cret",
            DIR="/d/$(JUPYTERHUB_USER)",
            N="1",
            JUPYTER_GATEWAY_URL="http://127.0.0.1:8889",
            JUPYTER_GATEWAY_CONNECT_TIMEOUT="40",
            JUPYTER_GATEWAY_REQUEST_TIMEOUT="40",
            KERNEL_IMAGE="example.org/r:4",
            JUPYTER_CONFIG_PATH="/opt/kernelpair",
            JUPYTER_PATH="/run/kernelpair/jupyter",
            KERNELPAIR_RUN="/run/kernelpair",
            KERNELPAIR_PACKAGES="/opt/kernelpair-gateway",
            KERNELPAIR_START_TIMEOUT="120",
            NVIDIA_VISIBLE_DEVICES="none",
        ),
        "ports": [{"name": "notebook-port", "containerPort": 8888}],
        "securityContext": SECURITY,
        "volumeMounts": [*MOUNTS, *OURS, {**PACKAGES, "readOnly": True}],
    }
    told = kernel.pop("env")
    assert kernel == {
        "name": "kernel",
        "image": "example.org/r:4",
        "imagePullPolicy": "Always",
        "args": ["/opt/kernelpair-bundle/start", "/opt/kernelpair/gateway.py"],
        "resources": RESOURCES,
        "securityContext": SECURITY,
        "lifecycle": CLONE,
        "volumeMounts": [*MOUNTS, *OURS, PACKAGES, BUNDLE],
    }
    assert told[:4] == env(JUPYTERHUB_USER="bob", DIR="/d/$(JUPYTERHUB_USER)", LD_X="/lib", N="1")
    assert all(entry["name"].startswith("KERNELPAIR_") for entry in told[4:])


def test_the_pod_around_the_two_containers_is_the_example_s():
    found = build.pair(SPAWNED).pod
    assert {key: found[key] for key in ("apiVersion", "kind")} == {"apiVersion": "v1", "kind": "Pod"}
    annotations = found["metadata"].pop("annotations")
    assert found["metadata"] == {"name": "jupyter-bob"}
    assert sorted(annotations) == ["auditing.image", "hub.jupyter.org/username", "kernelpair/status"]
    assert annotations["auditing.image"] == "example.org/r:4"
    spec = found["spec"]
    assert spec["initContainers"][0] == GUARD
    assert [container["name"] for container in spec["initContainers"]] == ["guard", "kernelpair-bundle"]
    assert spec["volumes"][:2] == SPAWNED["spec"]["volumes"]
    assert [volume["name"] for volume in spec["volumes"][2:]] == [
        "kernelpair-runtime",
        "kernelpair-run",
        "kernelpair-gateway",
        "kernelpair-bundle",
    ]
    assert spec["volumes"][3]["emptyDir"] == {"medium": "Memory", "sizeLimit": "64Mi"}


def test_the_record_says_what_was_added_moved_and_overwritten():
    made = copy.deepcopy(SPAWNED)
    made["metadata"]["annotations"]["auditing.image"] = "old"
    pair = build.pair(made)
    told = json.loads(pair.pod["metadata"]["annotations"][names.STATUS])
    assert told == {"version": 1, **pair.record}
    assert told["container"] == "notebook"
    assert told["moved"] == ["resources"]
    assert told["overwritten"]["annotations"] == {"auditing.image": "old"}
    added = ["kernelpair-runtime", "kernelpair-run", "kernelpair-gateway", "kernelpair-bundle"]
    assert told["added"]["volumes"] == added
    assert told["added"]["initContainers"] == ["kernelpair-bundle"]
    assert told["added"]["volumeMounts"][-1] == "/opt/kernelpair-bundle"
    assert status.write(pair.record) == pair.pod["metadata"]["annotations"][names.STATUS]


def test_a_pod_that_is_no_pair_is_returned_as_it_is():
    assert split.undo(SPAWNED) is SPAWNED
    # Without its record a pair is a pod like others, and its `kernel` is a stranger.
    found = build.pair(SPAWNED).pod
    del found["metadata"]["annotations"][names.STATUS]
    assert split.undo(found) is found
    assert [reason.value for reason in build.refusals(found)] == [
        "kernel-name-taken", *["volume-taken"] * 5, "gateway-already-set", *["mount-taken"] * 3,
    ]  # fmt: skip


def _set(container, field, value):
    container[field] = value


def _add(container, name):
    container["env"].append({"name": name, "value": "added"})


# What was edited in the pair, and what of it the pod must have then.
EDITS = [
    ("kernel", lambda c: _set(c, "image", "example.org/r:5"), lambda u: u["image"] == "example.org/r:5"),
    ("kernel", lambda c: _set(c, "resources", {"claims": []}), lambda u: u["resources"] == {"claims": []}),
    ("kernel", lambda c: c.pop("resources"), lambda u: "resources" not in u),
    ("kernel", lambda c: _set(c, "securityContext", {}), lambda u: u["securityContext"] == {}),
    ("kernel", lambda c: _add(c, "NEW"), lambda u: u["env"][-1] == {"name": "NEW", "value": "added"}),
    ("notebook", lambda c: _add(c, "NEW"), lambda u: {"name": "NEW", "value": "added"} in u["env"]),
    ("notebook", lambda c: _set(c["env"][0], "value", "eve"), lambda u: u["env"][0]["value"] == "eve"),
    ("notebook", lambda c: _set(c, "args", ["lab"]), lambda u: u["args"] == ["lab"]),
    ("notebook", lambda c: _set(c, "tty", True), lambda u: u["tty"] is True),
    ("notebook", lambda c: c["volumeMounts"].append({"mountPath": "/d"}), lambda u: len(u["volumeMounts"]) == 3),
    # The front-end image is the settings' to choose: an edit of it is not the user's image.
    ("notebook", lambda c: _set(c, "image", "other"), lambda u: u["image"] == "example.org/r:4"),
]  # fmt: skip


@pytest.mark.parametrize(("role", "edit", "kept"), EDITS)
def test_edits_of_a_pair_survive_undo_and_split(role, edit, kept):
    found = copy.deepcopy(build.pair(SPAWNED).pod)
    edit(next(c for c in found["spec"]["containers"] if c["name"] == role))
    (back,) = split.undo(found)["spec"]["containers"]
    assert kept(back)
    again = build.pair(found).pod
    (back,) = split.undo(again)["spec"]["containers"]
    assert kept(back)
    assert again["metadata"]["annotations"]["auditing.image"] == back["image"]


def test_additions_around_the_pair_survive():
    found = copy.deepcopy(build.pair(SPAWNED).pod)
    found["spec"]["containers"].append({"name": "istio-proxy", "image": "i"})
    found["spec"]["volumes"].append({"name": "token", "emptyDir": {}})
    found["metadata"]["annotations"]["new"] = "x"
    back = split.undo(found)
    assert [c["name"] for c in back["spec"]["containers"]] == ["notebook", "istio-proxy"]
    assert [v["name"] for v in back["spec"]["volumes"]] == ["homes", "shm", "token"]
    assert back["metadata"]["annotations"] == {"hub.jupyter.org/username": "bob", "new": "x"}


_EMPTY = [
    pod(user(env=None, volumeMounts=[], workingDir="/home/jovyan"), volumes=None, initContainers=None),
    pod(user(env=[]), annotations={}, volumes=[], initContainers=[], imagePullSecrets=[]),
    {**pod(), "metadata": None},
    {**pod(), "metadata": {}},
    {**pod(), "metadata": {"annotations": None}},
    pod(user(lifecycle={}, resources={}, securityContext={})),
    pod(user(lifecycle=None, resources=None, securityContext=None, command=None, args=[])),
]


@pytest.mark.parametrize("made", _EMPTY)
@pytest.mark.parametrize("values", [{}, {"kernel__nativeSidecar": True, "notebook__image__pullSecrets": ["s"]}])
def test_null_empty_and_absent_stay_three_things(made, values):
    assert exact(split.undo(build.pair(made, **values).pod)) == exact(made)


_MAIN, _SIDE = {"name": "main", "image": "m"}, {"name": "side", "image": "s"}
WHOSE = [
    ([user()], None, "", 0),
    ([_SIDE, user()], None, "", 1),
    ([_MAIN], None, "", 0),
    ([_SIDE, _MAIN], "main", "", 1),
    ([_SIDE, _MAIN], None, "main", 1),
    # The pod's own word outranks the caller's hint; a hint that fits nothing is none.
    ([_SIDE, _MAIN], "side", "main", 0),
    ([_MAIN], None, "gone", 0),
    ([_SIDE, user()], "side", "side", 1),
]


@pytest.mark.parametrize(("containers", "annotation", "hint", "index"), WHOSE)
def test_whose_container_is_split(containers, annotation, hint, index):
    annotations = {} if annotation is None else {names.CONTAINER: annotation}
    made = {"metadata": {"annotations": annotations}, "spec": {"containers": containers}}
    assert pods.user_container(made, hint) == (index, [])
