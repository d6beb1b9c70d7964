"""Terminals, in a plain pod and in the pair: the same to work with, and the pair's are the kernel container's."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.localpod import images
from tests.localpod.containers import POLL_SECONDS, processes
from tests.localpod.probes import HOST
from tests.parity.servers import RUNTIME, Server

pytestmark = pytest.mark.xdist_group("parity-terminals")
SECONDS = 60.0
# What belongs to a server or to its place; the kernel's image is the plain one's but for its name and its PATH.
OWN = {
    "HOME",
    "PWD",
    "JUPYTER_SERVER_ROOT",
    "JUPYTER_SERVER_URL",
    "JUPYTER_PORT",
    "JUPYTER_IMAGE",
    "JUPYTER_IMAGE_SPEC",
}
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "x" * 22,
}


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Server, Server]]:
    with Server("plain") as plain, Server("pair") as pair:
        yield plain, pair


def same(servers: tuple[Server, Server], row: str, **arguments: Any) -> Any:
    """What both find, which is equal and something."""
    plain, pair = [server.ask(f"terminals.{row}", **arguments) for server in servers]
    assert pair == plain
    assert pair
    return pair


def test_a_terminal_is_opened_used_resized_and_left(servers: tuple[Server, Server]) -> None:
    found = same(servers, "a_session")
    assert (found["before"], found["sizes"], found["ended"]) == ([], ["30 200\r\n", "41 99\r\n"], True)


def test_several_tabs_browsers_and_who_comes_back(servers: tuple[Server, Server]) -> None:
    assert same(servers, "several") == {
        "sizes": ["20 70\r\n", "50 170\r\n", "10 60\r\n", "20 70\r\n"],
        "both": ["10 60", "42\r\n"],
        "buffered": "remembered",
    }


def test_a_terminal_has_the_user_images_environment(servers: tuple[Server, Server]) -> None:
    plain, pair = [server.ask("terminals.environment") for server in servers]
    for server, found in zip(servers, (plain, pair), strict=True):
        assert (found["HOME"], found["JUPYTER_SERVER_ROOT"]) == (str(server.home), str(server.home))
    added = {"NVIDIA_VISIBLE_DEVICES"}
    assert {k: v for k, v in pair.items() if k not in OWN | added} == {k: v for k, v in plain.items() if k not in OWN}
    assert pair["TERM"] == "xterm-256color"
    assert servers[1].ask("terminals.python") == f"{images.environment('user')}/bin/python\r\n"


def test_a_terminal_opens_where_it_is_wanted(servers: tuple[Server, Server]) -> None:
    for server in servers:
        home = str(server.home)
        assert server.ask("terminals.folders") == [home, f"{home}/deep", "/", home]


def test_a_terminal_prints_much(servers: tuple[Server, Server]) -> None:
    assert same(servers, "large_output", mib=1)["length"] > 1_000_000
    assert same(servers, "slow_reader", mib=12)["length"] > 12_000_000


def test_a_deleted_terminals_programs_end(servers: tuple[Server, Server]) -> None:
    plain, pair = [server.ask("terminals.deleted") for server in servers]
    # A plain server that has let go of the terminal before its end is read doesn't tell the tab.
    assert pair == {**plain, "ended": True}
    assert (pair["running"], pair["socket"]) == ([True, True], 404)


def test_strangers_get_no_terminal(servers: tuple[Server, Server]) -> None:
    assert set(same(servers, "refused").values()) == {403, True}


def test_the_gateways_terminals_need_its_token(servers: tuple[Server, Server]) -> None:
    pair = servers[1]
    token = _token(pair)
    name = pair.ask("terminals.stays", seconds=4243)
    wanted = [("GET", "api/terminals"), ("POST", "api/terminals"), ("GET", f"api/terminals/{name}")]
    wanted += [("DELETE", f"api/terminals/{name}"), ("GET", f"terminals/websocket/{name}")]
    for method, path in wanted:
        assert [_gateway(pair, method, path, token) for token in ("", "wrong")] == [401, 401], path
    elsewhere = {"Origin": "http://elsewhere.example.org"}
    assert _gateway(pair, "GET", f"terminals/websocket/{name}", token, **elsewhere) == 403
    assert _gateway(pair, "GET", "api/terminals", token, **elsewhere) == 404
    assert _gateway(pair, "DELETE", f"api/terminals/{name}", token) == 204


def _token(pair: Server) -> str:
    return (pair.pair.pod.volumes["kernelpair-run"] / "token").read_text()


def _gateway(pair: Server, method: str, path: str, token: str, body: str = "", **headers: str) -> int:
    """The status of the gateway's own answer."""
    known = {
        **({"Authorization": f"token {token}"} if token else {}),
        **(UPGRADE if "socket" in path else {}),
        **headers,
    }
    connection = http.client.HTTPConnection(HOST, pair.pair.ports[1], timeout=SECONDS)
    with contextlib.closing(connection):
        connection.request(method, f"/{path}", body or None, known)
        return connection.getresponse().status


def test_typing_counts_as_activity(servers: tuple[Server, Server]) -> None:
    same(servers, "activity")


def test_the_page_offers_terminals(servers: tuple[Server, Server]) -> None:
    assert same(servers, "page") == {"offered": ["true"], "status": 200}


def test_terminals_end_with_the_kernel_container_and_others_open(servers: tuple[Server, Server]) -> None:
    pair = servers[1]
    asking = pair.begin("terminals.outlive")
    asking.says()
    old = pair.running.containers["kernel"]
    old.process.kill()
    old.process.wait(10)
    old.health.stop()
    pair.running.start(old.container)
    gone = [{"status": 404}, 404]
    assert asking.answer(SECONDS * 2) == {"told": True, "ended": True, "listed": [], "gone": gone, "again": "again\r\n"}


def test_nothing_is_left_of_terminals_when_the_kernel_container_stops(servers: tuple[Server, Server]) -> None:
    """The notebook container stays, and lists none; this one is told to end, as by the kubelet."""
    pair = servers[1]
    pair.ask("terminals.stays", seconds=4244)
    while len(_sleeping(pair)) < 2:
        time.sleep(POLL_SECONDS)
    old = pair.running.containers["kernel"]
    old.health.stop()
    os.kill(old.process.pid, signal.SIGTERM)
    assert old.process.wait(SECONDS) == 0
    assert _sleeping(pair) == []
    assert pair.ask("terminals.page") == {"offered": ["true"], "status": 200}
    pair.running.start(old.container)


def _sleeping(server: Server) -> list[str]:
    return [words for words in processes(server.sandbox).values() if words.startswith("sleep 4244")]


def test_who_opens_a_terminal_before_the_gateway_is_up_waits_for_it() -> None:
    with Server("pair", until="notebook") as server:
        assert server.ask("terminals.page") == {"offered": ["true"], "status": 200}
        assert server.ask("terminals.python") == f"{images.environment('user')}/bin/python\r\n"


def test_a_gateway_that_can_have_no_terminals_says_why() -> None:
    with Server("pair", source="pip") as server:
        (package,) = server.pair.pod.volumes["kernelpair-gateway"].glob("site-*/terminado")
        package.rename(package.with_name("away"))
        found = server.ask("terminals.failing")
        assert found["status"] == 501
        assert found["message"].startswith(
            "No terminals in the kernel container: the gateway's packages lack terminado: "
        )
        assert found["message"] in server.running.tails()


# Run with the front-end's Python: what the gateway is asked for under an operator's configuration.
ASKED = """
import json, sys, types
import kernelpair_terminal_proxy as proxy
manager = types.SimpleNamespace(extra_env={"A": "server", "B": "server"}, cull_inactive_timeout=1, cull_interval=1)
serverapp = types.SimpleNamespace(terminado_settings={"shell_command": "sh -i"})
settings = {"terminal_manager": manager, "serverapp": serverapp, "server_root_dir": "/"}
json.dump(proxy._wish({"cwd": "tmp", "extra_env": {"B": "browser"}}, settings), sys.stdout)
"""


def test_what_operators_configure_for_terminals_holds_in_the_kernel_container() -> None:
    python = images.environment("front-end") / "bin" / "python"
    env = {"PYTHONPATH": f"{RUNTIME / 'notebook'}:{RUNTIME / 'shared'}"}
    done = subprocess.run([python, "-c", ASKED], env=env, cwd="/dev", capture_output=True, check=True)
    wish = json.loads(done.stdout)
    assert wish == {
        "cwd": "/tmp",
        "extra_env": {"A": "server", "B": "browser"},
        "shell_command": ["sh", "-i"],
        "manager": {"cull_inactive_timeout": 1, "cull_interval": 1},
    }
    with Server("pair") as server:
        assert _gateway(server, "POST", "api/terminals", _token(server), json.dumps(wish)) == 200
        until = time.monotonic() + SECONDS
        while server.pair.get("api/terminals"):
            assert time.monotonic() < until, "the terminal was not culled"
            time.sleep(POLL_SECONDS)


@pytest.mark.parametrize(
    ("where", "page"),
    [("notebook", {"offered": ["true"], "status": 200}), ("off", {"offered": ["false"], "status": 404})],
)
def test_the_setting_keeps_terminals_in_the_notebook_or_turns_them_off(where: str, page: dict[str, Any]) -> None:
    with Server("pair", until="notebook", values=[f"kernelGateway.notebook.terminals={where}"]) as server:
        assert server.ask("terminals.page") == page
        if where == "notebook":
            assert server.ask("terminals.python") == f"{images.environment('front-end')}/bin/python\r\n"
