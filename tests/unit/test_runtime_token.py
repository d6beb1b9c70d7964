"""The pair's token: the same for everyone who asks, in whatever order and state they find the folder."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path
from typing import Any

import kernelpair_token
import pytest

WORKERS = 8
GOOD = "A" * 43


def read_at_once(run_dir: str, barrier: Any, answers: Any) -> None:
    barrier.wait()
    answers.put(kernelpair_token.token(run_dir))


def test_the_first_makes_it_and_the_next_read_it(tmp_path: Path) -> None:
    made = kernelpair_token.token(str(tmp_path))
    assert len(made) == 43
    assert kernelpair_token.token(str(tmp_path)) == made
    assert [path.name for path in tmp_path.iterdir()] == ["token"]


def test_each_folder_has_its_own(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    assert len({kernelpair_token.token(str(folder)) for folder in folders}) == 2


@pytest.mark.parametrize("before", [None, b"", b"short", b"!" * 43])
def test_all_who_race_get_the_same(tmp_path: Path, before: bytes | None) -> None:
    if before is not None:
        (tmp_path / "token").write_bytes(before)
    context = multiprocessing.get_context("fork")
    barrier, answers = context.Barrier(WORKERS), context.Queue()
    workers = [context.Process(target=read_at_once, args=(str(tmp_path), barrier, answers)) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    got = {answers.get(timeout=30) for _ in workers}
    for worker in workers:
        worker.join()
    assert got == {(tmp_path / "token").read_text()}


@pytest.mark.parametrize("content", ["", "short", GOOD[:-1], f"{GOOD}A", f"{GOOD}\n", "!" * 43, "é" * 43])
def test_a_file_that_holds_no_token_is_replaced(tmp_path: Path, content: str) -> None:
    (tmp_path / "token").write_text(content, encoding="utf-8")
    made = kernelpair_token.token(str(tmp_path))
    assert made != content
    assert (tmp_path / "token").read_text() == made


def test_it_can_be_read_by_any_user_and_written_by_none(tmp_path: Path) -> None:
    previous = os.umask(0o077)
    try:
        kernelpair_token.token(str(tmp_path))
    finally:
        os.umask(previous)
    assert (tmp_path / "token").stat().st_mode & 0o777 == 0o444


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(kernelpair_token.TokenError, match=r"nowhere.token: No such file.*both containers must mount"):
        kernelpair_token.token(str(tmp_path / "nowhere"))


def test_a_folder_that_stays_locked_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(kernelpair_token._lock.__globals__, "_LOCK_SECONDS", 0.1)
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        kernelpair_token._lock(folder, str(tmp_path))
        with pytest.raises(kernelpair_token.TokenError, match=r"has held its lock for 0\.1 s"):
            kernelpair_token.token(str(tmp_path))
    finally:
        os.close(folder)
    assert len(kernelpair_token.token(str(tmp_path))) == 43
