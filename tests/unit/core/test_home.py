"""Where the home is, and how it is shared when no volume is mounted there."""

from __future__ import annotations

import pytest

from kernelpair.core import names, split
from tests.unit.core import build
from tests.unit.core.build import env, pod, user

HOME = "/home/jovyan"
HOME_INIT = "kernelpair-home"


def copies_of(found):
    return [c["name"] for c in found["spec"].get("initContainers", []) if c["name"] == HOME_INIT]


def _mount(path):
    return [{"name": "v", "mountPath": path}]


# mounts, HOME, workingDir, setting kernel.home -> where a shared folder is mounted ("" : a volume is there already)
CASES = [
    (_mount(HOME), None, None, "", ""),
    (_mount(HOME + "/"), HOME, None, "", ""),
    (_mount("/home"), HOME, None, "", ""),
    (_mount("/root"), None, None, "", ""),
    (_mount("/workspace"), None, "/workspace/a", "", ""),
    (_mount("/data"), HOME, "/data", "", HOME),
    # Below the home is not the home: what the user writes beside that folder must be shared too.
    (_mount(HOME + "/work"), HOME, None, "", HOME),
    # A name that only begins alike.
    (_mount("/home/jov"), HOME, None, "", HOME),
    ([], HOME + "/", None, "", HOME),
    ([], None, HOME, "", HOME),
    ([], None, None, HOME, HOME),
    # HOME is what the pod says; the setting is for pods that don't.
    ([], HOME, None, "/other", HOME),
    ([], "/home/$(JUPYTERHUB_USER)", None, HOME, HOME),
    # "/" tells nothing: no volume can be mounted there.
    ([], "/", HOME, "", HOME),
    (_mount(HOME), None, "/", "", ""),
    # Neither does a relative path.
    ([], "work", HOME, "", HOME),
]


@pytest.mark.parametrize(("mounts", "home", "working", "setting", "expected"), CASES)
def test_home_is_shared_where_no_volume_is(mounts, home, working, setting, expected):
    variables = env(HOME=home) if home else []
    made = pod(user(volumeMounts=mounts, env=variables, workingDir=working))
    found = build.pair(made, kernel__home=setting).pod
    assert split.undo(found) == made
    for container in found["spec"]["containers"]:
        shared = [m["mountPath"] for m in container["volumeMounts"] if m["name"] == names.HOME_VOLUME]
        assert shared == ([expected] if expected else [])
    assert copies_of(found) == ([HOME_INIT] if expected else [])


@pytest.mark.parametrize(("how", "copies"), [("auto", 1), ("copy", 1), ("emptyDir", 0), ("none", 0)])
def test_shared_home_is_copied_as_set(how, copies):
    made = pod(user(volumeMounts=[], env=env(HOME=HOME)))
    spec = build.pair(made, kernel__sharedHome=how).pod["spec"]
    assert copies_of({"spec": spec}) == [HOME_INIT] * copies
    assert (names.HOME_VOLUME in [v["name"] for v in spec["volumes"]]) is (how != "none")


def test_the_copy_runs_as_the_user_in_the_users_image_and_asks_for_nothing_more():
    context, resources = (
        {"runAsUser": 1000},
        {"limits": {"cpu": "2", "nvidia.com/gpu": 1}, "requests": {"memory": "1Gi"}},
    )
    made = user(
        volumeMounts=[], env=env(HOME=HOME, JUPYTERHUB_API_TOKEN="s3cret"), resources=resources, securityContext=context
    )
    init = build.pair(pod(made)).pod["spec"]["initContainers"][0]
    assert init["image"] == build.IMAGE
    assert init["securityContext"] == context
    assert init["resources"] == {"limits": {"cpu": "2"}, "requests": {"memory": "1Gi"}}
    assert init["command"] == ["sh", "/opt/kernelpair/home.sh", HOME, "/run/kernelpair-home"]
    assert "env" not in init


def test_the_copy_comes_after_the_pods_own_and_before_a_sidecar():
    made = pod(user(volumeMounts=[], env=env(HOME=HOME)), initContainers=[{"name": "first", "image": "f"}])
    spec = build.pair(made, completes=True).pod["spec"]
    assert [c["name"] for c in spec["initContainers"]] == ["first", HOME_INIT, names.BUNDLE_INIT, "kernel"]
