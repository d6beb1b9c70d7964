"""Builds: the same bytes each time, with and without network; and what they refuse."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ci.bundle import SUMS, BundleError, archive, build, built, debian, recipe

ROOT = Path(__file__).resolve().parents[2]


def test_a_build_without_network_makes_the_same_bytes(tmp_path: Path) -> None:
    """And so is a second build, in another folder: the first is the one in the cache, from the registries."""
    fetched, out = tmp_path / "fetched", tmp_path / "out"
    build.fetch(recipe.machine(), fetched)
    line = [sys.executable, "-m", "ci.bundle", "build", f"--packages={fetched}/packages", f"--out={out}"]
    done = subprocess.run(
        ["unshare", "--map-root-user", "--net", "--", *line, f"--wheelhouse={fetched}/wheelhouse"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{out}/bundle\n"
    assert (out / "bundle" / SUMS).read_text() == (built() / SUMS).read_text()
    assert debian.sha256(out / build.ARCHIVE) == debian.sha256(archive())


def test_the_archive_is_the_tree(tmp_path: Path) -> None:
    subprocess.run(["tar", "--extract", "--xz", f"--file={archive()}", f"--directory={tmp_path}"], check=True)
    assert [path.name for path in tmp_path.iterdir()] == ["kernelpair-bundle"]
    subprocess.run(["diff", "--recursive", str(tmp_path / "kernelpair-bundle"), str(built())], check=True)
    listed = subprocess.run(
        ["tar", "--list", "--verbose", "--numeric-owner", f"--file={archive()}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert {line.split()[1] for line in listed.splitlines()} == {"0/0"}


@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
def test_a_folder_without_a_package_is_refused(arch: str, tmp_path: Path) -> None:
    for name, file in debian.packages(arch).items():
        if name != "zlib1g":
            shutil.copy(file, tmp_path / f"{name}.deb")
    version = recipe.locked_packages(arch)["zlib1g"]["version"]
    with pytest.raises(BundleError, match=r"ci\.bundle fetch") as refused:
        debian.packages(arch, tmp_path)
    assert f"no file there is zlib1g {version} for {arch}" in str(refused.value)


def test_a_version_that_is_gone_names_the_command_that_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pins = json.loads(recipe.DEBIAN_LOCK.read_text())
    pins["x86_64"]["zlib1g"] = {"version": "1:0.9-1", "sha256": "0" * 64}
    (tmp_path / "lock.json").write_text(json.dumps(pins))
    monkeypatch.setattr(recipe, "DEBIAN_LOCK", tmp_path / "lock.json")
    with pytest.raises(BundleError, match=r"no longer have the pinned version 1:0\.9-1: python -m ci\.bundle lock"):
        debian.packages("x86_64")


def test_the_wheels_are_pinned_for_both_architectures() -> None:
    assert all("--hash=sha256:" in line for line in recipe.locked_wheels())
    assert len(recipe.locked_wheels()) > 25
