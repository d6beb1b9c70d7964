"""Reads one pod from rendered manifests and lays it out on this machine: volumes as folders, containers as commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.localpod.images import Image
from tests.localpod.kubelet import Kubelet, PodError
from tests.localpod.substitute import Paths, expand

# Kind -> where its pod template stands; a Pod is its own.
TEMPLATES: dict[str, tuple[str, ...]] = {
    "Pod": (),
    "PodTemplate": ("template",),
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
}
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


class Container(NamedTuple):
    """One container as a process: what to execute, in which folder, with exactly which environment."""

    name: str
    image: Image
    argv: list[str]
    env: dict[str, str]
    folder: Path
    ports: dict[str, int]
    probes: dict[str, dict[str, Any]]


class Pod(NamedTuple):
    """A pod laid out in `sandbox`; `volumes` are the folders by volume name.

    `inits` run to their end, one after the other, before `containers` start.
    """

    name: str
    sandbox: Path
    grace_seconds: int
    containers: list[Container]
    volumes: dict[str, Path]
    annotations: dict[str, str]
    inits: Sequence[Container] = ()


def load(stream: bytes, sandbox: Path, image: Callable[[str], Image], name: str = "") -> Pod:
    """Lay out the only pod of `stream` (or the one called `name`) below `sandbox`, an empty folder.

    ConfigMaps and Secrets that the pod refers to must be in the stream. Raises `PodError`.
    """
    documents = [document for document in yaml.safe_load_all(stream) if isinstance(document, dict)]
    found = [document for document in documents if document.get("kind") in TEMPLATES]
    found = [document for document in found if not name or document["metadata"]["name"] == name]
    if len(found) != 1:
        raise PodError(f"expected one pod{f' called {name}' if name else ''} in the manifests, found {len(found)}")
    template = found[0]
    for key in TEMPLATES[found[0]["kind"]]:
        template = template[key]
    return _Layout(documents, found[0], template, sandbox, image).pod()


class _Layout:
    """The pod under construction."""

    def __init__(
        self,
        documents: list[dict[str, Any]],
        owner: dict[str, Any],
        template: dict[str, Any],
        sandbox: Path,
        image: Callable[[str], Image],
    ) -> None:
        self.metadata = {"name": owner["metadata"]["name"], "namespace": owner["metadata"].get("namespace", "default")}
        self.metadata |= {key: value for key, value in template.get("metadata", {}).items() if value}
        self.spec = template["spec"]
        self.sandbox = sandbox
        self.image = image
        self.kubelet = Kubelet(documents, self.metadata, self.spec, sandbox, lambda name: image(name).files)

    def pod(self) -> Pod:
        """Lay out every container."""
        inits = self.spec.get("initContainers") or []
        for init in inits:
            if init.get("restartPolicy"):
                raise PodError(f"init container {init['name']}: sidecars are not run here")
        laid_out = [self._container(container) for container in inits]
        containers = [self._container(container) for container in self.spec["containers"]]
        grace = self.spec.get("terminationGracePeriodSeconds", 30)
        annotations = self.metadata.get("annotations", {})
        volumes = self.kubelet.volumes
        return Pod(self.metadata["name"], self.sandbox, grace, containers, volumes, annotations, laid_out)

    def _container(self, container: dict[str, Any]) -> Container:
        image = self.image(container["image"])
        stated = self.kubelet.environment(container)
        own = self.sandbox / "containers" / container["name"]
        own.mkdir(parents=True)
        paths = Paths({**image.files, **self.kubelet.mounts(container, stated)})
        env = {name: paths(value) for name, value in {**image.env, **stated}.items()}
        if env["HOME"] == {**image.env, **stated}["HOME"]:  # no volume there: a home of the container's own
            env["HOME"] = str(own)
        command = container.get("command") or image.entrypoint
        args = container.get("args") or ([] if container.get("command") else image.cmd)
        folder = paths(container.get("workingDir") or "") or env["HOME"]
        Path(folder).mkdir(parents=True, exist_ok=True)
        stated_ports = [(port["containerPort"], port.get("name")) for port in container.get("ports") or []]
        return Container(
            container["name"],
            image,
            [paths(expand(word, stated)) for word in [*command, *args]],
            env,
            Path(folder),
            {name or str(number): number for number, name in stated_ports},
            {kind: _mapped(container[kind], paths) for kind in PROBES if container.get(kind)},
        )


def _mapped(value: Any, paths: Paths) -> Any:
    """`value` with the mount paths in every text replaced."""
    if isinstance(value, str):
        return paths(value)
    if isinstance(value, list):
        return [_mapped(item, paths) for item in value]
    if isinstance(value, dict):
        return {key: _mapped(item, paths) for key, item in value.items()}
    return value
