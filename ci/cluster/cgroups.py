"""The cgroup that holds the cluster's pods, one in each of the machine's hierarchies."""

from __future__ import annotations

import os
import time
from pathlib import Path

from ci.cluster.state import CGROUP, ClusterError

REMOVING_SECONDS = 30


def hierarchies() -> list[Path]:
    """Return where this machine's cgroup hierarchies are mounted: one (version 2) or several (version 1, or both)."""
    mounts = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
    return [Path(fields[1]) for fields in mounts if fields[2] in ("cgroup", "cgroup2")]


def make() -> None:
    """Make the cluster's cgroup in each hierarchy."""
    for hierarchy in hierarchies():
        (hierarchy / CGROUP).mkdir(exist_ok=True)


def remove() -> None:
    """Remove the cluster's cgroups with all below; raises ClusterError when a process is still in one."""
    for top in (hierarchy / CGROUP for hierarchy in hierarchies()):
        for folder, _, _ in os.walk(top, topdown=False):
            _remove(Path(folder))


def _remove(folder: Path) -> None:
    """Remove one cgroup; just after its last process ended the kernel may say for a moment that it is in use."""
    deadline = time.monotonic() + REMOVING_SECONDS
    while True:
        try:
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError as error:
            if time.monotonic() > deadline:
                held = (folder / "cgroup.procs").read_text().split()
                raise ClusterError(f"{folder} can't be removed ({error.strerror}); processes in it: {held}") from error
            time.sleep(0.1)
        else:
            return
