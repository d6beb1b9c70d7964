"""Runs the rounds of the contests (g) and (h): `python -m bench.pair_rounds running|starting COUNT`.

Standard output: the rounds, as `bench.measure.inside` reads them.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from tests.localpod import pair
from tests.parity.servers import Server, start_client

from .measure import answers_at, spent
from .pairs import CELL, CELL_P50, CELL_P99, GATEWAY, LAB, LEAN, OUTPUT, SOURCES, of

KINDS = ("plain", LEAN, *SOURCES)
CELLS = 300
OUTPUT_MIB = 95  # 100 MB
HERE = Path(__file__).parent
LEFT_OUT = HERE.parent / "ci" / "requirements" / "front-end.without"
Samples = dict[str, list[float]]


def ask(**wish: Any) -> subprocess.Popen[str]:
    """Start the client with a wish."""
    return start_client(HERE / "lab_client.py", wish)


def answer(process: subprocess.Popen[str]) -> Any:
    """What the client found; raises RuntimeError where it failed."""
    out, err = process.communicate(timeout=300)
    if process.returncode != 0:
        raise RuntimeError(f"the client failed: exit code {process.returncode}\n{err}")
    return json.loads(out)


def running(count: int) -> list[Samples]:
    """Rounds on two servers that run all the time."""
    with Server("plain") as plain, Server("pair") as other:
        return [_running({"plain": plain, "pair": other}) for _ in range(count)]


def _running(servers: dict[str, Server]) -> Samples:
    found: Samples = {}
    for kind, server in servers.items():
        url, token = pair.running_server(server.home)
        times = answer(ask(what="cells", url=url, token=token, count=CELLS))
        found[of(kind, CELL_P50)] = [statistics.median(times)]
        found[of(kind, CELL_P99)] = [statistics.quantiles(times, n=100)[98]]
        found[of(kind, OUTPUT)] = [answer(ask(what="output", url=url, token=token, mib=OUTPUT_MIB))]
    return found


def starting(count: int) -> list[Samples]:
    """Rounds that each start a plain server, one that is lean, and a pair from each source."""
    with tempfile.TemporaryDirectory() as left_out:
        packages = [line for line in LEFT_OUT.read_text().splitlines() if line and not line.startswith("#")]
        for package in packages:
            Path(left_out, f"{package.replace('-', '_')}.py").write_text("raise ImportError")
        lean = [f"singleuser.extraEnv.PYTHONPATH={left_out}"]
        return [
            {name: figures for kind in KINDS for name, figures in _starting(kind, lean).items()} for _ in range(count)
        ]


def _starting(kind: str, lean: list[str]) -> Samples:
    if kind in SOURCES:
        server = Server("pair", source=SOURCES[kind])
    else:
        server = Server("plain", values=lean if kind == LEAN else ())
    began = server.running.began
    notebook = server.running.containers["notebook"]
    found: Samples = {}

    def watch(name: str, port: int, pid: int) -> None:
        found[name] = [answers_at(port) - began, *spent(pid)]

    watchers = [threading.Thread(target=watch, args=(of(kind, LAB), server.ports[0], notebook.process.pid))]
    if kind in SOURCES:
        kernel = server.running.containers["kernel"]
        watchers.append(threading.Thread(target=watch, args=(of(kind, GATEWAY), server.ports[1], kernel.process.pid)))
    for watcher in watchers:
        watcher.start()
    asked = ask(what="first_cell", home=str(server.home))
    with server:
        found[of(kind, CELL)] = [answer(asked) - began]
        for watcher in watchers:
            watcher.join()
    return found


if __name__ == "__main__":
    json.dump({"running": running, "starting": starting}[sys.argv[1]](int(sys.argv[2])), sys.stdout)
