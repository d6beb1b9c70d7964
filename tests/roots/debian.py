"""Roots made of Debian's packages, of several suites: unpacked through apt into the cache, by anybody, once.

No script of a package has run: what those would link stands in the recipe.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ci import tools
from ci.bundle.debian import Apt

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
MERGED = ("bin", "sbin", "lib", "lib64")
COMMON = ("base-files", "bash", "coreutils", "dash", "libc-bin", "sed")
# The accounts that every Debian begins with, and the one that images usually add.
ACCOUNTS = {
    "passwd": "root:x:0:0:root:/root:/bin/bash\njovyan:x:1000:1000::/home/jovyan:/bin/bash\n",
    "group": "root:x:0:\njovyan:x:1000:\n",
}
TAR = ("--keep-directory-symlink", "--preserve-permissions")
INSTALL = ("--yes", "--no-install-recommends", "--download-only", "install")


class Recipe(NamedTuple):
    """What a root is made of: a suite, packages besides `COMMON`, and links (path in the root -> target).

    With `alone`, the packages and nothing that they need.
    """

    suite: str
    packages: tuple[str, ...]
    links: Mapping[str, str] = {}
    alone: bool = False


class RootError(Exception):
    """A root can't be had; the message ends with the step's output."""


def unpacked(recipe: Recipe) -> Path:
    """Return the folder of a root, made now if it is missing; it may be read, never written."""
    digest = hashlib.sha256(repr((recipe, COMMON, ACCOUNTS)).encode()).hexdigest()[:12]
    folder = tools.cache_folder() / "roots" / f"{recipe.suite}-{digest}"
    if not folder.exists():
        with tools.lock(folder):
            if not folder.exists():
                with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
                    _make(recipe, Path(scratch)).rename(folder)
    return folder


def _make(recipe: Recipe, scratch: Path) -> Path:
    made = scratch / "made"
    for name in MERGED:  # as in every Debian since 12; packages of before have files in either
        (made / "usr" / name).mkdir(parents=True)
        (made / name).symlink_to(f"usr/{name}")
    made.chmod(0o755)
    for package in _downloaded(recipe, scratch):
        files = scratch / "files.tar"
        _run("sh", "-c", 'dpkg-deb --fsys-tarfile "$1" > "$2"', "sh", str(package), str(files))
        _run("tar", "--extract", f"--file={files}", f"--directory={made}", "--no-same-owner", *TAR)
    for path, target in recipe.links.items():
        (made / path).symlink_to(target)
    (made / "etc").mkdir(exist_ok=True)
    for name, text in ACCOUNTS.items():
        (made / "etc" / name).write_text(text)
    return made


def _downloaded(recipe: Recipe, scratch: Path) -> list[Path]:
    """Return the packages' files and those of what they need, by an apt that takes nothing for installed."""
    sources = scratch / "sources.list"
    sources.write_text(f"deb [signed-by={KEYRING}] {_mirror()} {recipe.suite} main\n")
    settings = {
        "Dir::Etc::sourcelist": str(sources),
        "Dir::Etc::sourceparts": "/dev/null",
        # Of a suite that is out of support, the lists are not renewed.
        "Acquire::Check-Valid-Until": "false",
    }
    apt = Apt(scratch, settings)
    apt.update()
    folder = scratch / "cache" / "archives"
    how = ("download",) if recipe.alone else (*INSTALL, *COMMON)
    apt.run("apt-get", *how, *recipe.packages, folder=folder)
    return sorted(folder.glob("*.deb"))


def _mirror() -> str:
    """Return where this machine's apt finds Debian's main archive, the one of its own suite."""
    release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    suite = release.get("VERSION_CODENAME", "").strip('"')
    listed = _run("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages")
    for line in listed.splitlines():
        uri, *rest = line.split()
        if rest == [suite, "main"]:
            return uri
    raise RootError(f"apt has no source for the main component of {suite!r}, this machine's suite: {listed}")


def _run(*command: str) -> str:
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0:
        raise RootError(f"{' '.join(command)}: exit code {done.returncode}: {(done.stdout + done.stderr)[-2000:]}")
    return done.stdout
