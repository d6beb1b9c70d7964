"""The bundle's command line.

python -m ci.bundle build [--arch ARCH] [--out FOLDER] [--packages FOLDER --wheelhouse FOLDER]
python -m ci.bundle fetch [--arch ARCH] --out FOLDER    what a build without network needs
python -m ci.bundle lock                                pin the newest of Debian's packages
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ci import tools
from ci.bundle import build, debian
from ci.bundle.recipe import BundleError, machine, recipe


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ci.bundle")
    commands = parser.add_subparsers(dest="command", required=True)
    architectures = [*recipe()["architectures"]]
    making = commands.add_parser("build", help="make the bundle and its archive")
    fetching = commands.add_parser("fetch", help="fill a folder with what a build without network needs")
    commands.add_parser("lock", help="pin the newest of Debian's packages")
    for command in (making, fetching):
        command.add_argument("--arch", choices=architectures, default=machine())
    making.add_argument("--out", type=Path, help="where to; else into the cache")
    making.add_argument("--packages", type=Path, help="a folder of .deb files, with --wheelhouse")
    making.add_argument("--wheelhouse", type=Path, help="a folder of wheels, with --packages")
    fetching.add_argument("--out", type=Path, required=True)
    return parser


def _build(given: argparse.Namespace) -> Path:
    if (given.packages is None) != (given.wheelhouse is None):
        raise BundleError("--packages and --wheelhouse go together: python -m ci.bundle fetch fills both")
    if given.out is None and given.packages is None:
        return build.archive(given.arch)
    if given.out is None:
        raise BundleError("a build from folders needs --out FOLDER")
    if given.out.exists() and any(given.out.iterdir()):
        raise BundleError(f"{given.out}: not empty; give a folder that is new")
    build.make(given.arch, given.out, build.Source(given.packages, given.wheelhouse))
    return Path(given.out) / build.ARCHIVE


def main() -> None:
    """Carry out one command line; exits 1 with the reason when it can't be."""
    given = _arguments().parse_args()
    try:
        match given.command:
            case "build":
                archive = _build(given)
                print(archive.parent / build.TREE)
                print(f"bundle: {archive}: sha256:{debian.sha256(archive)}", file=sys.stderr)
            case "fetch":
                print(*build.fetch(given.arch, given.out), sep="\n")
            case "lock":
                debian.lock()
    except tools.ToolError as error:
        sys.exit(f"bundle: {error}")


if __name__ == "__main__":
    main()
