"""Container images as archives in the cache, built by buildah from the Containerfiles of ci/images.

An archive's name holds the hash of what it is made from, the base's included. Each build has a storage of its own,
which goes when it is done.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ci import tools
from ci.cluster.state import ROOT, ClusterError

FILES = ROOT / "ci" / "images"
REGISTRY = "kernelpair.test"
TAG = "1"
SUITE = "bookworm"
"""The Debian of the local base."""

NETWORK_FILES = {
    "/usr/local/share/ca-certificates": "/usr/local/share/ca-certificates",
    "/etc/pip.conf": "/etc/pip.conf",
    "/etc/npmrc": "/tmp/.npmrc",
}
"""How this machine reaches the package registries: what is here of it is mounted while an image is built, and where."""


WORKLOADS = ("front-end", "user", "hub", "proxy")
"""What the chart needs; their Containerfiles copy from ci/."""


def values() -> dict[str, Any]:
    """Return the chart's values that name these images instead of public ones."""
    image = {name: {"name": f"{REGISTRY}/{name}", "tag": TAG} for name in (*WORKLOADS, "pause")}
    return {
        "kernelGateway": {"notebook": {"image": image["front-end"]}, "gateway": {"source": "image"}},
        "hub": {"image": image["hub"]},
        "proxy": {"chp": {"image": image["proxy"]}},
        "prePuller": {"pause": {"image": image["pause"]}},
        "singleuser": {"image": image["user"]},
    }


def name(image: str) -> str:
    """Return the reference by which pods ask for `image`."""
    return f"{REGISTRY}/{image}:{TAG}"


def build(image: str, context: Path, base: Path | None = None) -> Path:
    """Return the archive of `image`, built now if it is missing; raises ClusterError with the build's last lines.

    `context` is what its Containerfile copies from, `base` the archive of the image that it starts from.
    """
    recipe = FILES / f"{image}.Containerfile"
    digest = hashlib.sha256(recipe.read_bytes())
    for copied in _copied(recipe, context):
        digest.update(copied.read_bytes())
    digest.update((base.name if base else "").encode())
    archive = tools.cache_folder() / "containers" / f"{image}-{digest.hexdigest()[:12]}.tar"
    with tools.lock(archive):
        if not archive.exists():
            with _scratch(archive) as scratch:
                built = scratch / archive.name
                _build(image, recipe, context, base, scratch, built)
                built.rename(archive)
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
    return [context / words[1] for words in lines if words and words[0] in ("COPY", "ADD")]


def _build(image: str, recipe: Path, context: Path, base: Path | None, scratch: Path, archive: Path) -> None:
    buildah = ["buildah", f"--root={scratch}/root", f"--runroot={scratch}/run", "--storage-driver=overlay"]
    mounts = [f"--volume={file}:{place}:ro" for file, place in NETWORK_FILES.items() if Path(file).exists()]
    options = [f"--file={recipe}", f"--tag={name(image)}", "--isolation=chroot", "--network=host"]
    origin = [f"--build-arg=BASE=docker-archive:{base}"] if base else []
    _run(image, *buildah, "bud", *options, *mounts, *origin, str(context))
    _run(image, *buildah, "push", name(image), f"docker-archive:{archive}:{name(image)}")


def base() -> Path:
    """Return the archive of the local base: a minimal Debian, for machines that no container registry answers."""
    root = tools.cache_folder() / "containers" / f"debian-{SUITE}.tar"
    with tools.lock(root):
        if not root.exists():
            with _scratch(root) as scratch:
                tree, packed = scratch / "tree", scratch / root.name
                _run("base", "debootstrap", "--variant=minbase", SUITE, str(tree))
                pack = ("tar", "--create", "--one-file-system", "--exclude=./var/cache/apt/archives/*.deb")
                _run("base", *pack, f"--file={packed}", f"--directory={tree}", ".")
                packed.rename(root)
    return build("base", root.parent)


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
