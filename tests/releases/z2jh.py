"""Releases in the shape that zero-to-jupyterhub renders, small: the objects, and the ways in which they are written.

The hub's files are those in hubfiles/: with them, real hub code makes of the values what it would make of that chart's.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

SETTINGS = {"enabled": True, "notebook": {"image": {"name": "example.org/front-end", "tag": "7"}}}
VALUES: dict[str, Any] = {
    "custom": {"kernelGateway": SETTINGS},
    "hub": {"existingSecret": None, "extraConfig": {"10-own": "c.Spawner.debug = True\n"}},
    "singleuser": {"image": {"name": "example.org/user", "tag": "1"}},
}
CONFIG_KEY = "jupyterhub_config.py"
FOLDER = "/usr/local/etc/jupyterhub"
HUB_FILES = {file.name: file.read_text() for file in sorted((Path(__file__).parent / "hubfiles").glob("*.py"))}
CONFIG = HUB_FILES[CONFIG_KEY] + "\n"  # as templates do, it ends with an empty line
SECRETS = {"hub.config.JupyterHub.cookie_secret": "ab" * 32, "hub.config.ConfigurableHTTPProxy.auth_token": "cd" * 32}
Object = dict[str, Any]


def encoded(values: object) -> str:
    """Values as the chart puts them into the Secret."""
    return _base64(yaml.safe_dump(values))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _block(values: object, *keys: str) -> Any:
    """What stands under ``keys`` of the values, or {}."""
    for key in keys:
        values = values.get(key) if isinstance(values, dict) else None
    return values or {}


def release(
    values: object = VALUES,
    *,
    release: str = "jhub",
    app: str = "jupyterhub",
    fullname: str = "",
    namespace: str = "",
    pullers: Iterable[str] = ("continuous-image-puller", "hook-image-puller"),
) -> list[Object]:
    """The objects of a release; `fullname` goes in front of every name, as fullnameOverride does."""
    prefix = f"{fullname}-" if fullname else ""
    hub = f"{prefix}hub"

    def metadata(name: str, component: str) -> Object:
        labels = {"component": component, "app": app, "release": release, "app.kubernetes.io/managed-by": "Helm"}
        return {"name": name, **({"namespace": namespace} if namespace else {}), "labels": labels}

    names = {name: f"{prefix}{name}" for name in ("hub", "singleuser", "proxy-api")}
    config = {**names, **HUB_FILES, CONFIG_KEY: CONFIG, "checksum_hook-image-puller": "12e3"}
    data = {"values.yaml": encoded(values), **{key: _base64(text) for key, text in _secrets(values).items()}}
    return [
        {
            "kind": "Secret",
            "apiVersion": "v1",
            "metadata": metadata(hub, "hub"),
            "type": "Opaque",
            "data": data,
        },
        {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata(hub, "hub"), "data": config},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata(hub, "hub"),
            "spec": {"ports": [{"port": 8081}], "selector": {"component": "hub", "release": release}},
        },
        *(_puller(metadata(f"{prefix}{name}", name)) for name in pullers),
        _deployment(
            metadata(hub, "hub"),
            _hub_pod(hub, release, values),
            {"checksum/config-map": "ab12", "checksum/secret": "12e3"},
        ),
        _deployment(metadata(f"{prefix}proxy", "proxy"), {"containers": [_container("chp")]}, {"checksum/x": "1"}),
    ]


def _secrets(values: object) -> dict[str, str]:
    """What the Secret holds beside the values."""
    services, files = _block(values, "hub", "services"), _block(values, "hub", "extraFiles")
    tokens = {f"hub.services.{key}.apiToken": services[key]["apiToken"] for key in services}
    return {**SECRETS, **tokens, **{key: files[key]["stringData"] for key in files}}


_RESTRICTED = {"allowPrivilegeEscalation": False, "runAsUser": 65534}


def _container(name: str) -> Object:
    return {"name": name, "image": f"example.org/{name}:4", "securityContext": dict(_RESTRICTED)}


def _hub_pod(hub: str, release: str, values: object) -> Object:
    volumes: list[Object] = [
        {"name": "config", "configMap": {"name": hub}},
        {"name": "secret", "secret": {"secretName": hub}},
    ]
    mounts = [
        {"mountPath": f"{FOLDER}/{CONFIG_KEY}", "subPath": CONFIG_KEY, "name": "config"},
        {"mountPath": f"{FOLDER}/z2jh.py", "subPath": "z2jh.py", "name": "config"},
        {"mountPath": f"{FOLDER}/config/", "name": "config"},
        {"mountPath": f"{FOLDER}/secret/", "name": "secret"},
    ]
    own, files = _block(values, "hub", "existingSecret"), _block(values, "hub", "extraFiles")
    if own:
        volumes.append({"name": "existing-secret", "secret": {"secretName": own}})
        mounts.append({"mountPath": f"{FOLDER}/existing-secret/", "name": "existing-secret"})
    if files:
        items = [{"key": key, "path": key} for key in files]
        volumes.append({"name": "files", "secret": {"secretName": hub, "items": items}})
        mounts += [{"mountPath": file["mountPath"], "subPath": key, "name": "files"} for key, file in files.items()]
    token = {"name": hub, "key": "hub.config.ConfigurableHTTPProxy.auth_token"}
    env = [
        {"name": "HELM_RELEASE_NAME", "value": release},
        {"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
        {"name": "CONFIGPROXY_AUTH_TOKEN", "valueFrom": {"secretKeyRef": token}},
    ]
    args = ["jupyterhub", "--config", f"{FOLDER}/{CONFIG_KEY}", "--upgrade-db"]
    return {"volumes": volumes, "containers": [{**_container("hub"), "args": args, "volumeMounts": mounts, "env": env}]}


def _deployment(metadata: Object, pod: Object, annotations: Object) -> Object:
    labels = {key: metadata["labels"][key] for key in ("component", "app", "release")}
    template = {"metadata": {"labels": labels, "annotations": annotations}, "spec": pod}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def _puller(metadata: Object) -> Object:
    hook = metadata["labels"]["component"].startswith("hook")
    if hook:
        metadata["annotations"] = {"helm.sh/hook": "pre-install,pre-upgrade", "helm.sh/hook-weight": "-10"}
    pull = {"command": ["/bin/sh", "-c", "echo pulled"], "resources": {"requests": {"cpu": 0}}}
    pod = {
        "initContainers": [{**_container("image-pull-singleuser"), "image": "example.org/user:1", **pull}],
        "containers": [_container("pause")],
    }
    labels = {key: metadata["labels"][key] for key in ("component", "app", "release")}
    spec = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}
    return {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata, "spec": spec}


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as literal block scalars, as templates do."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _dump(found: Object, **options: Any) -> str:
    return yaml.dump(found, Dumper=_Dumper, sort_keys=False, width=10**6, **options)


def _helm3(objects: list[Object]) -> str:
    return "".join(f"---\n# Source: jupyterhub/templates/{o['kind']}.yaml\n{_dump(o)}" for o in objects)


def _helm4(objects: list[Object]) -> str:
    def marked(found: Object) -> Object:
        metadata = found["metadata"]
        file = {"postrenderer.helm.sh/postrender-filename": f"jupyterhub/templates/{found['kind']}.yaml"}
        return {**found, "metadata": {**metadata, "annotations": {**metadata.get("annotations", {}), **file}}}

    return "---\n".join(yaml.dump(marked(found), Dumper=_Dumper, width=10**6) for found in objects)


def _flow(objects: list[Object]) -> str:
    return "".join(f"---\n{yaml.safe_dump(found, default_flow_style=True, sort_keys=False)}" for found in objects)


def _list(objects: list[Object]) -> str:
    return _dump({"apiVersion": "v1", "kind": "List", "items": objects})


WAYS: Mapping[str, Callable[[list[Object]], str]] = {
    "helm3": _helm3,
    "helm4": _helm4,
    "flow": _flow,
    "json": lambda objects: "\n---\n".join(json.dumps(found, indent=1) for found in objects),
    "json-on-one-line": lambda objects: "\n---\n".join(json.dumps(found) for found in objects),
    "list": _list,
    "json-list": lambda objects: json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}),
    "crlf": lambda objects: _helm3(objects).replace("\n", "\r\n"),
    "no-final-line-end": lambda objects: _helm3(objects).removesuffix("\n"),
}
"""How a release may be written -> its stream."""


def stream(objects: list[Object], way: str = "helm3") -> bytes:
    """The release as bytes."""
    return WAYS[way](objects).encode()


def read(data: bytes) -> list[Object]:
    """The objects of a stream, those of Lists one by one."""
    found = [one for one in yaml.load_all(data, Loader=yaml.CSafeLoader) if one is not None]
    return [item for one in found for item in (one["items"] if one["kind"] == "List" else [one])]


def pick(objects: list[Object], kind: str, name: str, namespace: str | None = None) -> Object:
    """The one object of that kind and name."""
    (found,) = (
        one
        for one in objects
        if (one["kind"], one["metadata"]["name"]) == (kind, name)
        and namespace in (None, one["metadata"].get("namespace", ""))
    )
    return found
