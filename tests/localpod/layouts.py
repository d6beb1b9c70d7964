"""User images in the layouts that people build: trees of links to the environments at hand, cheap to make.

What a container runtime enforces (a read-only root, a user id that no one knows) is enforced in every Python process of
such an image by a file of its `site-packages`, without any privilege (Debian's Python has a `sitecustomize` already).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

NOBODY = """
import pwd
def unknown(uid):
    raise KeyError(f"getpwuid(): uid not found: {uid}")
pwd.getpwuid = unknown
"""
READ_ONLY = """
import os, sys
CHANGES = {"os.mkdir": 0, "os.remove": 0, "os.rmdir": 0, "os.rename": 1, "os.symlink": 1, "os.link": 1}
def refuse(event, arguments, writable=%r):
    if event == "open":
        path, _, flags = arguments
        if not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            return
    elif event in CHANGES and arguments[-1] in (-1, 0o777, 0o700):  # no dir_fd: the name says all
        path = arguments[CHANGES[event]]
    else:
        return
    if isinstance(path, (str, bytes)) and not os.path.abspath(os.fsdecode(path)).startswith(writable):
        raise OSError(30, "Read-only file system", path)
sys.addaudithook(refuse)
"""


def environment(folder: Path, packages: Iterable[Path], without: Sequence[str] = (), enforce: str = "") -> Path:
    """Make a virtual environment in `folder` of what the site-packages folders in `packages` hold; the first wins.

    Entries that begin with one of `without` are left out; `enforce` is Python code that every interpreter runs first.
    The kernelspecs are those beside the packages.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for one in packages:
        for entry in one.iterdir():
            if not entry.name.startswith((*without, "__pycache__")) and not (site / entry.name).exists():
                (site / entry.name).symlink_to(entry)
        kernels = one.parents[2] / "share" / "jupyter" / "kernels"
        if kernels.exists() and not (folder / "share").exists():
            (folder / "share" / "jupyter").mkdir(parents=True)
            (folder / "share" / "jupyter" / "kernels").symlink_to(kernels)
    (site / "enforced_here.py").write_text(enforce)
    (site / "enforced_here.pth").write_text("import enforced_here\n")
    return folder


def script(path: Path, text: str) -> Path:
    """A shell script at `path` that can be executed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def shims(folder: Path, python: Path) -> Path:
    """Commands that stand for another Python elsewhere, as pyenv's; `python3` has no version chosen and fails."""
    script(folder / "python3", 'echo "python3: command not found" >&2\nexit 127')
    script(folder / "python", f'exec "{python}" "$@"')
    return folder


def read_only(*writable: Path) -> str:
    """What makes all but the folders `writable` and the devices read-only."""
    return READ_ONLY % (tuple(f"{os.path.abspath(path)}" for path in (*writable, Path("/dev"))),)  # noqa: PTH100
