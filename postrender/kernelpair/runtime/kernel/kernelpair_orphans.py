"""The processes of the kernel's container that nobody waits for, when the launcher is its process 1; Linux only."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from typing import Any, Callable, Iterable

from kernelpair_trees import processes

REAP_SECONDS = 5.0
LEAVE_SECONDS = 1.0


class Reaper:
    """Reaps the zombies that processes leave to process 1 when they end before their children.

    ``waited_for`` returns the pids that this process waits for by itself: taking their exit code away would make
    a kernel's death look like a good end. Others are left alone for one round, for whoever may wait for them.
    """

    def __init__(self, waited_for: Callable[[], Iterable[int]]) -> None:
        self._waited_for = waited_for
        self._seen: set[int] = set()

    def reap(self) -> None:
        """Reap what was a zombie at the last call already."""
        me = os.getpid()
        zombies = {pid for pid, process in processes().items() if process.zombie and process.parent == me}
        zombies -= set(self._waited_for())
        for pid in zombies & self._seen:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        self._seen = zombies

    async def run(self) -> None:
        """Reap until cancelled."""
        while True:
            await asyncio.sleep(REAP_SECONDS)
            self.reap()


def of_kernels(manager: Any) -> set[int]:
    """Return the pids of the kernels of ``manager``, which waits for them."""
    kernels = [manager.get_kernel(kernel_id) for kernel_id in manager.list_kernel_ids()]
    return {kernel.provisioner.pid for kernel in kernels if kernel.provisioner is not None and kernel.has_kernel}


def descendants(of: int) -> list[int]:
    """Return the pids of living processes that descend from process ``of``."""
    seen = processes()
    family = {of}
    while True:
        more = {pid for pid, process in seen.items() if process.parent in family} - family
        if not more:
            return sorted(pid for pid in family - {of} if not seen[pid].zombie)
        family |= more


async def end_the_rest() -> None:
    """End what kernels and terminals have left running: asked first, killed after `LEAVE_SECONDS`."""
    me = os.getpid()
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in descendants(me):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        until = time.monotonic() + LEAVE_SECONDS
        while descendants(me) and time.monotonic() < until:
            await asyncio.sleep(0.05)
