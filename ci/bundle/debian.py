"""Debian's packages, pinned by hash, through the machine's own apt sources; for any architecture, nothing installed."""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path

from ci import tools
from ci.bundle.recipe import DEBIAN_LOCK, LOCK_COMMAND, BundleError, architecture, locked_packages, recipe

_MAGIC = b"!<arch>\n"
_HEADER = 60


class Apt:
    """apt with lists and a state of its own, so that neither the machine's packages nor its architecture matter."""

    def __init__(self, folder: Path, more: Mapping[str, str] = {}) -> None:
        """Keep all of that in `folder`; `more` are settings besides."""
        for name in ("state/lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "status").touch()
        settings = {
            "Dir::State": f"{folder}/state",
            "Dir::State::status": f"{folder}/status",
            "Dir::Cache": f"{folder}/cache",
            "APT::Sandbox::User": "",
            "Acquire::Languages": "none",
            **more,
        }
        self.options = [f"--option={name}={value}" for name, value in settings.items()]

    def update(self) -> None:
        """Read the sources' lists."""
        self.run("apt-get", "update")

    def candidates(self, name: str) -> dict[str, str]:
        """Return the sha256 of each version of a package that the sources have, the newest first."""
        found = {}
        for stanza in self.run("apt-cache", "show", name).split("\n\n"):
            fields = dict(re.findall(r"^([\w-]+): (.*)$", stanza, re.MULTILINE))
            if fields.get("Package") == name:
                found.setdefault(fields["Version"], fields["SHA256"])
        return found

    def download(self, name: str, version: str, folder: Path) -> Path:
        """Return the package's file, downloaded into the empty `folder`."""
        self.run("apt-get", "download", f"{name}={version}", folder=folder)
        (file,) = folder.glob("*.deb")
        return file

    def run(self, command: str, *arguments: str, folder: Path | None = None) -> str:
        """Run one of apt's commands, in `folder`; return what it prints. Raises BundleError."""
        line = [command, *self.options, "--quiet", *arguments]
        try:
            done = subprocess.run(
                line, capture_output=True, text=True, check=False, cwd=folder, env={**os.environ, "LC_ALL": "C.UTF-8"}
            )
        except FileNotFoundError as error:
            raise BundleError(
                f"{command}: {error}: elsewhere than on Debian, build from a folder: --packages"
            ) from None
        if done.returncode != 0:
            raise BundleError(f"{command} {' '.join(arguments)}: exit code {done.returncode}: {done.stderr.strip()}")
        return done.stdout


def apt_for(arch: str) -> Apt:
    """Return the apt for the packages of one architecture, in the cache."""
    debian = architecture(arch)["debian"]
    folder = tools.cache_folder() / "bundle" / "apt" / arch
    return Apt(folder, {"APT::Architecture": debian, "APT::Architectures": debian})


def lock() -> None:
    """Pin the newest version of each package that the sources have, for every architecture."""
    pins = {}
    for arch in recipe()["architectures"]:
        apt = apt_for(arch)
        apt.update()
        pins[arch] = {name: _newest(apt, name) for name in sorted(recipe()["debian"])}
    DEBIAN_LOCK.write_text(json.dumps(pins, indent=2) + "\n")


def _newest(apt: Apt, name: str) -> dict[str, str]:
    version, digest = next(iter(apt.candidates(name).items()))
    return {"version": version, "sha256": digest}


def packages(arch: str, folder: Path | None = None) -> dict[str, Path]:
    """Return the file of each locked package, by name, from `folder` or else from the sources through the cache.

    Raises BundleError when one is missing; no file is taken whose hash is another.
    """
    pins = locked_packages(arch)
    if folder is not None:
        there = {sha256(file): file for file in sorted(folder.glob("*.deb"))}
        missing = [f"{name} {pin['version']}" for name, pin in pins.items() if pin["sha256"] not in there]
        if missing:
            raise BundleError(
                f"{folder}: no file there is {', '.join(missing)} for {arch}, by its sha256:"
                " fill it with python -m ci.bundle fetch"
            )
        return {name: there[pin["sha256"]] for name, pin in pins.items()}
    store = tools.cache_folder() / "bundle" / "packages"
    with tools.lock(store):
        store.mkdir(exist_ok=True)
        files = {name: store / f"{pin['sha256']}.deb" for name, pin in pins.items()}
        absent = [name for name, file in files.items() if not file.exists()]
        if absent:
            _download(apt_for(arch), {name: pins[name] for name in absent}, store)
        return files


def _download(apt: Apt, pins: dict[str, dict[str, str]], store: Path) -> None:
    apt.update()
    for name, pin in pins.items():
        if pin["version"] not in apt.candidates(name):
            raise BundleError(
                f"package {name}: the apt sources no longer have the pinned version {pin['version']}:"
                f" {LOCK_COMMAND} pins what they have"
            )
        with tempfile.TemporaryDirectory(dir=store) as scratch:
            file = apt.download(name, pin["version"], Path(scratch))
            if sha256(file) != pin["sha256"]:
                raise BundleError(
                    f"package {name}: its sha256 is {sha256(file)}, {DEBIAN_LOCK.name} says {pin['sha256']}"
                )
            file.rename(store / f"{pin['sha256']}.deb")


def sha256(file: Path) -> str:
    """Return the file's SHA-256 in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def contents(package: Path) -> dict[str, bytes]:
    """Return the files of a .deb by their paths without the first slash; a link to a file is that file.

    The format is deb(5): an ar archive, whose member data.tar.xz has the files.
    """
    data = next(content for name, content in _members(package.read_bytes()) if name.startswith("data.tar"))
    unpacked = BytesIO(lzma.decompress(data))
    with tarfile.open(fileobj=unpacked, mode="r:") as archive:
        entries = {entry.name.removeprefix("./"): entry for entry in archive if not entry.isdir()}
        found = {}
        for name, entry in entries.items():
            file: tarfile.TarInfo | None = entry
            while file is not None and (file.issym() or file.islnk()):
                linked = file.linkname.removeprefix("./")
                above = "" if file.islnk() else str(Path(file.name.removeprefix("./")).parent)
                file = entries.get(os.path.normpath(Path(above, linked)).lstrip("/"))
            if file is not None and (stream := archive.extractfile(file)):
                found[name] = stream.read()
    return found


def _members(archive: bytes) -> Iterator[tuple[str, bytes]]:
    if not archive.startswith(_MAGIC):
        raise BundleError("a .deb that is no ar archive")
    at = len(_MAGIC)
    while at + _HEADER <= len(archive):
        header = archive[at : at + _HEADER]
        size = int(header[48:58])
        yield header[:16].decode().rstrip(" /"), archive[at + _HEADER : at + _HEADER + size]
        at += _HEADER + size + size % 2
