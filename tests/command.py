"""Runs the kernelpair command: in this process, which is fast, or as the installed program."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from kernelpair import cli, flags

PROGRAM = Path(sys.executable).parent / "kernelpair"


class Done(NamedTuple):
    """How a command ended: exit code and what it wrote."""

    code: int
    out: bytes
    err: str


def run(arguments: Sequence[str], data: bytes = b"", environment: Mapping[str, str] | None = None) -> Done:
    """Run the command line in this process, `data` on stdin; only `environment` says anything of the flag."""
    out, err = io.BytesIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(flags.VARIABLE, raising=False)
        for name, value in (environment or {}).items():
            patch.setenv(name, value)
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        patch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding="utf-8", write_through=True))
        patch.setattr(sys, "stderr", err)
        code = cli.main(list(arguments))
        sys.stdout.flush()
        return Done(code, out.getvalue(), err.getvalue())


def output(arguments: Sequence[str], data: bytes, environment: Mapping[str, str] | None = None) -> bytes:
    """What a command prints that must succeed without a word."""
    done = run(arguments, data, environment)
    assert (done.code, done.err) == (0, "")
    return done.out


def well_behaved(done: Done) -> None:
    """Assert all of the output and no word, or one message and nothing else."""
    if done.code == 0:
        assert done.err == ""
    else:
        assert (done.code, done.out) == (1, b"")
        assert done.err.startswith("kernelpair:")
        assert done.err.endswith("nothing was written.\n")


def run_program(
    arguments: Sequence[str], data: bytes = b"", environment: Mapping[str, str] | None = None, timeout: float = 60
) -> Done:
    """Run the installed program, `data` through a pipe to its stdin."""
    inherited = {name: value for name, value in os.environ.items() if name != flags.VARIABLE}
    done = subprocess.run(
        [PROGRAM, *arguments],
        input=data,
        capture_output=True,
        env={**inherited, **(environment or {})},
        timeout=timeout,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr.decode())
