"""Spawns with the chart's own hub code and real KubeSpawner, as far as an API server on loopback.

Runs inside a hub environment, as tests/hub/driver.py does, which it uses. Standard input: JSON, a list of jobs, each
{"files": what the hub mounts, "template": the PodTemplate or null, "user", "server", "options", "status": of the API
server's answer to a pod, "busy": how often it is too busy to give the PodTemplate}. Standard output: JSON, one
result for each job.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "hub"))

import driver
from aiohttp import web
from jupyterhub import orm
from jupyterhub.app import JupyterHub
from jupyterhub.utils import iterate_until

MOUNTS = "/usr/local/etc"
CONFIG = "jupyterhub/jupyterhub_config.py"
SLOW_SECONDS = 1.5
"""Longer than the hub waits in the jobs that have a busy API server."""
OWN = ("hubconfig", "overlay", "spawner", "merge", "manifest", "kernelpair")


class ApiServer(driver.ApiServer):
    """The API server of the hub's tests, with one PodTemplate."""

    template: Any = None
    busy = 0
    slow = False

    async def list(self, request: web.Request) -> web.StreamResponse:
        if "/podtemplates/" not in request.path:
            return await super().list(request)
        self.asked = request.path
        if self.slow:
            self.slow = False
            await asyncio.sleep(SLOW_SECONDS)
        if self.busy:
            self.busy -= 1
            return web.json_response({"kind": "Status", "message": "busy"}, status=503)
        if self.template is None:
            return web.json_response({"kind": "Status", "message": "not found"}, status=404)
        return web.json_response(self.template)


def forget() -> None:
    """Modules of an earlier job: each hub is a process of its own."""
    for name in [name for name in sys.modules if name.partition(".")[0] in OWN]:
        del sys.modules[name]
    sys.path[:] = [entry for entry in sys.path if "kernelpair-hub-" not in entry]


def hub_of(files: dict[str, str], place: Path) -> JupyterHub:
    """The application with the mounted configuration loaded, as `jupyterhub --config` does.

    What a pod has at /usr/local/etc is at ``place``: also where the post-renderer's line looks for the hook.
    """
    forget()
    for path, text in files.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(text.replace(MOUNTS, str(place)) if path == CONFIG else text)
    os.environ["KERNELPAIR_HUB_DIR"] = str(place / "kernelpair")
    os.environ["POD_NAMESPACE"] = "jupyter"
    JupyterHub.clear_instance()
    hub = JupyterHub.instance()
    hub.load_config_file(str(place / CONFIG))
    return hub


async def messages(spawner: Any, started: asyncio.Future[Any]) -> list[str]:
    """What the progress page tells: the hub asks until the spawn is over, and here a little longer."""

    async def over() -> None:
        await started
        await asyncio.sleep(0.5)

    return [event["message"] async for event in iterate_until(asyncio.ensure_future(over()), spawner.progress())]


async def run(job: dict[str, Any], db: Any, server: ApiServer, records: driver.Records) -> dict[str, Any]:
    records.lines, server.body, server.template = [], None, job["template"]
    server.busy, server.slow = job["busy"], job["busy"] > 0
    with tempfile.TemporaryDirectory(prefix="kernelpair-hub-") as place:
        hub = hub_of(job["files"], Path(place))
        user = driver.user_of(hub, job["user"], db)
        case = {"internal_ssl": False, "server": job["server"], "options": job["options"], "api": {}}
        spawner = await driver.spawner_of(user, case)
        spawner.events_enabled = False
        classes = [f"{cls.__module__}.{cls.__qualname__}" for cls in hub.spawner_class.__mro__]
        result: dict[str, Any] = {"classes": classes, "starting": errors(records)}
        records.lines = []
        # Only what makes the pod; KubeSpawner's own waiting for it is tried in tests/hub.
        spawner._start = lambda: spawn(spawner, server, job["status"], result)
        spawner.clear_state()
        started = asyncio.gather(spawner.start(), return_exceptions=True)
        result["progress"] = await messages(spawner, started)
        await started  # the page may have all there is to tell before
    return {**result, "log": records.lines, "errors": errors(records)}


def errors(records: driver.Records) -> list[str]:
    return [message for level, message in records.lines if level == "ERROR"]


async def spawn(spawner: Any, server: ApiServer, status: int, result: dict[str, Any]) -> None:
    await spawner.load_user_options()
    server.status = status
    try:
        pod = await spawner.get_pod_manifest()
        if spawner.modify_pod_hook:
            pod = spawner.modify_pod_hook(spawner, pod)
            pod = await pod if inspect.isawaitable(pod) else pod
        await spawner._make_create_pod_request(pod, 5)
    except Exception as error:
        said = getattr(error, "jupyterhub_message", "")
        result["error"] = [type(error).__name__, getattr(error, "status_code", getattr(error, "status", None)), said]
    result.update(pod=server.body, asked=server.asked, claim=spawner.pvc_name)


async def main() -> None:
    server, records = ApiServer(), driver.Records()
    Path(os.environ["KUBECONFIG"]).write_text(driver.KUBECONFIG.format(url=await server.start()))
    db = orm.new_session_factory("sqlite:///:memory:")()
    results = []
    for job in json.load(sys.stdin):
        results.append(await run(job, db, server, records))
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
