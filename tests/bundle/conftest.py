from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ci.bundle import PLACE, built


@pytest.fixture(scope="session")
def bundle() -> Path:
    return built()


@pytest.fixture(scope="session")
def root(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root that holds nothing but the bundle and a program."""
    root = tmp_path_factory.mktemp("root")
    shutil.copytree(bundle, root / PLACE.lstrip("/"))
    shutil.copy(Path(__file__).parent / "inside.py", root / "inside.py")
    return root
