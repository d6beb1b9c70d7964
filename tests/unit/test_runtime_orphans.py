"""Zombies that nobody waits for are reaped; those that somebody waits for keep their exit code."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import kernelpair_orphans as orphans


def ended(code: int) -> subprocess.Popen[bytes]:
    """A child that is a zombie."""
    child = subprocess.Popen([sys.executable, "-c", f"raise SystemExit({code})"])
    while orphans.processes()[child.pid].zombie is False:
        time.sleep(0.02)
    return child


def test_a_zombie_is_reaped_at_the_second_look_and_others_keep_their_exit_codes() -> None:
    nobodys, ours = ended(3), ended(4)
    reaper = orphans.Reaper(lambda: [ours.pid])
    reaper.reap()
    assert orphans.processes()[nobodys.pid].zombie
    reaper.reap()
    assert nobodys.pid not in orphans.processes()
    assert ours.wait() == 4
    nobodys.wait()


def test_a_process_reaped_meanwhile_is_no_error() -> None:
    child = ended(0)
    reaper = orphans.Reaper(list)
    reaper.reap()
    child.wait()
    reaper.reap()


def test_a_name_with_blanks_and_brackets_is_read(tmp_path: Path) -> None:
    program = tmp_path / "a) Z 1 ("
    program.symlink_to("/bin/sleep")
    child = subprocess.Popen([program, "600"])
    try:
        while program.name.encode()[:5] not in Path(f"/proc/{child.pid}/stat").read_bytes():
            time.sleep(0.02)
        found = orphans.processes()[child.pid]
        assert (found.parent, found.zombie) == (orphans.os.getpid(), False)
        assert child.pid in orphans.descendants(orphans.os.getpid())
    finally:
        child.kill()
        child.wait()
