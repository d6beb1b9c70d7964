"""What the launcher is doing and why it failed, told to the notebook server by files on the pair's volume.

`doing` is there while a start is going on, `failure` from a failed start until one succeeds. A start that ended without
a word (killed, as for its memory limit) leaves `doing` to the next one, which says so.
"""

from __future__ import annotations

import contextlib
import os
from collections import deque
from pathlib import Path

import kernelpair_files

DOING, FAILURE, STARTED = "doing", "failure", "started"
LINES, WIDTH = 8, 300  # of what it started, for a dialog


class State:
    """The launcher's state in ``run``; a volume that can't be written is no reason to fail, the token will be."""

    def __init__(self, run: str) -> None:
        self._run = Path(run)
        self._doing = ""
        self.lines: deque[str] = deque(maxlen=LINES)
        with contextlib.suppress(OSError):
            before = (self._run / DOING).read_text()
            self._write(
                FAILURE,
                f"it was killed while it was {before}. Was it its memory limit? The pod's description says why"
                " (kubectl describe pod, Last State).",
            )

    def doing(self, what: str) -> None:
        """Say what is going on; as in "it is ``what``"."""
        self._write(DOING, what)

    def failed(self, why: str) -> None:
        """Say why this start failed, with the last lines of what it started."""
        ends = "".join(f"\n    {line}" for line in self.lines)
        self._write(FAILURE, f"{why}{':' if ends else ''}{ends}\n")
        self.stopped()

    def ready(self) -> None:
        """Say that the gateway answers."""
        self._remove(FAILURE)
        self.stopped()

    def stopped(self) -> None:
        """Say that nothing is going on any more."""
        self._remove(DOING)

    def started(self, mark: str) -> None:
        """Leave what tells this start from others."""
        self._write(STARTED, mark)

    def _write(self, name: str, text: str) -> None:
        with contextlib.suppress(OSError):
            kernelpair_files.replace(self._run / name, os.fsencode(text))

    def _remove(self, name: str) -> None:
        with contextlib.suppress(OSError):
            (self._run / name).unlink()
