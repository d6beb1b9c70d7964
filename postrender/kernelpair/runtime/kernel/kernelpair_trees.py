"""Which processes are a kernel's, and what memory and CPU time they take: read from /proc."""

from __future__ import annotations

import os
from typing import Container, Iterable, Mapping, NamedTuple

from kernelpair_cgroup import content

_TICK = os.sysconf("SC_CLK_TCK")


class Process(NamedTuple):
    """A process: its parent, its session, the CPU time it has taken, in seconds, and whether it has ended unnoticed."""

    parent: int
    session: int
    cpu: float
    zombie: bool = False


class Size(NamedTuple):
    """Memory in bytes: what is resident, and what of it isn't a file's pages, so that only an end frees it."""

    resident: int
    held: int


def processes() -> dict[int, Process]:
    """Return the processes that can be seen, by id."""
    found = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 (pathlib would take most of the time)
        if name.isdigit():
            stat = content(f"/proc/{name}/stat")
            if stat is not None:
                # The command may hold anything, also blanks and brackets; the fields follow its last bracket.
                fields = stat.rpartition(b")")[2].split()
                cpu = (int(fields[11]) + int(fields[12])) / _TICK
                found[int(name)] = Process(int(fields[1]), int(fields[3]), cpu, fields[0] == b"Z")
    return found


def trees(leaders: Iterable[int], seen: Mapping[int, Process]) -> dict[int, list[int]]:
    """Return the processes of each leader's tree, itself first: its descendants and who is left of its session.

    A kernel leads a session of its own; what it starts and abandons stays in that, with process 1 as its parent.
    """
    found = {leader: [leader] for leader in leaders if leader in seen}
    for pid in seen:
        leader = _leader(pid, seen, found)
        if leader and leader != pid:
            found[leader].append(pid)
    return found


def _leader(pid: int, seen: Mapping[int, Process], leaders: Container[int]) -> int:
    """Return the leader whose tree ``pid`` is in, 0 for none."""
    climbed = set()
    while pid in seen and pid not in climbed:  # a look takes time: ids may have been used anew meanwhile
        for candidate in (pid, seen[pid].session):
            if candidate in leaders:
                return candidate
        climbed.add(pid)
        pid = seen[pid].parent
    return 0


def size(pids: Iterable[int]) -> Size:
    """Return the memory of processes together; who has ended has none."""
    resident = held = 0
    for pid in pids:
        status = content(f"/proc/{pid}/status") or b""
        all_of_it = _kib(status, b"VmRSS:")
        resident += all_of_it
        held += all_of_it - _kib(status, b"RssFile:")
    return Size(resident, held)


def _kib(status: bytes, name: bytes) -> int:
    number = status.partition(name)[2].split(None, 1)
    return int(number[0]) * 1024 if number else 0
