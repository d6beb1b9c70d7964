"""Stands for docker where pages use it, as far as they do: anything else is a wrong command line.

    python -m tests.pages.docker KIND STORE ARGUMENT...

STORE is a folder with the images that this docker has. KIND says what they are: `paper`, archives without layers, which
show that the command lines fit together and that what they name is there; `node`, real ones, built by buildah (see
ci/cluster/images.py), and pushed to this checkout's cluster instead of a registry.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from ci import bundle
from ci.cluster import images, lifecycle, state

MANIFEST = "manifest.json"
DIGEST = "{{index .RepoDigests 0}}"


class Kind(Protocol):
    """How images are made, and where they are pushed to."""

    def build(self, tag: str, recipe: Path, context: Path) -> Path:
        """Return the archive of an image."""

    def push(self, archive: Path, tag: str) -> str:
        """Return the digest of the image `tag` in the archive, by which it can be had from then on."""


class Paper:
    """Archives that hold a name and nothing else."""

    def __init__(self, store: Path) -> None:
        self.store = store

    def build(self, tag: str, recipe: Path, context: Path) -> Path:
        made = self.store / f"built-{quote(tag, safe='')}.tar"
        with tarfile.open(made, "w") as archive:
            _add(archive, MANIFEST, json.dumps([{"RepoTags": [tag]}]).encode())
        return made

    def push(self, archive: Path, tag: str) -> str:
        return f"sha256:{hashlib.sha256(tag.encode()).hexdigest()}"


class Node:
    """Real images: buildah's, which the node gets."""

    def build(self, tag: str, recipe: Path, context: Path) -> Path:
        origin = images.base(images.SUITES[0]) if "ARG BASE" in recipe.read_text() else None
        return images.build(tag.partition(":")[0], recipe.stem, context.resolve(), origin)

    def push(self, archive: Path, tag: str) -> str:
        lifecycle.load(archive)
        [_, line] = _on_node("list", f"name=={tag}").splitlines()
        digest = line.split()[2]
        _on_node("tag", "--force", tag, f"{tag.rpartition(':')[0]}@{digest}")
        return digest


def _on_node(*arguments: str) -> str:
    node = state.node()
    assert node is not None
    line = state.inside(node, "ctr", "--namespace=k8s.io", "images", *arguments)
    return subprocess.run(line, capture_output=True, text=True, check=True).stdout


class Docker:
    """The images of a store, by their tags, and what is done with them."""

    def __init__(self, kind: Kind, store: Path) -> None:
        self.kind = kind
        self.store = store

    def _archive(self, tag: str) -> Path:
        return self.store / f"{quote(tag, safe='')}.tar"

    def _keep(self, archive: Path, tag: str) -> None:
        self._archive(tag).unlink(missing_ok=True)
        self._archive(tag).symlink_to(archive.resolve())

    def build(self, given: argparse.Namespace) -> None:
        """Make an image; a context is a folder of the checkout, or a bundle that is the one of this checkout."""
        assert given.context.is_dir(), given.context
        contexts = dict(context.split("=", 1) for context in given.build_context)
        assert set(contexts) == set(re.findall(r"--from=(\w+)", given.file.read_text())), contexts
        for folder in contexts.values():
            assert (Path(folder) / bundle.SUMS).read_bytes() == (bundle.built() / bundle.SUMS).read_bytes()
        self._keep(self.kind.build(given.tag, given.file, given.context), given.tag)

    def save(self, given: argparse.Namespace) -> None:
        """Write an archive of an image, under its tag."""
        _copy(self._archive(given.image), Path(given.output), given.image)

    def login(self, given: argparse.Namespace) -> None:
        """Take a password, which no image here needs."""
        assert sys.stdin.readline().strip()

    def load(self, given: argparse.Namespace) -> None:
        """Take the image of an archive."""
        with tarfile.open(given.input) as archive:
            [entry] = json.loads(archive.extractfile(MANIFEST).read())  # type: ignore[union-attr]
        for tag in entry["RepoTags"]:
            self._keep(given.input, tag)

    def tag(self, given: argparse.Namespace) -> None:
        """Give an image another name."""
        named = self._archive(given.other)
        named.unlink(missing_ok=True)
        _copy(self._archive(given.image), named, given.other)

    def push(self, given: argparse.Namespace) -> None:
        """Push an image, and remember its digest."""
        digest = self.kind.push(self._archive(given.image), given.image)
        self._archive(given.image).with_suffix(".digest").write_text(digest)

    def inspect(self, given: argparse.Namespace) -> None:
        """Print the digest of an image that was pushed."""
        digest = self._archive(given.image).with_suffix(".digest").read_text()
        print(f"{given.image.rpartition(':')[0]}@{digest}")


def _copy(archive: Path, copy: Path, tag: str) -> None:
    """Write an image's archive anew, under another tag."""
    with tarfile.open(archive) as source, tarfile.open(copy, "w") as target:
        for member in source:
            if member.name == MANIFEST:
                [entry] = json.loads(source.extractfile(member).read())  # type: ignore[union-attr]
                _add(target, MANIFEST, json.dumps([{**entry, "RepoTags": [tag]}]).encode())
            elif member.name != "repositories":  # the same in an older form
                target.addfile(member, source.extractfile(member) if member.isfile() else None)


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, BytesIO(content))


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="docker", allow_abbrev=False)
    parser.add_argument("kind", choices=("paper", "node"))
    parser.add_argument("store", type=Path)
    commands = parser.add_subparsers(dest="command", required=True)
    build, save, load, tag, push = map(commands.add_parser, ("build", "save", "load", "tag", "push"))
    build.add_argument("--tag", required=True)
    build.add_argument("--file", type=Path, required=True)
    build.add_argument("--build-context", action="append", default=[])
    build.add_argument("context", type=Path)
    save.add_argument("--output", required=True)
    load.add_argument("--input", type=Path, required=True)
    login = commands.add_parser("login")
    login.add_argument("--username", required=True)
    login.add_argument("--password-stdin", action="store_true", required=True)
    login.add_argument("server")
    inspect = commands.add_parser("image").add_subparsers(dest="command", required=True).add_parser("inspect")
    inspect.add_argument("--format", choices=[DIGEST], required=True)
    for one in (save, tag, push, inspect):
        one.add_argument("image")
    tag.add_argument("other")
    return parser


def main() -> None:
    """Carry out one command line."""
    given = _arguments().parse_args()
    given.store.mkdir(parents=True, exist_ok=True)
    kind: Kind = Paper(given.store) if given.kind == "paper" else Node()
    getattr(Docker(kind, given.store), given.command)(given)


if __name__ == "__main__":
    sys.exit(main())
