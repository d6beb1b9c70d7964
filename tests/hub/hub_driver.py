"""What a hub does around a spawn: starting with a bad configuration, counting failures, progress page, metrics.

Runs inside a hub environment as driver.py does. Standard input: JSON, {"configs": {name: [text of jupyterhub_config.py,
text of settings.json]}}. Standard output: JSON, one key for each question below.
"""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import driver
from jupyterhub import orm
from jupyterhub.app import JupyterHub
from jupyterhub.handlers.base import BaseHandler
from prometheus_client import REGISTRY, generate_latest
from tornado.ioloop import IOLoop

FAILURES, LIMIT = 7, 5


def start(config: str, settings: str) -> dict[str, Any]:
    """Load a configuration; what the hub would use, and what the log says."""
    Path(os.environ["KERNELPAIR_HUB_DIR"], "settings.json").write_text(settings)
    RECORDS.lines = []
    JupyterHub.clear_instance()
    hub = driver.hub_of(config)
    return {"class": hub.spawner_class.__module__, "log": RECORDS.lines, "hub": hub}


async def spawner_for(config: str, settings: str, name: str = "ann") -> Any:
    hub = start(config, settings)["hub"]
    user = driver.user_of(hub, name, DB)
    spawner = await driver.spawner_of(user, {"internal_ssl": False, "server": "", "options": {}, "api": {}})
    return user, spawner


async def failure_count(user: Any, spawner: Any, spawn: Any) -> dict[str, Any]:
    """Spawn FAILURES times through the hub's own `spawn_single_user`; its count, and whether it would exit."""
    handler = mock.MagicMock(spec=BaseHandler)
    handler.authenticator.refresh_pre_spawn = False
    handler.users.count_active_users.return_value = {"spawn_pending": 0, "proxy_pending": 0, "active": 0}
    handler.concurrent_spawn_limit = handler.active_server_limit = 0
    handler.slow_spawn_timeout = 5
    handler.settings = {}
    spawner.consecutive_failure_limit = LIMIT

    async def spawn_user(*args: Any, **kwargs: Any) -> None:
        await asyncio.sleep(0)
        spawner.handler = handler
        try:
            await spawn()
        finally:
            spawner.handler = None

    stand_in = SimpleNamespace(name=user.name, spawn=spawn_user, spawners={"": spawner})
    raised, exits = set(), []
    with mock.patch.object(IOLoop, "call_later", lambda self, delay, call, *args: exits.append(delay)):
        for _ in range(FAILURES):
            try:
                await BaseHandler.spawn_single_user(handler, stand_in)
            except Exception as error:
                raised.add(type(error).__name__)
            await asyncio.sleep(0)
    limit = spawner.consecutive_failure_limit
    return {"count": handler.settings["failure_count"], "exits": len(exits), "raised": sorted(raised), "limit": limit}


async def run_hook(spawner: Any) -> None:
    await spawner.load_user_options()
    pod = await spawner.get_pod_manifest()
    await spawner.modify_pod_hook(spawner, pod)


async def failing_otherwise() -> None:
    raise RuntimeError("a failure of the hub's own")


async def progress(spawner: Any, events_enabled: bool) -> list[str]:
    """The messages of the progress page while a spawn goes on, as the hub collects them; open before the start."""
    spawner.events_enabled = events_enabled
    spawner._spawn_pending = True
    spawner.clear_state()

    async def begin() -> None:
        await asyncio.sleep(0.1)
        await run_hook(spawner)
        await asyncio.sleep(0.5)

    async def watched() -> list[str]:
        return [event["message"] async for event in spawner._generate_progress()]

    spawner._start = begin
    page = asyncio.ensure_future(watched())
    await asyncio.sleep(0.3)
    await spawner.start()
    return await asyncio.wait_for(page, 20)


async def ended(spawner: Any, containers: list[str]) -> dict[str, Any]:
    """What the hub makes of a notebook container that was killed, and whether it deletes the pod."""
    pod: Any = None
    while pod is None or [container["name"] for container in pod["spec"]["containers"]] != containers:
        await asyncio.sleep(0.02)  # it may know another spawn's pod of that name
        (pod,) = spawner.pod_reflector.pods.values()
    for status in pod["status"]["containerStatuses"]:
        if status["name"] == "notebook":
            times = {"startedAt": "2026-01-01T10:00:00Z", "finishedAt": "2026-01-01T10:00:40Z"}
            status["state"] = {"terminated": {"exitCode": 137, **times}}
    with mock.patch.object(type(spawner), "stop") as stop:
        return {"poll": await spawner.poll(), "deleted": stop.called}


async def fails(spawner: Any) -> dict[str, Any]:
    """What the user reads of a spawn that ends when its time is up: on the progress page meanwhile, and at the end."""
    spawner.start_timeout = 2
    told, page = "", []

    async def watch() -> None:
        async for event in spawner.progress():
            page.append(event["message"])

    async def events() -> AsyncIterator[dict[str, Any]]:
        while True:
            await asyncio.sleep(0.2)
            yield {"message": "an event"}

    with mock.patch.object(type(spawner).__mro__[1], "progress", return_value=events()):
        watching = asyncio.ensure_future(watch())
        try:
            await spawner.start()
        except Exception as error:
            told = getattr(error, "jupyterhub_message", str(error))
        watching.cancel()
    return {"error": told, "page": page}


def counts() -> dict[str, float]:
    wanted = (
        line for line in generate_latest(REGISTRY).decode().splitlines() if line.startswith("kernelpair_spawns_total")
    )
    return {line.split('"')[1]: float(line.split()[-1]) for line in wanted}


async def main() -> None:
    global DB, RECORDS
    configs = json.load(sys.stdin)["configs"]
    RECORDS = driver.Records()
    server = driver.ApiServer()
    Path(os.environ["KUBECONFIG"]).write_text(driver.KUBECONFIG.format(url=await server.start()))
    DB = orm.new_session_factory("sqlite:///:memory:")()
    answer: dict[str, Any] = {}
    answer["starts"] = {name: {**start(*config), "hub": None} for name, config in configs.items()}
    user, spawner = await spawner_for(*configs["fail"])
    answer["refusals"] = await failure_count(user, spawner, lambda: run_hook(spawner))
    answer["failures"] = await failure_count(user, spawner, failing_otherwise)
    before = counts()
    user, spawner = await spawner_for(*configs["refused"])
    answer["progress"] = await progress(spawner, True)
    answer["progress without events"] = await progress(spawner, False)
    spawner.extra_pod_config = {}
    answer["progress of a later spawn"] = await progress(spawner, False)
    answer["pickles"] = pickle.loads(pickle.dumps(type(spawner))) is type(spawner)
    for name in ("good", "plain"):
        _, spawner = await spawner_for(*configs[name])
        url = await asyncio.wait_for(spawner.start(), 20)
        containers = [container["name"] for container in server.body["spec"]["containers"]]
        answer[f"start {name}"] = {"url": str(url), "containers": containers, "poll": await spawner.poll()}
        answer[f"start {name}"]["ended"] = await ended(spawner, containers)
    server.becomes = driver.without_bundle
    _, spawner = await spawner_for(*configs["good"], "bob")
    answer["no bundle"] = await fails(spawner)
    after = counts()
    answer["counted"] = {name: after[name] - before[name] for name in after}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
