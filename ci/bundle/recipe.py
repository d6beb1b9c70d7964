"""What the bundle is made of: the recipe, the locks, and the hash of all that decides what comes out."""

from __future__ import annotations

import hashlib
import json
import platform
from functools import cache
from pathlib import Path
from typing import Any

import tomllib

from ci import tools

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent.parent
PLACE = "/opt/kernelpair-bundle"
"""Where images carry the bundle, and where it is in the kernel container."""

WHEEL_LOCK = ROOT / "ci" / "requirements" / "bundle.txt"
DEBIAN_LOCK = FOLDER / "debian.lock.json"
GO_LOCK = ROOT / "ci" / "requirements" / "go.txt"
LOCK_COMMAND = "python -m ci.bundle lock"


class BundleError(tools.ToolError):
    """The bundle can't be made; the message says what, why and how to mend it."""


@cache
def recipe() -> dict[str, Any]:
    """Return recipe.toml."""
    return tomllib.loads((FOLDER / "recipe.toml").read_text())


def architecture(name: str) -> dict[str, str]:
    """Return what the recipe says of an architecture; raises BundleError if it has none of that name."""
    known: dict[str, dict[str, str]] = recipe()["architectures"]
    if name not in known:
        raise BundleError(f"architecture {name}: not one of {', '.join(known)}")
    return known[name]


def machine() -> str:
    """Return this machine's architecture, as recipe.toml names it."""
    return platform.machine()


def locked_packages(arch: str) -> dict[str, dict[str, str]]:
    """Return version and sha256 of each of Debian's packages, by its name."""
    pins: dict[str, dict[str, dict[str, str]]] = json.loads(DEBIAN_LOCK.read_text())
    wanted = set(recipe()["debian"])
    if set(pins.get(arch, {})) != wanted:
        raise BundleError(f"{DEBIAN_LOCK.name}: {arch} doesn't have the packages of recipe.toml: {LOCK_COMMAND}")
    return pins[arch]


def locked_wheels() -> list[str]:
    """Return the requirements of bundle.txt, with their hashes, that the recipe doesn't leave out."""
    lines = WHEEL_LOCK.read_text().replace("\\\n", " ").splitlines()
    named = {line.partition("==")[0]: line for line in lines if line and line[0] not in " #"}
    left_out = set(recipe()["leave_out"]["wheels"])
    if missing := left_out - set(named):
        raise BundleError(f"recipe.toml leaves out wheels that {WHEEL_LOCK.name} hasn't: {', '.join(sorted(missing))}")
    return [line for name, line in named.items() if name not in left_out]


def _state() -> str:
    """Return the hash of all files that decide what comes out."""
    digest = hashlib.sha256()
    made_from = sorted((*FOLDER.glob("*.py"), *FOLDER.glob("*.toml"), *FOLDER.glob("*.json"), *FOLDER.glob("start/*")))
    for file in (*made_from, WHEEL_LOCK, GO_LOCK):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    digest.update(json.dumps(tools.table()["go"], sort_keys=True).encode())
    return digest.hexdigest()


_STATE = _state()  # of the programs as they were imported: they may be edited while they run


def key(arch: str) -> str:
    """Return the name that a finished bundle has in the cache: it changes with everything that it is made from."""
    return f"{arch}-{_STATE[:12]}"
