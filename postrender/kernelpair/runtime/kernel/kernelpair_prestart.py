"""The first Python kernel's process, started before anybody asks for a kernel; standard library only.

Upstream starts it as it starts any kernel, so command and variables are a kernel's. It waits in a folder of its own
(kernelpair_prestarted) until a kernel with the same command is asked for, and the same variables, but for those that
tell of the notebook. What doesn't fit is ended, and the kernel started as ever.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any, Callable, Mapping, NamedTuple, Optional

from kernelpair_cgroup import Cgroup

# It holds 40 to 60 MB; where it would take more than a tenth of what is free, the user's memory is not for guesses.
ROOM = 512 * 1024 * 1024
# Whoever has not opened a notebook by then does something else.
WAIT_SECONDS = 600.0
# Variables that differ from kernel to kernel, and are read by nothing that an ipykernel imports.
OF_ONE_KERNEL = ("KERNEL_", "JPY_")
# One write of so many bytes into a pipe neither waits nor is taken apart (PIPE_BUF, pipe(7)).
LONGEST = 4096
_PROGRAM = "ipykernel_launcher"
_FILE = f"{_PROGRAM}.py"
_WAITS = Path(__file__).absolute().with_name("kernelpair_prestarted.py")


def wanted(wish: str, cgroup: Optional[Cgroup]) -> bool:
    """Tell whether a process shall wait; unless `wish` tells: where the container's memory is known, and has room."""
    if wish in ("true", "false"):
        return wish == "true"
    reading = None if cgroup is None else cgroup.read()
    return reading is not None and (reading.limit is None or reading.limit - reading.usage >= ROOM)


def can_wait(command: list[str], env: Mapping[str, str]) -> bool:
    """Tell whether `command` is how a Python kernel is started, in a way that finds modules in its folder first."""
    options, program = command[1:-4], command[-4:-1]
    return (
        program == ["-m", _PROGRAM, "-f"]
        and not _is_script(shutil.which(command[0], path=env.get("PATH")))
        and all(option == "-Xfrozen_modules=off" for option in options)
        and not env.get("PYTHONSAFEPATH")
        and all(place.startswith("/") for place in env.get("PYTHONPATH", "/").split(os.pathsep))
    )


def _is_script(path: Optional[str]) -> bool:
    """Tell whether a program may start another one in each folder, as pyenv's shims do."""
    if path is None:
        return True
    with Path(path).open("rb") as file:
        return file.read(2) == b"#!"


class Waiting(NamedTuple):
    """A process that waits, where its stdin is written, and what it was started with."""

    process: subprocess.Popen[bytes]
    stdin: int
    folder: Path
    command: list[str]
    arguments: dict[str, Any]

    def added(self, arguments: Mapping[str, Any]) -> Optional[dict[str, str]]:
        """Return the variables that a kernel with these `arguments` has besides; None if it isn't the same kernel."""
        mine, its = (
            {name: value for name, value in given.items() if name not in ("cwd", "env")}
            for given in (self.arguments, arguments)
        )
        had, env = self.arguments["env"], arguments["env"]
        added = {name: value for name, value in env.items() if had.get(name) != value}
        same = mine == its and had.keys() <= env.keys() and all(name.startswith(OF_ONE_KERNEL) for name in added)
        return added if same else None

    def become(self, arguments: Mapping[str, Any]) -> bool:
        """Make a kernel of it; returns whether it is one now."""
        added = self.added(arguments)
        if added is None or self.process.poll() is not None or (self.folder / _FILE).is_symlink():
            return False
        line = json.dumps({"cwd": str(arguments.get("cwd") or Path.cwd()), "env": added}).encode() + b"\n"
        if len(line) > LONGEST:
            return False
        try:
            os.write(self.stdin, line)
        except OSError:
            return False
        self._let_go()
        return True

    def end(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()
        self._let_go()

    def _let_go(self) -> None:
        os.close(self.stdin)  # a kernel's is at its end from the beginning
        shutil.rmtree(self.folder, ignore_errors=True)


class Prestart:
    """At most one process that waits; safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: Optional[Waiting] = None
        self._for: tuple[str, str] = ("", "")

    def begin(
        self,
        launch: Callable[..., subprocess.Popen[bytes]],
        folder: Path,
        command: list[str],
        arguments: Mapping[str, Any],
    ) -> subprocess.Popen[bytes]:
        """Have the process that `launch` starts with `command` and `arguments` wait in `folder`; returns it."""
        folder.mkdir(mode=0o700)
        (folder / _FILE).symlink_to(_WAITS)
        kept = {**arguments, "env": dict(arguments["env"])}
        reads, writes = os.pipe()
        try:
            process = launch(command, stdin=reads, **{**arguments, "cwd": str(folder)})
        except BaseException:
            os.close(writes)
            raise
        finally:
            os.close(reads)
        with self._lock:
            self._waiting = Waiting(process, writes, folder, command, kept)
        return process

    def offer(self, name: str, kernel_id: str) -> None:
        """Note the kernelspec and the kernel's id for which it waits."""
        self._for = (name, kernel_id)

    def claim(self, name: str) -> Optional[str]:
        """Return the id that a kernel of this kernelspec must have to be the one; once, and then None."""
        waits_for, kernel_id = self._for
        if not kernel_id or name != waits_for:
            return None
        self._for = ("", "")
        return kernel_id

    def become(self, command: list[str], arguments: Mapping[str, Any]) -> Optional[subprocess.Popen[bytes]]:
        """Return the process that waited, which is the kernel of this command now; None if it must be started."""
        with self._lock:
            waiting = self._waiting
            if waiting is None or waiting.command != command:
                return None
            self._waiting = None
        if waiting.become(arguments):
            return waiting.process
        waiting.end()
        return None

    def drop(self) -> None:
        """End what waits."""
        self._for = ("", "")
        with self._lock:
            waiting, self._waiting = self._waiting, None
        if waiting is not None:
            with contextlib.suppress(OSError):
                waiting.end()
