"""Pods that real KubeSpawner code makes, before and after the hook, as the API server receives them."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest

from ci import kubeconform
from kernelpair.core import settings, split
from tests.hub.cases import ALL, FAILED, FRONT_END, PLAIN, REFUSED, SPLIT, Case
from tests.hub.hubs import HUBS, RUNTIME, block, spawn

Results = dict[str, dict[str, Any]]


@functools.cache
def of_hub(name: str) -> Results:
    """Every spawn of one hub: all in one process, which takes most of its time to import the hub."""
    return spawn(name, [case for case in ALL if case.only in ("", name)])


@pytest.fixture(params=[pytest.param(hub, marks=pytest.mark.xdist_group(hub)) for hub in HUBS])
def hub(request: pytest.FixtureRequest) -> tuple[str, Results]:
    return request.param, of_hub(request.param)


def params(cases: tuple[Case, ...]) -> Any:
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.name)


def of(hub: tuple[str, Results], case: Case) -> dict[str, Any]:
    name, results = hub
    if case.only not in ("", name):
        assert case.name not in results
        return results[ALL[0].name]
    return results[case.name]


def container(pod: dict[str, Any], name: str) -> dict[str, Any]:
    return next(found for found in pod["spec"]["containers"] if found["name"] == name)


def lines(result: dict[str, Any], start: str) -> list[list[str]]:
    return [line for line in result["log"] if line[1].startswith(f"kernelpair: {start}")]


def filled(resources: dict[str, Any]) -> dict[str, Any]:
    return {block: stated for block, stated in resources.items() if stated}


@params(SPLIT)
def test_split(hub: tuple[str, Results], case: Case) -> None:
    result = of(hub, case)
    before, after = result["before"], result["after"]
    assert after == split.split(before, settings.parse(block(case.settings)), RUNTIME).pod
    assert split.undo(after) == before
    user, notebook, kernel = container(before, "notebook"), container(after, "notebook"), container(after, "kernel")
    assert (notebook["image"], kernel["image"]) == (FRONT_END, user["image"])
    assert "resources" not in notebook
    assert kernel["resources"] == user["resources"]
    assert after["metadata"]["annotations"]["auditing.image"] == user["image"]
    [line] = lines(result, "split")
    assert line[0] == "INFO"
    moved = json.dumps({"resources": filled(user["resources"])})
    for part in (f"user={case.user} ", f'server="{case.server}" ', f"image={user['image']} ", FRONT_END, moved):
        assert part in line[1]
    assert result["notes"] == []


@params(PLAIN + REFUSED)
def test_not_split(hub: tuple[str, Results], case: Case) -> None:
    result = of(hub, case)
    assert result["after"] == result["before"]
    assert "error" not in result
    refused = case.result != "plain"
    assert len(result["notes"]) == refused
    expected = {
        "plain": ("INFO", "plain pod"),
        "refused": ("WARNING", "refused, plain pod"),
        "unexpected": ("ERROR", "unexpected error, plain pod"),
    }
    level, start = expected[case.result]
    if case.settings.get("enabled") is False:
        assert [line[1] for line in result["log"]] == ["kernelpair: the flag is off; user pods are left alone"]
        return
    [line] = lines(result, start)
    assert line[0] == level
    assert ("Traceback" in line[1]) == (case.result == "unexpected")
    assert f"user={case.user} " in f"{line[1]} ".replace("\n", " ")


@params(FAILED)
def test_failed(hub: tuple[str, Results], case: Case) -> None:
    result = of(hub, case)
    assert result["after"] is None
    assert result["error"][0] == "HTTPError"
    assert result["error_status"] == 422
    assert "the pod uses the node's network" in result["error"][2]
    assert [line[0] for line in lines(result, "refused, the spawn fails")] == ["WARNING"]


def test_every_pod_is_valid(hub: tuple[str, Results]) -> None:
    """But for the field that no API has: proof that it was sent."""
    name, results = hub
    streams = {f"{name}: {case}": json.dumps(r["after"]).encode() for case, r in results.items() if r["after"]}
    oldest, newest = kubeconform.VERSIONS[0], kubeconform.VERSIONS[-1]
    problems = kubeconform.check_all(streams, (newest,))
    assert len(problems) == 1
    assert "fromTheFuture" in problems[0]
    without = {key: value for key, value in streams.items() if "pod-level" not in key and "dict" not in key}
    assert len(without) == len(streams) - (2 if name == "hub-newest" else 1)
    assert kubeconform.check_all(without, (oldest,)) == []


def test_the_hook_that_was_there_ran_first(hub: tuple[str, Results]) -> None:
    found = {
        case: result["after"]["metadata"]["labels"].get("hook") for case, result in hub[1].items() if result["after"]
    }
    assert {case: value for case, value in found.items() if value} == {
        "hook set by a profile": "ran",
        "sync hook": "sync",
        "async hook": "async",
        "hook of a subclass": "async",
        "hook as a subclass's default": "sync",
        "sync hook, plain page": "sync",
    }


def test_what_the_kernel_knows(hub: tuple[str, Results]) -> None:
    """The hub's token stays with the notebook, unless a client of dask-gateway needs it."""
    with_token = set()
    for name, result in hub[1].items():
        if lines(result, "split: "):
            pod = result["after"]
            have = {
                c["name"]
                for c in pod["spec"]["containers"]
                for e in c.get("env", [])
                if e["name"] == "JUPYTERHUB_API_TOKEN"
            }
            assert "notebook" in have
            with_token |= {name} if "kernel" in have else set()
    assert with_token == {"dask-gateway"}


def test_certificates_stay_with_the_notebook(hub: tuple[str, Results]) -> None:
    pod = hub[1]["internal SSL"]["after"]
    mounts = {name: [m["name"] for m in container(pod, name)["volumeMounts"]] for name in ("notebook", "kernel")}
    assert "jupyterhub-internal-certs" in mounts["notebook"]
    assert "jupyterhub-internal-certs" not in mounts["kernel"]


def test_what_a_user_chose_is_what_runs(hub: tuple[str, Results]) -> None:
    kernels = {
        name: container(result["after"], "kernel") for name, result in hub[1].items() if lines(result, "split: ")
    }
    assert kernels["GPU profile"]["image"] == "example.org/cuda:12"
    assert kernels["GPU profile"]["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert kernels["option choice"]["image"] == "example.org/r:4"
    assert kernels["working dir"]["workingDir"].startswith("/home/jovyan/ann")
    if hub[0] == "hub-newest":
        assert kernels["unlisted image"]["image"] == "example.org/mine:1"


def test_the_api_servers_refusal_is_told(hub: tuple[str, Results]) -> None:
    """KubeSpawner logs the pod by its `to_str()` and raises what the API server said."""
    result = hub[1]["refused by the API server"]
    assert result["error"][0] == "ApiException"
    assert "exceeded quota" in result["error"][1]
    assert result["error_status"] == 403
    assert result["after"]["spec"]


def test_the_class_stays_what_it_was(hub: tuple[str, Results]) -> None:
    mros = {name: result["class"] for name, result in hub[1].items()}
    assert mros["as z2jh has it"][:2] == ["kernelpair.hub.spawners.KubeSpawner", "kubespawner.spawner.KubeSpawner"]
    assert mros["our line twice"] == mros["as z2jh has it"] == mros["spawner as a class"]
    assert mros["hook of a subclass"][0] == "kernelpair.hub.spawners.LabSpawner"
    assert mros["flag off"][0] == "kubespawner.spawner.KubeSpawner"
