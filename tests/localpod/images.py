"""The "images" of the local pair: Python environments made from locks, and what an image brings besides packages.

Each is built once into the cache (`$KERNELPAIR_CACHE`, else `$XDG_CACHE_HOME/kernelpair`, else `~/.cache/kernelpair`),
in a folder named after the image and the hash of its lock and interpreter; a build that was interrupted is redone.
Only what comes with Python is needed to build one.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ci import bundle

LOCKS = Path(__file__).resolve().parents[2] / "ci" / "requirements"
# Repository in the manifest -> the lock that stands for the image.
NAMES = ("front-end", "front-end-oldest", "user", "user-gateway", "user-oldest", "plain")
REPOSITORIES = {f"example.org/{name}": name for name in NAMES}
RUNTIME = Path(__file__).resolve().parents[2] / "postrender" / "kernelpair" / "runtime"
SIDES = ("kernel", "shared")
INSTALL = """
import os
from kernelpair_packages import installed
from kernelpair_settings import Settings
from kernelpair_state import State
print(installed(Settings.read(os.environ), State(os.devnull)))
"""
# How this machine reaches the package registries: in a cluster, the image's pip.conf and the node's proxy say it.
NETWORK = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CERT", "PIP_TRUSTED_HOST", "PIP_PROXY")
NETWORK += ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "http_proxy", "https_proxy", "no_proxy")
NETWORK += ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "PIP_CONFIG_FILE", "PIP_DEFAULT_TIMEOUT")


class ImageError(Exception):
    """An image can't be had; the message says which step failed and ends with its output."""


class Image(NamedTuple):
    """What a container image brings: its environment, default command, home and the folder of its Python.

    `files` are what else it has at a path that pods name, and where that is here.
    """

    name: str
    prefix: Path
    env: dict[str, str]
    entrypoint: list[str]
    cmd: list[str]
    home: str
    files: Mapping[str, str] = {}

    @property
    def python(self) -> Path:
        """The interpreter that a process of this image finds on its PATH."""
        return self.prefix / "bin" / "python"


def cache_folder() -> Path:
    """Where images are kept, outside the checkout."""
    given = os.environ.get("KERNELPAIR_CACHE")
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(given or f"{caches}/kernelpair").expanduser().absolute() / "images"


def image(reference: str) -> Image:
    """The image that a manifest's `reference` names, built now if it is missing; raises `ImageError`."""
    repository = reference.partition("@")[0]
    if ":" in repository.rpartition("/")[2]:
        repository = repository.rpartition(":")[0]
    if repository not in REPOSITORIES:
        raise ImageError(f"image {reference!r} is not in the table of {__name__} ({', '.join(REPOSITORIES)})")
    name = REPOSITORIES[repository]
    prefix = environment(name)
    env = {key: os.environ[key] for key in NETWORK if key in os.environ}
    env |= {"PATH": f"{prefix}/bin:/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/home/jovyan"}
    cmd = ["python3"] if name.startswith("user") else ["jupyter", "lab"]
    files = {bundle.PLACE: str(bundle.built())} if name.startswith("front-end") else {}
    return Image(name, prefix, env, [], cmd, env["HOME"], files)


def environment(name: str) -> Path:
    """The environment made from the lock `name`, complete; builds it if need be."""
    lock, without = LOCKS / f"{name}.txt", LOCKS / f"{name}.without"
    made_from = b"".join(file.read_bytes() for file in (lock, without) if file.exists())
    key = hashlib.sha256(f"{sys.version}\n{sys.base_prefix}\n".encode() + made_from).hexdigest()[:12]
    prefix = cache_folder() / f"{name}-{key}"
    complete = prefix / ".complete"
    prefix.parent.mkdir(parents=True, exist_ok=True)
    with (prefix.parent / f"{name}.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not complete.exists():
            shutil.rmtree(prefix, ignore_errors=True)
            _run(name, sys.executable, "-m", "venv", str(prefix))
            pip = (str(prefix / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet")
            _run(name, *pip, "install", "--require-hashes", "--requirement", str(lock))
            if without.exists():
                _run(name, *pip, "uninstall", "--yes", "--requirement", str(without))
            complete.touch()
    return prefix


@functools.cache
def gateway(requirement: str, python: Path) -> Path:
    """The folder that the launcher makes for `python` by pip, named as it names it; made once into the cache."""
    folder = cache_folder() / f"gateway-{hashlib.sha256(str(python).encode()).hexdigest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    env = {**os.environ, "KERNELPAIR_RUN": os.devnull, "KERNELPAIR_SOURCE": "pip", "KERNELPAIR_PORT": "0"}
    env |= {"KERNELPAIR_PACKAGES": str(folder), "KERNELPAIR_PIP_REQUIREMENT": requirement}
    env |= {"KERNELPAIR_START_TIMEOUT": "0", "PYTHONPATH": os.pathsep.join(str(RUNTIME / side) for side in SIDES)}
    with (folder.parent / "gateway.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        done = subprocess.run([python, "-c", INSTALL], env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ImageError(f"the gateway for {python} can't be installed:\n{done.stderr[-2000:]}")
    return Path(done.stdout.strip())


def _run(name: str, *command: str) -> None:
    leaking = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PIP_TARGET", "PIP_USER", "PIP_PREFIX")
    env = {key: value for key, value in os.environ.items() if key not in leaking}
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise ImageError(f"image {name}: {' '.join(command)} failed ({done.returncode}):\n{done.stdout[-2000:]}")
