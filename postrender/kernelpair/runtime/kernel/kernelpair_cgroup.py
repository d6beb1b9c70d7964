"""What the kernel container uses of memory and CPU, and may use: read from its cgroup, version 2 or 1.

What counts as used is what Linux can't take back before it kills: all that is charged (memory.current,
memory.usage_in_bytes) without the page cache of files on both lists (inactive_file, active_file) and, where it is told
(version 2), without slab_reclaimable. tmpfs and shared memory stand on the anonymous lists, and count. The kubelet's
working set counts the active list too, which Linux reclaims as well before it kills
(Documentation/admin-guide/cgroup-v2.rst, memory.max and memory.stat; mm/vmscan.c, get_scan_count).
"""

from __future__ import annotations

import os
from typing import Callable, Mapping, NamedTuple, Optional

MOUNT = "/sys/fs/cgroup"
# Version 1 writes "no limit" as the largest multiple of a page below 2**63.
_NO_LIMIT = 2**60

Read = Callable[[str], Optional[bytes]]


class Reading(NamedTuple):
    """One look: bytes, cores and seconds; a limit is None where there is none, `oom_kills` counts upwards."""

    usage: int
    limit: Optional[int]
    cpu_seconds: float
    cpu_limit: Optional[float]
    oom_kills: int


class Cgroup(NamedTuple):
    """The cgroup of this container: the folders of its controllers; in version 2 both are one."""

    version: int
    memory: str
    cpu: str
    cpuacct: str

    def read(self, read: Optional[Read] = None) -> Optional[Reading]:
        """Look; None where the memory in use can't be read. ``read`` returns a file's bytes, or None."""
        return (_reading_2 if self.version == 2 else _reading_1)(self, read or content)


def find(given: str = "") -> Optional[Cgroup]:
    """Return the cgroup that limits this process, None where none can be seen.

    In a container, /sys/fs/cgroup (version 1: /sys/fs/cgroup/CONTROLLER) is its own cgroup. Where the whole hierarchy
    is mounted instead, /proc/self/cgroup tells the place in it; of that cgroup and those above it, the nearest that has
    a limit is taken. ``given`` is a folder to take in the place of /sys/fs/cgroup, without asking /proc.
    """
    mount = given or MOUNT
    places = {} if given else own_places((content("/proc/self/cgroup") or b"").decode())
    if any(content(f"{mount}/{name}") is not None for name in ("cgroup.controllers", "memory.current")):
        folder = _limited(mount, places.get("", ""), "memory.current", "memory.max")
        return Cgroup(2, folder, folder, folder) if folder else None
    memory = _limited(f"{mount}/memory", places.get("memory", ""), "memory.usage_in_bytes", "memory.limit_in_bytes")
    if not memory:
        return None
    cpu = _limited(f"{mount}/cpu", places.get("cpu", ""), "cpu.cfs_period_us", "cpu.cfs_quota_us")
    cpuacct = _limited(f"{mount}/cpuacct", places.get("cpuacct", ""), "cpuacct.usage", "cpuacct.usage")
    return Cgroup(1, memory, cpu, cpuacct)


def own_places(text: str) -> dict[str, str]:
    """Return what /proc/self/cgroup says: a process's cgroup by controller; "" is the one hierarchy of version 2."""
    places = {}
    for line in text.splitlines():
        _, controllers, place = line.split(":", 2)
        places.update(dict.fromkeys(controllers.split(","), place))
    return places


def _limited(mount: str, place: str, usage: str, limit: str) -> str:
    """The nearest folder at or above ``place`` below ``mount`` that has a limit; the nearest at all; "" if none is."""
    folders = [mount]
    for name in filter(None, place.split("/")):
        folders.insert(0, f"{folders[0]}/{name}")
    present = [folder for folder in folders if content(f"{folder}/{usage}") is not None]
    limited = [folder for folder in present if bound(content(f"{folder}/{limit}")) is not None]
    return next(iter(limited or present), "")


def content(path: str) -> Optional[bytes]:
    """Return a file's bytes, None where it can't be read."""
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        return os.read(file, 65536)
    except OSError:
        return None
    finally:
        os.close(file)


def bound(text: Optional[bytes]) -> Optional[int]:
    """Return a limit as a number; None for "max", a negative quota, what version 1 writes for none, and no file."""
    words = (text or b"max").split()
    if not words or not words[0].isdigit():
        return None
    number = int(words[0])
    return None if number >= _NO_LIMIT else number


def figures(text: Optional[bytes]) -> Mapping[bytes, int]:
    """Return the numbers by name of a file with a name and a number in each line."""
    return {name: int(number) for name, number in map(bytes.split, (text or b"").splitlines())}


def _reading_2(cgroup: Cgroup, read: Read) -> Optional[Reading]:
    current = read(f"{cgroup.memory}/memory.current")
    if not current:
        return None
    stat = figures(read(f"{cgroup.memory}/memory.stat"))
    reclaimable = sum(stat.get(name, 0) for name in (b"inactive_file", b"active_file", b"slab_reclaimable"))
    cpu_max = read(f"{cgroup.cpu}/cpu.max")
    quota = bound(cpu_max)
    return Reading(
        max(int(current) - reclaimable, 0),
        bound(read(f"{cgroup.memory}/memory.max")),
        figures(read(f"{cgroup.cpu}/cpu.stat")).get(b"usage_usec", 0) / 1e6,
        None if quota is None or cpu_max is None else quota / int(cpu_max.split()[1]),
        figures(read(f"{cgroup.memory}/memory.events")).get(b"oom_kill", 0),
    )


def _reading_1(cgroup: Cgroup, read: Read) -> Optional[Reading]:
    current = read(f"{cgroup.memory}/memory.usage_in_bytes")
    if not current:
        return None
    stat = figures(read(f"{cgroup.memory}/memory.stat"))
    reclaimable = sum(stat.get(name, 0) for name in (b"total_inactive_file", b"total_active_file"))
    quota = bound(read(f"{cgroup.cpu}/cpu.cfs_quota_us"))
    period = bound(read(f"{cgroup.cpu}/cpu.cfs_period_us"))
    return Reading(
        max(int(current) - reclaimable, 0),
        bound(read(f"{cgroup.memory}/memory.limit_in_bytes")),
        int(read(f"{cgroup.cpuacct}/cpuacct.usage") or 0) / 1e9,
        None if quota is None or not period else quota / period,
        figures(read(f"{cgroup.memory}/memory.oom_control")).get(b"oom_kill", 0),
    )
