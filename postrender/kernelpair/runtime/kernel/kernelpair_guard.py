"""The memory guard's decisions: when to look again, when to act, which kernel to stop. Pure; standard library only.

The guard acts when what can't be reclaimed reaches `line`: the limit less 3% of it, but no less than 8 MiB (else there
would be no time to act) and no more than 1 GiB (of a large limit 3% is a lot to keep from people). Below that line it
never acts.
"""

from __future__ import annotations

from typing import Mapping, NamedTuple, Optional

MIB = 2**20
MARGIN = 0.03
LEAST_MARGIN = 8 * MIB
MOST_MARGIN = 1024 * MIB
# From this share of the limit on it looks every SHORT seconds at least; everywhere so often that FASTEST, a machine's
# memory being written at full speed, can't get there, or from there to the line, unseen; but never within SHORTEST.
WATCHED = 0.85
SHORTEST = 0.005
SHORT = 0.02
RELAXED = 1.0
FASTEST = 4096 * MIB
# The end of a large process takes time: what it frees counts as being freed while it goes on falling.
PATIENCE = 2.0


def line(limit: int) -> int:
    """Return the use of memory, in bytes, from which on the guard acts."""
    return int(limit - min(max(limit * MARGIN, LEAST_MARGIN), MOST_MARGIN))


def interval(usage: int, limit: Optional[int]) -> float:
    """Return the seconds until the next look."""
    if limit is None:
        return RELAXED
    if usage >= limit * WATCHED:
        return min(max((line(limit) - usage) / FASTEST, SHORTEST), SHORT)
    return min(max((limit * WATCHED - usage) / FASTEST, SHORT), RELAXED)


class Choice(NamedTuple):
    """What to do: stop ``kernel``, or none where ``kernel`` is ""; ``others`` is what no kernel holds, in bytes."""

    kernel: str
    size: int
    others: int


def choose(usage: int, limit: int, held: Mapping[str, int]) -> Choice:
    """Choose the kernel to stop by the bytes that each holds.

    It is the largest. One that is smaller than what no kernel holds (terminals, files in memory) is stopped only if
    that brings the use of memory below `WATCHED`; else it would be lost for nothing.
    """
    others = max(usage - sum(held.values()), 0)
    largest = max(held, key=lambda name: held[name], default="")
    size = held.get(largest, 0)
    helps = size >= others or usage - size < limit * WATCHED
    return Choice(largest if size and helps else "", size, others)


class Guard:
    """Tells when to act; after it has, or Linux, only when the use of memory was below the line, or stops falling."""

    def __init__(self) -> None:
        self._lowest: Optional[int] = None
        self._fell = 0.0

    def due(self, now: float, usage: int, limit: Optional[int], oom_killed: bool = False) -> bool:
        """Tell whether to act, once for each time; ``now`` is a clock's seconds.

        ``oom_killed`` says that Linux has killed a process for the memory just now: what that held is on its way back.
        """
        if limit is None or usage < line(limit):
            self._lowest = None
            return False
        falls = oom_killed or (self._lowest is not None and usage < self._lowest)
        waits = falls or (self._lowest is not None and now - self._fell < PATIENCE)
        if falls or not waits:
            self._lowest, self._fell = usage, now
        return not waits

    @property
    def acted(self) -> bool:
        """Whether it has acted since the use of memory was below the line."""
        return self._lowest is not None
