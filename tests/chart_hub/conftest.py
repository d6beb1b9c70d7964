"""The Helms of the chart's tests."""

from __future__ import annotations

from tests.helm.conftest import helm

__all__ = ["helm"]
