"""What stands in a bundle, and what it says of itself."""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from ci.bundle import SUMS, built
from ci.bundle.recipe import locked_wheels, recipe

ARCHITECTURES = {"x86_64": 62, "aarch64": 183}
"""The machine field of ELF headers."""


def files(bundle: Path) -> list[str]:
    return sorted(path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if not path.is_dir())


def elves(bundle: Path) -> dict[str, bytes]:
    read = {path: (bundle / path).read_bytes() for path in files(bundle)}
    return {path: content for path, content in read.items() if content.startswith(b"\x7fELF")}


def test_the_folders_are_those_of_the_interface(bundle: Path) -> None:
    assert sorted(path.name for path in bundle.iterdir()) == [
        *(SUMS, "bin", "bundle.json", "lib", "licenses", "sbom.cdx.json", "start"),
    ]
    assert [path for path in files(bundle) if path.startswith("bin/")] == ["bin/python3"]
    assert (bundle / "lib" / "python3.11" / "site-packages" / "kernel_gateway").is_dir()


def test_everything_is_readable_for_all_and_writable_for_its_owner_alone(bundle: Path) -> None:
    modes = {path.relative_to(bundle).as_posix(): stat.S_IMODE(path.lstat().st_mode) for path in bundle.rglob("*")}
    executable = {path for path, mode in modes.items() if mode != 0o644 and not (bundle / path).is_dir()}
    assert executable == {"start", "bin/python3", "lib/ld.so"}
    assert {mode for path, mode in modes.items() if path in executable or (bundle / path).is_dir()} == {0o755}


def test_no_link_is_in_it(bundle: Path) -> None:
    entries = list(bundle.rglob("*"))
    assert len(entries) > 500
    assert [path for path in entries if path.is_symlink() or (path.is_file() and path.stat().st_nlink > 1)] == []


def test_modules_are_compiled_once(bundle: Path) -> None:
    modules = [path for path in files(bundle) if path.endswith((".py", ".pyc"))]
    assert len(modules) > 500
    assert [path for path in modules if path.endswith(".py") or "__pycache__" in path] == []
    flags = {(bundle / path).read_bytes()[4:8] for path in modules}
    assert flags == {b"\x01\0\0\0"}, "by hash, unchecked: PEP 552"


def test_the_sums_are_of_every_other_file_in_order(bundle: Path) -> None:
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", SUMS], cwd=bundle, check=True)
    listed = [line.split("  ", 1)[1] for line in (bundle / SUMS).read_text().splitlines()]
    assert listed == [path for path in files(bundle) if path != SUMS]


@pytest.mark.parametrize("path", ["bundle.json", "lib/libc.so.6", "lib/python3.11/site-packages/zmq/__init__.pyc"])
def test_the_sums_tell_a_changed_file(path: str, bundle: Path, tmp_path: Path) -> None:
    copy = tmp_path / "bundle"
    shutil.copytree(bundle, copy)
    content = bytearray((copy / path).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / path).write_bytes(content)
    done = subprocess.run(
        ["sha256sum", "--check", "--quiet", SUMS],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
    )
    assert (done.returncode, done.stdout) == (1, f"{path}: FAILED\n")


def test_it_says_what_it_is(bundle: Path) -> None:
    said = json.loads((bundle / "bundle.json").read_text())
    assert (said["format"], said["gateway"], said["libc"]) == (1, "3.0.1", "2.36")
    assert said["python"].startswith("3.11.")
    wheels = {line.partition("==")[0] for line in locked_wheels()}
    assert set(said["packages"]) == wheels | set(recipe()["debian"]) | {"go-stdlib"}


def test_the_bill_of_materials_has_every_part_with_its_licence(bundle: Path) -> None:
    bill = json.loads((bundle / "sbom.cdx.json").read_text())
    said = json.loads((bundle / "bundle.json").read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    assert {part["name"]: part["version"] for part in bill["components"]} == said["packages"]
    for part in bill["components"]:
        assert part["purl"].startswith(("pkg:deb/debian/", "pkg:pypi/", "pkg:golang/"))
        assert [entry["license"]["name"] for entry in part["licenses"]] != ["unknown"]
        assert part["name"] == "go-stdlib" or [hashed["alg"] for hashed in part["hashes"]] == ["SHA-256"]


def test_every_package_brings_its_licence(bundle: Path) -> None:
    bill = json.loads((bundle / "sbom.cdx.json").read_text())
    named = [part["licenses"][0]["license"]["name"] for part in bill["components"] if ":deb/" in part["purl"]]
    assert len(named) == len(recipe()["debian"])
    assert [path for path in named if not (bundle / path).is_file()] == []
    assert (bundle / "licenses" / "common-licenses" / "LGPL-2.1").is_file()
    assert (bundle / "licenses" / "go-stdlib" / "LICENSE").is_file()


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_what_is_compiled_is_for_the_architecture(arch: str) -> None:
    found = elves(built(arch))
    assert len(found) > 40
    assert {int.from_bytes(content[18:20], "little") for content in found.values()} == {ARCHITECTURES[arch]}


def test_both_architectures_have_the_same_modules() -> None:
    """Byte for byte, where the source is the same: the compiler's magic number is."""
    sums = {}
    for arch in ARCHITECTURES:
        folder = built(arch)
        modules = [path for path in files(folder) if path.endswith(".pyc") and "_sysconfigdata" not in path]
        sums[arch] = {path: hashlib.sha256((folder / path).read_bytes()).hexdigest() for path in modules}
    assert sums["x86_64"] == sums["aarch64"]


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_it_keeps_to_its_size(arch: str) -> None:
    """20 MB to download and 70 MB on a node: issue 7's figures."""
    folder = built(arch)
    assert sum((folder / path).stat().st_size for path in files(folder)) <= 70_000_000
    assert (folder.parent / "kernelpair-bundle.tar.xz").stat().st_size <= 20_000_000
