"""Why kernels died, and why the container was started anew: judged and recorded for the notebook server."""

from __future__ import annotations

import collections
import contextlib
import signal
import threading
import time
from typing import Any, Mapping, NamedTuple, Optional

import kernelpair_reports as reports
from kernelpair_settings import say

KEPT = 50
# A kernel's end is noticed by a poll every 3 s; what stood near the limit then may have been freed since.
LOOK_BACK = 10.0
KERNEL_KILLED = -signal.SIGKILL


class Moment(NamedTuple):
    """What a look at the memory found, for the looks back."""

    time: float
    usage: int
    limit: Optional[int]
    oom_kills: int
    held: Mapping[str, int]


class Recent:
    """The last `LOOK_BACK` seconds of samples: of each half second the one with the most memory in use."""

    def __init__(self) -> None:
        self._moments: collections.deque[Moment] = collections.deque(maxlen=int(2 * LOOK_BACK))

    def add(self, moment: Moment) -> None:
        """Note a sample."""
        last = self._moments[-1] if self._moments else None
        if last is None or int(2 * last.time) != int(2 * moment.time):
            self._moments.append(moment)
        else:
            top = max(last, moment, key=lambda one: one.usage)
            self._moments[-1] = top._replace(oom_kills=max(last.oom_kills, moment.oom_kills))

    def peak(self, now: float) -> Optional[Moment]:
        """Return the sample with the most memory in use; None without samples."""
        return max(self._since(now), key=lambda one: one.usage, default=None)

    def oom_killed(self, now: float) -> bool:
        """Tell whether the kernel killed a process of this cgroup for its memory."""
        counts = [one.oom_kills for one in self._since(now)]
        return bool(counts) and counts[-1] > counts[0]

    def _since(self, now: float) -> list[Moment]:
        return [one for one in list(self._moments) if one.time >= now - LOOK_BACK]


def reason(code: Optional[int], peak: Optional[Moment], oom_killed: bool) -> str:
    """Return why a kernel died: ``code`` as subprocess gives it, ``peak`` the most memory in use shortly before.

    SIGKILL means memory when the cgroup counted a kill for memory, or when the use of it stood near the limit: where
    process ids and counters are hidden (gVisor, old kernels), that is all there is to see.
    """
    if code is None:
        return "unknown"
    if code != KERNEL_KILLED:
        return "signal" if code < 0 else "exit"
    near = peak is not None and peak.limit is not None and peak.usage >= reports.NEAR * peak.limit
    return "memory" if oom_killed or near else "signal"


class Deaths:
    """Writes the records; safe for several threads of one process."""

    def __init__(self, run_dir: str) -> None:
        self.recent = Recent()
        self._run = run_dir
        self._lock = threading.Lock()
        self._stopped: dict[str, float] = {}

    def stopped(self, kernel_id: str, usage: int, limit: int, size: int) -> None:
        """Record that the guard is about to stop a kernel."""
        now = time.time()
        self._stopped[kernel_id] = now
        self._add(_record(now, "guard", KERNEL_KILLED, usage, limit, {kernel_id: size}))

    def died(self, kernel_id: str, code: Optional[int]) -> None:
        """Record that a kernel's process has ended, unless the guard, which has recorded it, ended it just now."""
        now = time.time()
        if now - self._stopped.pop(kernel_id, 0.0) < LOOK_BACK:
            return
        peak = self.recent.peak(now)
        why = reason(code, peak, self.recent.oom_killed(now))
        usage, limit, held = (peak.usage, peak.limit, peak.held) if peak else (0, None, {})
        self._add(_record(now, why, code, usage, limit, {kernel_id: held.get(kernel_id, 0)}))
        say(f"kernel {kernel_id} died: {why}{'' if code is None else f' {abs(code)}'}")

    def previous_run(self) -> None:
        """Record why this container's previous run ended, if it ended abruptly: its last sample is still there."""
        sample = reports.read(self._run, reports.SAMPLE)
        if sample is None:
            return
        record = reports.container_end(sample)
        self._add(record)
        self.forget()
        say(f"this container ended abruptly before: {record['reason']}: {record['usage']} of {record['limit']} bytes")

    def forget(self) -> None:
        """Remove the last sample: this run's end needs no judging."""
        reports.remove(self._run, reports.SAMPLE)

    def _add(self, record: dict[str, Any]) -> None:
        with self._lock, contextlib.suppress(OSError):  # the guard must be able to act where nothing can be written
            known = reports.read(self._run, reports.DEATHS) or []
            reports.write(self._run, reports.DEATHS, [*known, record][-KEPT:])


def _record(
    now: float, why: str, code: Optional[int], usage: int, limit: Optional[int], held: dict[str, int]
) -> dict[str, Any]:
    fields = {"time": now, "reason": why, "container": False, "code": code}
    return {**fields, "usage": usage, "limit": limit, "kernels": held}
