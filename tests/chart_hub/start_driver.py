"""Initializes a JupyterHub with what the chart's hub mounts, up to where it would serve; inside a hub environment.

Standard input: JSON, {"files": what the hub mounts, "environment": its variables}. Standard output: JSON, what the hub
made of them.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from jupyterhub import crypto, orm
from jupyterhub.app import JupyterHub


async def started(files: dict[str, str], place: Path) -> dict[str, Any]:
    for path, text in files.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(text)
    hub = JupyterHub.instance()
    await hub.initialize(["--config", str(place / "jupyterhub" / "jupyterhub_config.py")])
    roles = {role.name: sorted(role.scopes) for role in hub.db.query(orm.Role)}
    return {
        "spawner": hub.spawner_class.__name__,
        "template": hub.config["TemplateSpawner"]["pod_template"],
        "authenticator": type(hub.authenticator).__name__,
        "cookie secret": hub.cookie_secret.hex(),
        "proxy": [type(hub.proxy).__name__, hub.proxy.api_url, hub.proxy.auth_token, hub.proxy.should_start],
        "crypt keys": len(crypto.CryptKeeper.instance().keys),
        "hub url": hub.hub.url,
        "base url": hub.base_url,
        "database": hub.db_url,
        "services": sorted(hub._service_map),
        "culler": roles.get("jupyterhub-idle-culler"),
    }


async def main() -> None:
    job = json.load(sys.stdin)
    os.environ.update(job["environment"])
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        json.dump(await started(job["files"], Path(place)), sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
