"""The Pythons of the image, found without running them: by how CPython finds its own prefix and packages.

Sources: CPython's getpath and site, PEP 405 (virtual environments), Debian's site (dist-packages), pyenv's shims.
Standard library only, Python 3.9+.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Iterator, Mapping, NamedTuple, Optional, Sequence

NAMES = ("python3", "python")
_NUMBERED = re.compile(r"python(\d+\.\d+t?)")  # t: free-threaded, with a library of its own
_SYSTEM = Path("/usr")


class Python(NamedTuple):
    """One Python on PATH.

    ``executable`` is what starts it; ``prefix`` its sys.prefix, None where that can't be told (a wrapper); ``version``
    as in "3.11", or "3.13t"; ``base`` the Python that a virtual environment was made of, None for others; ``shares``
    whether the environment sees that one's packages too.
    """

    executable: Path
    prefix: Optional[Path]
    version: str
    base: Optional[Path] = None
    shares: bool = False

    @property
    def numbers(self) -> tuple[str, ...]:
        """What may follow `python` in its names: "3" and "3.11"; a free-threaded one goes by "3.13" and "3.13t"."""
        if not self.version:
            return ("3",)
        return tuple(dict.fromkeys((self.version.partition(".")[0], self.version.rstrip("t"), self.version)))

    @property
    def sees_home(self) -> bool:
        """Whether it imports what is installed in the user's home (site.ENABLE_USER_SITE)."""
        return self.base is None or self.shares


def pythons(env: Mapping[str, str]) -> list[Python]:
    """Return the Pythons on PATH, the one that `python3` or `python` starts first; of each prefix the first."""
    found: dict[object, Python] = {}
    for executable in _executables(env.get("PATH", os.defpath)):
        python = _python(executable, env)
        if python is not None:
            found.setdefault(python.prefix or python.executable, python)
    return list(found.values())


def _executables(path: str) -> Iterator[Path]:
    for folder in filter(os.path.isabs, path.split(os.pathsep)):
        for name in NAMES:
            candidate = Path(folder, name)
            if candidate.is_file() and os.access(candidate, os.X_OK):
                yield candidate


def _python(executable: Path, env: Mapping[str, str]) -> Optional[Python]:
    if executable.parent.name == "shims" and (executable.parent.parent / "versions").is_dir():
        return _behind_shim(executable, env)
    prefix = executable.parent.parent
    for folder in (executable.parent, prefix):
        settings = _read_settings(folder / "pyvenv.cfg")
        if settings is not None:
            base = Path(settings.get("home", _SYSTEM / "bin")).parent
            shares = settings.get("include-system-site-packages", "").lower() == "true"
            return Python(executable, prefix, _version_in(prefix, ["site-packages"]), base, shares)
    return _installed(executable)


def _installed(executable: Path) -> Python:
    """The Python of a file that isn't a virtual environment's: its standard library stands beside or above it.

    The prefix of one that stands elsewhere can't be told, as that of a script that starts another.
    """
    real = executable.resolve()
    for folder in list(real.parents)[:-1]:  # below / it is that of /usr, by links
        version = _version_in(folder, ["os.py", "os.pyc"], _version_of(real))
        if version:
            return Python(executable, folder, version)
    return Python(executable, None, _version_of(real))


def _behind_shim(executable: Path, env: Mapping[str, str]) -> Optional[Python]:
    """The Python that pyenv's shim starts, by the variable or the version file; the shim stays what starts it.

    None where it passes on to the next on PATH.
    """
    root = executable.parent.parent
    for name in _pyenv_versions(root, env):
        real = root / "versions" / name / "bin" / executable.name
        found = _python(real, env) if real.exists() else None
        if found is not None:
            return found._replace(executable=executable)
    return None


def _pyenv_versions(root: Path, env: Mapping[str, str]) -> list[str]:
    given = env.get("PYENV_VERSION", "")
    if given:
        return given.split(":")
    for file in (Path(env.get("HOME") or "/", ".python-version"), root / "version"):
        text = _read(file)
        if text is not None:
            return text.split()
    return []


def packages(python: Python, env: Mapping[str, str]) -> list[Path]:
    """Return the folders from which a Python imports packages, in its order, whether they exist or not."""
    found = [Path(folder) for folder in env.get("PYTHONPATH", "").split(os.pathsep) if folder]
    if python.sees_home and not env.get("PYTHONNOUSERSITE"):
        home = env.get("PYTHONUSERBASE") or Path(env.get("HOME") or "/", ".local")
        found.append(Path(home, "lib", f"python{python.version}", "site-packages"))
    if python.prefix is not None:
        found += _site(python.prefix, python.version)
    if python.base is not None and python.shares:
        found += _site(python.base, python.version)
    return found


def _site(prefix: Path, version: str) -> list[Path]:
    libraries = [prefix / lib / f"python{version}" / "site-packages" for lib in ("lib", "lib64")]
    if prefix == _SYSTEM:  # Debian's own installs beside what its users install
        libraries += [Path(f"/usr/local/lib/python{version}/dist-packages"), Path("/usr/lib/python3/dist-packages")]
    return libraries


def _version_in(prefix: Path, marks: Sequence[str], version: str = "") -> str:
    """The version of the library below `prefix` that holds one of `marks`, `version` if that is known; "" for none."""
    for lib in ("lib", "lib64"):
        for folder in sorted((prefix / lib).glob(f"python{version or '[0-9]*'}"), reverse=True):
            named = _NUMBERED.fullmatch(folder.name)
            if named and any((folder / mark).exists() for mark in marks):
                return named[1]
    return ""


def _version_of(executable: Path) -> str:
    named = _NUMBERED.match(executable.resolve().name)
    return named[1] if named else ""


def _read_settings(file: Path) -> Optional[dict[str, str]]:
    text = _read(file)
    if text is None:
        return None
    pairs = (line.partition("=") for line in text.splitlines())
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def _read(file: Path) -> Optional[str]:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
