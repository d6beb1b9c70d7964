"""The launcher's look at the container's memory: whom it stops, what it leaves for the notebook server."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import kernelpair_cgroup as cgroup
import kernelpair_reports as reports
import kernelpair_trees as trees
import pytest
from kernelpair_deaths import KEPT, Deaths, Moment, Recent, reason
from kernelpair_memory import Sampler, kill

MIB = 2**20
LIMIT = 500 * MIB
Start = Callable[[int], "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a process that leads a session, as kernels do, and holds so many MiB."""
    started = []

    def one(mib: int) -> subprocess.Popen[str]:
        code = f"import time; x = bytearray({mib} * 2**20); print('holds', flush=True); time.sleep(600)"
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "holds\n"
        return process

    yield one
    for process in started:
        process.kill()
        process.communicate()


def spare() -> None:
    """What gives back what can be spared; there is nothing."""


def container(folder: Path, used_mib: int, limit: str = str(LIMIT)) -> cgroup.Cgroup:
    for name, text in {"memory.current": f"{used_mib * MIB}\n", "memory.max": f"{limit}\n"}.items():
        (folder / name).write_text(text)
    found = cgroup.find(str(folder))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("used", "guard", "limit", "ends"),
    [
        (490, True, str(LIMIT), True),
        (484, True, str(LIMIT), False),  # below the line, by 1 MiB
        (490, False, str(LIMIT), False),
        (490, True, "max", False),
    ],
    ids=["at the line", "below it", "turned off", "no limit"],
)
def test_the_larger_of_two_kernels_is_stopped_at_the_line_and_nothing_else(
    tmp_path: Path, start: Start, used: int, guard: bool, limit: str, ends: bool
) -> None:
    small, large = start(20), start(100)
    kernels = {"small": small.pid, "large": large.pid}
    sampler = Sampler(
        str(tmp_path), container(tmp_path, used, limit), Deaths(str(tmp_path)), lambda: kernels, spare, guard
    )
    for _ in range(5):
        sampler.look()
    time.sleep(0.2)
    assert small.poll() is None
    assert large.poll() == (-signal.SIGKILL if ends else None)
    recorded = reports.read(str(tmp_path), reports.DEATHS) or []
    assert [(one["reason"], list(one["kernels"]), one["usage"]) for one in recorded] == (
        [("guard", ["large"], used * MIB)] if ends else []
    )
    sample = reports.read(str(tmp_path), reports.SAMPLE)
    assert (sample["usage"], sample["limit"]) == (used * MIB, None if limit == "max" else LIMIT)
    assert sample["kernels"]["small"]["pid"] == small.pid
    assert 20 * MIB < sample["kernels"]["small"]["held"] <= sample["kernels"]["small"]["resident"] < 60 * MIB
    assert stat.S_IMODE((tmp_path / reports.SAMPLE).stat().st_mode) == 0o644


def test_a_kernel_whose_end_would_not_help_is_left_alone_and_the_log_says_so_once(
    tmp_path: Path, start: Start, capfd: pytest.CaptureFixture[str]
) -> None:
    small = start(20)
    sampler = Sampler(
        str(tmp_path), container(tmp_path, 490), Deaths(str(tmp_path)), lambda: {"small": small.pid}, spare, True
    )
    for _ in range(3):
        sampler.look()
    assert small.poll() is None
    said = capfd.readouterr().err
    assert said.count("memory guard: 513802240 of 524288000 bytes of memory are in use") == 1
    assert "by no kernel: left to the limit" in said


@pytest.mark.parametrize(("used", "tight"), [(300, False), (440, True)])
def test_what_can_be_spared_is_given_back_near_the_limit_before_a_kernel_is_stopped(
    tmp_path: Path, used: int, tight: bool
) -> None:
    told: list[bool] = []
    place = container(tmp_path, used)
    Sampler(str(tmp_path), place, Deaths(str(tmp_path)), dict, lambda: told.append(True), False).look()
    assert bool(told) is tight


def test_while_a_kernel_is_ending_no_other_is_stopped(tmp_path: Path, start: Start) -> None:
    """Killed by the limit or by its user, it gives its memory back only after it has ended."""
    small, large = start(80), start(100)
    kernels = {"small": small.pid, "large": large.pid}
    sampler = Sampler(str(tmp_path), container(tmp_path, 300), Deaths(str(tmp_path)), lambda: kernels, spare, True)
    sampler.look()
    large.kill()
    os.waitid(os.P_PID, large.pid, os.WEXITED | os.WNOWAIT)
    container(tmp_path, 490)
    for _ in range(3):
        sampler.look()
    assert small.poll() is None
    assert reports.read(str(tmp_path), reports.DEATHS) is None


def test_a_thread_that_can_not_look_says_so_once_and_looks_again(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    place = container(tmp_path, 100)
    (tmp_path / "memory.current").unlink()
    sampler = Sampler(str(tmp_path), place, Deaths(str(tmp_path)), dict, spare, True)
    sampler.start()
    until = time.monotonic() + 20
    while "can't be looked at now" not in capfd.readouterr().err and time.monotonic() < until:
        time.sleep(0.05)
    container(tmp_path, 100)
    while reports.read(str(tmp_path), reports.SAMPLE) is None:
        assert time.monotonic() < until
        time.sleep(0.05)
    sampler.stop()
    assert reports.read(str(tmp_path), reports.SAMPLE) is None


def test_a_tree_holds_descendants_and_who_is_left_of_the_session() -> None:
    seen = {
        1: trees.Process(0, 1, 0.0),
        10: trees.Process(1, 10, 0.0),  # a kernel
        11: trees.Process(10, 10, 0.0),
        12: trees.Process(11, 12, 0.0),  # a session of its own
        13: trees.Process(1, 10, 0.0),  # abandoned
        20: trees.Process(1, 20, 0.0),  # another kernel
        30: trees.Process(1, 30, 0.0),  # a terminal
        31: trees.Process(30, 30, 0.0),
        40: trees.Process(41, 40, 0.0),  # seen in the middle of a change
        41: trees.Process(40, 40, 0.0),
    }
    assert trees.trees([10, 20, 99], seen) == {10: [10, 11, 12, 13], 20: [20]}


def test_a_kernel_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    code = "import subprocess, sys; subprocess.run(['sleep', '600'], start_new_session=True)"
    kernel = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    until = time.monotonic() + 20
    while len(found := trees.trees([kernel.pid], trees.processes())[kernel.pid]) < 2:
        assert time.monotonic() < until
        time.sleep(0.02)
    kill(found)
    assert kernel.wait(20) == -signal.SIGKILL
    while trees.size(found[1:]).resident:
        assert time.monotonic() < until
        time.sleep(0.02)


def moment(used: int, oom_kills: int = 0, passed: float = 0.0) -> Moment:
    return Moment(1000.0 + passed, used * MIB, LIMIT, oom_kills, {"k": used * MIB // 2})


@pytest.mark.parametrize(
    ("code", "peak", "oom_killed", "why"),
    [
        (-9, moment(450), False, "memory"),
        (-9, moment(449), False, "signal"),
        (-9, moment(10), True, "memory"),
        (-9, None, False, "signal"),
        (-9, moment(450)._replace(limit=None), False, "signal"),
        (-11, moment(499), True, "signal"),
        (1, moment(499), True, "exit"),
        (0, None, False, "exit"),
        (None, moment(499), True, "unknown"),
    ],
)
def test_only_sigkill_means_memory_and_only_with_a_sign_of_it(
    code: int | None, peak: Moment | None, oom_killed: bool, why: str
) -> None:
    assert reason(code, peak, oom_killed) == why


def test_samples_of_the_last_10_seconds_count_and_each_half_second_keeps_its_highest() -> None:
    recent = Recent()
    for step in range(100):
        recent.add(moment(400 if step == 20 else 100, oom_kills=int(step >= 50), passed=step / 10))
    top = recent.peak(1010.0)
    assert top is not None
    assert (top.usage, top.time) == (400 * MIB, 1002.0)
    assert recent.oom_killed(1010.0)
    late = recent.peak(1012.5)
    assert late is not None
    assert late.usage == 100 * MIB
    assert not recent.oom_killed(1015.5)
    assert recent.peak(1100.0) is None


def test_deaths_are_kept_up_to_a_bound_and_the_guards_is_recorded_once(tmp_path: Path) -> None:
    deaths = Deaths(str(tmp_path))
    deaths.stopped("k", 490 * MIB, LIMIT, 300 * MIB)
    deaths.died("k", -signal.SIGKILL)
    for code in range(KEPT):
        deaths.died("k", code)
    kept = reports.read(str(tmp_path), reports.DEATHS)
    assert [one["code"] for one in kept] == list(range(KEPT))
    deaths.stopped("k", 490 * MIB, LIMIT, 300 * MIB)
    deaths.died("k", -signal.SIGKILL)
    last = reports.death_of(str(tmp_path), "k")
    assert last is not None
    assert (last["reason"], last["kernels"]) == ("guard", {"k": 300 * MIB})


@pytest.mark.parametrize(
    ("used", "limit", "why"), [(450, LIMIT, "memory"), (449, LIMIT, "unknown"), (9, None, "unknown")]
)
def test_a_container_that_left_a_sample_was_ended_abruptly(
    tmp_path: Path, used: int, limit: int | None, why: str
) -> None:
    run = str(tmp_path)
    Deaths(run).previous_run()
    assert not list(tmp_path.iterdir())
    sample = {"time": 7.0, "usage": used * MIB, "limit": limit, "kernels": {"k": {"held": 5}}}
    reports.write(run, reports.SAMPLE, sample)
    while_away = reports.death_of(run, "k", lost=True)
    assert reports.death_of(run, "k") is None
    Deaths(run).previous_run()
    after = reports.death_of(run, "k", lost=True)
    assert while_away == after
    assert after is not None
    assert (after["reason"], after["container"], after["kernels"]) == (why, True, {"k": 5})
    assert [file.name for file in tmp_path.iterdir()] == [reports.DEATHS]


def test_where_nothing_can_be_written_a_kernel_is_stopped_all_the_same(tmp_path: Path) -> None:
    Deaths(str(tmp_path / "missing")).stopped("k", 1, 1, 1)
