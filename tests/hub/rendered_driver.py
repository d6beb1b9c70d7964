"""Runs laid-out hubs up to the pods that they create; runs inside a hub environment, for rendered.py.

Standard input: JSON, a list of {"root": scratch folder, "env": variables, "config": file, "spawns": {name: fields of
rendered.Spawn}}. Standard output: JSON, for each {"class", "log", "spawns": {name: answer}}, or {"crashed": traceback}
where the configuration can't be loaded. An answer is {"pod": as the API server got it, "created": resources of the
other objects that it got, "url" and "poll" or "error", "log", "notes"}.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import driver
from aiohttp import web
from jupyterhub import orm
from jupyterhub.app import JupyterHub
from jupyterhub.objects import Hub
from kubernetes_asyncio.client import ApiException

START_SECONDS = 20


class Cluster(driver.ApiServer):
    """Also takes the claims, Secrets and Services that KubeSpawner creates beside a pod."""

    def __init__(self) -> None:
        super().__init__()
        self.created: list[str] = []

    async def create_other(self, request: web.Request) -> web.Response:
        made = await request.json()
        self.created.append(request.path.rpartition("/")[2])
        return web.json_response({**made, "metadata": {**made["metadata"], "uid": "2"}}, status=201)

    async def delete(self, request: web.Request) -> web.Response:
        return web.json_response({"kind": "Status", "reason": "NotFound"}, status=404)

    def routes(self) -> list[web.RouteDef]:
        others = [web.post("/{anything:.*}", self.create_other), web.delete("/{anything:.*}", self.delete)]
        return [*super().routes(), *others]


def started(config: str) -> JupyterHub:
    """The application as `jupyterhub --config` has it after its configuration."""
    hub = JupyterHub.instance()
    hub.parse_command_line(["--config", config])
    hub.load_config_file(hub.config_file)
    return hub


def fields(form: dict[str, str]) -> dict[str, str]:
    """The form with its options also under the names that KubeSpawner before 5 reads: one dash."""
    return {**form, **{name.replace("--", "-", 1): value for name, value in form.items()}}


async def spawner_of(hub: JupyterHub, db: Any, spawn: dict[str, Any]) -> Any:
    user = driver.user_of(hub, spawn["user"], db)
    address = Hub(bind_url=hub.hub_bind_url, base_url=hub.hub_prefix)
    if hub.hub_connect_url:
        address.connect_url = hub.hub_connect_url
    user.settings.update(hub=address, base_url=hub.base_url)
    case = {"internal_ssl": hub.internal_ssl, "server": spawn["server"], "options": fields(spawn["form"]), "api": {}}
    spawner = await driver.spawner_of(user, case)
    if hub.internal_ssl:
        spawner.cert_paths = {name: f"{name}.pem" for name in ("keyfile", "certfile", "cafile")}
        spawner.internal_trust_bundles = {"hub-ca": "cafile.pem"}
        for file in spawner.cert_paths.values():
            Path(file).write_text("certificate")
    return spawner


async def spawn_one(spawner: Any, cluster: Cluster, records: driver.Records) -> dict[str, Any]:
    """KubeSpawner's own `start`, from the options to the pod that it sees running."""
    cluster.body, cluster.created, records.lines = None, [], []
    answer: dict[str, Any] = {}
    try:
        answer["url"] = str(await asyncio.wait_for(spawner.start(), START_SECONDS))
        answer["poll"] = await spawner.poll()
    except (Exception, ApiException) as error:
        answer["error"] = [type(error).__name__, str(error), getattr(error, "jupyterhub_message", "")]
    said = [line for line in records.lines if line[1].startswith("kernelpair: ")]
    notes = getattr(spawner, "_kernelpair_notes", [])
    return {**answer, "pod": cluster.body, "created": cluster.created, "log": said, "notes": notes}


async def run(job: dict[str, Any]) -> dict[str, Any]:
    cluster, records = Cluster(), driver.Records()
    Path(os.environ["KUBECONFIG"]).write_text(driver.KUBECONFIG.format(url=await cluster.start()))
    hub = started(job["config"])
    log = [line for line in records.lines if line[1].startswith("kernelpair: ")]
    answer: dict[str, Any] = {"class": f"{hub.spawner_class.__module__}.{hub.spawner_class.__qualname__}", "log": log}
    db = orm.new_session_factory("sqlite:///:memory:")()
    answer["spawns"] = {
        name: await spawn_one(await spawner_of(hub, db, spawn), cluster, records)
        for name, spawn in job["spawns"].items()
    }
    return answer


def process(job: dict[str, Any]) -> dict[str, Any]:
    """One hub, in a process of its own: its variables and its working folder."""
    os.chdir(job["root"])
    os.environ.clear()
    os.environ.update(job["env"], KUBECONFIG="kubeconfig")
    try:
        return asyncio.run(run(job))
    except BaseException:  # a configuration may exit
        return {"crashed": traceback.format_exc()}


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # configurations print
    jobs = json.load(sys.stdin)
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        json.dump(pool.map(process, jobs, chunksize=1), answers)
    answers.close()


if __name__ == "__main__":
    main()
