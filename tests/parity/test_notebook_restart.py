"""A notebook server that is started anew under running kernels: on the pair it finds them again."""

from __future__ import annotations

import json
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.localpod.probes import HOST
from tests.parity.servers import START_SECONDS, Server

pytestmark = pytest.mark.xdist_group("parity-restart")

# The page that was open before knows the server's token; in a hub its cookie.
SAME_TOKEN = ("singleuser.extraEnv.JUPYTER_TOKEN=the-same",)


@pytest.fixture(scope="module")
def pair() -> Iterator[Server]:
    with Server("pair", values=SAME_TOKEN) as server:
        yield server


def restart(server: Server, number: signal.Signals) -> int:
    """Have the notebook container replaced; returns the first server's exit code."""
    code = server.end("notebook", number)
    server.again("notebook")
    server.wait_notebook()
    return code


def gateway(server: Server, method: str, path: str) -> Any:
    """Ask the gateway itself."""
    token = (server.pair.pod.volumes["kernelpair-run"] / "token").read_text()
    address = f"http://{HOST}:{server.pair.ports[1]}/{path}"
    request = urllib.request.Request(address, method=method, headers={"Authorization": f"token {token}"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=START_SECONDS) as answer:
        body = answer.read()
    return json.loads(body) if body else None


@pytest.mark.parametrize(
    ("number", "code", "arguments"),
    [
        # What is on its way when the server ends is handed on first; where it is killed, nothing is on its way.
        (signal.SIGTERM, 0, {"count": 1500, "wait": 0.004, "pause": 0.004}),
        (signal.SIGKILL, -signal.SIGKILL, {"count": 20, "wait": 0.05, "pause": 4}),
    ],
    ids=["stopped", "killed"],
)
def test_a_notebook_server_that_starts_anew_finds_its_kernels(
    pair: Server, number: signal.Signals, code: int, arguments: dict[str, Any]
) -> None:
    asking = pair.begin("restarts.through_a_restart", name="through.ipynb", **arguments)
    asking.says()
    assert restart(pair, number) == code
    assert asking.answer() == {
        "once and in order": True,
        "before": True,
        "sessions": ["through.ipynb"],
        "kernels": True,
        "x": "42\n",
        "reopened": True,
        "restarted": True,
        "deleted": None,
        "left": [],
    }


def test_a_plain_server_that_starts_anew_has_nothing() -> None:
    with Server("plain", values=SAME_TOKEN) as plain:
        plain.ask("restarts.leave", name="plain.ipynb", code="1")
        restart(plain, signal.SIGTERM)
        assert plain.ask("restarts.look") == {"sessions": [], "kernels": []}


def test_what_the_gateway_lost_meanwhile_is_started_anew_or_dropped(pair: Server) -> None:
    opened = pair.ask("restarts.leave", name="some/where/kept.ipynb", code="x = 1")
    dropped = pair.ask("restarts.leave", name="dropped.ipynb", code="1")
    pair.end("notebook", signal.SIGKILL)
    gateway(pair, "DELETE", f"api/kernels/{dropped['kernel']['id']}")
    pair.again("notebook")
    pair.wait_notebook()
    kept = {"sessions": [["some/where/kept.ipynb", opened["id"], opened["kernel"]["id"]]]}
    kept["kernels"] = [opened["kernel"]["id"]]
    assert pair.ask("restarts.look") == kept
    for name in ("notebook", "kernel"):  # both at once
        pair.end(name, signal.SIGKILL)
    for name in ("notebook", "kernel"):
        pair.again(name)
    pair.pair.wait(START_SECONDS)
    code = "import os; print('x' in globals(), os.getcwd())"
    found = pair.ask("restarts.look", kernel_id=opened["kernel"]["id"], code=code)
    assert found == {**kept, "printed": f"False {pair.home / 'some/where'}\n"}
    log = pair.running.containers["notebook"].log.read_text()
    assert log.count(f"{opened['kernel']['id']} was started anew") == 1
    assert gateway(pair, "GET", "api/kernels")[0]["id"] != opened["kernel"]["id"]


def test_what_is_kept_holds_no_secret(pair: Server) -> None:
    pair.ask("restarts.leave", name="secret.ipynb", code="1")
    for name in ("kernels.json", "sessions.json"):
        kept = pair.pair.pod.volumes["kernelpair-run"] / name
        assert "the-same" not in kept.read_text()
        assert kept.stat().st_mode & 0o777 == 0o644


def test_shut_down_by_its_user_the_server_ends_its_kernels_too(pair: Server, tmp_path: Path) -> None:
    code = "import atexit, pathlib\natexit.register(lambda: pathlib.Path({!r}).write_text('at the end'))"
    ends = {}
    with Server("plain", values=SAME_TOKEN) as plain:
        for server in (plain, pair):
            end = tmp_path / server.kind
            server.ask("restarts.leave", name="end.ipynb", code=code.format(str(end)))
            server.ask("restarts.shut_down")
            assert server.running.containers["notebook"].process.wait(START_SECONDS) == 0
            ends[server.kind] = end.read_text()
    assert ends == {"plain": "at the end", "pair": "at the end"}
    assert gateway(pair, "GET", "api/kernels") == []
    pair.running.containers["notebook"].health.stop()
    pair.again("notebook")
    pair.wait_notebook()
    assert pair.ask("restarts.look") == {"sessions": [], "kernels": []}
