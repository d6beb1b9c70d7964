"""One version everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import kernelpair

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("file", "key"),
    [("chart/Chart.yaml", "version"), ("chart/Chart.yaml", "appVersion"), ("postrender/plugin.yaml", "version")],
)
def test_the_manifests_state_the_package_version(file: str, key: str) -> None:
    assert yaml.safe_load((ROOT / file).read_text())[key] == kernelpair.__version__


def test_the_changelog_has_the_version() -> None:
    headings = [line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("## ")]
    assert [line for line in headings if kernelpair.__version__ in line.replace("[", " ").replace("]", " ").split()]
