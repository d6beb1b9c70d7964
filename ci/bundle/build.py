"""Makes bundles: a tree and its archive, once for each state of what they are made from."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

from ci import tools
from ci.bundle import debian, papers, tree, wheels
from ci.bundle.recipe import architecture, key, locked_packages, machine, recipe

ARCHIVE = "kernelpair-bundle.tar.xz"
TREE = "bundle"


class Source(NamedTuple):
    """Folders that packages and wheels come from instead of the registries."""

    packages: Path | None = None
    wheelhouse: Path | None = None


REGISTRIES = Source()


def built(arch: str | None = None) -> Path:
    """Return the finished bundle for an architecture, this machine's unless given, built now if it is missing.

    The archive stands beside it (`archive`). Raises BundleError or tools.ToolError when it can't be had.
    """
    arch = arch or machine()
    architecture(arch)
    folder = tools.cache_folder() / "bundle" / key(arch)
    if not folder.exists():
        with tools.lock(folder):
            if not folder.exists():
                with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
                    made = Path(scratch) / "made"
                    make(arch, made)
                    made.rename(folder)
    return folder / TREE


def archive(arch: str | None = None) -> Path:
    """Return the archive of the finished bundle."""
    return built(arch).parent / ARCHIVE


def make(arch: str, folder: Path, source: Source = REGISTRIES) -> None:
    """Make `folder` with the bundle and its archive, whose bytes depend on recipe and locks alone."""
    architecture(arch)
    made = folder / TREE
    made.mkdir(parents=True)
    parts = [papers.go()]
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        for name, file in debian.packages(arch, source.packages).items():
            tree.write(made, tree.of_package(name, arch, debian.contents(file)))
            parts.append(papers.of_package(name, locked_packages(arch)[name], arch))
        for wheel in wheels.wheels(arch, source.wheelhouse, Path(scratch) / "wheels"):
            files = wheels.contents(wheel)
            tree.write(made, tree.of_wheel(files))
            parts.append(papers.of_wheel(files, debian.sha256(wheel)))
        with wheels.only_from(source.wheelhouse):
            tree.build_start(arch, made / "start", Path(scratch))
    tree.write(made, {"licenses/go-stdlib/LICENSE": tree.go_licence()})
    # Debian's site.py looks for packages here, not in site-packages.
    tree.write(made, {f"lib/python{recipe()['python']}/dist-packages/bundle.pth": b"../site-packages\n"})
    tree.compile_modules(made, made if arch == machine() else built(machine()))
    papers.write(made, arch, parts)
    tree.seal(made)
    tree.pack(made, folder / ARCHIVE)


def fetch(arch: str, folder: Path) -> Source:
    """Fill the folders `packages` and `wheelhouse` in `folder` with what a build needs, for one without network."""
    packages, wheelhouse = folder / "packages", folder / "wheelhouse"
    packages.mkdir(parents=True, exist_ok=True)
    for name, file in debian.packages(arch).items():
        version = locked_packages(arch)[name]["version"].replace(":", "%3a")
        shutil.copyfile(file, packages / f"{name}_{version}_{architecture(arch)['debian']}.deb")
    wheels.download(arch, wheelhouse)
    wheels.download_go(wheelhouse)
    return Source(packages, wheelhouse)
