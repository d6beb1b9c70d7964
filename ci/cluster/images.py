"""Container images as archives in the cache, built by buildah from the Containerfiles of ci/images.

An archive's name holds the hash of what it is made from, the base's included. Each build has a storage of its own,
which goes when it is done.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from ci import bundle, tools
from ci.cluster.state import ROOT, ClusterError

FILES = ROOT / "ci" / "images"
REGISTRY = "kernelpair.test"
TAG = "1"
SUITES = ("bookworm", "trixie")
"""The Debians of the local bases."""

NETWORK_FILES = {
    "/usr/local/share/ca-certificates": "/usr/local/share/ca-certificates",
    "/etc/pip.conf": "/etc/pip.conf",
    "/etc/npmrc": "/tmp/.npmrc",
}
"""How this machine reaches the package registries: what is here of it is mounted while an image is built, and where."""


class Recipe(NamedTuple):
    """How an image is made: by which Containerfile, which copies from ci/, and from which suite, image, or nothing."""

    file: str
    origin: str | None = SUITES[0]


WORKLOADS = {
    "front-end": Recipe("front-end"),
    "user": Recipe("user"),
    "hub": Recipe("hub"),
    "proxy": Recipe("proxy"),
    "user-newer": Recipe("user", "trixie"),
    "user-conda": Recipe("user-conda"),
    "user-r": Recipe("user-r"),
    "bundle": Recipe("bundle", None),
}
"""What the chart needs, and then what users may pick besides."""

PROFILES = {"user": "Python", "user-newer": "A newer Python", "user-conda": "Python by conda", "user-r": "R"}
"""The images that users pick from, and what they are called there."""


def values() -> dict[str, Any]:
    """Return the chart's values that name these images instead of public ones."""
    image = {name: {"name": f"{REGISTRY}/{name}", "tag": TAG} for name in (*WORKLOADS, "pause")}
    return {
        "kernelGateway": {"notebook": {"image": image["front-end"]}},
        "hub": {"image": image["hub"]},
        "proxy": {"chp": {"image": image["proxy"]}},
        "prePuller": {"pause": {"image": image["pause"]}},
        "singleuser": {"image": image["user"], "profileList": [_profile(user) for user in PROFILES]},
    }


def _profile(user: str) -> dict[str, Any]:
    override = {} if user == "user" else {"image": name(user)}
    return {"display_name": PROFILES[user], "slug": user, "kubespawner_override": override}


def name(image: str) -> str:
    """Return the reference by which pods ask for `image`."""
    return f"{REGISTRY}/{image}:{TAG}"


def built(image: str) -> Path:
    """Return the archive of one of `WORKLOADS`, built now if it is missing, as what it starts from."""
    recipe = WORKLOADS[image]
    return build(image, recipe.file, ROOT / "ci", _origin(recipe.origin))


def _origin(origin: str | None) -> Path | None:
    if origin is None:
        return None
    return base(origin) if origin in SUITES else built(origin)


def build(image: str, file: str, context: Path, origin: Path | None = None) -> Path:
    """Return the archive of `image`, built now if it is missing; raises ClusterError with the build's last lines.

    `context` is what its Containerfile copies from, `origin` the archive of the image that it starts from.
    """
    recipe = FILES / f"{file}.Containerfile"
    folders = _folders(recipe)
    digest = hashlib.sha256(recipe.read_bytes())
    for copied in (*_copied(recipe, context), *(folder / bundle.SUMS for folder in folders.values())):
        digest.update(copied.read_bytes())
    digest.update((origin.name if origin else "").encode())
    archive = tools.cache_folder() / "containers" / f"{image}-{digest.hexdigest()[:12]}.tar"
    with tools.lock(archive):
        if not archive.exists():
            with _scratch(archive) as scratch:
                made = scratch / archive.name
                _build(image, recipe, {".": context, **folders}, origin, scratch, made)
                made.rename(archive)
    return archive


@contextmanager
def _scratch(archive: Path) -> Iterator[Path]:
    """Give a folder to build in, on the archive's disk; what an interrupted build left there is removed."""
    folder = archive.with_suffix(".building")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copied(recipe: Path, context: Path) -> list[Path]:
    """Return the files of the context that a Containerfile names."""
    lines = (line.split() for line in recipe.read_text().splitlines())
    copies = [words[1] for words in lines if words and words[0] in ("COPY", "ADD")]
    return [context / name for name in copies if not name.startswith("--from=")]


def _folders(recipe: Path) -> dict[str, Path]:
    """Return the folders from outside the context that a Containerfile copies from, by the names it has for them."""
    return {"bundle": bundle.built()} if "--from=bundle" in recipe.read_text() else {}


def _build(
    image: str, recipe: Path, contexts: Mapping[str, Path], origin: Path | None, scratch: Path, archive: Path
) -> None:
    buildah = ["buildah", f"--root={scratch}/root", f"--runroot={scratch}/run", "--storage-driver=overlay"]
    mounts = [f"--volume={file}:{place}:ro" for file, place in NETWORK_FILES.items() if Path(file).exists()]
    options = [f"--file={recipe}", f"--tag={name(image)}", "--isolation=chroot", "--network=host"]
    others = [f"--build-context={name}={folder}" for name, folder in contexts.items() if name != "."]
    start = [f"--build-arg=BASE=docker-archive:{origin}"] if origin else []
    _run(image, *buildah, "bud", *options, *mounts, *others, *start, str(contexts["."]))
    _run(image, *buildah, "push", name(image), f"docker-archive:{archive}:{name(image)}")


def base(suite: str) -> Path:
    """Return the archive of a local base: a minimal Debian, for machines that no container registry answers."""
    root = tools.cache_folder() / "containers" / suite / "debian.tar"
    with tools.lock(root):
        if not root.exists():
            with _scratch(root) as scratch:
                tree, packed = scratch / "tree", scratch / root.name
                _run(suite, "debootstrap", "--variant=minbase", suite, str(tree))
                pack = ("tar", "--create", "--one-file-system", "--exclude=./var/cache/apt/archives/*.deb")
                _run(suite, *pack, f"--file={packed}", f"--directory={tree}", ".")
                packed.rename(root)
    return build(suite, "base", root.parent)


def _run(image: str, *command: str) -> None:
    environment = {**os.environ, "BUILDAH_FORMAT": "docker"}
    done = subprocess.run(
        # What is mounted for a build goes with it, also when it is killed.
        ["unshare", "--mount", "--", *command],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        errors="replace",
    )
    if done.returncode != 0:
        tail = "\n    ".join(done.stdout.splitlines()[-30:])
        raise ClusterError(f"image {image}: {command[0]} failed with exit code {done.returncode}:\n    {tail}")
