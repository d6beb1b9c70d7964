"""The hub's modules that need no hub, imported from where the chart keeps them."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from tests.helm.helms import CHART

FOLDER = str(CHART / "files" / "hub")


def load(name: str) -> Any:
    """The module ``name`` of chart/files/hub; the folder is not left on the path."""
    sys.path.insert(0, FOLDER)
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(FOLDER)
