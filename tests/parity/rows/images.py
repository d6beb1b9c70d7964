"""What a person finds in a user image, or is told when it can't run a kernel."""

from __future__ import annotations

import json
from typing import Any

from client import SECONDS, Lab
from tornado.httpclient import AsyncHTTPClient, HTTPRequest


async def facts(lab: Lab, code: str) -> Any:
    """What code prints as JSON, and the kernelspecs' names as people read them."""
    async with lab.notebook("facts.ipynb") as kernel:
        return {**json.loads(await kernel.printed(code)), "names": await names(lab)}


async def names(lab: Lab) -> Any:
    specs = await lab.call("GET", "api/kernelspecs")
    return {name: model["spec"]["display_name"] for name, model in specs["kernelspecs"].items()}


async def refused(lab: Lab) -> Any:
    """What JupyterLab shows: the kernels that can be picked, and the message when one is."""
    shown = await names(lab)
    wanted = {"path": "refused.ipynb", "name": "", "type": "notebook", "kernel": {"name": next(iter(shown))}}
    request = HTTPRequest(
        f"{lab.url}/api/sessions", "POST", headers=lab.headers, body=json.dumps(wanted), request_timeout=SECONDS
    )
    answer = await AsyncHTTPClient().fetch(request, raise_error=False)
    return {"names": shown, "status": answer.code, "message": json.loads(answer.body).get("message", "")}
