"""The servers, running: every test of this folder that only asks shares them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.parity.servers import Server


@pytest.fixture(scope="session")
def pair() -> Iterator[Server]:
    with Server("pair") as server:
        yield server


@pytest.fixture(scope="session")
def plain() -> Iterator[Server]:
    with Server("plain") as server:
        yield server


@pytest.fixture(scope="session")
def preinstalled() -> Iterator[Server]:
    """A pair whose gateway is the user image's own."""
    with Server("pair", source="image") as server:
        yield server
