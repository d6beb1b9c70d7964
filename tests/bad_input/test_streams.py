"""What kernelpair reads from and writes to: terminals, closed and broken pipes, full disks, large and empty streams."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests import command
from tests.bad_input.manifests import pod

MB = 2**20


@pytest.mark.parametrize("arguments", [[], ["render"], ["explain"], ["undo"]])
def test_a_terminal_as_stdin_gets_the_usage(arguments: list[str]) -> None:
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            [command.PROGRAM, *arguments], stdin=theirs, capture_output=True, text=True, timeout=20, check=False
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert (done.returncode, done.stdout) == (2, "")
    assert "stdin is a terminal" in done.stderr
    assert "--post-renderer kernelpair" in done.stderr


@pytest.mark.parametrize("arguments", [[], ["render"], ["undo"], ["--helm4-errors"]])
def test_an_empty_pipe_passes(arguments: list[str]) -> None:
    assert command.run_program(arguments, b"") == command.Done(0, b"", "")


def shell(line: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", line, "bash", command.PROGRAM], cwd=cwd, capture_output=True, text=True, timeout=30, check=False
    )


def test_a_closed_stdin_gets_the_usage(tmp_path: Path) -> None:
    done = shell('"$1" <&-', tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "stdin is closed" in done.stderr


def test_a_closed_stdout_is_told(tmp_path: Path) -> None:
    done = shell('echo "a: b" | "$1" >&-', tmp_path)
    assert done.returncode == 2
    assert "stdout is closed" in done.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command_line", ['"$1" < large.yaml', '"$1" explain large.yaml', '"$1" undo large.yaml'])
def test_a_reader_that_goes_away_leaves_no_traceback(tmp_path: Path, command_line: str, unbuffered: str) -> None:
    # More than a pipe holds, in the output of each of the commands.
    (tmp_path / "large.yaml").write_text(pod().replace("scipy", "x" * 4 * MB))
    done = shell(f"export PYTHONUNBUFFERED={unbuffered}; {command_line} | head -c 1; exit ${{PIPESTATUS[0]}}", tmp_path)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    (tmp_path / "large.yaml").write_text("a: b\n" * 100_000)
    done = shell('"$1" < large.yaml > /dev/full', tmp_path)
    assert (done.returncode, done.stderr) == (1, "kernelpair: the output can't be written: No space left on device\n")


def test_fifty_megabytes_with_nothing_in_them_stream_through(tmp_path: Path) -> None:
    document = b"---\n# Source: lab/templates/a.yaml\nkind: ConfigMap\ndata:\n" + b"  key: some value # x\n" * 50
    data = (document * (50 * MB // len(document) + 1))[: 50 * MB]
    source, out = tmp_path / "in.yaml", tmp_path / "out.yaml"
    source.write_bytes(data)
    with source.open("rb") as stdin, out.open("wb") as stdout:
        done = subprocess.run([command.PROGRAM], stdin=stdin, stdout=stdout, timeout=30, check=False)
    assert done.returncode == 0
    assert out.read_bytes() == data


def test_a_long_stream_with_one_pod_keeps_all_else(tmp_path: Path) -> None:
    other = "---\nkind: ConfigMap\ndata: {key:   value}\n" * 50_000
    done = command.run_program([], (other + pod() + other).encode())
    assert done.code == 0
    assert done.out.startswith(other.encode())
    assert done.out.endswith(other.encode())


@pytest.mark.parametrize("arguments", [["render", "x.yaml"], ["nonsense"], ["--nonsense"], ["explain", "-o", "xml"]])
def test_wrong_usage_is_code_2(arguments: list[str]) -> None:
    done = command.run_program(arguments, b"a: b\n")
    assert (done.code, done.out) == (2, b"")
    assert done.err.startswith("kernelpair: ")
    assert "\nusage: kernelpair" in done.err
