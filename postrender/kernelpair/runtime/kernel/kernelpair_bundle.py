"""The bundle that runs this process, if one does: its hashes, and what it took out of the container's environment.

A bundle is one read-only folder with an interpreter, a C library and the gateway's packages, the same in every image.
Standard library only, Python 3.9+.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
from pathlib import Path
from typing import Iterator, Mapping, MutableMapping, Optional

from kernelpair_settings import Failure

MARK = "bundle.json"
SUMS = "SHA256SUMS"
# What the loader and the interpreter read; beside these a volume may hold anything, as lost+found.
FOLDERS = ("bin", "lib")
KEPT = "KERNELPAIR_KEPT_"
LOCALES = ("/usr/lib/locale/C.utf8", "/usr/lib/locale/C.UTF-8")
SHOWN = 3
FIX = "make or copy it anew, and see who can write to where it comes from (gateway.bundle)"


def running() -> Optional[Bundle]:
    """Return the bundle whose Python runs this; None for another Python."""
    folder = Path(sys.prefix)
    try:
        return Bundle(folder, json.loads((folder / MARK).read_text(encoding="utf-8"))["gateway"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Failure(f"{folder / MARK} can't be read ({error}): the bundle is damaged: {FIX}") from error


class Bundle:
    """A bundle at `folder`, with jupyter-kernel-gateway `gateway` (a version)."""

    def __init__(self, folder: Path, gateway: str) -> None:
        self.folder, self.gateway = folder, gateway
        self._differences: list[str] = []
        self._check = threading.Thread(target=self._compare, daemon=True)

    def begin_check(self) -> None:
        """Begin to compare all files with the list of hashes, beside whatever goes on."""
        self._check.start()

    def end_check(self) -> None:
        """Wait until all files are compared; raise `Failure` if one differs, lacks or is too many."""
        self._check.join()
        if self._differences:
            more = len(self._differences) - SHOWN
            shown = ", ".join(self._differences[:SHOWN]) + (f" and {more} more" if more > 0 else "")
            raise Failure(f"the bundle {self.folder} is not what its list of hashes, {SUMS}, says: {shown}: {FIX}")

    def _compare(self) -> None:
        try:
            self._differences = list(differences(self.folder))
        except (OSError, ValueError) as error:  # the thread's end must not pass for a good one
            self._differences = [f"{SUMS} can't be read ({error})"]


def differences(folder: Path) -> Iterator[str]:
    """Yield what is not as the list of hashes of the bundle at `folder` says. Raises OSError, ValueError."""
    root = os.fspath(folder)
    lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    sums = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    if not sums:
        raise ValueError("it lists nothing")
    for name, digest in sums.items():
        try:
            with open(f"{root}/{name}", "rb", buffering=0) as file:  # noqa: PTH123 (pathlib takes a third of the time)
                if hashlib.sha256(file.read()).hexdigest() != digest:
                    yield f"{name} has other contents"
        except OSError as error:
            yield f"{name} can't be read ({error.strerror})"
    for top in FOLDERS:
        for place, _, files in os.walk(f"{root}/{top}"):
            names = (f"{place[len(root) + 1 :]}/{file}" for file in files)
            yield from (f"{name} is not listed" for name in names if name not in sums)


def kept(env: Mapping[str, str]) -> dict[str, str]:
    """Return the variables in `env` whose names `start` has changed, by their own names."""
    return {name[len(KEPT) :]: value for name, value in env.items() if name.startswith(KEPT)}


def give_back(variables: Mapping[str, str], env: MutableMapping[str, str]) -> None:
    """Put `variables` into `env` again, for whatever is started from here on.

    LC_CTYPE, which this Python sets where the locale is C (PEP 538), goes in an image without such a locale: its
    own Python wouldn't set it, and other programs would complain.
    """
    if _set_here("LC_CTYPE") and not any(map(os.path.isdir, LOCALES)):
        env.pop("LC_CTYPE", None)
    env.update(variables)


def _set_here(name: str) -> bool:
    """Whether a variable was not there yet when this process started."""
    try:
        began = Path("/proc/self/environ").read_bytes()
    except OSError:
        return False
    return not any(entry.startswith(os.fsencode(f"{name}=")) for entry in began.split(b"\0"))
