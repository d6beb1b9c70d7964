"""A hub in the manner of zero-to-jupyterhub: unmodified, its users get pairs, or are told why not.

`make e2e` runs this; with Z2JH_CHART, over that chart too.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

import pytest

from tests.cluster.hub import Hub, Server
from tests.cluster.release import installed
from tests.cluster.z2jh import CHARTS, Z2jh
from tests.helm.helms import Helm

FLAG = "custom.kernelGateway.enabled"
WHY = "the pod has a container `kernel` that kernelpair did not make."
REFUSED = f"No separate kernel container: {WHY}"
FAILED = f"This server can't start with a separate kernel container: {WHY}"


@pytest.fixture(scope="module", params=["helm3", "helm4"])
def helm(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module", params=CHARTS)
def release(helm: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Z2jh]:
    made = functools.partial(Z2jh, request.param, Helm(helm, tmp_path_factory.mktemp(helm)))
    with installed(made) as release:
        yield release


def containers(release: Z2jh, server: Server) -> list[str]:
    return [box["name"] for box in release.namespace.get(f"pod/{server.pod}")["spec"]["containers"]]


def test_pairs_with_the_flag_on_and_plain_pods_with_it_off(release: Z2jh, hub: Hub) -> None:
    paired = hub.spawn("paired")
    assert containers(release, paired) == ["notebook", "kernel"]
    assert paired.execute("import humanize; me = 'paired'; print(humanize.naturalsize(10**6))")["printed"] == "1.0 MB\n"
    assert "kernelpair: split: user=paired" in release.namespace.run("logs", "deployment/hub")
    release.upgrade({FLAG: False})
    try:
        assert containers(release, hub.spawn("plain", "plain")) == ["notebook"]
        assert "kernelpair:" not in release.namespace.run("logs", "deployment/hub")
    finally:
        release.upgrade()
    assert containers(release, hub.spawn("again")) == ["notebook", "kernel"]
    assert paired.execute("print(me)")["printed"] == "paired\n"


def test_who_gets_no_pair_reads_why_on_the_spawn_page(release: Z2jh, hub: Hub) -> None:
    refused = hub.spawn("refused", "refused")
    assert REFUSED in refused.told
    assert "auditing.image" not in release.namespace.get(f"pod/{refused.pod}")["metadata"]["annotations"]
    release.upgrade({"custom.kernelGateway.onRefusal": "fail"})
    try:
        assert FAILED in hub.refused("failed", "refused")
    finally:
        release.upgrade()
