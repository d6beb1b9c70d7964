"""What the notebook server's page is made of."""

from __future__ import annotations

import json
import re
from typing import Any

from client import Lab
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest


async def extensions(lab: Lab, names: list[str]) -> Any:
    """What /lab would load of the extensions `names`, and the file that it would load; null for what isn't there."""
    page = (await get(lab, "lab")) or ""
    config = json.loads(re.findall(r'<script id="jupyter-config-data"[^>]*>(.*?)</script>', page, re.DOTALL)[0])
    listed = {entry["name"]: entry for entry in config["federated_extensions"]}
    paths = {name: listed[name]["load"] if name in listed else "static/remoteEntry.js" for name in names}
    return {
        name: {"listed": listed.get(name), "file": await get(lab, f"lab/extensions/{name}/{path}")}
        for name, path in paths.items()
    }


async def get(lab: Lab, path: str) -> str | None:
    try:
        answer = await AsyncHTTPClient().fetch(HTTPRequest(f"{lab.url}/{path}", headers=lab.headers))
    except HTTPClientError:
        return None
    return answer.body.decode()
