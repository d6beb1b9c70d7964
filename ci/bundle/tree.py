"""The tree of a bundle: what stands where, without what the recipe leaves out."""

from __future__ import annotations

import os
import re
import subprocess
import tarfile
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from ci import tools
from ci.bundle.debian import sha256
from ci.bundle.recipe import FOLDER, PLACE, BundleError, architecture, recipe

SUMS = "SHA256SUMS"
EXECUTABLE = ("start", "bin/python3", "lib/ld.so")
EPOCH = 1577836800
"""When every file of a bundle was changed last: 2020-01-01, for no clock belongs into it."""

_LICENCES = re.compile(r"(?i)([^/]+)\.dist-info/(licenses?/.*|(licen[cs]e|copying|notice|authors)[^/]*)")


def of_package(name: str, arch: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return what a Debian package gives, by the path in the bundle; raises BundleError when a library isn't there."""
    spelled = architecture(arch)
    library = f"lib/python{recipe()['python']}/"
    given = {path.removeprefix("usr/"): content for path, content in files.items() if path.startswith(f"usr/{library}")}
    at = {path.removeprefix("usr/"): content for path, content in files.items()}
    places = {f"bin/python{recipe()['python']}": "bin/python3"}
    if name == "libc6":
        places[f"lib/{spelled['triplet']}/{spelled['loader']}"] = "lib/ld.so"
    given |= {place: at[path] for path, place in places.items() if path in at}
    for soname in recipe()["debian"][name]:
        if f"lib/{spelled['triplet']}/{soname}" not in at:
            raise BundleError(f"package {name}: it has no {soname} in lib/{spelled['triplet']}; see recipe.toml")
        given[f"lib/{soname}"] = at[f"lib/{spelled['triplet']}/{soname}"]
    for path, content in at.items():
        if path == f"share/doc/{name}/copyright":
            given[f"licenses/{name}/copyright"] = content
        elif path.startswith("share/common-licenses/"):
            given[f"licenses/{path.removeprefix('share/')}"] = content
    return given


def of_wheel(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return what a wheel gives, by the path in the bundle."""
    packages = f"lib/python{recipe()['python']}/site-packages"
    given = {}
    for path, content in files.items():
        licence = _LICENCES.fullmatch(path)
        given[f"licenses/{licence[1]}/{licence[2]}" if licence else f"{packages}/{path}"] = content
    return given


def write(tree: Path, files: Mapping[str, bytes]) -> None:
    """Write the files that the recipe doesn't leave out."""
    patterns = [pattern.format(py=f"lib/python{recipe()['python']}") for pattern in recipe()["leave_out"]["files"]]
    for path, content in files.items():
        if not any(fnmatchcase(path, pattern) for pattern in patterns):
            place = tree / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)


def python(tree: Path) -> list[str]:
    """Return the command that runs the Python of a bundle for this machine."""
    loader, itself = str(tree / "lib" / "ld.so"), str(tree / "bin" / "python3")
    return [loader, "--inhibit-cache", "--library-path", str(tree / "lib"), "--argv0", itself, itself]


def compile_modules(tree: Path, compiler: Path) -> None:
    """Compile the modules of `tree` with the Python of the bundle `compiler`, which may be `tree` itself."""
    for file in EXECUTABLE[1:]:
        (compiler / file).chmod(0o755)
    done = subprocess.run(
        [*python(compiler), "-s", "-S", "-B", "-X", "utf8", str(FOLDER / "compiled.py"), str(tree), PLACE],
        env={"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BundleError(f"compiling the modules with {compiler}: exit code {done.returncode}: {done.stderr[-2000:]}")


def go_root() -> Path:
    """Return the folder of the pinned Go toolchain."""
    return tools.path("go").parent.parent


def go_licence() -> bytes:
    """Return the licence of Go's standard library: its wheel brings the text, with the same holder, only here."""
    return (go_root() / "src" / "vendor" / "golang.org" / "x" / "net" / "LICENSE").read_bytes()


def build_start(arch: str, place: Path, scratch: Path) -> None:
    """Build the executable `start` for an architecture with the pinned Go toolchain."""
    environment = {
        "CGO_ENABLED": "0",
        "GOARCH": architecture(arch)["go"],
        "GOOS": "linux",
        "GOFLAGS": "-mod=readonly -trimpath -buildvcs=false",
        "GOTOOLCHAIN": "local",
        "GOPROXY": "off",
        "GOWORK": "off",
        "GOROOT": str(go_root()),
        "GOENV": "off",
        **dict.fromkeys(("GOAMD64", "GOARM64", "GOEXPERIMENT", "GODEBUG"), ""),
    }
    command = [str(tools.path("go")), "build", "-ldflags", "-s -w -buildid=", "-o", str(place.absolute()), "."]
    tools.Steps("bundle", scratch).run("building start", command, environment, FOLDER / "start")


def seal(tree: Path) -> None:
    """Give every file its mode and time, and write SHA256SUMS, which lists every other file in the paths' order."""
    files = sorted(path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file())
    (tree / SUMS).write_text("".join(f"{sha256(tree / path)}  {path}\n" for path in files if path != SUMS))
    for path in (tree, *tree.rglob("*")):
        plain = path.is_file() and path.relative_to(tree).as_posix() not in EXECUTABLE
        path.chmod(0o644 if plain else 0o755)
        os.utime(path, (EPOCH, EPOCH))


def pack(tree: Path, archive: Path) -> None:
    """Write the tree as a tar.xz in which it is named as its place is, in the paths' order, owned by root."""
    name = Path(PLACE).name

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = "root"
        return entry

    with tarfile.open(archive, "w:xz", format=tarfile.GNU_FORMAT, preset=6) as tar:
        tar.add(tree, name, recursive=False, filter=plain)
        for path in sorted(tree.rglob("*")):
            tar.add(path, f"{name}/{path.relative_to(tree).as_posix()}", recursive=False, filter=plain)
