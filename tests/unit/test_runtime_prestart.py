"""A kernel's process that is loaded before it is asked for: what becomes of it, and of what doesn't fit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kernelpair_cgroup import find
from kernelpair_prestart import Prestart, can_wait, wanted

MIB = 2**20
# Stands for ipykernel, which imports these modules and more, and tells what it sees at its start.
IMPORTS = "import contextlib, importlib, json, pathlib, runpy, site, typing, early_module"
PROGRAM = """
import json, os, sys
import early_module, ipykernel.kernelapp
print(json.dumps({
    "cwd": os.getcwd(), "env": dict(os.environ), "path": sys.path, "argv": sys.argv, "modules": sorted(sys.modules),
    "name": __name__, "file": __file__, "package": __package__, "stdin": sys.stdin.read(), "pid": os.getpid(),
    "command": open("/proc/self/cmdline").read(), "early": early_module.VALUE, "cache": sorted(sys.path_importer_cache),
    "files": sorted(os.readlink(f"/proc/self/fd/{one}") for one in (0, 1, 2)),
}))
"""
SECONDS = 20


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """Where the kernel's program and its modules are."""
    folder = tmp_path / "packages"
    (folder / "ipykernel").mkdir(parents=True)
    (folder / "ipykernel" / "__init__.py").touch()
    (folder / "ipykernel" / "kernelapp.py").write_text(IMPORTS)
    (folder / "early_module.py").write_text("VALUE = 1\n")
    (folder / "ipykernel_launcher.py").write_text(PROGRAM)
    (tmp_path / "notebooks").mkdir()
    return folder


class Started:
    """A kernel's processes: as upstream starts them, and one that waits."""

    def __init__(self, folder: Path, packages: Path) -> None:
        self.folder, self.prestart = folder, Prestart()
        self.command = [sys.executable, "-m", "ipykernel_launcher", "-f", str(folder / "kernel-1.json")]
        self.env = {"PYTHONPATH": str(packages), "PATH": os.environ["PATH"], "HOME": str(folder)}
        self.processes: list[subprocess.Popen[bytes]] = []

    def launch(self, command: list[str], **arguments: Any) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **arguments)
        self.processes.append(process)
        return process

    def waiting(self) -> subprocess.Popen[bytes]:
        """Have a process wait; returns it once it does."""
        place = self.folder / "kernel-1.waiting"
        process = self.prestart.begin(self.launch, place, self.command, {"env": self.env})
        until = time.monotonic() + SECONDS
        while (place / "ipykernel_launcher.py").is_symlink() and process.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.01)
        return process

    def asked_for(self, **env: str) -> dict[str, Any]:
        return {"env": {**self.env, **env}, "cwd": str(self.folder / "notebooks")}

    def plain(self, **env: str) -> subprocess.Popen[bytes]:
        """Start the kernel as upstream does."""
        process = self.launch(self.command, stdin=subprocess.PIPE, **self.asked_for(**env))
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
        return process


@pytest.fixture
def started(tmp_path: Path, packages: Path) -> Iterator[Started]:
    one = Started(tmp_path, packages)
    yield one
    one.prestart.drop()
    for process in one.processes:
        process.kill()
        process.communicate()


def said(process: subprocess.Popen[bytes] | None) -> dict[str, Any]:
    assert process is not None
    out, err = process.communicate(timeout=SECONDS)
    assert err == b""
    found: dict[str, Any] = json.loads(out)
    assert found.pop("pid") == process.pid
    found["files"] = [name.partition("[")[0] for name in found["files"]]
    return found


def test_the_kernel_is_what_it_would_be_if_it_were_started_only_now(started: Started) -> None:
    waits = started.waiting()
    becomes = started.prestart.become(started.command, started.asked_for(KERNEL_USERNAME="ann", JPY_SESSION_NAME="n"))
    assert becomes is waits
    found = said(becomes)
    assert found == said(started.plain(KERNEL_USERNAME="ann", JPY_SESSION_NAME="n"))
    assert (found["cwd"], found["name"]) == (str(started.folder / "notebooks"), "__main__")
    assert not (started.folder / "kernel-1.waiting").exists()


def test_it_is_one_kernel_and_no_second(started: Started) -> None:
    started.waiting()
    assert started.prestart.become([*started.command[:-1], "other.json"], started.asked_for()) is None
    assert started.prestart.become(started.command, started.asked_for()) is not None
    assert started.prestart.become(started.command, started.asked_for()) is None


def test_an_id_is_offered_once_and_for_its_kernelspec_only(started: Started) -> None:
    started.prestart.offer("python3", "1")
    assert [started.prestart.claim(name) for name in ("ir", "python3", "python3")] == [None, "1", None]
    started.prestart.offer("python3", "2")
    started.prestart.drop()
    assert started.prestart.claim("python3") is None


@pytest.mark.parametrize(
    "changed",
    [{"env": {"LANG": "de_DE.UTF-8"}}, {"env": {"PYTHONPATH": "/elsewhere"}}, {"start_new_session": True}],
    ids=["a variable more", "another value", "another argument"],
)
def test_what_differs_in_more_than_the_notebook_is_started_as_ever(started: Started, changed: dict[str, Any]) -> None:
    waits = started.waiting()
    asked = started.asked_for()
    env = {**asked["env"], **changed.get("env", {})}
    assert started.prestart.become(started.command, {**asked, **changed, "env": env}) is None
    assert waits.poll() is not None


def test_a_variable_that_is_gone_is_no_longer_the_same_kernel(started: Started) -> None:
    waits = started.waiting()
    asked = started.asked_for()
    del asked["env"]["HOME"]
    assert started.prestart.become(started.command, asked) is None
    assert waits.poll() is not None


def test_a_kernel_with_much_to_be_told_is_started_as_ever(started: Started) -> None:
    started.waiting()
    assert started.prestart.become(started.command, started.asked_for(KERNEL_LONG="x" * 4096)) is None


@pytest.mark.parametrize("change", ["a module", "a new package", "the user's packages"])
def test_after_a_change_in_what_it_has_imported_it_is_as_if_it_had_imported_nothing(
    started: Started, packages: Path, change: str
) -> None:
    waits = started.waiting()
    time.sleep(0.2)  # until it has imported; before that there is nothing to be found out
    if change == "a module":
        (packages / "early_module.py").write_text("VALUE = 20\n")
    elif change == "a new package":
        (packages / "added").mkdir()
    else:
        version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        (started.folder / ".local" / "lib" / version / "site-packages").mkdir(parents=True)
    asked = started.asked_for(KERNEL_USERNAME="ann")
    found = said(started.prestart.become(started.command, asked))
    assert found["env"]["KERNEL_USERNAME"] == "ann"
    assert found == said(started.plain(KERNEL_USERNAME="ann"))
    assert found["early"] == (20 if change == "a module" else 1)
    assert waits.returncode == 0


def test_it_ends_with_whoever_started_it_and_says_nothing(started: Started) -> None:
    waits = started.waiting()
    os.close(started.prestart._waiting.stdin)  # type: ignore[union-attr]
    started.prestart._waiting = None
    assert waits.communicate(timeout=SECONDS) == (b"", b"")
    assert waits.returncode == 0


def test_what_can_not_be_imported_is_left_to_the_kernel_to_say(started: Started, packages: Path) -> None:
    (packages / "ipykernel" / "kernelapp.py").write_text("import nowhere_to_be_found\n")
    waits = started.waiting()
    assert waits.communicate(timeout=SECONDS) == (b"", b"")
    assert started.prestart.become(started.command, started.asked_for()) is None


def test_a_program_that_does_not_find_the_folder_is_ended_and_started_as_ever(started: Started) -> None:
    started.command[0] = str(started.folder / "python")
    Path(started.command[0]).write_text(f'#!/bin/sh\ncd /\nexec sleep 60 "$@" "{sys.executable}"\n')
    Path(started.command[0]).chmod(0o755)
    process = started.prestart.begin(
        started.launch, started.folder / "kernel-1.waiting", started.command, {"env": started.env}
    )
    assert started.prestart.become(started.command, started.asked_for()) is None
    assert process.poll() is not None


def test_dropped_it_is_gone_and_leaves_nothing(started: Started) -> None:
    waits = started.waiting()
    started.prestart.drop()
    assert waits.poll() is not None
    assert not (started.folder / "kernel-1.waiting").exists()
    started.prestart.drop()


LAUNCHED = ["-m", "ipykernel_launcher", "-f", "/run/kernel.json"]


def test_a_shim_that_may_start_another_python_in_each_folder_does_not_wait(tmp_path: Path) -> None:
    shim = tmp_path / "python"
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    shim.chmod(0o755)
    for program in (str(shim), "python"):
        assert can_wait([program, *LAUNCHED], {"PATH": str(tmp_path)}) is False


@pytest.mark.parametrize(
    ("command", "env", "can"),
    [
        ([sys.executable, *LAUNCHED], {}, True),
        ([sys.executable, "-Xfrozen_modules=off", *LAUNCHED], {"PYTHONPATH": "/a:/b"}, True),
        ([sys.executable, "-I", *LAUNCHED], {}, False),
        ([sys.executable, *LAUNCHED], {"PYTHONSAFEPATH": "1"}, False),
        ([sys.executable, *LAUNCHED], {"PYTHONPATH": "/a:"}, False),
        ([sys.executable, *LAUNCHED], {"PYTHONPATH": "here"}, False),
        ([sys.executable, *LAUNCHED, "--debug"], {}, False),
        ([sys.executable, "-m", "bash_kernel", "-f", "/run/kernel.json"], {}, False),
        (["python", *LAUNCHED], {"PATH": "/nowhere"}, False),
        (["R", "--slave", "-e", "IRkernel::main()", "--args", "/run/kernel.json"], {}, False),
    ],
)
def test_only_what_looks_into_its_folder_first_can_wait(command: list[str], env: dict[str, str], can: bool) -> None:
    assert can_wait(command, env) is can


@pytest.mark.parametrize(
    ("wish", "limit", "used", "waits"),
    [
        ("", "max", 100, True),
        ("auto", str(1024 * MIB), 512, True),
        ("auto", str(1024 * MIB), 513, False),
        ("true", str(100 * MIB), 90, True),
        ("false", "max", 0, False),
    ],
)
def test_by_itself_only_where_memory_has_room(tmp_path: Path, wish: str, limit: str, used: int, waits: bool) -> None:
    (tmp_path / "memory.current").write_text(f"{used * MIB}\n")
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    assert wanted(wish, find(str(tmp_path))) is waits


def test_by_itself_not_where_memory_can_not_be_seen() -> None:
    assert wanted("", None) is False
    assert wanted("true", None) is True
