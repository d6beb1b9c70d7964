"""Where the image keeps what Jupyter finds by the Python that runs it: kernelspecs, lab extensions, ipykernel.

The gateway in a bundle has a Python of its own, so it looks with the eyes of the image's. The order is that of
jupyter_core.paths; what other environments on PATH have comes after the first one's. Standard library only.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Mapping, NamedTuple, Optional

import kernelpair_pythons
from kernelpair_pythons import Python

SYSTEM = (Path("/usr/local/share/jupyter"), Path("/usr/share/jupyter"))
_NO = ("no", "n", "false", "off", "0", "0.0")  # jupyter_core's
_LAUNCHER = "ipykernel_launcher.py"


class Kernel(NamedTuple):
    """An ipykernel that can be imported: the Python that does, and the folder that has it."""

    python: Python
    folder: Path


class Image:
    """The container's image, as its environment `env` shows it."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = dict(env)
        self.pythons = kernelpair_pythons.pythons(env)

    def data(self, home: bool = True) -> list[Path]:
        """Return the folders with Jupyter's data, in order; without those in the user's `home` if so told."""
        given = [Path(folder.rstrip("/")) for folder in self._env.get("JUPYTER_PATH", "").split(os.pathsep) if folder]
        prefixes = [python.prefix for python in self.pythons if python.prefix is not None]
        if self._env.get("CONDA_PREFIX"):
            prefixes.append(Path(self._env["CONDA_PREFIX"]))
        environments = [prefix / "share" / "jupyter" for prefix in prefixes]
        first = [folder for folder in environments[:1] if folder not in SYSTEM]
        users = self._of_user() if home else []
        nearest = [*first, *users] if self._prefers_environment() else [*users, *first]
        return list(dict.fromkeys([*given, *nearest, *SYSTEM, *environments[1:]]))

    def kernels(self) -> list[Path]:
        """Return the folders in which kernelspecs may be, in order."""
        ipython = Path(self._env.get("IPYTHONDIR") or self._home / ".ipython")
        return [folder / "kernels" for folder in (*self.data(), ipython)]

    def ipykernel(self) -> Optional[Kernel]:
        """Return the ipykernel of the first Python that can import one; None for none."""
        for python in self.pythons:
            for folder in kernelpair_pythons.packages(python, self._env):
                if (folder / _LAUNCHER).is_file():
                    return Kernel(python, folder)
        return None

    def python_for(self, kernelspec: Path) -> Optional[Python]:
        """Return the Python that a kernelspec means by `python`: its own environment's, else the first on PATH."""
        for python in self.pythons:
            if python.prefix is not None and kernelspec.parent == python.prefix / "share" / "jupyter" / "kernels":
                return python
        return self.pythons[0] if self.pythons else None

    @property
    def _home(self) -> Path:
        return Path(self._env.get("HOME") or "/")

    def _of_user(self) -> list[Path]:
        shared = Path(self._env.get("XDG_DATA_HOME") or self._home / ".local" / "share")
        found = [Path(self._env.get("JUPYTER_DATA_DIR") or shared / "jupyter")]
        if self.pythons and self.pythons[0].sees_home and not self._env.get("PYTHONNOUSERSITE"):
            found.append(Path(self._env.get("PYTHONUSERBASE") or self._home / ".local", "share", "jupyter"))
        return found

    def _prefers_environment(self) -> bool:
        """As jupyter_core.paths.prefer_environment_over_user."""
        told = self._env.get("JUPYTER_PREFER_ENV_PATH")
        if told is not None:
            return told.lower() not in _NO
        if not self.pythons or self.pythons[0].prefix is None or not _owns(self.pythons[0].prefix):
            return False
        conda = self._env.get("CONDA_PREFIX", "")
        in_conda = bool(conda) and self._env.get("CONDA_DEFAULT_ENV", "base") != "base"
        return self.pythons[0].base is not None or (in_conda and str(self.pythons[0].prefix).startswith(conda))


def _owns(folder: Path) -> bool:
    """As jupyter_core, to which one that may write, as a group may, isn't the owner."""
    try:
        return folder.stat().st_uid == os.geteuid()
    except OSError:
        return False
