"""What people do, on a plain server and on the pair: the same, or better where the table says so."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from kernelpair_explain import GIVEN_UP

from tests.parity.servers import Server

pytestmark = pytest.mark.xdist_group("parity")


def same(plain: Any, pair: Any) -> None:
    assert pair == plain
    assert plain, "a row that finds nothing compares nothing"


class Row(NamedTuple):
    """One function in rows/: what it is given, and what has to be said of (plain, pair)."""

    arguments: dict[str, Any] = {}  # noqa: RUF012 (never changed)
    holds: Callable[[Any, Any], None] = same


# What belongs to a process or to its place, and what the pair is there to change.
OWN = {"HOME", "PATH", "PWD", "JUPYTER_PORT", "JPY_PARENT_PID", "JPY_SESSION_NAME", "OLDPWD", "SHLVL", "_"}
OWN |= {"JUPYTER_IMAGE", "JUPYTER_IMAGE_SPEC"}
ADDED = {"KERNEL_IMAGE", "KERNEL_GATEWAY", "NVIDIA_VISIBLE_DEVICES"}


def same_environment(plain: dict[str, str], pair: dict[str, str]) -> None:
    """But for what upstream's gateway adds to kernels, and NVIDIA's switch."""
    assert {k: v for k, v in pair.items() if k not in OWN | ADDED} == {k: v for k, v in plain.items() if k not in OWN}
    assert not [name for name in pair if name.startswith(("KERNELPAIR_", "KG_")) or "TOKEN" in name]


def busy_counts(plain: dict[str, float], pair: dict[str, float]) -> None:
    """Plain servers count messages alone. On the pair a silent computation counts, to within a look (5 s)."""
    assert plain["busy"] < 3
    assert pair["busy"] > 4
    for found in (plain, pair):
        assert found["idle"] > found["slept"] - 6


def image_is_named(plain: Any, pair: Any) -> None:
    """Display names say which image a kernel runs in, and nothing that changes with each of its tags."""
    assert set(pair["names"].values()) == {f"{name} | user" for name in plain["names"].values()}
    assert pair["alone"] == pair["all"]
    specs = ("names", "alone", "all")
    assert {k: v for k, v in pair.items() if k not in specs} == {k: v for k, v in plain.items() if k not in specs}


def below_home(plain: Any, pair: Any) -> None:
    def heads(found: dict[str, Any]) -> Any:
        return {**found, "folders": [folder.partition("/home/")[2] for folder in found["folders"]]}

    assert heads(pair) == heads(plain)
    assert heads(pair)["folders"] == ["some/where\n"] * 3


def debugged(plain: Any, pair: Any) -> None:
    assert plain == pair == [True, True, [True], True, 2, "20", "21\n", True]


def heard(plain: dict[str, Any], pair: dict[str, Any]) -> None:
    """A plain server that is busy doesn't always hear the kernel that comes in place of a dead one."""
    assert pair == {**plain, "heard": True}


STARTING = {"python3": "Kernel container: starting"}


ROWS = {
    "kernels.environment": Row(holds=same_environment),
    "kernels.folders": Row(holds=below_home),
    "kernels.activity": Row({"seconds": 12}, busy_counts),
    "messages.large_output": Row({"mib": 110}),
    "messages.large_input": Row({"mib": 8}),
    "messages.many_outputs": Row({"count": 2000}),
    "messages.buffers": Row(),
    "messages.conversation": Row(),
    "kernels.kernels_api": Row(holds=image_is_named),
    "kernels.logo": Row(),
    "messages.two_clients": Row(),
    "deaths.kernel_dies": Row({"patient": True}, heard),
    "people.identity": Row(),
    "people.files": Row(),
    "people.languages": Row(),
    "people.at_once": Row({"count": 3}),
    "people.debugger": Row(holds=debugged),
    "people.progress": Row(),
    "messages.reconnect": Row(),
    "messages.connected_twice": Row(),
}


@pytest.mark.parametrize("name", ROWS)
def test_row(plain: Server, pair: Server, name: str) -> None:
    row = ROWS[name]
    row.holds(*(server.ask(name, **row.arguments) for server in (plain, pair)))


# What depends on how messages are written.
WRITTEN = (
    "messages.large_output",
    "messages.buffers",
    "messages.conversation",
    "messages.reconnect",
    "deaths.kernel_dies",
)


@pytest.mark.parametrize("name", WRITTEN)
def test_programs_that_know_messages_as_json_alone_are_served_too(plain: Server, pair: Server, name: str) -> None:
    row = ROWS[name]
    row.holds(*(server.ask(name, old=True, **row.arguments) for server in (plain, pair)))


def test_a_kernel_in_place_of_a_dead_one_is_heard_from_its_first_cell_on(pair: Server) -> None:
    found = pair.ask("deaths.kernel_dies", patient=False)
    assert found == {"states": ["restarting"], "x": "False\n", "heard": True}


def test_a_kernel_that_can_not_start_says_so_in_the_cell(pair: Server) -> None:
    folder = pair.home / ".local" / "share" / "jupyter" / "kernels" / "broken"
    folder.mkdir(parents=True)
    argv = ["sh", "-c", "exit 3", "{connection_file}"]
    (folder / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Broken", "language": "python"}))
    found = pair.ask("deaths.never_starts")
    shutil.rmtree(folder)
    assert found == {
        "errors": [["KernelDied", f"This kernel ended by itself, with exit code 3. {GIVEN_UP}"]],
        "left": {"status": 404},
    }
    assert pair.running.tails().count("can't be reached yet") < 5


def test_the_notebook_outlives_the_kernel_container(pair: Server) -> None:
    """All of it is killed at once, as for its memory limit on cgroup v2, and started again, as the kubelet does."""
    asking = pair.begin("deaths.survive")
    asking.says()
    pair.lose("kernel")
    pair.again("kernel")
    assert asking.answer() == {
        "states": ["restarting"],
        "x": "False\n",
        "same": [True, True],
        "restart": True,
        "after": "42\n",
    }


def test_input_larger_than_a_plain_server_takes(pair: Server) -> None:
    """Which closes the connection at 10 MB."""
    assert pair.ask("messages.large_input", mib=24) == f"{24 * 2**20}\n"


def test_who_comes_before_the_gateway_waits_for_it() -> None:
    """The notebook server is up first: the page opens and says so, a notebook's kernel is late, and nothing fails."""
    with Server("pair", until="notebook") as server:
        for name in ("kernel", "notebook"):
            server.end(name, signal.SIGKILL)
        server.again("notebook")  # which has met no gateway yet
        server.wait_notebook()
        specs = server.ask("kernels.kernelspecs")["kernelspecs"]
        assert {name: spec["spec"]["display_name"] for name, spec in specs.items()} == STARTING
        asking = server.begin("kernels.early")
        asking.says("asking")
        server.again("kernel")
        assert asking.answer() == {"printed": "42\n", "names": {"python3": "Python 3 (ipykernel) | user"}}
        assert "kernelpair: the kernel container is starting" in server.running.containers["notebook"].log.read_text()
