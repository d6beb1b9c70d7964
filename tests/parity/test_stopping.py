"""The end of a pod, and what processes leave to process 1 before: on a plain server, and on the pair's launcher."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.localpod.containers import processes
from tests.parity.servers import START_SECONDS, Server

pytestmark = pytest.mark.xdist_group("parity-stopping")

SUBREAPER = str(Path(__file__).with_name("subreaper.py"))
GRACE_SECONDS = 30
WAIT_SECONDS = 60
AT_EXIT = "import atexit, pathlib\natexit.register(lambda: pathlib.Path({path!r}).write_text('at the end'))\n"
# Neither a request nor a signal that can be caught ends it.
STUBBORN = """
import signal, threading, time
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
def never():
    while True:
        time.sleep(60)
threading.Thread(target=never).start()
"""
# In the kernel's session, in its own, and in its own with the parent gone.
CHILDREN = """
import os, subprocess
subprocess.Popen(["sleep", "600"])
subprocess.Popen(["sleep", "600"], start_new_session=True)
os.system("setsid sleep 600 &")
"""
ORPHANS = "import os\nfor _ in range({count}):\n    os.system('sleep 0.1 &')"


@pytest.fixture(scope="module")
def pair() -> Iterator[Server]:
    """A pair whose launcher is what process 1 is in its container: orphans are left to it."""
    with Server("pair") as server:
        container = server.running.containers["kernel"].container
        server.end("kernel", signal.SIGTERM)
        server.running.start(container._replace(argv=[sys.executable, SUBREAPER, *container.argv]))
        server.pair.wait(START_SECONDS)
        yield server


def zombies(parent: int) -> int:
    found = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, of = stat.read_text(errors="replace").rpartition(")")[2].split()[:2]
        except OSError:
            continue
        found += state == "Z" and int(of) == parent
    return found


def test_processes_that_are_left_to_process_1_are_reaped(pair: Server) -> None:
    launcher = pair.running.containers["kernel"].process.pid
    pair.ask("stopping.leave", codes={"orphans.ipynb": ORPHANS.format(count=20)})
    pair.wait_for(lambda: zombies(launcher) > 0, WAIT_SECONDS)
    pair.wait_for(lambda: zombies(launcher) == 0, WAIT_SECONDS)


def test_told_to_stop_kernels_clean_up_and_nothing_is_left(pair: Server, tmp_path: Path) -> None:
    """Both containers are told at once, as the kubelet does; a kernel that won't end takes no other with it."""
    found, codes = {}, {}
    with Server("plain") as plain:
        for server in (plain, pair):
            ends = {name: tmp_path / f"{server.kind}-{name}" for name in ("idle", "busy", "stubborn")}
            cells = {f"{name}.ipynb": AT_EXIT.format(path=str(path)) for name, path in ends.items()}
            cells["stubborn.ipynb"] += STUBBORN
            cells["children.ipynb"] = CHILDREN
            server.ask("stopping.leave", codes=cells, busy="busy.ipynb")
            for container in server.running.containers.values():
                container.terminate()
            codes[server.kind] = [one.process.wait(GRACE_SECONDS) for one in server.running.containers.values()]
            found[server.kind] = {name: path.exists() and path.read_text() for name, path in ends.items()}
    assert found["plain"] == {"idle": "at the end", "busy": "at the end", "stubborn": False}
    assert found["pair"] == found["plain"]
    assert codes == {"plain": [0], "pair": [0, 0]}
    assert processes(pair.sandbox) == {}
