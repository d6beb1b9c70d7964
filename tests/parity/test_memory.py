"""Memory: a kernel is stopped just before the limit, cells say why their kernel died, figures are the container's.

The kernel container's cgroup is a folder of the test's, in which the memory in use is what the test writes.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.parity.servers import Asking, Server

pytestmark = pytest.mark.xdist_group("parity-memory")

MIB = 2**20
LIMIT = 500 * MIB
SECONDS = 60.0
ENDED = ["error", "execute_reply", "idle", "restarting"]


class Cgroup:
    """A cgroup of version 2, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("memory.max", f"{LIMIT}\n")
        self.write("memory.stat", f"inactive_file {20 * MIB}\nactive_file {10 * MIB}\n")
        self.write("memory.events", "oom_kill 0\n")
        self.write("cpu.stat", "usage_usec 0\n")
        self.write("cpu.max", "150000 100000\n")
        self.uses(100)

    def write(self, name: str, text: str) -> None:
        new = self.folder / f".{name}"
        new.write_text(text)
        new.rename(self.folder / name)

    def uses(self, mib: int) -> None:
        """Have so much in use that can't be reclaimed."""
        self.write("memory.current", f"{(mib + 30) * MIB}\n")


class Limited:
    """A pair whose kernel container has `LIMIT`."""

    def __init__(self, server: Server, cgroup: Cgroup) -> None:
        self.server, self.cgroup = server, cgroup
        self.run = server.pair.pod.volumes["kernelpair-run"]

    def read(self, name: str) -> Any:
        return json.loads((self.run / name).read_bytes())

    def uses(self, mib: int) -> None:
        """Have so much in use, and return when the launcher has seen it."""
        self.cgroup.uses(mib)
        self.server.wait_for(lambda: self.read("memory.json")["usage"] == mib * MIB, SECONDS)

    def deaths(self) -> list[Any]:
        return list(self.read("deaths.json")) if (self.run / "deaths.json").exists() else []

    def dies_holding(self, mib: int) -> Asking:
        """Begin the row, and return when its cell runs."""
        asking = self.server.begin("memory.dies_holding", mib=mib)
        asking.says()
        return asking


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Limited]:
    cgroup = Cgroup(tmp_path_factory.mktemp("cgroup"))
    with Server("pair", values=[f"kernelGateway.kernel.env.KERNELPAIR_CGROUP={cgroup.folder}"]) as server:
        yield Limited(server, cgroup)


@pytest.fixture(autouse=True)
def _little_is_used(pair: Limited) -> None:
    pair.uses(100)


def size(text: str) -> int:
    """The MiB that a cell says its kernel held."""
    found = re.search(r", (\d+) MiB of them by this kernel", text)
    assert found is not None, text
    return int(found[1])


def test_the_largest_kernel_is_stopped_just_before_the_limit_and_its_cell_says_so(pair: Limited) -> None:
    """At 96.8% of the limit nothing happens; at 98% the larger kernel dies, and nothing else."""
    before = len(pair.deaths())
    asking = pair.dies_holding(mib=120)
    pair.uses(484)
    time.sleep(0.5)  # some 25 looks
    assert len(pair.deaths()) == before
    pair.cgroup.uses(490)
    pair.server.wait_for(lambda: len(pair.deaths()) > before, SECONDS)
    found = asking.answer()
    assert [found[name] for name in ("kinds", "error", "reply")] == [ENDED, ["KernelKilled"], [["error", 1]]]
    assert "490 MiB of its 500 MiB were in use" in found["text"]
    assert "shut down kernels" in found["text"]
    assert 120 < size(found["text"]) < 400
    assert (found["large"], found["small"]) == ("False\n", "42\n")
    assert [death["reason"] for death in pair.deaths()[before:]] == ["guard"]


def test_a_cell_says_that_the_kernel_was_killed_for_memory(pair: Limited) -> None:
    """By SIGKILL while the memory was nearly used up; or while the cgroup counted a kill."""
    kill = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    pair.uses(475)
    near = pair.server.ask("memory.dies", code=kill)
    assert (near["kinds"], near["error"]) == (ENDED, ["KernelKilled"])
    assert re.search(r": \d+ MiB of its 500 MiB were in use when last seen", near["text"])
    pair.uses(101)
    time.sleep(11)  # what stood near the limit is forgotten
    far = pair.server.ask("memory.dies", code=kill)
    assert far["text"] == "KernelDied: This kernel was killed by signal 9 (SIGKILL)."
    pair.cgroup.write("memory.events", "oom_kill 1\n")
    pair.uses(102)
    counted = pair.server.ask("memory.dies", code=kill)
    assert counted["error"] == ["KernelKilled"]


def test_a_cell_says_how_else_its_kernel_ended(pair: Limited) -> None:
    found = [pair.server.ask("memory.dies", code=f"import os; os.{code}") for code in ("_exit(3)", "abort()")]
    assert [one["kinds"] for one in found] == [ENDED, ENDED]
    assert [one["text"] for one in found] == [
        "KernelDied: This kernel ended by itself, with exit code 3.",
        "KernelDied: This kernel was killed by signal 6 (SIGABRT).",
    ]


def test_who_was_away_when_the_kernel_died_is_told_on_return(pair: Limited) -> None:
    found = pair.server.ask("memory.dies_unseen", seconds=10)
    assert found["kinds"] == ENDED
    assert found["text"] == "KernelDied: This kernel was killed by signal 11 (SIGSEGV)."
    assert found["after"] == "42\n"


@pytest.mark.parametrize(("mib", "error"), [(480, "KernelKilled"), (200, "KernelDied")])
def test_a_cell_says_that_the_whole_container_was_lost(pair: Limited, mib: int, error: str) -> None:
    """All is killed at once, as for the memory limit on cgroup v2; the last sample tells whether it was that."""
    asking = pair.dies_holding(mib=60)
    pair.uses(mib)
    before = len(pair.deaths())
    server = pair.server
    server.lose("kernel")
    pair.cgroup.uses(100)
    server.again("kernel")
    found = asking.answer()
    assert (found["kinds"], found["error"]) == (ENDED, [error])
    assert f"{mib} MiB of its 500 MiB" in found["text"]
    assert ("memory ran out" in found["text"]) == (error == "KernelKilled")
    assert (found["large"], found["small"]) == ("False\n", "None\n")
    (record,) = pair.deaths()[before:]
    assert (record["reason"], record["container"]) == ("memory" if error == "KernelKilled" else "unknown", True)


def test_usage_figures_are_the_kernel_containers(pair: Limited, plain: Server) -> None:
    """The display of jupyter-resource-usage gets what it gets on a plain server: of the kernel container here."""
    pair.uses(123)
    here, there = (server.ask("memory.usage") for server in (pair.server, plain))
    assert sorted(here["container"]) == sorted(there["container"])
    assert sorted(here["container"]["limits"]["memory"]) == sorted(there["container"]["limits"]["memory"])
    assert here["container"]["rss"] == 123 * MIB
    assert here["container"]["limits"] == {"memory": {"rss": LIMIT, "pss": LIMIT, "warn": False}}
    assert sorted(here["kernel"]) == sorted(there["kernel"])
    content, known = here["kernel"]["content"], there["kernel"]["content"]
    # The first answer of a kernel may lack the host's CPU, of which it then knows nothing yet.
    assert sorted(content) == sorted({*known, "host_cpu_percent"})
    assert set(content["host_virtual_memory"]) <= set(known["host_virtual_memory"])
    assert content["pid"] == here["pid"]
    assert 20 * MIB < content["kernel_memory"] < 300 * MIB
    assert (content["cpu_count"], content["host_virtual_memory"]["total"]) == (1.5, LIMIT)
