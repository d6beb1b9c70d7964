"""The notebook container, started in every way in which operators start theirs: each finds the pair's gateway.

Containers run as in the local pair. A hub and a kernel gateway on loopback answer what a starting server asks, and keep
what it sent: only our configuration, found by way of JUPYTER_CONFIG_PATH, knows the token that the gateway sees.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests import command
from tests.localpod import images
from tests.localpod.containers import POLL_SECONDS, Running, free_ports, kill_leftovers
from tests.localpod.pod import load
from tests.localpod.probes import HOST

START_SECONDS = 60
USER, HUB_TOKEN, LAB_TOKEN = "ann", "the-hubs-token", "a-token-for-lab"
PREFIX = f"/user/{USER}/"
SCRIPT = "/usr/local/bin/start.sh"
# Started by root, which runAsUser prevents in a cluster, jupyter_server wants to be told that root is meant.
ROOT = ["--allow-root"] if os.geteuid() == 0 else []
LAB = ["--no-browser", f"--ServerApp.ip={HOST}", "--ServerApp.port_retries=0", f"--ServerApp.base_url={PREFIX}"]
HUB_MODEL = {
    "kind": "user",
    "name": USER,
    "admin": False,
    "groups": [],
    "scopes": [f"access:servers!user={USER}", f"access:servers!server={USER}/"],
}
SPEC = {"name": "of-the-gateway", "resources": {}, "spec": {"language": "x", "display_name": "X", "argv": []}}
TERMINAL = {"name": "of-the-gateway"}


class Way(NamedTuple):
    """How the user's container is started: KubeSpawner's `args`, or a command, and variables."""

    args: Sequence[str]
    command: Sequence[str] = ()
    env: Mapping[str, str] = {}
    token: str = HUB_TOKEN


WAYS = {
    "jupyterhub-singleuser": Way(["jupyterhub-singleuser", *ROOT]),
    "without user configuration": Way(["jupyterhub-singleuser", *ROOT], env={"JUPYTERHUB_DISABLE_USER_CONFIG": "1"}),
    "singleuser as it was": Way(["jupyterhub-singleuser", *ROOT], env={"JUPYTERHUB_SINGLEUSER_EXTENSION": "0"}),
    "jupyter-labhub": Way(["jupyter-labhub", *ROOT]),
    "a script": Way([SCRIPT, *ROOT]),
    "a script as command": Way(ROOT, command=[SCRIPT]),
    "jupyter lab": Way(["jupyter", "lab", *LAB, *ROOT], token=LAB_TOKEN),
    "a module": Way(
        ["python", "-c", "from jupyterlab.labapp import main; main()", *LAB, *ROOT],
        token=LAB_TOKEN,
    ),
}


class Answering(BaseHTTPRequestHandler):
    """Answers JSON by path, and keeps (path, Authorization) of every request."""

    server: Any

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        self.server.seen.append((self.path, self.headers.get("Authorization")))
        found = self.server.answers.get(self.path.partition("?")[0])
        body = json.dumps(found or {}).encode()
        self.send_response(200 if found is not None else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 (the library's name)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def answering(port: int, answers: dict[str, Any]) -> Any:
    """A server on loopback with those answers by path."""
    server: Any = ThreadingHTTPServer((HOST, port), Answering)
    server.answers, server.seen = answers, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def variables(way: Way, port: int, hub: int) -> dict[str, str]:
    """What KubeSpawner sets, and what tells JupyterLab its port and token."""
    return {
        "JUPYTERHUB_USER": USER,
        "JUPYTERHUB_API_TOKEN": HUB_TOKEN,
        "JUPYTERHUB_API_URL": f"http://{HOST}:{hub}/hub/api",
        "JUPYTERHUB_ACTIVITY_URL": f"http://{HOST}:{hub}/hub/api/users/{USER}/activity",
        "JUPYTERHUB_BASE_URL": "/",
        "JUPYTERHUB_SERVICE_PREFIX": PREFIX,
        "JUPYTERHUB_SERVICE_URL": f"http://{HOST}:{port}{PREFIX}",
        "JUPYTERHUB_CLIENT_ID": f"jupyterhub-user-{USER}",
        "JUPYTERHUB_OAUTH_CALLBACK_URL": f"{PREFIX}oauth_callback",
        "JUPYTERHUB_OAUTH_SCOPES": json.dumps([f"access:servers!user={USER}"]),
        "JUPYTERHUB_SERVER_NAME": "",
        "JUPYTER_PORT": str(port),
        "JUPYTER_TOKEN": LAB_TOKEN,
        **way.env,
    }


def manifest(way: Way, port: int, gateway: int, hub: int) -> bytes:
    """A user's pod as KubeSpawner makes it, with the annotation that has it split, and the operator's script."""
    settings = {
        "enabled": True,
        "notebook": {"image": {"name": "example.org/front-end", "tag": "1"}},
        "kernel": {"port": gateway},
    }
    container = {
        "name": "notebook",
        "image": "example.org/user:1",
        "env": [{"name": name, "value": value} for name, value in variables(way, port, hub).items()],
        "volumeMounts": [
            {"name": "home", "mountPath": "/home/jovyan"},
            {"name": "start", "mountPath": SCRIPT, "subPath": "start.sh"},
        ],
        **({"command": list(way.command)} if way.command else {}),
        **({"args": list(way.args)} if way.args else {}),
    }
    volumes = [
        {"name": "home", "emptyDir": {}},
        {"name": "start", "configMap": {"name": "start", "defaultMode": 0o755}},
    ]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "jupyter-ann", "annotations": {"kernelpair/settings": json.dumps(settings)}},
        "spec": {"containers": [container], "volumes": volumes},
    }
    script = '#!/bin/sh\nset -e\ncd "$HOME"\nexec jupyterhub-singleuser "$@"\n'
    start = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "start"}, "data": {"start.sh": script}}
    return yaml.safe_dump_all([pod, start]).encode()


class Started(NamedTuple):
    """A running notebook container: its address, its pair's token file, and what hub and gateway were asked."""

    url: str
    token: Path
    gateway: Any
    hub: Any
    running: Running


@pytest.fixture(params=WAYS)
def started(request: pytest.FixtureRequest) -> Iterator[tuple[Way, Started]]:
    way = WAYS[request.param]
    port, gateway_port, hub_port = free_ports(3)
    hub = answering(hub_port, {"/hub/api": {"version": "6.0.0"}, "/hub/api/": {"version": "6.0.0"}})
    hub.answers |= {"/hub/api/user": HUB_MODEL, f"/hub/api/users/{USER}/activity": {}}
    specs = {"default": SPEC["name"], "kernelspecs": {SPEC["name"]: SPEC}}
    gateway = answering(gateway_port, {"/api/kernelspecs": specs, "/api/kernels": [], "/api/terminals": [TERMINAL]})
    sandbox = Path(tempfile.mkdtemp(prefix="kernelpair-start-"))
    rendered = command.run([], manifest(way, port, gateway_port, hub_port))
    try:
        assert rendered.code == 0, rendered.err
        pod = load(rendered.out, sandbox, images.image)
        (container,) = (one for one in pod.containers if one.name == "notebook")
        running = Running(container, sandbox / "notebook.log", 5)
        try:
            url = f"http://{HOST}:{port}{PREFIX}"
            wait(url, running)
            yield way, Started(url, pod.volumes["kernelpair-run"] / "token", gateway, hub, running)
        finally:
            running.terminate()
            running.wait()
    finally:
        for server in (hub, gateway):
            server.shutdown()
            server.server_close()
        kill_leftovers(sandbox)
        shutil.rmtree(sandbox)


def get(url: str, token: str = "") -> Any:
    request = urllib.request.Request(url, headers={"Authorization": f"token {token}"} if token else {})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=START_SECONDS) as answer:
        return json.load(answer)


def wait(url: str, running: Running) -> None:
    """Return once a Jupyter server tells its version there: the port is nobody else's."""
    until = time.monotonic() + START_SECONDS
    while True:
        running.check()
        try:
            assert "version" in get(f"{url}api")
        except OSError as error:
            if time.monotonic() > until:
                raise AssertionError(f"{error}; the log ends:\n{running.tail()}") from error
            time.sleep(POLL_SECONDS)
        else:
            return


def test_the_servers_kernels_and_terminals_are_the_gateways(started: tuple[Way, Started]) -> None:
    way, server = started
    assert server.token.exists(), f"our configuration was not read:\n{server.running.tail()}"
    try:
        found = get(f"{server.url}api/kernelspecs", way.token)
    except OSError as error:
        raise AssertionError(f"{error}; the log ends:\n{server.running.tail()}") from error
    assert list(found["kernelspecs"]) == [SPEC["name"]], server.running.tail()
    asked = [authorization for path, authorization in server.gateway.seen if path.startswith("/api/kernelspecs")]
    assert set(asked) == {f"token {server.token.read_text()}"}
    assert get(f"{server.url}api/terminals", way.token) == [TERMINAL], server.running.tail()
    by_the_hub = any(path == "/hub/api/user" for path, _ in server.hub.seen)
    assert by_the_hub == (way.token == HUB_TOKEN)
