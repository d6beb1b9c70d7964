"""One release of the chart on the cluster, for all tests of the folder."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.hub import Hub, Server, rights
from tests.cluster.kubectl import Namespace
from tests.helm.helms import CHART, Helm

RELEASE = "e2e"
MEMORY = {"limit": "1G", "guarantee": "256M"}


class Release:
    """The chart as it is installed: the flag on, through the post-renderer."""

    def __init__(self, helm: Helm, namespace: Namespace, values: Path, token: str) -> None:
        self.helm = helm
        self.namespace = namespace
        self.values = values
        self.token = token
        self.computed = json.loads(self.run("get", "values", RELEASE, "--all", "--output=json"))

    def run(self, *arguments: str | Path) -> str:
        done = self.helm.run(*arguments, f"--namespace={self.namespace.name}", KUBECONFIG=os.environ["KUBECONFIG"])
        assert done.returncode == 0, f"{done.stdout.decode()}\n{done.stderr.decode()}\n{self.namespace.told()}"
        return done.stdout.decode()

    def image(self, *keys: str) -> str:
        """The reference of the image that a block of the values names."""
        block: Any = self.computed
        for key in keys:
            block = block[key]
        return f"{block['name']}:{block['tag']}"


def _own(token: str) -> dict[str, Any]:
    """The values that the tests need, whatever images the cluster has."""
    return {
        "kernelGateway": {"enabled": True},
        "hub": {"config": rights(token)},
        "singleuser": {"memory": MEMORY, "cpu": {"limit": 1, "guarantee": 0.05}},
    }


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    scratch = tmp_path_factory.mktemp("release")
    helm = Helm("helm3", scratch)
    token = secrets.token_hex(16)
    values = scratch / "values.json"
    values.write_text(json.dumps(_own(token)))
    images = os.environ.get("KERNELPAIR_E2E_VALUES")
    given = ["--values", images] if images else []
    namespace = Namespace(f"kernelpair-e2e-{secrets.token_hex(3)}")
    namespace.run("create", "namespace", namespace.name)
    try:
        done = helm.run(
            *("upgrade", "--install", RELEASE, CHART, f"--namespace={namespace.name}", *given, "--values", values),
            *("--post-renderer", "kernelpair", "--wait", "--timeout", "15m"),
            KUBECONFIG=os.environ["KUBECONFIG"],
        )
        assert done.returncode == 0, f"{done.stderr.decode()}\n{namespace.told()}"
        yield Release(helm, namespace, values, token)
    finally:
        namespace.run("delete", "namespace", namespace.name, "--timeout=300s", timeout=330)


@pytest.fixture(scope="session")
def hub(release: Release) -> Iterator[Hub]:
    with release.namespace.forwarded(f"{RELEASE}-kernelpair-proxy-public", 80) as url:
        yield Hub(url, release.token)


@pytest.fixture(scope="session")
def server(hub: Hub) -> Server:
    return hub.spawn("alice")


@pytest.fixture
def pod(release: Release, server: Server) -> dict[str, Any]:
    """The user's pod as it is now."""
    return release.namespace.get(f"pod/{server.pod}")
