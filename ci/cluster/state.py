"""Where this checkout's cluster keeps its things, and how its one process is told from every other."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from pathlib import Path
from typing import NamedTuple, TypedDict

from ci import tools

ROOT = Path(__file__).resolve().parents[2]
KEY = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
"""Checkouts have clusters of their own, side by side."""
FOLDER = tools.cache_folder() / "cluster" / KEY
CGROUP = f"kernelpair-{KEY}"
KUBECONFIG = FOLDER / "kubeconfig"
LOGS = FOLDER / "log"
PROGRAMS = FOLDER / "bin"
"""Of the cluster, for this machine's PATH: kubectl."""
_RECORD = FOLDER / "node.json"
NAMESPACES = ("net", "pid")
"""Those that hold all of the node's processes, and no other."""
STOPPING_SECONDS = 60


class ClusterError(Exception):
    """The cluster can't be had, or left something behind; the message says what, why and where to look."""


class Process(NamedTuple):
    """A process by id and start time (clock ticks since boot): ids are used again, both together are not."""

    pid: int
    started: int


class Known(TypedDict):
    """What is written down of a node: its first process, and the names of `NAMESPACES`."""

    pid: int
    started: int
    namespaces: dict[str, str]


def process(pid: int) -> Process | None:
    """Return the process `pid` while it lives, else None; a zombie doesn't."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else Process(pid, int(fields[19]))


def record(node: Process) -> None:
    """Write down the node's first process, and its namespaces, for `down`."""
    links = {name: str(Path(f"/proc/{node.pid}/ns/{name}").readlink()) for name in NAMESPACES}
    written = _RECORD.with_suffix(".new")
    written.write_text(json.dumps({**node._asdict(), "namespaces": links}))
    written.replace(_RECORD)


def node() -> int | None:
    """Return the id of the node's first process, None when no node runs."""
    known = _known()
    if known is None or process(known["pid"]) != Process(known["pid"], known["started"]):
        return None
    return known["pid"]


def _known() -> Known | None:
    if not _RECORD.exists():
        return None
    known: Known = json.loads(_RECORD.read_text())
    return known


def inside(pid: int, *command: str) -> list[str]:
    """Return the command line that runs `command` on the node whose first process is `pid`."""
    return ["nsenter", f"--target={pid}", "--mount", "--net", "--pid", "--uts", "--ipc", "--", *command]


def stop() -> None:
    """Kill the node's first process, with which the kernel ends all others of the node; returns when none is left.

    Raises ClusterError when one stays.
    """
    known = _known()
    pid = node()
    if pid is not None:
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + STOPPING_SECONDS
    while known is not None and (left := _members(known["namespaces"])):
        if time.monotonic() > deadline:
            raise ClusterError(f"processes of the cluster that don't end: {left}; see /proc/<id>/stack")
        time.sleep(0.1)


def _members(namespaces: dict[str, str]) -> list[int]:
    """Return the processes that live in the node's process or network namespace."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        for name in NAMESPACES:
            try:
                if str((entry / "ns" / name).readlink()) == namespaces[name]:
                    found.append(int(entry.name))
                    break
            except OSError:
                continue
    return found
