"""What the kubelet makes of a pod's manifest: volumes as folders, and the variables of a container."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from kernelpair.core import quantities
from tests.localpod.substitute import expand

REFERENCES = {"configMapRef": "ConfigMap", "secretRef": "Secret"}
REFERENCES |= {"configMapKeyRef": "ConfigMap", "secretKeyRef": "Secret"}


class PodError(Exception):
    """The manifests hold no pod that can be run here; the message says why."""


class Kubelet:
    """Lays out one pod below ``sandbox``; ConfigMaps and Secrets come from ``documents``, by kind and name.

    ``files`` tells what the image of a volume has: path there -> path here.
    """

    def __init__(
        self,
        documents: Iterable[dict[str, Any]],
        metadata: dict[str, Any],
        spec: dict[str, Any],
        sandbox: Path,
        files: Callable[[str], Mapping[str, str]] = lambda _: {},
    ) -> None:
        self.files = files
        self.data = {(d.get("kind"), d.get("metadata", {}).get("name")): _data(d) for d in documents}
        self.metadata = metadata
        self.spec = spec
        self.sandbox = sandbox
        self.sources: dict[str, Callable[[Path, dict[str, Any]], None]] = {
            "configMap": lambda folder, source: self._project(folder, ("ConfigMap", source["name"]), source),
            "secret": lambda folder, source: self._project(
                folder, ("Secret", source["secretName"] if "secretName" in source else source["name"]), source
            ),
            "downwardAPI": self._downward,
            "projected": self._projected,
            "emptyDir": lambda folder, source: None,
            "image": lambda folder, source: self._image(folder, source["reference"]),
        }
        self.volumes = {volume["name"]: self._volume(volume) for volume in spec.get("volumes") or []}

    def mounts(self, container: dict[str, Any], env: Mapping[str, str]) -> dict[str, str]:
        """Mount path -> the folder, or with a subPath perhaps the file, that is mounted there."""
        folders = {}
        for mount in container.get("volumeMounts") or []:
            folder = self.volumes[mount["name"]] / expand(mount.get("subPathExpr") or mount.get("subPath") or "", env)
            if not folder.exists():
                folder.mkdir(parents=True)
            folders[mount["mountPath"]] = str(folder)
        return folders

    def environment(self, container: dict[str, Any], services: Mapping[str, str] | None = None) -> dict[str, str]:
        """The manifest's variables in order, each `$(NAME)` expanded with those before it and those of ``services``."""
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
                known[variable["name"]] = expand(value, {**(services or {}), **known})
        return {**(services or {}), **known}

    def _volume(self, volume: dict[str, Any]) -> Path:
        folder = self.sandbox / "volumes" / volume["name"]
        if "persistentVolumeClaim" in volume:  # outlives the pod: named after the claim
            folder = self.sandbox / "claims" / volume["persistentVolumeClaim"]["claimName"]
            folder.mkdir(parents=True, exist_ok=True)
            return folder
        kinds = [kind for kind in self.sources if kind in volume]
        if not kinds:
            raise PodError(f"volume {volume['name']}: only claims and {', '.join(self.sources)} are run here")
        folder.mkdir(parents=True, exist_ok=True)
        self.sources[kinds[0]](folder, volume[kinds[0]] or {})
        return folder

    def _image(self, folder: Path, reference: str) -> None:
        for path, here in self.files(reference).items():
            link = folder / path.lstrip("/")
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(here)

    def _projected(self, folder: Path, source: dict[str, Any]) -> None:
        for part in source["sources"]:
            kinds = [kind for kind in ("configMap", "secret", "downwardAPI") if kind in part]
            if not kinds:
                raise PodError(f"projected volume: {', '.join(part)} is not run here")
            self.sources[kinds[0]](folder, part[kinds[0]])

    def _downward(self, folder: Path, source: dict[str, Any]) -> None:
        for item in source["items"]:
            path = folder / item["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self._field(item["fieldRef"]["fieldPath"]))

    def _project(self, folder: Path, key: tuple[str, str], source: dict[str, Any]) -> None:
        """Write a ConfigMap's or Secret's files; without `items`, every key under its own name."""
        data = self._lookup(key, source.get("optional", False))
        items = source.get("items") or [{"key": entry, "path": entry} for entry in data]
        for item in items:
            if item["key"] not in data:
                if source.get("optional", False):
                    continue
                raise PodError(f"{key[0]} {key[1]} has no key {item['key']}")
            path = folder / item["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data[item["key"]])
            path.chmod(item.get("mode", source.get("defaultMode", 0o644)))

    def _lookup(self, key: tuple[str, str], optional: bool) -> dict[str, bytes]:
        if key not in self.data and not optional:
            raise PodError(f"{key[0]} {key[1]} is not in the manifests")
        return self.data.get(key, {})

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
            for key, value in (self.metadata.get(block) or {}).items():
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


def service_variables(documents: Iterable[dict[str, Any]], namespace: str) -> dict[str, str]:
    """The variables that a container gets for the Services of its ``namespace``, which is where objects without one go.

    For each that has a cluster IP: `<NAME>_SERVICE_HOST`, `_SERVICE_PORT`, `_SERVICE_PORT_<PORT NAME>` and
    `<NAME>_PORT` (Kubernetes: pkg/kubelet/envvars). The address is made up. The API server's own Service is left out:
    clients would take it for one that they can reach.
    """
    return dict(
        variable
        for found in documents
        if found.get("kind") == "Service" and found["metadata"].get("namespace", namespace) == namespace
        for variable in _of_service(found)
    )


def _of_service(service: dict[str, Any]) -> Iterator[tuple[str, str]]:
    spec, host = service["spec"], "10.96.0.10"
    if spec.get("clusterIP") == "None" or spec.get("type") == "ExternalName":
        return
    prefix, ports = _variable(service["metadata"]["name"]), spec["ports"]
    yield f"{prefix}_SERVICE_HOST", host
    yield f"{prefix}_SERVICE_PORT", str(ports[0]["port"])
    yield f"{prefix}_PORT", f"tcp://{host}:{ports[0]['port']}"
    for port in ports:
        if port.get("name"):
            yield f"{prefix}_SERVICE_PORT_{_variable(port['name'])}", str(port["port"])


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")


def _data(document: dict[str, Any]) -> dict[str, bytes]:
    """A ConfigMap's or Secret's content by key; {} for other kinds."""
    if document.get("kind") not in ("ConfigMap", "Secret"):
        return {}
    plain = "data" if document["kind"] == "ConfigMap" else "stringData"
    coded = "binaryData" if document["kind"] == "ConfigMap" else "data"
    found = {key: base64.b64decode(value) for key, value in (document.get(coded) or {}).items()}
    return found | {key: str(value).encode() for key, value in (document.get(plain) or {}).items()}
