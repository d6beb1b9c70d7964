"""Makes the checkout's `.venv` from the lock, once, and installs the project into it, editable.

Run by `make venv`, before anything is installed: standard library only. Two stages, each with a stamp that holds the
hash of what it was made from: the locked requirements, then the project itself. A stage whose stamp matches is
skipped, so a second run takes no time; a stage that failed leaves no stamp and runs again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "ci" / "requirements" / "dev.txt"
OLDEST_PYTHON = (3, 11)
# Not sys.executable: when `.venv` is active, that is the interpreter about to be replaced.
PYTHON = getattr(sys, "_base_executable", sys.executable)
# What a developer's shell may carry that would change what is installed, or leave packages uncompiled.
LEAKING = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PIP_TARGET", "PIP_USER", "PIP_PREFIX")


def _hash(*files: Path) -> str:
    """Return the hash of the files and of the interpreter that the venv belongs to."""
    digest = hashlib.sha256(f"{sys.version}\n{ROOT}\n".encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _run(what: str, *command: str | Path) -> None:
    print(f"venv: {what}", file=sys.stderr, flush=True)
    environment = {name: value for name, value in os.environ.items() if name not in LEAKING}
    done = subprocess.run([str(word) for word in command], cwd=ROOT, env=environment, stdout=sys.stderr, check=False)
    if done.returncode != 0:
        sys.exit(f"venv: {what}: failed with exit code {done.returncode}: {' '.join(map(str, command))}")


def _stage(name: str, key: str) -> Path | None:
    """Return the stamp to write after stage `name`, or None if the stage was done from the same `key`."""
    stamp = VENV / f"{name}.stamp"
    if stamp.exists() and stamp.read_text() == key:
        return None
    stamp.unlink(missing_ok=True)
    return stamp


def main() -> None:
    """Bring `.venv` up to date; exits non-zero, naming the step, when that fails."""
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(f"venv: development needs Python {'.'.join(map(str, OLDEST_PYTHON))} or newer, this is {sys.version}")
    pip = (VENV / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    with Path(__file__).open() as itself:
        fcntl.flock(itself, fcntl.LOCK_EX)
        locked = _hash(LOCK)
        if stamp := _stage("requirements", locked):
            shutil.rmtree(VENV, ignore_errors=True)
            _run("creating .venv (Debian's python3 needs the package python3-venv)", PYTHON, "-m", "venv", VENV)
            _run("installing the locked requirements", *pip, "--require-hashes", "--requirement", LOCK)
            stamp.write_text(locked)
        built = _hash(LOCK, ROOT / "pyproject.toml")
        if stamp := _stage("project", built):
            _run("installing kernelpair, editable", *pip, "--no-deps", "--no-build-isolation", "--editable", ROOT)
            stamp.write_text(built)


if __name__ == "__main__":
    main()
