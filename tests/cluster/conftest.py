"""Releases on the cluster that KUBECONFIG names."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import pytest

from tests.cluster.hub import Hub
from tests.cluster.release import Release, installed, released
from tests.cluster.shared import Shared
from tests.helm.helms import Helm


@pytest.fixture(scope="module", params=["helm3", "helm4"])
def release(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    with released(request.param, tmp_path_factory.mktemp(request.param)) as release:
        yield release


@pytest.fixture(scope="module")
def hub(release: Release) -> Iterator[Hub]:
    with release.hub() as hub:
        yield hub


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    with installed(functools.partial(Shared, Helm("helm4", tmp_path_factory.mktemp("shared")))) as shared:
        yield shared


@pytest.fixture(scope="session")
def shared_hub(shared: Shared) -> Iterator[Hub]:
    with shared.hub() as hub:
        yield hub
