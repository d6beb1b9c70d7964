"""Spawn pages of a real JupyterHub and KubeSpawner, and spawns without options; runs as driver.py does.

Standard input: JSON, {"pages": [{"name", "with", "without" (texts of jupyterhub_config.py),
"settings", "earlier"}]}. Standard output: JSON, one answer for each page: with and without our line.
"""

from __future__ import annotations

import asyncio
import copy
import json
import os
import sys
from pathlib import Path
from typing import Any

import driver
from jupyterhub import orm
from jupyterhub.app import JupyterHub
from jupyterhub.utils import maybe_future

NOBODY = {"internal_ssl": False, "server": "", "options": {}}


async def listed(spawner: Any) -> Any:
    profiles = spawner.profile_list
    return copy.deepcopy(await maybe_future(profiles(spawner)) if callable(profiles) else profiles)


async def page(config: str, earlier: dict[str, Any], db: Any, records: driver.Records) -> dict[str, Any]:
    """The form, twice; what the operator's profile list is afterwards; and the pod of a spawn without options.

    KubeSpawner 4.2 can't make one where a profile has options; that error stands for it.
    """
    records.lines = []
    JupyterHub.clear_instance()
    hub = driver.hub_of(config)
    spawner = await driver.spawner_of(driver.user_of(hub, "ann", db), {**NOBODY, "api": earlier})
    forms = [await spawner.get_options_form() for _ in range(2)]
    spawner.user_options = {}
    try:
        await spawner.load_user_options()
        pod = spawner.api.api_client.sanitize_for_serialization(await spawner.get_pod_manifest())
    except UnboundLocalError as error:
        pod = repr(error)
    said = [line for line in records.lines if line[1].startswith("kernelpair: ")]
    return {"forms": forms, "profiles": await listed(spawner), "pod": pod, "log": said}


async def main() -> None:
    records, server = driver.Records(), driver.ApiServer()
    Path(os.environ["KUBECONFIG"]).write_text(driver.KUBECONFIG.format(url=await server.start()))
    db = orm.new_session_factory("sqlite:///:memory:")()
    answers = {}
    for job in json.load(sys.stdin)["pages"]:
        Path(os.environ["KERNELPAIR_HUB_DIR"], "settings.json").write_text(job["settings"])
        answers[job["name"]] = {key: await page(job[key], job["earlier"], db, records) for key in ("with", "without")}
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
