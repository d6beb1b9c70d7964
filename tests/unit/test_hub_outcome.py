"""Spawn time, without a hub: which page opens, what becomes of a pod, and how the result behaves."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from kernelpair.core import split
from kernelpair.core.urls import default_urls, plain_url
from kernelpair.hub import manifest
from kernelpair.hub.outcome import PLAIN, REFUSED, SPLIT, Held, Outcome, Spawn, outcome
from tests.unit.core.build import FRONT_END, IMAGE, chosen, env, pod, user

HERE = Spawn("hub", False, "")


def decided(made: Any, spawn: Spawn = HERE, namespace: str = "hub", **settings: Any) -> Outcome:
    return outcome(made, spawn, Held(chosen(**settings), "hub-kernelpair", namespace))


@pytest.mark.parametrize(
    ("container", "of_spawner", "expected"),
    [
        ({}, "", []),
        ({}, "/lab", ["/lab"]),
        ({}, "lab", ["/lab"]),
        ({"env": env(JUPYTERHUB_DEFAULT_URL="/rstudio")}, "/lab", ["/rstudio"]),
        ({"env": [{"name": "JUPYTERHUB_DEFAULT_URL", "valueFrom": {"fieldRef": {}}}]}, "/lab", ["/lab"]),
        ({"args": ["jupyterhub-singleuser", "--NotebookApp.default_url=/tree"]}, "", ["/tree"]),
        ({"args": ["--ServerApp.default_url", "/desktop/"]}, "", ["/desktop/"]),
        ({"args": ['--SingleUserNotebookApp.default_url="/desktop"']}, "/lab", ["/desktop", "/lab"]),
        ({"command": ["sh", "-c", "exec jupyter-lab --LabApp.default_url='/x' --debug"]}, "", ["/x"]),
        ({"args": ["--ServerApp.default_url_prefix=/x", "--no-browser"]}, "", []),
    ],
)
def test_default_urls(container: dict[str, Any], of_spawner: str, expected: list[str]) -> None:
    assert default_urls(container, of_spawner) == expected


@pytest.mark.parametrize(
    ("url", "prefix", "plain"),
    [
        ("/rstudio", "/rstudio", True),
        ("/rstudio/", "/rstudio", True),
        ("/rstudio/?view=x", "rstudio/", True),
        ("/rstudio?x=1", "/rstudio", True),
        ("/desktop#a", "/desktop", True),
        ("/rstudios", "/rstudio", False),
        ("/lab/tree/rstudio", "/rstudio", False),
        ("/lab", "/", True),
        ("/", "/lab", False),
    ],
)
def test_plain_url(url: str, prefix: str, plain: bool) -> None:
    assert plain_url(["/other", url], [prefix]) == (("/other" if prefix == "/" else url) if plain else "")


def test_a_split_is_what_core_makes_of_it() -> None:
    before = pod(user(resources={"limits": {"memory": "1Gi"}, "requests": {}}))
    kept = copy.deepcopy(before)
    made = decided(before)
    assert made.pod == split.split(kept, chosen(), "hub-kernelpair").pod
    assert before == kept
    assert made.result == SPLIT
    assert (
        made.sentence == f'image={IMAGE} front-end={FRONT_END} moved={{"resources": {{"limits": {{"memory": "1Gi"}}}}}}'
    )


def test_warnings_are_named_in_the_line() -> None:
    made = decided(pod(user(envFrom=[{"secretRef": {"name": "x"}}], securityContext={})))
    assert made.sentence.endswith(" moved={} warnings=env-from,uid-unset")


def test_a_pair_is_built_anew() -> None:
    before = pod(user(resources={"limits": {"memory": "1Gi"}}))
    made = decided(split.split(before, chosen(kernel__port=9999), "other").pod)
    assert made == decided(before)


OUT, BAD = {"kernelpair/split": "false"}, {"kernelpair/split": "True"}
STUDIO, USERS, FOREIGN = Spawn("hub", False, "/rstudio"), Spawn("hub", True, ""), Spawn("ann", False, "")


@pytest.mark.parametrize(
    ("made", "spawn", "settings", "result", "said"),
    [
        (pod(), HERE, {"enabled": False}, PLAIN, "the flag is off"),
        (pod(), HERE, {"optIn": True}, PLAIN, "optIn is on"),
        (pod(annotations=OUT), HERE, {}, PLAIN, 'kernelpair/split: "false"'),
        (pod(annotations=BAD), HERE, {}, REFUSED, "kernelpair/split says True"),
        (pod(), STUDIO, {}, PLAIN, "/rstudio"),
        (pod(hostNetwork=True), STUDIO, {}, PLAIN, "/rstudio"),
        (pod(annotations=OUT), USERS, {}, PLAIN, "false"),
        (pod(), USERS, {}, REFUSED, "namespace hub"),
        (pod(), FOREIGN, {}, REFUSED, "namespace ann"),
        (pod(hostNetwork=True), HERE, {}, REFUSED, "the node's network"),
        ({}, HERE, {}, REFUSED, "no container"),
        ({"spec": {"containers": "x"}}, HERE, {}, REFUSED, "not a pod"),
        ({"spec": {"containers": ["x"]}}, HERE, {}, REFUSED, "not a pod"),
        (pod(user(env=["x"])), STUDIO, {}, REFUSED, "not a pod"),
        (pod(annotations={"kernelpair/status": "x"}), HERE, {}, REFUSED, "kernelpair/status"),
    ],
)
def test_why_a_pod_stays(made: Any, spawn: Spawn, settings: dict[str, Any], result: str, said: str) -> None:
    got = decided(made, spawn, **settings)
    assert (got.result, got.pod) == (result, None)
    assert said in got.sentence


def test_every_reason_is_told() -> None:
    got = decided(pod(user(env=env(JUPYTER_GATEWAY_URL="x")), hostNetwork=True))
    assert "the node's network and the container already sets JUPYTER_GATEWAY_URL" in got.what


def test_a_hub_that_does_not_know_its_namespace_asks_nothing() -> None:
    assert decided(pod(), FOREIGN, namespace="").result == SPLIT


def test_a_page_that_only_the_user_image_serves_may_be_none() -> None:
    assert decided(pod(), STUDIO, plainUrls=[]).result == SPLIT


def test_the_result_behaves_where_kubespawner_looks() -> None:
    data = {"metadata": {"name": "jupyter-ann", "labels": {"a": "b"}, "ownerReferences": [1]}, "spec": {"x": 1}}
    made = manifest.Pod(data)
    assert made == data
    assert isinstance(made, dict)
    assert (made.metadata.name, made.metadata.labels, made.metadata.uid) == ("jupyter-ann", {"a": "b"}, None)
    assert made.metadata.owner_references == [1]
    assert '"fromTheFuture": 1' in manifest.Pod({**data, "fromTheFuture": 1}).to_str()
    assert type(made.to_dict()) is dict
    assert made.to_dict() == data
    assert manifest.Pod({}).metadata.name is None
    assert pickle.loads(pickle.dumps(made)) == copy.deepcopy(made) == made
    assert not hasattr(made.metadata, "__deepcopy__")
