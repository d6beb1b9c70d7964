"""Bundles in a root that holds nothing else: no libc, no Python, no shell, no /proc."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ci.bundle import PLACE

HOSTILE = {
    "LD_PRELOAD": "/nowhere/hook.so",
    "LD_LIBRARY_PATH": "/nowhere",
    "GLIBC_TUNABLES": "glibc.malloc.check=3",
    "MALLOC_PERTURB_": "85",
    "OPENSSL_CONF": "/nowhere/openssl.cnf",
    "PYTHONHOME": "/nowhere",
    "PYTHONPATH": "/nowhere",
    "PYTHONSTARTUP": "/nowhere/startup.py",
}
RENAMED = ("LD_PRELOAD", "LD_LIBRARY_PATH", "GLIBC_TUNABLES", "MALLOC_PERTURB_", "OPENSSL_CONF")


def run(root: Path, *command: str, **given: str) -> subprocess.CompletedProcess[str]:
    """Run a command in `root`, as whoever runs the tests, with nothing but `given` for its environment."""
    namespace = [] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--"]
    variables = [f"{name}={value}" for name, value in given.items()]
    line = [*namespace, "env", "--ignore-environment", *variables, "/usr/sbin/chroot", str(root), *command]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def environment(answer: Mapping[str, Any]) -> dict[str, str]:
    """Without what Python adds itself where no locale is set (PEP 538)."""
    return {name: value for name, value in answer["environment"].items() if name != "LC_CTYPE"}


def said(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_nothing_outside_is_needed(root: Path) -> None:
    answer = said(run(root, f"{PLACE}/start", "/inside.py", "one", "two words", ""))
    assert len(answer["compiled"]) > 20
    assert (answer["prefix"], answer["executable"]) == (PLACE, f"{PLACE}/bin/python3")
    assert answer["arguments"] == ["/inside.py", "one", "two words", ""]
    assert answer["gateway"] == "3.0.1"
    assert answer["provisioners"] == ["local-provisioner"]
    assert environment(answer) == {}


def test_every_place_that_modules_come_from_is_inside(root: Path) -> None:
    answer = said(run(root, f"{PLACE}/start", "/inside.py"))
    assert len(answer["path"]) > 3
    assert [path for path in answer["path"] if not path.startswith(f"{PLACE}/")] == []


def test_it_runs_wherever_it_stands(bundle: Path, tmp_path: Path) -> None:
    """By a relative path, from another folder, through a link to it, and with the machine's own libraries around."""
    program = Path(__file__).parent / "inside.py"
    (tmp_path / "link").symlink_to(bundle / "start")
    relative = os.path.relpath(bundle / "start", tmp_path)
    for command in (str(bundle / "start"), relative, "./link"):
        done = subprocess.run(
            [command, str(program)], cwd=tmp_path, env=HOSTILE, capture_output=True, text=True, check=False
        )
        answer = said(done)
        assert answer["prefix"] == str(bundle)
        outside = [library for library in answer["libraries"] if not library.startswith(str(bundle))]
        assert (outside, len(answer["libraries"]) > 20) == ([], True)


def test_without_proc_it_is_found_by_how_it_was_called(root: Path) -> None:
    for command in (("start",), (f"..{PLACE}/start",)):
        done = run(root, *command, "/inside.py", PATH=f"{PLACE}:/usr/bin:/bin:/usr/sbin")
        assert said(done)["prefix"] == PLACE


def test_the_environment_reaches_the_program_but_not_its_process(bundle: Path) -> None:
    program = str(Path(__file__).parent / "inside.py")
    given = {**HOSTILE, "HOME": "/somewhere", "KERNELPAIR_KEPT_LD_PRELOAD": "/not/this.so"}
    done = subprocess.run([str(bundle / "start"), program], env=given, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    wanted = {name if name not in RENAMED else f"KERNELPAIR_KEPT_{name}": value for name, value in HOSTILE.items()}
    assert environment(said(done)) == {**wanted, "HOME": "/somewhere"}


@pytest.mark.parametrize(
    ("broken", "arguments", "word"), [("", [], "no program to start"), ("lib/ld.so", ["x.py"], "can't be run")]
)
def test_a_failure_is_one_line(broken: str, arguments: list[str], word: str, bundle: Path, tmp_path: Path) -> None:
    start = tmp_path / "start"
    start.write_bytes((bundle / "start").read_bytes())
    start.chmod(0o755)
    done = subprocess.run([str(start), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("kernelpair: ")
    assert (done.stderr.count("\n"), word in done.stderr, broken in done.stderr) == (1, True, True)


def test_the_programs_exit_code_is_its_own(bundle: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("import sys; sys.exit(7)\n")
    assert subprocess.run([str(bundle / "start"), str(program)], check=False).returncode == 7
