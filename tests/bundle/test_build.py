"""Builds: what they make, and what they refuse. That the bytes are the same each time is in tests/pages."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from ci.bundle import BundleError, archive, built, debian, recipe


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
