"""The bundle that runs this process, if one does: its hashes, and what it took out of the container's environment.

A bundle is one read-only folder with an interpreter, a C library and the gateway's packages, the same in every image.
Standard library only, Python 3.9+.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Iterator, Mapping, MutableMapping, NoReturn, Optional

from kernelpair_settings import Failure

LOADER = "lib/ld.so"  # what runs a bundle's Python, and no other
MARK = "bundle.json"
SUMS = "SHA256SUMS"
# What the loader and the interpreter read; beside these a volume may hold anything, as lost+found.
FOLDERS = ("bin", "lib")
KEPT = "KERNELPAIR_KEPT_"
LOCALES = ("/usr/lib/locale/C.utf8", "/usr/lib/locale/C.UTF-8")
SHOWN = 3
BLOCK = 2**16  # bytes, which stay in the processor's cache until they are hashed
COMPARED = "all files are compared"
FIX = "make or copy it anew, and see who can write to where it comes from (gateway.bundle)"


def running() -> Optional[Bundle]:
    """Return the bundle whose Python runs this; None for another Python."""
    folder = Path(sys.prefix)
    if not (folder / LOADER).is_file():
        return None
    try:
        return Bundle(folder, json.loads((folder / MARK).read_text(encoding="utf-8"))["gateway"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Failure(f"{folder / MARK} can't be read ({error}): the bundle is damaged: {FIX}") from error


class Bundle:
    """A bundle at `folder`, with jupyter-kernel-gateway `gateway` (a version)."""

    def __init__(self, folder: Path, gateway: str) -> None:
        self.folder, self.gateway = folder, gateway
        self._found: list[str] = []
        self._check: Optional[tuple[int, int]] = None

    def begin_check(self) -> None:
        """Begin to compare all files with the list of hashes, beside whatever goes on.

        By a process of its own, to be begun before other threads are: a thread makes the imports wait for each of its
        thousand files.
        """
        answer, told = os.pipe()
        child = os.fork()
        if child == 0:
            _tell_differences(self.folder, told)
        os.close(told)
        self._check = answer, child

    def end_check(self) -> None:
        """Wait until all files are compared; raise `Failure` if one differs, lacks or is too many."""
        if self._check is not None:
            answer, child = self._check
            self._check = None
            with open(answer, encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123 (a file descriptor)
                lines = file.read().splitlines()
            with contextlib.suppress(ChildProcessError):  # where whoever started this ignores SIGCHLD
                os.waitpid(child, 0)
            self._found = lines[:-1] if lines[-1:] == [COMPARED] else [*lines, "the comparison did not end"]
        if self._found:
            more = len(self._found) - SHOWN
            shown = ", ".join(self._found[:SHOWN]) + (f" and {more} more" if more > 0 else "")
            raise Failure(f"the bundle {self.folder} is not what its list of hashes, {SUMS}, says: {shown}: {FIX}")


def _tell_differences(folder: Path, told: int) -> NoReturn:
    """Write what differs, a line each, and then `COMPARED`; ends the process."""
    try:
        for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
            signal.signal(signum, signal.SIG_DFL)
        with open(told, "w", encoding="utf-8", errors="surrogateescape") as file:
            try:
                file.writelines(f"{line}\n" for line in differences(folder))
            except (OSError, ValueError) as error:
                file.write(f"{SUMS} can't be read ({error})\n")
            file.write(COMPARED)
    finally:
        os._exit(0)


def differences(folder: Path) -> Iterator[str]:
    """Yield what is not as the list of hashes of the bundle at `folder` says. Raises OSError, ValueError."""
    root = os.fspath(folder)
    lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    sums = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    if not sums:
        raise ValueError("it lists nothing")
    buffer = memoryview(bytearray(BLOCK))
    for name, digest in sums.items():
        try:
            if _hash(f"{root}/{name}", buffer) != digest:
                yield f"{name} has other contents"
        except OSError as error:
            yield f"{name} can't be read ({error.strerror})"
    for top in FOLDERS:
        for place, _, files in os.walk(f"{root}/{top}"):
            names = (f"{place[len(root) + 1 :]}/{file}" for file in files)
            yield from (f"{name} is not listed" for name in names if name not in sums)


def _hash(path: str, buffer: memoryview) -> str:
    found = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 (pathlib takes a third of the time)
        while count := file.readinto(buffer):
            found.update(buffer[:count])
    return found.hexdigest()


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
