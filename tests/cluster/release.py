"""A release of the chart in a namespace of its own, put there by Helm through the post-renderer."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml

from tests.cluster.hub import Hub, rights
from tests.cluster.kubectl import Namespace
from tests.helm.helms import CHART, Helm, laid_over

NAME = "e2e"
WAITING = ("--wait", "--timeout", "15m")
MEMORY = {"limit": "1G", "guarantee": "256M"}


def given() -> dict[str, Any]:
    """The chart's values under those that name the cluster's images."""
    values: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
    file = os.environ.get("KERNELPAIR_E2E_VALUES")
    return laid_over(values, yaml.safe_load(Path(file).read_text())) if file else values


class Release:
    """What Helm knows of it; `helm` is helm3 or helm4. Every failure tells of the namespace's pods and events."""

    public = f"{NAME}-kernelpair-proxy-public"
    """The Service that browsers reach."""

    def __init__(self, helm: Helm, namespace: Namespace) -> None:
        self.helm = helm
        self.namespace = namespace
        self.token = secrets.token_hex(16)
        self.values = helm.scratch / "values.json"
        self.values.write_text(json.dumps(self._values()))

    def _values(self) -> dict[str, Any]:
        """The values that the tests need, whatever images the cluster has."""
        return {
            "kernelGateway": {"enabled": True},
            "hub": {"config": rights(self.token)},
            "singleuser": {"memory": MEMORY, "cpu": {"limit": 1, "guarantee": 0.05}},
        }

    def run(self, *arguments: str | Path) -> str:
        """What Helm prints."""
        done = self.helm.run(*arguments, f"--namespace={self.namespace.name}", KUBECONFIG=os.environ["KUBECONFIG"])
        assert done.returncode == 0, f"{done.stdout.decode()}\n{done.stderr.decode()}\n{self.namespace.told()}"
        return done.stdout.decode()

    def upgrade(self, settings: Mapping[str, Any] = {}) -> None:
        """Install or upgrade through the post-renderer; settings are values by their path, {"hub.image.tag": "1"}."""
        images = os.environ.get("KERNELPAIR_E2E_VALUES")
        named = ["--values", images] if images else []
        chosen = [f"--set-json={path}={json.dumps(value)}" for path, value in settings.items()]
        values = (*named, "--values", self.values, *chosen)
        self.run("upgrade", "--install", NAME, CHART, *values, "--post-renderer", "kernelpair", *WAITING)

    def image(self, *keys: str) -> str:
        """The reference of the image that a block of the values names."""
        block: Any = json.loads(self.run("get", "values", NAME, "--all", "--output=json"))
        for key in keys:
            block = block[key]
        return f"{block['name']}:{block['tag']}"

    @contextlib.contextmanager
    def hub(self) -> Iterator[Hub]:
        """The hub, through the proxy's service."""
        with self.namespace.forwarded(self.public, 80) as url:
            yield Hub(url, self.token)


R = TypeVar("R", bound=Release)


@contextlib.contextmanager
def installed(made: Callable[[Namespace], R], settings: Mapping[str, Any] = {}) -> Iterator[R]:
    """A release with the flag on, and settings as of `upgrade`; its namespace goes, unwaited for."""
    namespace = Namespace(f"kernelpair-e2e-{secrets.token_hex(3)}")
    namespace.run("create", "namespace", namespace.name)
    try:
        release = made(namespace)
        release.upgrade(settings)
        yield release
    finally:
        namespace.run("delete", "namespace", namespace.name, "--wait=false")


def released(helm: str, scratch: Path, settings: Mapping[str, Any] = {}) -> contextlib.AbstractContextManager[Release]:
    """A release of the chart, as of `installed`."""
    return installed(functools.partial(Release, Helm(helm, scratch)), settings)
