"""Spawns pods with a real JupyterHub and KubeSpawner, up to an API server on loopback; runs inside a hub environment.

The environment names the KUBECONFIG to write: the client looks at the variable when it is imported.
KERNELPAIR_HUB_DIR is the hub's folder with our files. Standard input: JSON, the fields of every cases.Case.
Standard output: JSON, one result for each case. Nothing of it is imported by the tests.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from aiohttp import web
from jupyterhub import orm
from jupyterhub.app import JupyterHub
from jupyterhub.objects import Hub, Server
from jupyterhub.user import User
from jupyterhub.utils import maybe_future
from kubernetes_asyncio.client import ApiException

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: test
clusters: [{{name: test, cluster: {{server: "{url}"}}}}]
users: [{{name: test, user: {{token: test}}}}]
contexts: [{{name: test, context: {{cluster: test, user: test}}}}]
"""


class Records:
    """Every line that is logged under the hub's name, with its level: caught where records are made.

    A handler would not do: the application sets its handlers anew whenever its configuration changes.
    """

    def __init__(self) -> None:
        self.lines: list[list[str]] = []
        self.make = logging.getLogRecordFactory()
        logging.setLogRecordFactory(self.record)

    def record(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = self.make(*args, **kwargs)
        if record.name == "JupyterHub":
            trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
            self.lines.append([record.levelname, f"{record.getMessage()}\n{trace}".strip()])
        return record


def running(pod: dict[str, Any], namespace: str) -> dict[str, Any]:
    """The pod as it is once a node runs all its containers."""
    ready = [
        {"name": container["name"], "ready": True, "state": {"running": {}}} for container in pod["spec"]["containers"]
    ]
    status = {"phase": "Running", "podIP": "10.0.0.7", "containerStatuses": ready}
    metadata = {**pod["metadata"], "namespace": namespace, "uid": "1", "resourceVersion": "2"}
    return {**pod, "metadata": metadata, "status": status}


def without_bundle(pod: dict[str, Any], namespace: str) -> dict[str, Any]:
    """The pod as it stays where the image of its init container has no bundle."""
    start = "/opt/kernelpair-bundle/start"
    message = f'runc create failed: exec: "{start}": stat {start}: no such file or directory: unknown'
    (init,) = pod["spec"]["initContainers"]
    state = {"waiting": {"reason": "RunContainerError", "message": message}}
    told = {"name": init["name"], "image": init["image"], "state": state}
    status = {"phase": "Pending", "initContainerStatuses": [told]}
    return {**running(pod, namespace), "status": status}


class ApiServer:
    """Takes a pod, or refuses it, and keeps the body of the last request; `becomes` says what it is at once."""

    def __init__(self) -> None:
        self.becomes = running
        self.body: Any = None
        self.status = 201
        self.events: list[Any] = []

    async def create(self, request: web.Request) -> web.Response:
        self.body = await request.json()
        if self.status == 201:
            self.events.append({"type": "ADDED", "object": self.becomes(self.body, request.match_info["namespace"])})
        refused = {"kind": "Status", "message": "exceeded quota"}
        return web.json_response(self.body if self.status == 201 else refused, status=self.status)

    async def list(self, request: web.Request) -> web.StreamResponse:
        """The answer to KubeSpawner's reflectors: nothing is there yet; whoever watches pods sees those to come run."""
        if "watch" not in request.query:
            return web.json_response({"kind": "List", "items": [], "metadata": {"resourceVersion": "1"}})
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        told = 0 if request.path.endswith("/pods") else sys.maxsize
        while True:
            for event in self.events[told:]:
                await response.write(json.dumps(event).encode() + b"\n")
                told += 1
            await asyncio.sleep(0.02)

    def routes(self) -> list[web.RouteDef]:
        """Which request is answered by what; the first that fits."""
        return [web.get("/{anything:.*}", self.list), web.post("/api/v1/namespaces/{namespace}/pods", self.create)]

    async def start(self) -> str:
        """Listen on loopback; returns the address."""
        app = web.Application()
        app.add_routes(self.routes())
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"


def hub_of(config: str) -> JupyterHub:
    """The application with its configuration loaded from a file, as `jupyterhub --config` does."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "jupyterhub_config.py"
        file.write_text(config)
        hub = JupyterHub.instance()
        hub.log_level = logging.DEBUG
        hub.load_config_file(str(file))
    return hub


def user_of(hub: JupyterHub, name: str, db: Any) -> User:
    """A new user, with the hub's settings as its handlers have them."""
    for known in db.query(orm.User):
        db.delete(known)
    db.commit()
    known = orm.User(name=name)
    db.add(known)
    db.commit()
    settings = {
        "config": hub.config,
        "spawner_class": hub.spawner_class,
        "hub": Hub(ip="0.0.0.0", port=8081, base_url="/hub/"),
        "base_url": "/",
        "allow_named_servers": True,
        "cookie_options": {},
    }
    return User(known, settings, db)


async def spawner_of(user: User, case: dict[str, Any]) -> Any:
    if case["internal_ssl"]:
        user.settings.update(internal_ssl=True, internal_certs_location="certs", internal_trust_bundles={})
    orm_spawner = orm.Spawner(name=case["server"], user=user.orm_user)
    user.db.add(orm_spawner)
    user.db.commit()
    spawner = user._new_spawner(case["server"])
    spawner.user_options = case["api"]
    if case["options"]:
        form = {key: [value] for key, value in case["options"].items()}
        spawner.user_options = await maybe_future(spawner.run_options_from_form(form))
    spawner.api_token = "the-hubs-secret"
    spawner.oauth_client_id = "service"
    orm_server = orm.Server(base_url=f"/user/{user.name}/")
    user.db.add(orm_server)
    user.db.commit()
    spawner.server = Server(orm_server=orm_server)
    if case["internal_ssl"]:
        spawner.cert_paths = {"keyfile": "/certs/key", "certfile": "/certs/cert", "cafile": "/certs/ca"}
    return spawner


async def run(case: dict[str, Any], folder: Path, db: Any, server: ApiServer, records: Records) -> dict[str, Any]:
    """What a spawn sends to the API server, without the hook (before) and with it (after), and what is said."""
    (folder / "settings.json").write_text(case["settings"])
    records.lines = []
    os.environ["POD_NAMESPACE"] = case["hub_namespace"]
    hub = hub_of(case["config"])
    result: dict[str, Any] = {"class": [cls.__module__ + "." + cls.__qualname__ for cls in hub.spawner_class.__mro__]}
    user = user_of(hub, case["user"], db)
    spawner = await spawner_of(user, case)
    chosen = spawner.user_options
    await spawner.load_user_options()
    result["options"], result["options_stay"] = spawner.user_options, spawner.user_options == chosen
    hook = spawner.modify_pod_hook
    earlier = getattr(hook, "earlier", hook)
    pod = await spawner.get_pod_manifest()
    pod = pod if earlier is None else earlier(spawner, pod)
    await spawner.api.create_namespaced_pod(spawner.namespace, await pod if asyncio.iscoroutine(pod) else pod)
    result["before"], server.body = server.body, None
    server.status = case["api_status"]
    try:
        pod = await spawner.get_pod_manifest()
        if hook:
            pod = await maybe_future(hook(spawner, pod))
        result["created"] = await spawner._make_create_pod_request(pod, 5)
    except (Exception, ApiException) as error:
        result["error"] = [type(error).__name__, str(error), getattr(error, "jupyterhub_message", "")]
        result["error_status"] = getattr(error, "status_code", getattr(error, "status", None))
    server.status, result["after"] = 201, server.body
    result["notes"] = getattr(spawner, "_kernelpair_notes", [])
    return {**result, "log": [line for line in records.lines if line[1].startswith("kernelpair: ")]}


async def main() -> None:
    folder = Path(os.environ["KERNELPAIR_HUB_DIR"])
    server, records = ApiServer(), Records()
    Path(os.environ["KUBECONFIG"]).write_text(KUBECONFIG.format(url=await server.start()))
    db = orm.new_session_factory("sqlite:///:memory:")()
    results = []
    for case in json.load(sys.stdin):
        JupyterHub.clear_instance()
        results.append(await run(case, folder, db, server, records))
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
