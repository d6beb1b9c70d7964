"""The secret that the notebook server and the kernel gateway of one pod share; standard library only, Python 3.9+.

Both containers call `token` with the same folder, in any order, at the same time and after restarts, and all get the
same value. It lives in a memory-backed volume that only these two containers mount: never in a manifest, an
environment variable, an argument or a log.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import time
from pathlib import Path

import kernelpair_files

NAME = "token"
_VALID = re.compile(rb"[A-Za-z0-9_-]{43}")
_LOCK_SECONDS = 10.0


class TokenError(Exception):
    """The folder can't be used; the message says which and why."""


def token(run_dir: str) -> str:
    """Return the pair's token, 32 random bytes as 43 URL-safe characters; whoever comes first makes it.

    A file that doesn't hold such a token (empty, cut short, overwritten) is replaced. A reader never sees half a file:
    it is renamed into place, under a lock on the folder, so that two containers can't each make one.
    Raises `TokenError` when `run_dir` is missing, can't be written or stays locked.
    """
    path = Path(run_dir) / NAME
    try:
        found = _read(path)
        return found if found is not None else _make(run_dir, path)
    except OSError as error:
        raise TokenError(f"{path}: {error.strerror}: both containers must mount a writable volume there") from error


def _read(path: Path) -> str | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    return content.decode("ascii") if _VALID.fullmatch(content) else None


def _make(run_dir: str, path: Path) -> str:
    folder = os.open(run_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(folder, run_dir)
        found = _read(path)
        if found is not None:
            return found
        made = secrets.token_urlsafe(32)
        # Read-only for all. That gives nothing away: the user's own code runs in one of the two containers anyway.
        kernelpair_files.replace(path, made.encode("ascii"), 0o444)
        return made
    finally:
        os.close(folder)  # and with it the lock


def _lock(folder: int, run_dir: str) -> None:
    """Lock the folder itself: no lock file, whose owner would be one of two users."""
    until = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > until:
                raise TokenError(f"{run_dir}: another process has held its lock for {_LOCK_SECONDS:g} s") from None
            time.sleep(0.02)
