"""Other images, and a gateway from elsewhere: what people do works as ever.

The oldest front-end and the oldest user image that the pair is for, together, with a gateway that pip installs; and a
gateway that is preinstalled in the user's image.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.parity.servers import Server
from tests.parity.test_parity import ROWS

pytestmark = pytest.mark.xdist_group("parity")

IMAGES = (
    "kernelGateway.notebook.image.name=example.org/front-end-oldest",
    "singleuser.image.name=example.org/user-oldest",
)
# Where ipykernel 6.0 itself differs: its logos, its own comms, its debugger's warnings, the order of its outputs.
OF_IPYKERNEL = {"kernels.kernels_api", "messages.buffers", "people.debugger", "people.progress"}
# What holds a folder of the machine, or takes long and shows nothing that depends on versions.
LEFT_OUT = {"kernels.environment", "kernels.folders", "kernels.activity", "messages.many_outputs"}


@pytest.fixture(scope="module")
def oldest() -> Iterator[Server]:
    with Server("pair", values=IMAGES, source="pip") as server:
        yield server


@pytest.mark.parametrize("name", sorted(ROWS.keys() - OF_IPYKERNEL - LEFT_OUT))
def test_the_oldest_versions_do_what_the_newest_do(oldest: Server, pair: Server, name: str) -> None:
    found = [server.ask(name, **ROWS[name].arguments) for server in (oldest, pair)]
    assert found[0] == found[1]
    assert found[0]


@pytest.mark.parametrize("name", sorted(ROWS.keys() - LEFT_OUT - {"kernels.kernels_api"}))
def test_a_preinstalled_gateway_does_what_the_bundle_does(preinstalled: Server, pair: Server, name: str) -> None:
    found = [server.ask(name, **ROWS[name].arguments) for server in (preinstalled, pair)]
    assert found[0] == found[1]
    assert found[0]
