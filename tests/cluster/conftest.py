"""Releases on the cluster that KUBECONFIG names."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.hub import Hub
from tests.cluster.release import Release, released


@pytest.fixture(scope="module", params=["helm3", "helm4"])
def release(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    with released(request.param, tmp_path_factory.mktemp(request.param)) as release:
        yield release


@pytest.fixture(scope="module")
def hub(release: Release) -> Iterator[Hub]:
    with release.hub() as hub:
        yield hub
