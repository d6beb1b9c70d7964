"""The built wheel carries everything that an installed kernelpair needs."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

import kernelpair

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "postrender" / "kernelpair"


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, capture_output=True, check=True)
    [wheel] = folder.glob("*.whl")
    assert wheel.name.startswith(f"kernelpair-{kernelpair.__version__}-py3-none-any")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_has_every_file_of_the_package(unpacked: Path) -> None:
    files = {file.relative_to(SOURCES) for file in SOURCES.rglob("*") if file.is_file()}
    files = {file for file in files if not any(part.startswith((".", "__pycache__")) for part in file.parts)}
    packed = {
        file.relative_to(unpacked / "kernelpair") for file in (unpacked / "kernelpair").rglob("*") if file.is_file()
    }
    assert packed == files | {Path("plugin/plugin.yaml")}


def test_an_installed_kernelpair_names_its_plugin(unpacked: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(unpacked)}
    command = [sys.executable, "-m", "kernelpair", "plugin-path"]
    done = subprocess.run(command, env=environment, cwd=unpacked, capture_output=True, text=True, check=True)
    folder = Path(done.stdout.strip())
    assert folder == unpacked / "kernelpair" / "plugin"
    assert yaml.safe_load((folder / "plugin.yaml").read_text())["name"] == "kernelpair"
