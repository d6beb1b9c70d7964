"""The chart's hub as its pod sees it: rendered by Helm, its ConfigMap and Secret laid out as they are mounted."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from tests.helm.helms import CHART, Helm

MOUNTS = "/usr/local/etc/"
FRONT_END = "example.org/front-end:1.0"
# KubeSpawner before 7 doesn't know {user_server}.
EVERYWHERE = {"singleuser": {"storage": {"dynamic": {"pvcNameTemplate": "claim-{username}"}}}}

Object = dict[str, Any]


def release(values: Object, *more: str) -> list[Object]:
    """The objects of the release `x` in the namespace `jupyter`."""
    with TemporaryDirectory(prefix="kernelpair-chart-hub-") as folder:
        file, everywhere = (Path(folder) / name for name in ("values.yaml", "everywhere.yaml"))
        file.write_text(json.dumps(values))
        everywhere.write_text(json.dumps(EVERYWHERE))
        layers = ("--values", everywhere, "--values", file)
        stream = Helm("helm3", Path(folder)).template(*layers, *more, chart=CHART)
    return [document for document in yaml.load_all(stream, Loader=yaml.CSafeLoader) if document]


def one(objects: list[Object], kind: str, name: str = "") -> Object:
    """The only object of a kind, or the one whose name ends so."""
    [found] = [each for each in objects if each["kind"] == kind and each["metadata"]["name"].endswith(name)]
    return found


def hub_pod(objects: list[Object]) -> Object:
    """The pod spec of the hub."""
    spec: Object = one(objects, "Deployment", "-hub")["spec"]["template"]["spec"]
    return spec


def mounted(objects: list[Object]) -> dict[str, str]:
    """Path below /usr/local/etc -> text of what the hub's container mounts there."""
    pod = hub_pod(objects)
    [container] = pod["containers"]
    places = {mount["name"]: mount["mountPath"].removeprefix(MOUNTS) for mount in container["volumeMounts"]}
    files = {}
    for volume in pod["volumes"]:
        if "configMap" in volume:
            data = one(objects, "ConfigMap", volume["configMap"]["name"])["data"]
        elif "secret" in volume:
            secret = one(objects, "Secret", volume["secret"]["secretName"])
            data = {key: base64.b64decode(text).decode() for key, text in secret["data"].items()}
        else:
            continue
        items = volume.get("configMap", {}).get("items") or [{"key": key, "path": key} for key in data]
        files.update({f"{places[volume['name']]}/{item['path']}": data[item["key"]] for item in items})
    return files
