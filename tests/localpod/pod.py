"""Reads one pod from rendered manifests and lays it out on this machine: volumes as folders, containers as commands."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from kernelpair.core import quantities
from tests.localpod.images import Image
from tests.localpod.substitute import Paths, expand

# Kind -> where its pod template stands; a Pod is its own.
TEMPLATES: dict[str, tuple[str, ...]] = {
    "Pod": (),
    "PodTemplate": ("template",),
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
}
REFERENCES = {"configMapRef": "ConfigMap", "secretRef": "Secret"}
REFERENCES |= {"configMapKeyRef": "ConfigMap", "secretKeyRef": "Secret"}
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


class PodError(Exception):
    """The manifests hold no pod that can be run here; the message says why."""


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
    """A pod laid out in `sandbox`; `volumes` are the folders by volume name."""

    name: str
    sandbox: Path
    grace_seconds: int
    containers: list[Container]
    volumes: dict[str, Path]
    annotations: dict[str, str]


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
        self.data = {(d.get("kind"), d.get("metadata", {}).get("name")): _data(d) for d in documents}
        self.metadata = {"name": owner["metadata"]["name"], "namespace": owner["metadata"].get("namespace", "default")}
        self.metadata |= {key: value for key, value in template.get("metadata", {}).items() if value}
        self.spec = template["spec"]
        self.sandbox = sandbox
        self.image = image
        self.volumes = {volume["name"]: self._volume(volume) for volume in self.spec.get("volumes") or []}

    def pod(self) -> Pod:
        """Lay out every container."""
        if self.spec.get("initContainers"):
            raise PodError("init containers are not run here")
        containers = [self._container(container) for container in self.spec["containers"]]
        grace = self.spec.get("terminationGracePeriodSeconds", 30)
        annotations = self.metadata.get("annotations", {})
        return Pod(self.metadata["name"], self.sandbox, grace, containers, self.volumes, annotations)

    def _volume(self, volume: dict[str, Any]) -> Path:
        folder = self.sandbox / "volumes" / volume["name"]
        if "persistentVolumeClaim" in volume:  # outlives the pod: named after the claim
            folder = self.sandbox / "claims" / volume["persistentVolumeClaim"]["claimName"]
        elif "configMap" in volume:
            source = volume["configMap"]
            self._project(folder, ("ConfigMap", source["name"]), source)
        elif "secret" in volume:
            source = volume["secret"]
            self._project(folder, ("Secret", source["secretName"]), source)
        elif "emptyDir" not in volume:
            raise PodError(f"volume {volume['name']}: only emptyDir, claims, ConfigMaps and Secrets are run here")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _project(self, folder: Path, key: tuple[str, str], source: dict[str, Any]) -> None:
        """Write a ConfigMap's or Secret's files; without `items`, every key under its own name."""
        data = self._lookup(key, source.get("optional", False))
        items = source.get("items") or [{"key": entry, "path": entry} for entry in data]
        for item in items:
            if item["key"] not in data:
                raise PodError(f"{key[0]} {key[1]} has no key {item['key']}")
            path = folder / item["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data[item["key"]])
            path.chmod(item.get("mode", source.get("defaultMode", 0o644)))

    def _lookup(self, key: tuple[str, str], optional: bool) -> dict[str, bytes]:
        if key not in self.data and not optional:
            raise PodError(f"{key[0]} {key[1]} is not in the manifests")
        return self.data.get(key, {})

    def _container(self, container: dict[str, Any]) -> Container:
        image = self.image(container["image"])
        stated = dict(self._environment(container))
        own = self.sandbox / "containers" / container["name"]
        own.mkdir(parents=True)
        paths = Paths(self._mounts(container, stated))
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

    def _mounts(self, container: dict[str, Any], env: Mapping[str, str]) -> dict[str, str]:
        folders = {}
        for mount in container.get("volumeMounts") or []:
            folder = self.volumes[mount["name"]] / expand(mount.get("subPathExpr") or mount.get("subPath") or "", env)
            if not folder.exists():
                folder.mkdir(parents=True)
            folders[mount["mountPath"]] = str(folder)
        return folders

    def _environment(self, container: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """The manifest's variables in order, each `$(NAME)` expanded with those before it."""
        known: dict[str, str] = {}
        for source in container.get("envFrom") or []:
            prefix = source.get("prefix", "")
            known |= {prefix + key: value.decode() for key, value in self._referred(source).items()}
        for variable in container.get("env") or []:
            value = variable.get("value", "")
            if "valueFrom" in variable:
                found = self._value(variable["valueFrom"], container)
                if found is None:
                    continue
                known[variable["name"]] = found
            else:
                known[variable["name"]] = expand(value, known)
        yield from known.items()

    def _value(self, source: dict[str, Any], container: dict[str, Any]) -> str | None:
        if "fieldRef" in source:
            return self._field(source["fieldRef"]["fieldPath"])
        if "resourceFieldRef" in source:
            return self._resource(source["resourceFieldRef"], container)
        data, reference = self._referred(source), next(iter(source.values()))
        if reference["key"] not in data and not reference.get("optional", False):
            raise PodError(f"{reference['name']} has no key {reference['key']}")
        return data[reference["key"]].decode() if reference["key"] in data else None

    def _referred(self, source: dict[str, Any]) -> dict[str, bytes]:
        """The ConfigMap or Secret that an `envFrom` or `valueFrom` entry names."""
        for field, kind in REFERENCES.items():
            if field in source:
                return self._lookup((kind, source[field]["name"]), source[field].get("optional", False))
        raise PodError(f"{', '.join(source)}: not one of {', '.join(REFERENCES)}")

    def _field(self, path: str) -> str:
        fixed = {"status.podIP": "127.0.0.1", "status.hostIP": "127.0.0.1", "spec.nodeName": "localhost"}
        fixed |= {"metadata.name": self.metadata["name"], "metadata.namespace": self.metadata["namespace"]}
        fixed["spec.serviceAccountName"] = self.spec.get("serviceAccountName", "default")
        for block in ("labels", "annotations"):
            for key, value in self.metadata.get(block, {}).items():
                fixed[f"metadata.{block}['{key}']"] = value
        if path not in fixed:
            raise PodError(f"fieldRef {path} is not known here")
        return str(fixed[path])

    def _resource(self, reference: dict[str, Any], container: dict[str, Any]) -> str:
        """A resource in units of the divisor, rounded up (Kubernetes: pkg/api/v1/resource)."""
        name = reference.get("containerName", container["name"])
        named = next(other for other in self.spec["containers"] if other["name"] == name)
        block, _, resource = reference["resource"].partition(".")
        stated = named.get("resources", {}).get(block, {}).get(resource)
        if stated is None:
            raise PodError(f"resourceFieldRef {reference['resource']}: container {name} states none")
        divisor = reference.get("divisor") or "1"
        return str(-(-quantities.parse(stated) // quantities.parse("1" if divisor in ("0", 0) else divisor)))


def _data(document: dict[str, Any]) -> dict[str, bytes]:
    """A ConfigMap's or Secret's content by key; {} for other kinds."""
    if document.get("kind") not in ("ConfigMap", "Secret"):
        return {}
    plain = "data" if document["kind"] == "ConfigMap" else "stringData"
    coded = "binaryData" if document["kind"] == "ConfigMap" else "data"
    found = {key: base64.b64decode(value) for key, value in (document.get(coded) or {}).items()}
    return found | {key: str(value).encode() for key, value in (document.get(plain) or {}).items()}


def _mapped(value: Any, paths: Paths) -> Any:
    """`value` with the mount paths in every text replaced."""
    if isinstance(value, str):
        return paths(value)
    if isinstance(value, list):
        return [_mapped(item, paths) for item in value]
    if isinstance(value, dict):
        return {key: _mapped(item, paths) for key, item in value.items()}
    return value
