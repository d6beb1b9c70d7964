"""Runs the launcher as a container runtime does: in a root, as a user, in a network without routes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ci import bundle
from kernelpair import runtimefiles
from kernelpair.core import names

INSIDE = Path(__file__).with_name("inside.py")
CLIENT = Path(__file__).with_name("client.py")
NAMESPACES = ("--mount", "--net", "--pid", "--fork", "--kill-child")
VOLUMES = (names.RUN_DIR, names.PACKAGES_DIR, "/tmp")
# Whoever isn't root here is root in a namespace of his own, where there is no other user.
MAPPED = () if os.geteuid() == 0 else ("--user", "--map-root-user")


class Container(NamedTuple):
    """A user's container: its image's root, environment and entrypoint, and whom it runs as.

    `root` is a folder that stays as it is. `image` are folders of this machine that the root has at the same paths,
    not to be written; `volumes` paths at which empty folders are mounted.
    """

    root: Path
    env: dict[str, str]
    user: int = 0
    home: str = "/home/jovyan"
    read_only: bool = False
    bundle: Path | None = None
    image: Sequence[Path] = ()
    volumes: Sequence[str] = ()
    entrypoint: Sequence[str] = ()

    def run(
        self, scratch: Path, kernel: str, code: str, alone: Sequence[str] = (), early: bool = False
    ) -> dict[str, Any]:
        """Start the launcher, run `code` in a `kernel`, stop it; what was found, or how the launcher failed.

        `scratch` is for the volumes: folders that everybody can write. What the command `alone` prints in the same
        container, without a gateway, is found as "alone". `early`: the kernel is loaded before it is asked for.
        """
        mounted = {path: (self._volume(scratch, path), True) for path in (*VOLUMES, self.home, *self.volumes)}
        runtime = scratch / "runtime"
        runtime.mkdir()
        for name, text in runtimefiles.contents().items():
            (runtime / name).write_text(text)
        shutil.copy(CLIENT, runtime)
        mounted |= {str(folder): (str(folder), False) for folder in self.image}
        mounted[names.RUNTIME_DIR] = (str(runtime), False)
        mounted[names.BUNDLE_DIR] = (str(self.bundle or bundle.built()), False)
        layer = scratch / "layer"
        layer.mkdir()
        wish = {
            "root": str(self.root),
            "layer": str(layer),
            "volumes": mounted,
            "read_only": self.read_only,
            "user": None if MAPPED else self.user,
            "env": {**self.env, **OURS, "KERNELPAIR_PRESTART": str(early).lower(), "HOME": self.home},
            "entrypoint": list(self.entrypoint),
            "alone": list(alone),
            "kernel": kernel,
            "code": code,
            "early": early,
        }
        command = ["unshare", *MAPPED, *NAMESPACES, sys.executable, str(INSIDE), json.dumps(wish)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        return {**json.loads(done.stdout), "log": done.stderr}

    @staticmethod
    def _volume(scratch: Path, path: str) -> str:
        folder = scratch / path.strip("/").replace("/", "-")
        folder.mkdir(exist_ok=True)  # what the test has put there is in it
        folder.chmod(0o1777)
        return str(folder)


OURS = {
    "KERNELPAIR_PORT": "8889",
    "KERNELPAIR_RUN": names.RUN_DIR,
    "KERNELPAIR_SOURCE": "bundle",
    "KERNELPAIR_PACKAGES": names.PACKAGES_DIR,
    "KERNELPAIR_PIP_REQUIREMENT": "there-is-no-pip",
    "KERNELPAIR_START_TIMEOUT": "60",
    "KERNELPAIR_PRESTART": "false",
}

# What would reach into the bundle's process is the kernel's own again.
IMAGE = {"PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": "/opt/lib", "MALLOC_ARENA_MAX": "1", "OPENSSL_CONF": "/none.cnf"}
USERS = (0,) if MAPPED else (0, 1000, 1234567890)
# What Jupyter gives its kernels, and upstream's gateway to those that it starts; and what every server that is a Python
# sets for them where the image has no locale (PEP 538).
JUPYTERS = {"JPY_PARENT_PID", "JPY_SESSION_NAME", "KERNEL_USERNAME", "KERNEL_GATEWAY", "KERNEL_ID", "KERNEL_LANGUAGE"}
JUPYTERS |= {"LC_CTYPE"}


def of_image(env: Mapping[str, str]) -> dict[str, str]:
    """A process's environment without what Jupyter adds, and what is the gateway's."""
    return {name: value for name, value in env.items() if name not in {*JUPYTERS, *OURS}}


def both(found: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the command alone has printed, and what the kernel has, where nothing of the bundle was to be seen."""
    assert (found["code"], found["bundle"]) == (0, []), found
    assert found["processes"] > 1, found
    assert found["terminal"] == IMAGE["LD_LIBRARY_PATH"]
    alone, facts = json.loads(found["alone"]), json.loads(found["printed"])
    for each in (alone, facts):
        each["env"] = of_image(each["env"])
    return alone, facts
