"""A hub in the manner of zero-to-jupyterhub, put on the cluster by Helm through the post-renderer.

Two charts take the same values: that of Z2JH_CHART (a folder or an archive), and one made here, whose objects are those
of tests/releases/z2jh.py with what a hub needs to run.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.cluster.hub import rights
from tests.cluster.kubectl import Namespace
from tests.cluster.release import MEMORY, NAME, WAITING, Release, given
from tests.helm.helms import ROOT, Helm
from tests.releases import z2jh

GIVEN = os.environ.get("Z2JH_CHART")
CHARTS = {"shaped": None, **({"given": (ROOT / GIVEN).resolve()} if GIVEN else {})}
"""What is installed; None is the chart made here."""

Object = dict[str, Any]


class Z2jh(Release):
    """A hub release of one of `CHARTS`."""

    public = "proxy-public"

    def __init__(self, chart: str, helm: Helm, namespace: Namespace) -> None:
        super().__init__(helm, namespace)
        self.chart = CHARTS[chart]

    def upgrade(self, settings: Mapping[str, Any] = {}) -> None:
        values = copy.deepcopy(self._values())
        for path, value in settings.items():
            *blocks, key = path.split(".")
            inner = values
            for block in blocks:
                inner = inner.setdefault(block, {})
            inner[key] = value
        self.values.write_text(json.dumps(values))
        chart = self.chart or shaped(self.helm.scratch / "shaped", values)
        chosen = ("--values", self.values, "--post-renderer", "kernelpair")
        self.run("upgrade", "--install", NAME, chart, *chosen, *WAITING)

    def _values(self) -> Object:
        """Values as zero-to-jupyterhub has them, with the images that our chart's values name."""
        images = given()
        gateway, user = images["kernelGateway"], images["singleuser"]
        front_end = _image(gateway["notebook"]["image"])
        plain = {"image": f"{front_end['name']}:{front_end['tag']}"}
        settings = {**gateway, "enabled": True, "notebook": {"image": front_end}}
        config = rights(self.token)
        service = config["JupyterHub"].pop("services")[0]
        config["JupyterHub"]["authenticator_class"] = "dummy"
        # One that a chart makes up may be another at the first upgrade, which then replaces the proxy.
        config["ConfigurableHTTPProxy"] = {"auth_token": z2jh.SECRETS["hub.config.ConfigurableHTTPProxy.auth_token"]}
        return {
            "custom": {"kernelGateway": settings},
            "hub": {
                "config": config,
                "services": {service["name"]: {"apiToken": service["api_token"]}},
                "image": _image(images["hub"]["image"]),
            },
            "proxy": {"service": {"type": "ClusterIP"}, "chp": {"image": _image(images["proxy"]["chp"]["image"])}},
            "singleuser": {
                "image": _image(user["image"]),
                "memory": MEMORY,
                "cpu": {"limit": 1, "guarantee": 0.05},
                "uid": 1000,
                "fsGid": 100,
                "allowPrivilegeEscalation": False,
                "storage": {"type": "dynamic", "capacity": "1Gi"},
                "networkPolicy": {"enabled": False},
                # It wants an image and privileges of its own.
                "cloudMetadata": {"blockWithIptables": False},
                "profileList": [
                    {"display_name": "Default", "slug": "default", "default": True},
                    {"display_name": "Plain", "slug": "plain", "kubespawner_override": plain},
                    {
                        "display_name": "Refused",
                        "slug": "refused",
                        "kubespawner_override": {**plain, "extra_containers": [_foreign(plain["image"])]},
                    },
                ],
            },
            "scheduling": {"userScheduler": {"enabled": False}, "userPlaceholder": {"enabled": False}},
            "prePuller": {
                "hook": {"enabled": False},
                "continuous": {"enabled": True},
                "pause": {"image": _image(images["prePuller"]["pause"]["image"])},
            },
            "cull": {"enabled": False},
        }


def _foreign(image: str) -> Object:
    """A container that has the name which ours needs."""
    return {"name": "kernel", "image": image, "command": ["sleep", "infinity"]}


def _image(block: Object) -> Object:
    return {"name": block["name"], "tag": block["tag"]}


def shaped(folder: Path, values: Object) -> Path:
    """A chart of the objects that `values` give; its templates only hand them out."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text(json.dumps({"apiVersion": "v2", "name": "jupyterhub", "version": "4.0.0"}))
    (folder / "objects.json").write_text(json.dumps({"items": _objects(values)}))
    (folder / "templates" / "all.yaml").write_text(
        '{{ range (.Files.Get "objects.json" | fromJson).items }}\n---\n{{ toYaml . }}\n{{ end }}\n'
    )
    return folder


def _objects(values: Object) -> list[Object]:
    values = copy.deepcopy(values)
    values["hub"]["config"]["ConfigurableHTTPProxy"] |= {"should_start": False, "api_url": "http://proxy-api:8001"}
    objects = z2jh.release(values, release=NAME, pullers=["continuous-image-puller"])
    images = {"hub": values["hub"]["image"], "chp": values["proxy"]["chp"]["image"]}
    images |= {"image-pull-singleuser": values["singleuser"]["image"], "pause": values["prePuller"]["pause"]["image"]}
    for found in objects:
        pod = found.get("spec", {}).get("template", {}).get("spec", {})
        for box in [*pod.get("initContainers", []), *pod.get("containers", [])]:
            box["image"] = "{name}:{tag}".format(**images[box["name"]])
    hub, proxy = (z2jh.pick(objects, "Deployment", name) for name in ("hub", "proxy"))
    checksum = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
    hub["spec"]["template"]["metadata"]["annotations"]["checksum/secret"] = checksum
    _run_hub(hub["spec"])
    _run_proxy(proxy["spec"])
    return [*objects, *_beside(hub["metadata"]["labels"])]


def _probe(path: str, port: int) -> Object:
    return {"httpGet": {"path": path, "port": port}, "periodSeconds": 2, "failureThreshold": 1000}


def _run_hub(deployment: Object) -> None:
    """A database that outlives the hub's pod, the right to make pods, and the hub's own user."""
    deployment["strategy"] = {"type": "Recreate"}
    pod = deployment["template"]["spec"]
    pod["serviceAccountName"] = "hub"
    pod["securityContext"] = {"fsGroup": 1000}
    pod["volumes"].append({"name": "pvc", "persistentVolumeClaim": {"claimName": "hub-db-dir"}})
    box = pod["containers"][0]
    box["securityContext"] |= {"runAsUser": 1000, "runAsGroup": 1000}
    box["volumeMounts"].append({"name": "pvc", "mountPath": "/srv/jupyterhub"})
    box["readinessProbe"] = _probe("/hub/health", 8081)


def _run_proxy(deployment: Object) -> None:
    box = deployment["template"]["spec"]["containers"][0]
    target = "http://hub:$(HUB_SERVICE_PORT)"
    box["command"] = ["configurable-http-proxy"]
    box["args"] = ["--ip=", "--api-ip=", "--api-port=8001", "--port=8000"]
    box["args"] += [f"--default-target={target}", f"--error-target={target}/hub/error"]
    token = {"name": "hub", "key": "hub.config.ConfigurableHTTPProxy.auth_token"}
    box["env"] = [{"name": "CONFIGPROXY_AUTH_TOKEN", "valueFrom": {"secretKeyRef": token}}]
    box["readinessProbe"] = _probe("/_chp_healthz", 8000)


def _beside(labels: Object) -> list[Object]:
    """What stands around the two Deployments."""

    def made(kind: str, name: str, group: str = "", **fields: Any) -> Object:
        metadata = {"name": name, "labels": labels}
        return {"apiVersion": f"{group}v1", "kind": kind, "metadata": metadata, **fields}

    def service(name: str, port: int, target: int) -> Object:
        selector = {"component": "proxy", "release": labels["release"]}
        return made("Service", name, spec={"selector": selector, "ports": [{"port": port, "targetPort": target}]})

    groups = "rbac.authorization.k8s.io/"
    everything = ["get", "watch", "list", "create", "delete"]
    resources = ["pods", "persistentvolumeclaims", "secrets", "services"]
    rules = [
        {"apiGroups": [""], "resources": resources, "verbs": everything},
        {"apiGroups": [""], "resources": ["events"], "verbs": ["get", "watch", "list"]},
    ]
    role = {"apiGroup": groups[:-1], "kind": "Role", "name": "hub"}
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return [
        made("ServiceAccount", "hub"),
        made("Role", "hub", groups, rules=rules),
        made("RoleBinding", "hub", groups, roleRef=role, subjects=[{"kind": "ServiceAccount", "name": "hub"}]),
        made("PersistentVolumeClaim", "hub-db-dir", spec=claim),
        service("proxy-api", 8001, 8001),
        service("proxy-public", 80, 8000),
    ]
