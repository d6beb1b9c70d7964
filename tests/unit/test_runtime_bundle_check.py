"""The launcher's look at the bundle that runs it: what is not as the list of hashes says is a reason not to serve."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from kernelpair_bundle import SUMS, Bundle
from kernelpair_settings import Failure

FILES = {"start": b"start", "bin/python3": b"\x7fELF" * 100_000, "lib/libc.so.6": b"", "lib/python3.11/os.pyc": b"os"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in FILES.items())
    (tmp_path / SUMS).write_text(sums)
    return tmp_path


def check(folder: Path) -> None:
    bundle = Bundle(folder, "3.0.1")
    bundle.begin_check()
    bundle.end_check()


def test_a_whole_one_serves_whatever_else_is_in_its_volume(folder: Path) -> None:
    (folder / "lost+found").mkdir()
    (folder / "note").write_text("")
    assert check(folder) is None  # type: ignore[func-returns-value]


def more(folder: Path) -> None:
    (folder / "lib" / "sneaked.so").write_bytes(b"")


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "changed": (
        lambda folder: (folder / "lib/python3.11/os.pyc").write_bytes(b"so"),
        "lib/python3.11/os.pyc has other contents",
    ),
    "longer": (
        lambda folder: (folder / "bin/python3").write_bytes(FILES["bin/python3"] + b"x"),
        "bin/python3 has other contents",
    ),
    "lacking": (lambda folder: (folder / "start").unlink(), "start can't be read (No such file or directory)"),
    "more": (more, "lib/sneaked.so is not listed"),
    "no list": (lambda folder: (folder / SUMS).unlink(), f"{SUMS} can't be read ("),
    "an empty list": (lambda folder: (folder / SUMS).write_text(""), f"{SUMS} can't be read (it lists nothing)"),
    "no text": (lambda folder: (folder / SUMS).write_bytes(b"\xff\n"), f"{SUMS} can't be read ('utf-8' codec"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_one_does_not(case: str, folder: Path) -> None:
    break_it, said = BROKEN[case]
    break_it(folder)
    with pytest.raises(Failure) as refused:
        check(folder)
    assert f"{folder} is not what its list of hashes, {SUMS}, says: {said}" in str(refused.value)


def test_more_than_three_are_counted(folder: Path) -> None:
    for name in FILES:
        (folder / name).unlink()
    with pytest.raises(Failure, match="and 1 more: make or copy it anew"):
        check(folder)


def test_it_says_so_as_often_as_it_is_asked(folder: Path) -> None:
    more(folder)
    bundle = Bundle(folder, "3.0.1")
    bundle.begin_check()
    for _ in range(2):
        with pytest.raises(Failure, match=r"sneaked\.so"):
            bundle.end_check()


def test_a_check_that_is_killed_is_no_good_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashlib, "sha256", lambda: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(Failure, match="the comparison did not end"):
        check(folder)
