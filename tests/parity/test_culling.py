"""The server's own culling of kernels, as operators set it: the idle go, the busy stay."""

from __future__ import annotations

import pytest

from tests.parity.servers import Server

pytestmark = pytest.mark.xdist_group("parity-culling")

FLAGS = ("--MappingKernelManager.cull_idle_timeout=3", "--MappingKernelManager.cull_interval=1")


@pytest.mark.parametrize("kind", ["plain", "pair"])
def test_idle_kernels_are_culled_and_busy_ones_stay(kind: str) -> None:
    with Server(kind, flags=FLAGS) as server:
        assert server.ask("kernels.culling", seconds=10) == [[True, False], ["culling-busy.ipynb"]]
