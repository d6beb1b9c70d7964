"""The test cluster starts, is the same when asked for again, and leaves nothing behind, after a crash either.

`make e2e` runs this, where it has no other cluster. It uses, and ends, this checkout's cluster.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from ci.cluster import lifecycle, packages, state, traces

STARTING_SECONDS = 600


@pytest.fixture
def before() -> Iterator[dict[str, list[str]]]:
    packages.install()
    lifecycle.down()
    yield traces.found()
    lifecycle.down()


def kubectl(*arguments: str) -> str:
    command = [state.PROGRAMS / "kubectl", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_it_comes_stays_and_goes(before: dict[str, list[str]]) -> None:
    kubeconfig = lifecycle.up()
    node = state.node()
    assert (lifecycle.up(), state.node()) == (kubeconfig, node)
    assert kubectl("get", "nodes", "--no-headers").split()[:2] == ["node", "Ready"]
    assert lifecycle.status() == 0
    during = traces.found()
    assert {kind for kind in before if before[kind] != during[kind]} == {"cgroups", "processes", "files"}
    lifecycle.down()
    assert traces.found() == before
    assert lifecycle.status() == 1


def test_a_crash_leaves_nothing_that_down_does_not_remove(before: dict[str, list[str]]) -> None:
    lifecycle.up()
    node = state.node()
    assert node is not None
    os.kill(node, signal.SIGKILL)
    lifecycle.down()
    assert traces.found() == before


def test_half_a_start_leaves_nothing_that_down_does_not_remove(before: dict[str, list[str]]) -> None:
    starting = subprocess.Popen([sys.executable, "-m", "ci.cluster", "up"], cwd=state.ROOT)
    deadline = time.monotonic() + STARTING_SECONDS
    while state.node() is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    starting.kill()
    starting.wait()
    assert lifecycle.status() == 1
    lifecycle.down()
    assert traces.found() == before
