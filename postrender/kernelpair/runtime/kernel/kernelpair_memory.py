"""Samples the kernel container's memory for the notebook server, and stops a kernel just before the limit does.

A thread of its own, so that a busy event loop doesn't stop it. Far from the limit it looks about once a second, which
took 0.1% of a core where it was measured; in the limit's last 15% every 5 to 20 ms, which took 2 to 5%.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from typing import Any, Callable, Mapping, Optional

import kernelpair_reports as reports
from kernelpair_cgroup import Cgroup, Reading
from kernelpair_deaths import Deaths, Moment
from kernelpair_guard import SHORT, Guard, choose, interval
from kernelpair_settings import Settings, say
from kernelpair_trees import Size, processes, size, trees

# What is seen is written down after so many seconds, or when it has changed by this share of the limit.
WRITE_SECONDS = 1.0
WRITE_SHARE = 0.01
# The kernels' processes, which take the most time to look at, are counted so often, and so often near the limit.
COUNT_SECONDS = 5.0
COUNT_SECONDS_NEAR = 0.2


class Kernels:
    """The kernels' processes as they were when last counted."""

    def __init__(self, leaders: Callable[[], Mapping[str, int]]) -> None:
        self._leaders = leaders
        self.pids: dict[str, list[int]] = {}
        self.sizes: dict[str, Size] = {}
        self.cores: dict[str, float] = {}
        self._seconds: dict[str, tuple[float, float]] = {}
        self.counted = 0.0

    def changed(self) -> bool:
        """Whether there are other kernels than when they were counted."""
        return dict(self._leaders()) != {name: pids[0] for name, pids in self.pids.items()}

    def count(self) -> None:
        """Look which processes are a kernel's, and what they take; cores are the mean since the last count."""
        leaders, seen, now = dict(self._leaders()), processes(), time.monotonic()
        found = trees(leaders.values(), seen)
        self.pids = {name: found.get(pid, [pid]) for name, pid in leaders.items()}
        self.sizes = {name: size(pids) for name, pids in self.pids.items()}
        seconds = {name: sum(seen[pid].cpu for pid in pids if pid in seen) for name, pids in self.pids.items()}
        for name, spent in seconds.items():
            before, then = self._seconds.get(name, (spent, now - 1))
            self.cores[name] = max(spent - before, 0.0) / max(now - then, 0.001)
        self._seconds = {name: (spent, now) for name, spent in seconds.items()}
        self.counted = now

    @property
    def held(self) -> dict[str, int]:
        """The bytes that each kernel holds."""
        return {name: found.held for name, found in self.sizes.items()}

    def models(self) -> dict[str, Any]:
        """What `kernelpair_reports` says of each kernel."""
        return {
            name: {"pid": self.pids[name][0], **found._asdict(), "cpu": round(self.cores[name], 3)}
            for name, found in self.sizes.items()
        }


class Sampler(threading.Thread):
    """Looks, writes down, and where ``guard`` says so stops kernels, until `stop`."""

    def __init__(
        self,
        run_dir: str,
        cgroup: Cgroup,
        deaths: Deaths,
        leaders: Callable[[], Mapping[str, int]],
        tight: Callable[[], None],
        guard: bool,
    ) -> None:
        super().__init__(name="kernelpair-memory", daemon=True)
        self._run, self._cgroup, self._deaths = run_dir, cgroup, deaths
        self._guard = Guard() if guard else None
        self._kernels = Kernels(leaders)
        self._tight = tight
        self._told = False
        self._written = 0.0
        self._last: Optional[Reading] = None
        self._oom_kills: Optional[int] = None
        self._cpu = (0.0, 0.0, 0.0)
        self._ending = threading.Event()

    def run(self) -> None:
        """Look again and again."""
        pause, failed = 0.0, ""
        while not self._ending.wait(pause):
            try:
                pause = self.look()
            except Exception as error:  # whatever it is, it must not end the guard
                pause = WRITE_SECONDS
                if repr(error) != failed:
                    failed = repr(error)
                    say(f"the container's memory can't be looked at now: {failed}")

    def stop(self) -> None:
        """End, and leave no sample: an end in order needs no explanation."""
        self._ending.set()
        self.join(2)
        self._deaths.forget()

    def look(self) -> float:
        """Look once, act, write down what is due; returns the seconds until the next look."""
        reading = self._cgroup.read()
        if reading is None:
            raise OSError(f"{self._cgroup.memory} tells no memory usage")
        now = time.monotonic()
        pause = interval(reading.usage, reading.limit)
        if pause <= SHORT:
            self._tight()
        if self._guard is not None:
            oom_killed = self._oom_kills is not None and reading.oom_kills > self._oom_kills
            if self._guard.due(now, reading.usage, reading.limit, oom_killed):
                self._act(reading)
            self._oom_kills = reading.oom_kills
            self._told = self._told and self._guard.acted
        count_seconds = COUNT_SECONDS if pause > SHORT else COUNT_SECONDS_NEAR
        if self._kernels.changed() or now - self._kernels.counted >= count_seconds:
            self._kernels.count()
            self._write(now, reading)
        elif now - self._written >= WRITE_SECONDS or self._has_moved(reading):
            self._write(now, reading)
        self._deaths.recent.add(
            Moment(time.time(), reading.usage, reading.limit, reading.oom_kills, self._kernels.held)
        )
        return pause

    def _has_moved(self, reading: Reading) -> bool:
        if self._last is None or reading.limit is None:
            return False
        return abs(reading.usage - self._last.usage) > reading.limit * WRITE_SHARE

    def _write(self, now: float, reading: Reading) -> None:
        sample = {
            "time": time.time(),
            "usage": reading.usage,
            "limit": reading.limit,
            "cpu": {"usage": self._cores(now, reading.cpu_seconds), "limit": reading.cpu_limit},
            "kernels": self._kernels.models(),
        }
        reports.write(self._run, reports.SAMPLE, sample)
        self._last, self._written = reading, now

    def _cores(self, now: float, seconds: float) -> float:
        """The cores in use, on average over at least `WRITE_SECONDS`."""
        then, before, cores = self._cpu
        if now - then >= WRITE_SECONDS:
            cores = round(max(seconds - before, 0.0) / (now - then), 3) if then else 0.0
            self._cpu = (now, seconds, cores)
        return cores

    def _act(self, reading: Reading) -> None:
        """Stop the kernel whose end helps, or say once why there is none."""
        assert reading.limit is not None
        before = self._kernels.held
        self._kernels.count()
        if any(before[name] and not self._kernels.held.get(name) for name in before):
            return  # that kernel is ending by itself, and its memory on its way back
        self._kernels.counted = 0.0  # what stays is counted at the next look
        choice = choose(reading.usage, reading.limit, self._kernels.held)
        state = f"{reading.usage} of {reading.limit} bytes of memory are in use"
        if choice.kernel:
            self._deaths.stopped(choice.kernel, reading.usage, reading.limit, choice.size)
            kill(self._kernels.pids[choice.kernel])
            say(f"memory guard: {state}: stopped kernel {choice.kernel}, which held {choice.size}")
        elif not self._told:
            self._told = True
            say(f"memory guard: {state}, {choice.others} of them by no kernel: left to the limit")


def kill(pids: list[int]) -> None:
    """Kill processes at once, the first with its group: they can neither run on nor start others."""
    with contextlib.suppress(OSError):
        os.killpg(pids[0], signal.SIGKILL)
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def watch(
    settings: Settings,
    cgroup: Optional[Cgroup],
    deaths: Deaths,
    leaders: Callable[[], Mapping[str, int]],
    tight: Callable[[], None],
) -> Callable[[], None]:
    """Begin to sample `cgroup`, and to guard it if the settings say so; returns what ends it.

    ``leaders`` returns the process ids of the kernels by kernel id; ``tight`` gives back what can be spared, and is
    called again and again near the limit. Both are called from another thread.
    """
    if cgroup is None:
        say("this container's memory can't be seen here: no usage figures, and no memory guard")
        return lambda: None
    sampler = Sampler(settings.run, cgroup, deaths, leaders, tight, settings.memory_guard != "false")
    sampler.start()
    return sampler.stop
