"""Fixtures: the pinned Helm 3, the pinned Helm 4, and `helm`, which is each of them in turn."""

from __future__ import annotations

import pytest

from tests.helm.helms import Helm


@pytest.fixture(scope="session", params=["helm3", "helm4"])
def helm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Helm:
    return Helm(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="session")
def helm3(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    return Helm("helm3", tmp_path_factory.mktemp("helm3"))


@pytest.fixture(scope="session")
def helm4(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    return Helm("helm4", tmp_path_factory.mktemp("helm4"))
