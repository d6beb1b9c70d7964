"""The user image's lab extensions that belong to kernel-side packages, copied to where the notebook server finds them.

Those are widgets and mime renderers, whose JavaScript must match the Python package that the kernel imports. Plain user
interface is the front-end image's, and an extension with a server part would miss it there.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import threading
from pathlib import Path
from typing import Any, Iterator, Mapping, NamedTuple

from kernelpair_image import Image
from kernelpair_settings import say

FOLDER = "labextensions"
MAX_FILES = 10_000
MAX_BYTES = 200 * 2**20
HOW_INSTALLED = "install.json"  # tells people how to remove it from the image; it isn't in the front-end's
LAB = 4  # the major version of JupyterLab, or of what notebook 7 is built on, that runs beside jupyter_server 2
WIDGETS = "@jupyter-widgets/base"
# Packages that are numbered as JupyterLab itself is; others of its packages have numbers of their own.
NUMBERED_LIKE_LAB = ("@jupyterlab/builder", "@jupyterlab/application", "@jupyterlab/notebook", "@jupyterlab/rendermime")


class Extension(NamedTuple):
    """A prebuilt extension: its package.json, the labextensions folder that has it, and its path below that."""

    package: dict[str, Any]
    root: Path
    path: Path


def roots(env: Mapping[str, str]) -> list[Path]:
    """Return where the image may have extensions, in Jupyter's order.

    Without the user's own folder: that is in the home, which the notebook server sees itself.
    """
    return [folder / FOLDER for folder in Image(env).data(home=False)]


def found(folders: list[Path]) -> Iterator[Extension]:
    """Yield the extensions in `folders`; of two with one name, the first counts, as for JupyterLab itself."""
    seen = set()
    for folder in folders:
        for file in sorted([*folder.glob("[!@]*/package.json"), *folder.glob("@*/*/package.json")]):
            try:
                package = json.loads(file.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue
            if _loads(package) and package["name"] not in seen:
                seen.add(package["name"])
                yield Extension(package, folder, file.parent.relative_to(folder))


def _loads(package: Any) -> bool:
    """Tell whether the server can list it; for one that it can't, it answers /lab with an error."""
    texts = [_at(package, *keys) for keys in (("name",), ("version",), ("jupyterlab", "_build", "load"))]
    return all(isinstance(text, str) for text in texts) and isinstance(_at(package, "repository") or "", (str, dict))


def _at(package: Any, *keys: str) -> Any:
    value = package
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def is_of_kernels(package: Mapping[str, Any]) -> bool:
    """Tell whether kernels send what this extension shows: a widget, or another kind of output."""
    named = [_at(package, "dependencies"), _at(package, "jupyterlab", "sharedPackages")]
    return any(WIDGETS in (names or {}) for names in named) or bool(_at(package, "jupyterlab", "mimeExtension"))


def admits(wanted: str, major: int) -> bool:
    """Tell whether a range of npm versions admits some version of `major`; one that can't be read does."""
    return any(_admits(alternative, major) for alternative in wanted.split("||"))


def _admits(alternative: str, major: int) -> bool:
    bounds = [(sign, int(number)) for sign, number in re.findall(r"(>=|>|<=|<|)\s*[\^~=v]*(\d+)[\d.]*\S*", alternative)]
    kinds = {">=": int.__ge__, ">": int.__ge__, "<": int.__lt__, "<=": int.__le__, "": int.__eq__}
    return all(kinds[sign](major, number) for sign, number in bounds)


def hindrance(package: Mapping[str, Any]) -> str:
    """Return why an extension of kernels can't run in the front-end; "" for one that can."""
    if _at(package, "jupyterlab", "discovery", "server"):
        return "it has a server part, which would have to be in the front-end image"
    for block in ("devDependencies", "dependencies"):
        for name in NUMBERED_LIKE_LAB:
            wanted = _at(package, block, name)
            if isinstance(wanted, str) and not admits(wanted, LAB):
                return f"it was built for another JupyterLab ({name} {wanted})"
    return ""


class TooMuch(Exception):
    """What is to be copied exceeds the limits."""


class Copier:
    """Copies extensions into one folder, up to the limits; symbolic links are left out."""

    def __init__(self, target: Path) -> None:
        self.target, self.files, self.bytes = target, 0, 0

    def copy(self, extension: Extension) -> None:
        """Copy one extension, readable for all whatever the umask; raises `TooMuch` or `OSError` and leaves nothing."""
        before = self.files, self.bytes
        place = extension.root / extension.path
        if place.resolve() != extension.root.resolve() / extension.path:
            raise OSError(f"{place} is a symbolic link")
        try:
            self._copy(place, self.target / extension.path)
        except (OSError, TooMuch):
            self.files, self.bytes = before
            shutil.rmtree(self.target / extension.path, ignore_errors=True)
            raise

    def _copy(self, source: Path, target: Path) -> None:
        for folder in (*reversed(target.relative_to(self.target).parents), target.relative_to(self.target)):
            made = self.target / folder
            made.mkdir(parents=True, exist_ok=True)
            made.chmod(0o755)
        with os.scandir(source) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if entry.is_dir(follow_symlinks=False):
                    self._copy(Path(entry.path), target / entry.name)
                elif entry.is_file(follow_symlinks=False) and entry.name != HOW_INSTALLED:
                    self._count(entry.stat(follow_symlinks=False).st_size)
                    shutil.copyfile(entry.path, target / entry.name, follow_symlinks=False)
                    (target / entry.name).chmod(0o644)

    def _count(self, size: int) -> None:
        self.files, self.bytes = self.files + 1, self.bytes + size
        if self.files > MAX_FILES or self.bytes > MAX_BYTES:
            raise TooMuch(f"all together may have {MAX_FILES} files and {MAX_BYTES // 2**20} MiB")


def share(env: Mapping[str, str], packages: Path) -> None:
    """Put the extensions of this image's kernels into `packages`, in place of those of an earlier start; log which.

    Raises `OSError` when the folder can't be written.
    """
    new = packages / f"{FOLDER}.new"
    shutil.rmtree(new, ignore_errors=True)
    copier, taken = Copier(new), []
    for extension in found(roots(env)):
        if not is_of_kernels(extension.package):
            continue
        label = f"{extension.package['name']} {extension.package['version']}"
        why = hindrance(extension.package)
        if not why:
            try:
                copier.copy(extension)
                taken.append(label)
            except (OSError, TooMuch) as error:
                why = str(error)
        if why:
            say(f"lab extension {label} of this image is left out: {why}")
    _replace(packages / FOLDER, new)
    if taken:
        size = f"{copier.files} files, {copier.bytes / 2**20:.1f} MiB"
        say(f"lab extensions of this image for the front-end: {', '.join(taken)} ({size})")


def _replace(target: Path, new: Path) -> None:
    """Put `new`, which may not be there, in the place of `target`, which may be there."""
    new.mkdir(parents=True, exist_ok=True)
    new.chmod(0o755)
    old = target.with_name(f"{FOLDER}.old")
    shutil.rmtree(old, ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        target.rename(old)
    new.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def begin(env: Mapping[str, str], packages: Path) -> None:
    """Do `share` beside the gateway's own start; what goes wrong is logged, and no more."""

    def run() -> None:
        try:
            share(env, packages)
        except Exception as error:  # whatever an image may hold, its gateway must start
            say(f"this image's lab extensions can't be shared with the front-end: {error}")

    threading.Thread(target=run, daemon=True).start()
