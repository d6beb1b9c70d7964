"""Runs the parts of `make lint` or `make test`, all of them even when one fails, and sums up with durations."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

LINT = {
    "ruff check": ("ruff", "check", "."),
    "ruff format": ("ruff", "format", "--check", "."),
    "mypy": ("mypy",),
    "import layers": ("lint-imports",),
}
PARTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "lint": LINT,
    "test": {
        **LINT,
        "pinned tools": (sys.executable, "ci/tools.py", "all"),
        "tests": ("pytest", "-n", "2", "--dist", "loadgroup", "--durations", "5", "tests"),
    },
}
"""What each of the two commands runs, in order; the tests last, so that their closing line stands near the end."""


def main(arguments: list[str]) -> None:
    """Run the parts of the named set; exits 1 when one fails."""
    if len(arguments) != 1 or arguments[0] not in PARTS:
        sys.exit(f"usage: python ci/parts.py {'|'.join(PARTS)}")
    rows = []
    for name, command in PARTS[arguments[0]].items():
        print(f"\n>> {name}: {' '.join(command)}", flush=True)
        started = time.monotonic()
        code = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode
        rows.append((name, code, time.monotonic() - started))
    print(f"\nmake {arguments[0]}")
    for name, code, seconds in rows:
        print(f"  {name:<16}{seconds:>7.1f} s  {'ok' if code == 0 else f'FAILED, exit code {code}'}")
    sys.exit(any(code != 0 for _, code, _ in rows))


if __name__ == "__main__":
    main(sys.argv[1:])
