"""Short files in the ConfigMaps, so that a test reads what it is about; test_files.py has the real ones."""

from __future__ import annotations

import pytest

from kernelpair import runtimefiles
from kernelpair.releases import hubfiles

HUB_FILES = {"load.py": "# the loader\n", "kernelpair/core/split.py": "# split\n# in full\n"}


@pytest.fixture(autouse=True)
def short_files(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {name: f"# the text of {name}\n" for name in ("gateway.sh", "gateway.py")}
    monkeypatch.setattr(runtimefiles, "contents", lambda: texts)
    monkeypatch.setattr(hubfiles, "texts", lambda: HUB_FILES)
