"""The memory guard: when it acts and when it never does, whom it stops, and how often it looks."""

from __future__ import annotations

import kernelpair_guard as guard
import pytest
from hypothesis import given
from hypothesis import strategies as st

MIB = 2**20
GIB = 2**30


@pytest.mark.parametrize(
    ("limit", "margin"),
    [(64 * MIB, 8 * MIB), (GIB, 0.03 * GIB), (8 * GIB, 0.24 * GIB), (256 * GIB, GIB)],
    ids=["small", "1 GiB", "8 GiB", "256 GiB"],
)
def test_the_line_is_3_percent_below_the_limit_but_8_mib_to_1_gib(limit: int, margin: float) -> None:
    assert abs(guard.line(limit) - (limit - margin)) <= 1
    assert not guard.Guard().due(0.0, guard.line(limit) - 1, limit)
    assert guard.Guard().due(0.0, guard.line(limit), limit)


LIMITS = st.integers(32 * MIB, 2**42)


@given(LIMITS, st.lists(st.tuples(st.floats(0, 1), st.floats(0, 3)), min_size=1))
def test_it_acts_in_the_last_percents_only_and_at_once(limit: int, steps: list[tuple[float, float]]) -> None:
    """Below the line never; at the line at once, unless it has just acted there."""
    one, now, armed = guard.Guard(), 0.0, True
    for share, passed in steps:
        now += passed
        usage = int(limit * (0.9 + share / 10))
        above = usage >= limit - max(0.03 * limit, 8 * MIB) and usage >= guard.line(limit)
        due = one.due(now, usage, limit)
        assert not due or above
        if armed:
            assert due == (usage >= guard.line(limit))
        armed = usage < guard.line(limit)


@given(st.floats(0, 1e6), st.integers(0, 2**50))
def test_without_a_limit_it_never_acts(now: float, usage: int) -> None:
    assert not guard.Guard().due(now, usage, None)


def test_after_it_has_acted_it_waits_until_the_use_falls_below_the_line_or_falls_no_more() -> None:
    limit, one = GIB, guard.Guard()
    above = guard.line(limit) + 20 * MIB
    assert one.due(0.0, above, limit)
    # The kernel that was killed gives its memory back, slowly.
    assert not any(one.due(0.02 * step, above - step * MIB // 20, limit) for step in range(1, 300))
    assert not one.due(6.0, guard.line(limit) - 1, limit)
    assert one.due(6.02, above, limit)
    # Another one takes what is given back.
    assert not one.due(8.0, above, limit)
    assert one.due(8.1, above, limit)
    assert not one.due(8.12, above, limit)


def test_when_linux_has_killed_it_waits_as_after_a_kill_of_its_own() -> None:
    limit, one = GIB, guard.Guard()
    above = guard.line(limit) + 20 * MIB
    assert not one.due(0.0, above, limit, oom_killed=True)
    assert not one.due(1.9, above, limit)
    assert one.due(2.1, above, limit)


@pytest.mark.parametrize(
    ("usage", "held", "chosen"),
    [
        (980, {"a": 300, "b": 600}, "b"),
        (980, {"a": 400}, "a"),  # what no kernel holds is more, but the kernel's end helps
        (980, {"a": 100}, ""),  # a terminal's process took it: the kernel's end wouldn't help
        (980, {"a": 131}, "a"),
        (980, {"a": 0}, ""),
        (980, {}, ""),
        (980, {"a": 600, "b": 600}, "a"),  # pages that both map are counted twice
    ],
)
def test_the_largest_kernel_is_stopped_if_that_helps(usage: int, held: dict[str, int], chosen: str) -> None:
    sizes = {name: size * MIB for name, size in held.items()}
    choice = guard.choose(usage * MIB, 1000 * MIB, sizes)
    assert choice == (chosen, max(sizes.values(), default=0), max(usage * MIB - sum(sizes.values()), 0))


@given(LIMITS, st.floats(0, 1.1))
def test_memory_written_at_full_speed_is_seen_on_its_way(limit: int, share: float) -> None:
    """Where 85% are used, and again before the line, but for what the shortest pauses let through."""
    usage = int(limit * share)
    pause = guard.interval(usage, limit)
    watched = usage >= limit * guard.WATCHED
    ahead, least = (guard.line(limit), guard.SHORTEST) if watched else (limit * guard.WATCHED, guard.SHORT)
    assert least <= pause <= (guard.SHORT if watched else guard.RELAXED)
    assert usage + pause * guard.FASTEST <= max(ahead, usage + least * guard.FASTEST) + 1


def test_without_a_limit_it_looks_once_a_second() -> None:
    assert guard.interval(10 * GIB, None) == guard.RELAXED
