"""A shell that goes through a page: each step finds the folder and the variables that the one before left."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from ci import tools
from tests.pages import page

ROOT = Path(__file__).resolve().parents[2]
LEAKING = ("HELM_", "KUBE", "PRIMEHUB_", "PYTHON", "VIRTUAL_ENV")
"""What of this process's environment no step may see."""
CHECKOUT = (".venv", "Makefile", "LICENSE", "README.md", "chart", "ci", "postrender", "pyproject.toml")
WITHOUT_NETWORK = ("unshare", *(() if os.geteuid() == 0 else ("--map-root-user",)), "--net", "--")


def checkout(folder: Path) -> Path:
    """Make a folder in which commands find what is in a checkout, and write nothing into it."""
    folder.mkdir()
    for name in CHECKOUT:
        (folder / name).symlink_to(ROOT / name)
    return folder


def connected(scratch: Path, helm: str, docker: str) -> dict[str, str]:
    """Return the environment of a machine with a network: helm3 or helm4, and a docker as of tests.pages.docker."""
    programs = _programs(scratch, {"helm": (str(tools.path(helm)),), "docker": _docker(docker, scratch / "docker")})
    kept = {name: value for name, value in os.environ.items() if not name.startswith(LEAKING)}
    homes = {f"HELM_{kind}_HOME": str(scratch / "helm" / kind.lower()) for kind in ("CONFIG", "CACHE", "DATA")}
    path = f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**kept, **homes, "KERNELPAIR_CACHE": str(tools.cache_folder()), "PATH": path}


def disconnected(scratch: Path, helm: str, docker: str, **more: str) -> dict[str, str]:
    """Return that of one without, where no kernelpair is installed, and nothing tells pip of a package index."""
    environment = {name: value for name, value in connected(scratch, helm, docker).items() if name[:4] != "PIP_"}
    path = [folder for folder in environment["PATH"].split(":") if not (Path(folder) / "kernelpair").exists()]
    # The Python of the other machine, which made the wheelhouse.
    _programs(scratch, {"python3": (str(getattr(sys, "_base_executable", sys.executable)),)})
    home = scratch / "home"
    home.mkdir()
    return {**environment, "PATH": ":".join(path), "HOME": str(home), "PIP_CONFIG_FILE": os.devnull, **more}


def _docker(kind: str, store: Path) -> tuple[str, ...]:
    return ("env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "tests.pages.docker", kind, str(store))


def _programs(scratch: Path, commands: Mapping[str, Sequence[str]]) -> Path:
    folder = scratch / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    for name, command in commands.items():
        (folder / name).write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
        (folder / name).chmod(0o755)
    return folder


class Session:
    """Someone at a terminal, in a folder and with variables.

    `prefix` is what runs a shell where they are, such as `WITHOUT_NETWORK`.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.environment = dict(environment)

    def take(self, step: page.Step, prefix: Sequence[str] = ()) -> str:
        """Execute a step's commands, compare with what the page shows, and return all that they print."""
        printed = self.run(step.commands, prefix, f"line {step.line}")
        assert page.pattern(step.shown).search(printed), f"line {step.line} shows\n{step.shown}\nand gets\n{printed}"
        return printed

    def run(self, commands: str, prefix: Sequence[str] = (), what: str = "") -> str:
        """Execute commands, each of which must succeed; returns what they print, errors too."""
        with tempfile.NamedTemporaryFile("r") as left:
            script = f"{commands}\n{{ pwd; env --null; }} >{left.name}\n"
            done = subprocess.run(
                [*prefix, "bash", "-euo", "pipefail", "-c", script],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                check=False,
            )
            assert done.returncode == 0, f"{what}: exit code {done.returncode}: {commands}\n{done.stdout}"
            folder, _, variables = left.read().partition("\n")
        self.folder = Path(folder)
        self.environment = dict(entry.split("=", 1) for entry in variables.split("\0") if entry)
        return done.stdout
