"""Many users spawn at once, plain and as pairs, on nodes that only say that they run: all get what they asked for.

KERNELPAIR_USERS says how many of each kind (100). What it cost is printed; KERNELPAIR_STORM names a page in Markdown
that gets the table, too.
"""

from __future__ import annotations

import functools
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ci.generate import between
from kernelpair.core import names
from tests.cluster import kwok, storm
from tests.cluster.hub import Hub
from tests.cluster.kubectl import eventually
from tests.cluster.release import installed
from tests.helm.helms import Helm

USERS = int(os.environ.get("KERNELPAIR_USERS", "100"))
PAGE = os.environ.get("KERNELPAIR_STORM")
MARKS = tuple(f"<!-- {mark} of the storm of {USERS:,} users: make soak -->" for mark in ("begin", "end"))
ENDING_SECONDS = 600
CONTAINERS = {"plain": ["notebook"], "pair": ["notebook", "kernel"]}


class Ran(NamedTuple):
    """The rounds, and the pods of all users by kind, as they stood at the end."""

    hub: Hub
    release: storm.Storm
    rounds: list[storm.Round]
    pods: dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    scratch = tmp_path_factory.mktemp("storm")
    with installed(functools.partial(storm.Storm, Helm("helm4", scratch))) as release, release.hub() as hub:
        version = eventually(lambda: hub.answers() and hub.call("GET", "hub/api"), "the hub answers", 60)["version"]
        address = kwok.answering(release.namespace, release.image("hub", "image"), version)
        with kwok.nodes(address, scratch):
            rounds = list(storm.rounds(hub, USERS))
            yield Ran(hub, release, rounds, _pods(release))


def _pods(release: storm.Storm) -> dict[str, list[dict[str, Any]]]:
    found = json.loads(release.namespace.run("get", "pods", "--output=json"))["items"]
    users = {pod["metadata"].get("annotations", {}).get("hub.jupyter.org/username", ""): pod for pod in found}
    return {kind: [pod for user, pod in users.items() if user.startswith(f"{kind}-")] for kind in storm.KINDS}


def test_all_get_what_they_asked_for(ran: Ran) -> None:
    for kind, pods in ran.pods.items():
        assert len(pods) == USERS
        boxes = {tuple(box["name"] for box in pod["spec"]["containers"]) for pod in pods}
        assert boxes == {tuple(CONTAINERS[kind])}
        assert {names.STATUS in pod["metadata"]["annotations"] for pod in pods} == {kind == "pair"}
        assert {pod["spec"]["nodeSelector"] == kwok.LABEL for pod in pods} == {True}


def test_what_it_cost(ran: Ran) -> None:
    sizes = {kind: len(json.dumps(pods[0])) for kind, pods in ran.pods.items()}
    table = storm.table(ran.rounds, sizes)
    assert [len(row) for row in table] == [len(table[0])] * len(table)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        print("storm: " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    if PAGE:
        page, measured = Path(PAGE), f"{time.strftime('%Y-%m-%d', time.gmtime())}, {os.cpu_count()} cores"
        table[0][1] = measured
        page.write_text(between(*MARKS, page.read_text(), table))


def test_all_end(ran: Ran) -> None:
    storm.end(ran.hub, USERS)
    eventually(lambda: not any(_pods(ran.release).values()), "all pods are gone", ENDING_SECONDS)
    active = ran.hub.call("GET", "hub/api/users?state=active")
    assert active == []
