"""Rendered releases, run: real hub code reads what the hub's pod mounts, and its spawns give the pods compared here."""

from __future__ import annotations

import copy
import functools
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from ci import kubeconform
from kernelpair.core import settings, split
from tests import command
from tests.hub import rendered
from tests.hub.compare import container, differences
from tests.hub.hubs import HUBS
from tests.releases import z2jh
from tests.releases.shapes import NEWEST, SHAPES, Shape, Wanted

FRONT_END = "example.org/front-end:7"
LEVELS = {"split": "INFO", "plain": "INFO", "refused": "WARNING", "failed": "WARNING"}
Answers = dict[str, dict[str, Any]]


@pytest.fixture(autouse=True)
def short_files() -> None:
    """Nothing: hubs run the real ones."""


def gateway(shape: Shape) -> dict[str, Any]:
    """The kernelGateway block of the release."""
    return {**z2jh.SETTINGS, **shape.settings}


def stream(shape: Shape) -> bytes:
    values = copy.deepcopy(z2jh.VALUES)
    values["custom"]["kernelGateway"] = gateway(shape)
    values["singleuser"].update(shape.singleuser)
    values["hub"].update(shape.hub)
    return z2jh.stream(z2jh.release(values, **dict(shape.names)), shape.way)  # type: ignore[arg-type]


def fitted(data: bytes) -> bytes:
    done = command.run([], data)
    assert done.code == 0, done.err
    return done.out


def wanted_of(shape: Shape, hub: str) -> dict[str, Wanted]:
    return {name: one for name, one in shape.wanted.items() if one.only in ("", hub)}


@functools.cache
def answers(hub: str) -> dict[str, Answers]:
    """Shape -> "before" and "after" -> what the driver says: all with one import of the hub."""
    jobs = {}
    with tempfile.TemporaryDirectory() as place:
        for number, (name, shape) in enumerate(SHAPES.items()):
            data = stream(shape)
            spawns = {key: one.spawn for key, one in wanted_of(shape, hub).items()}
            for when, made in (("before", data), ("after", fitted(data))):
                pod = rendered.lay_out(
                    [*z2jh.read(made), *shape.own], Path(place) / when / str(number), shape.namespace
                )
                jobs[f"{when} {name}"] = (pod, spawns)
        found = rendered.run(hub, jobs)
    return {name: {when: found[f"{when} {name}"] for when in ("before", "after")} for name in SHAPES}


CASES = [
    pytest.param(hub, name, spawn, id=f"{hub}: {name}: {spawn}", marks=pytest.mark.xdist_group(hub))
    for hub in HUBS
    for name, shape in SHAPES.items()
    for spawn in wanted_of(shape, hub)
]
EVERY_HUB = [pytest.param(hub, marks=pytest.mark.xdist_group(hub)) for hub in HUBS]


@pytest.mark.parametrize(("hub", "name", "spawn"), CASES)
def test_a_spawn_of_a_rendered_release(hub: str, name: str, spawn: str) -> None:
    shape, wanted = SHAPES[name], SHAPES[name].wanted[spawn]
    before, after = (answers(hub)[name][when]["spawns"][spawn] for when in ("before", "after"))
    assert "error" not in before
    assert before["log"] == before["notes"] == []
    [(level, line)] = after["log"]
    assert level == LEVELS[wanted.result]
    if wanted.result == "failed":
        assert after["pod"] is None
        assert after["error"][0] == "HTTPError"
        assert "the pod uses the node's network" in after["error"][2]
        return
    assert (after["url"], after["poll"], after["created"]) == (before["url"], None, before["created"])
    if wanted.result != "split":
        assert after["pod"] == before["pod"]
        assert len(after["notes"]) == (wanted.result == "refused")
        return
    assert differences(before["pod"], after["pod"], FRONT_END) == []
    assert split.undo(after["pod"]) == before["pod"]
    prefix = f"{shape.names['fullname']}-" if "fullname" in shape.names else ""
    assert after["pod"] == split.split(before["pod"], settings.parse(gateway(shape)), f"{prefix}hub-kernelpair").pod
    assert container(after["pod"], "kernel")["image"] == wanted.image
    assert f"kernelpair: split: user={wanted.spawn.user} " in line
    assert f"image={wanted.image} front-end={FRONT_END} " in line
    assert after["notes"] == []


@pytest.mark.parametrize("hub", EVERY_HUB)
def test_every_hub_says_once_that_it_splits(hub: str) -> None:
    for name, answer in answers(hub).items():
        [(level, line)] = answer["after"]["log"]
        assert (level, line.partition("are split")[1]) == ("INFO", "are split"), name
        assert answer["before"]["log"] == []
        assert answer["after"]["class"] == f"kernelpair.hub.spawners.{answer['before']['class'].rpartition('.')[2]}"


@pytest.mark.parametrize("hub", EVERY_HUB)
def test_what_operators_add_reaches_the_pair(hub: str) -> None:
    """What the shapes configure is in the pods: a configuration that nobody read would compare well."""
    first = {name: next(iter(answer["after"]["spawns"].values()), {}) for name, answer in answers(hub).items()}
    pods = {name: spawn["pod"] for name, spawn in first.items() if spawn.get("pod")}
    labels = {name: pod["metadata"]["labels"] for name, pod in pods.items()}
    hooked = {"hook", "hook of a subclass"} | ({"async hook and profiles"} if hub == NEWEST else set())
    assert {name for name in labels if labels[name].get("hook") == "ran"} == hooked
    assert labels["by class"]["by"] == "class"
    assert labels["file in the folder"]["from"] == "jupyterhub_config.d"
    assert container(pods["by class"], "kernel")["workingDir"] == "/home/jovyan/w"
    everything = pods["everything"]
    assert [one["name"] for one in everything["spec"]["containers"]] == ["notebook", "kernel", "database"]
    assert [one["name"] for one in everything["spec"]["initContainers"]][:2] == ["own", "block-metadata"]
    assert container(pods["appended to lists"], "notebook")["args"].count("--debug") == 1
    limits = container(everything, "kernel")["resources"]["limits"]
    assert (limits["nvidia.com/gpu"], limits["cpu"]) == ("1", 2)
    assert "JUPYTERHUB_API_TOKEN" in {one["name"] for one in container(pods["dask-gateway"], "kernel")["env"]}
    assert "JUPYTERHUB_API_TOKEN" not in {one["name"] for one in container(everything, "kernel")["env"]}
    assert first["as it comes"]["created"] == ["persistentvolumeclaims"]
    assert {"secrets", "services"} <= set(first["internal SSL"]["created"])


@pytest.mark.parametrize("hub", EVERY_HUB)
def test_every_pod_is_valid(hub: str) -> None:
    streams = {
        f"{name}: {spawn}": json.dumps(one["pod"]).encode()
        for name, answer in answers(hub).items()
        for spawn, one in answer["after"]["spawns"].items()
        if one["pod"]
    }
    assert kubeconform.check_all(streams, (kubeconform.VERSIONS[0], kubeconform.VERSIONS[-1])) == []
