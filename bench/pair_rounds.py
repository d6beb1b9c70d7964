"""Runs the rounds of the contests (g) and (h): `python -m bench.pair_rounds running|starting COUNT`.

Standard output: the rounds, as `bench.measure.inside` reads them.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.localpod import images, pair
from tests.localpod.probes import HOST
from tests.parity.servers import Server, start_client

from .measure import POLL_SECONDS, spent
from .pairs import CELL, CELL_P50, CELL_P99, GATEWAY, KERNEL, LAB, OUTPUT, of

KINDS = ("plain", "pair")
CELLS = 300
OUTPUT_MIB = 95  # 100 MB
PREINSTALLED = ("singleuser.image.name=example.org/user-gateway", "kernelGateway.gateway.source=image")
HERE = Path(__file__).parent
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
    with Server("plain") as plain, Server("pair", values=PREINSTALLED) as other:
        servers = dict(zip(KINDS, (plain, other), strict=True))
        return [_running(servers) for _ in range(count)]


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
    """Rounds that each start both and an ipykernel."""
    return [{**_starting("plain"), **_starting("pair"), KERNEL: _kernel()} for _ in range(count)]


def _starting(kind: str) -> Samples:
    server = Server(kind, values=PREINSTALLED if kind == "pair" else ())
    began = server.running.began
    notebook = server.running.containers["notebook"]
    found: Samples = {}

    def watch(name: str, port: int, pid: int) -> None:
        found[name] = [_answers_at(port) - began, *spent(pid)]

    watchers = [threading.Thread(target=watch, args=(of(kind, LAB), server.ports[0], notebook.process.pid))]
    if kind == "pair":
        kernel = server.running.containers["kernel"]
        watchers.append(threading.Thread(target=watch, args=(GATEWAY, server.ports[1], kernel.process.pid)))
    for watcher in watchers:
        watcher.start()
    asked = ask(what="first_cell", home=str(server.home))
    with server:
        found[of(kind, CELL)] = [answer(asked) - began]
        for watcher in watchers:
            watcher.join()
    return found


def _answers_at(port: int) -> float:
    """The time of day at which something answers requests at a port, whatever it says."""
    while True:
        try:
            urllib.request.urlopen(f"http://{HOST}:{port}/api", timeout=10).close()
        except urllib.error.HTTPError:
            return time.time()
        except OSError:
            time.sleep(POLL_SECONDS)
        else:
            return time.time()


def _kernel() -> list[float]:
    front_end, user = (images.environment(name) / "bin" / "python" for name in ("front-end", "user-gateway"))
    done = subprocess.run(
        [front_end, "-I", HERE / "kernel_start.py", user], capture_output=True, text=True, check=True, timeout=120
    )
    return json.loads(done.stdout)


if __name__ == "__main__":
    json.dump({"running": running, "starting": starting}[sys.argv[1]](int(sys.argv[2])), sys.stdout)
