"""Nodes on which pods only say that they run, by kwok, and the one server that answers for all of them."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.cluster.kubectl import Namespace, eventually
from tests.helm.helms import ROOT

LABEL = {"kernelpair.test/storm": "true"}
TAINT = {"key": "kernelpair.test/storm", "value": "true", "effect": "NoSchedule"}
NODES = 10
ROOM = {"cpu": "1k", "memory": "10Ti", "pods": "1k"}
"""Of each node: what it says that it has."""
READY_SECONDS = 120

_ANSWERS = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        self.send_header("X-JupyterHub-Version", sys.argv[1])
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
    do_HEAD = do_GET
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("", 8888), Handler).serve_forever()
"""
"""Says yes to whatever the hub asks a user's server."""

_RUNNING = """
{{ $now := Now }}
phase: Running
startTime: {{ $now | Quote }}
podIP: %(address)s
podIPs: [{ip: %(address)s}]
conditions:
{{ range $type := list "Initialized" "Ready" "ContainersReady" }}
- {type: {{ $type }}, status: "True", lastTransitionTime: {{ $now | Quote }}}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: true
  restartCount: 0
  state: {running: {startedAt: {{ $now | Quote }}}}
{{ end }}
"""


_READY = """
{{ $now := Now }}
phase: Running
conditions:
- {type: Ready, status: "True", reason: Storm, message: ready, lastTransitionTime: {{ $now | Quote }}}
"""


def _stage(kind: str, name: str, when: dict[str, Any], then: dict[str, Any]) -> dict[str, Any]:
    spec = {"resourceRef": {"apiGroup": "v1", "kind": kind}, "selector": {"matchExpressions": [when]}, "next": then}
    return {"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "Stage", "metadata": {"name": name}, "spec": spec}


def _stages(address: str) -> Iterator[dict[str, Any]]:
    """Nodes are ready; pods run at once, with the address of the server that answers; told to end, they have."""
    new = {"key": ".status.phase", "operator": "NotIn", "values": ["Running"]}
    yield _stage("Node", "ready", new, {"statusTemplate": _READY})
    pending = {"key": ".status.phase", "operator": "In", "values": ["Pending"]}
    yield _stage("Pod", "running", pending, {"statusTemplate": _RUNNING % {"address": address}})
    yield _stage("Pod", "ended", {"key": ".metadata.deletionTimestamp", "operator": "Exists"}, {"delete": True})


def _node(number: int) -> dict[str, Any]:
    name = f"kernelpair-storm-{number}"
    metadata = {"name": name, "labels": LABEL, "annotations": {"kwok.x-k8s.io/node": "fake"}}
    status = {"allocatable": ROOM, "capacity": ROOM}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": {"taints": [TAINT]}, "status": status}


def answering(namespace: Namespace, image: str, hub_version: str) -> str:
    """Start the server that answers as users' servers do; returns its address. `image` has a python3."""
    container = {"name": "server", "image": image, "command": ["python3", "-u", "-c", _ANSWERS, hub_version]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "server"}, "spec": {"containers": [container]}}
    namespace.run("apply", "--filename=-", data=json.dumps(pod))
    namespace.run("wait", "--for=condition=Ready", "pod/server", f"--timeout={READY_SECONDS}s")
    address: str = namespace.get("pod/server")["status"]["podIP"]
    return address


@contextlib.contextmanager
def nodes(address: str, scratch: Path) -> Iterator[None]:
    """Nodes for pods that tolerate `TAINT` and select `LABEL`; each pod has the address of the server that answers."""
    found = subprocess.run(
        [sys.executable, ROOT / "ci" / "tools.py", "path", "kwok"], capture_output=True, text=True, check=True
    )
    configuration = scratch / "kwok.yaml"
    configuration.write_text("\n---\n".join(json.dumps(stage) for stage in _stages(address)))
    cluster = Namespace("default")
    made = {"apiVersion": "v1", "kind": "List", "items": [_node(number) for number in range(NODES)]}
    cluster.run("apply", "--filename=-", data=json.dumps(made))
    managed = "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake"
    command = [found.stdout.strip(), f"--config={configuration}", managed, "--node-lease-duration-seconds=40"]
    try:
        with (scratch / "kwok.log").open("w") as log:
            kwok = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        try:
            eventually(lambda: _ready(cluster), "kwok's nodes are ready", READY_SECONDS)
            yield
        finally:
            kwok.terminate()
            kwok.wait()
    finally:
        cluster.run("delete", "node", *(_node(number)["metadata"]["name"] for number in range(NODES)), "--wait=false")


def _ready(cluster: Namespace) -> bool:
    wanted = ",".join(f"{key}={value}" for key, value in LABEL.items())
    found = json.loads(cluster.run("get", "nodes", f"--selector={wanted}", "--output=json"))["items"]
    ready = [
        condition["status"] == "True"
        for node in found
        for condition in node["status"].get("conditions", [])
        if condition["type"] == "Ready"
    ]
    return len(ready) == NODES and all(ready)
