"""What kernels are and see, and the REST API about them."""

from __future__ import annotations

import asyncio
import datetime
import json
import sys
import time
from typing import Any

from client import Lab
from tornado.httpclient import AsyncHTTPClient, HTTPRequest

MIB = 2**20


async def environment(lab: Lab) -> Any:
    async with lab.notebook("environment.ipynb") as kernel:
        return json.loads(await kernel.printed("import json, os; print(json.dumps(dict(os.environ)))"))


async def folders(lab: Lab) -> Any:
    """The working directory in a folder, after a restart, and after the notebook has moved."""
    where = "import os; print(os.getcwd())"
    async with lab.notebook("some/where/folders.ipynb") as before:
        found, model = [await before.printed(where)], before.session_model
        await lab.call("POST", f"api/kernels/{before.id}/restart")
        async with lab.kernel(before.id) as kernel:  # as JupyterLab does
            found.append(await kernel.printed(where))
            await lab.call("PUT", "api/contents/else", {"type": "directory"})
            await lab.call("PATCH", "api/contents/some/where/folders.ipynb", {"path": "else/moved.ipynb"})
            await lab.call("PATCH", f"api/sessions/{model['id']}", {"path": "else/moved.ipynb"})
            sessions = await lab.call("GET", "api/sessions")
            found.append(await kernel.printed(where))
        return {"folders": found, "paths": [s["path"] for s in sessions if s["id"] == model["id"]]}


async def activity(lab: Lab, seconds: float) -> Any:
    """How far the server's last activity is behind while a kernel computes without a word and nobody looks."""
    session = await lab.open("activity.ipynb")
    async with lab.kernel(session["kernel"]["id"]) as kernel:
        await kernel.execute(f"import time; time.sleep({seconds})")
        await kernel.until("execute_input")
    began = time.time()
    await asyncio.sleep(seconds - 1)
    seen = (await lab.call("GET", "api/status"))["last_activity"]
    idle = seconds + 2
    await asyncio.sleep(idle)
    after = (await lab.call("GET", "api/status"))["last_activity"]
    await lab.call("DELETE", f"api/sessions/{session['id']}")
    return {"busy": stamp(seen) - began, "idle": time.time() - stamp(after), "slept": idle}


def stamp(text: str) -> float:
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


async def kernels_api(lab: Lab) -> Any:
    """What the REST API says, without what differs from run to run."""
    session = await lab.open("api.ipynb")
    kernel_id = session["kernel"]["id"]
    async with lab.kernel(kernel_id) as kernel:
        await kernel.run("1")
        (listed,) = [k for k in await lab.call("GET", "api/kernels") if k["id"] == kernel_id]
        specs = await lab.call("GET", "api/kernelspecs")
        (of_session,) = [s for s in await lab.call("GET", "api/sessions") if s["id"] == session["id"]]
        restarted = await lab.call("POST", f"api/kernels/{kernel_id}/restart")
    return {
        "kernel": {key: listed[key] for key in ("name", "execution_state", "connections")},
        "keys": sorted(listed),
        "session": sorted(of_session),
        "restarted": restarted["id"] == kernel_id,
        "specs": {name: sorted(spec["resources"]) for name, spec in specs["kernelspecs"].items()},
        "names": {name: spec["spec"]["display_name"] for name, spec in specs["kernelspecs"].items()},
        "alone": {name: (await lab.call("GET", f"api/kernelspecs/{name}"))["spec"] for name in specs["kernelspecs"]},
        "all": {name: spec["spec"] for name, spec in specs["kernelspecs"].items()},
        "default": specs["default"],
        "again": (await lab.session("api.ipynb"))["id"] == session["id"],
        "deleted": await lab.call("DELETE", f"api/kernels/{kernel_id}"),
        "gone": await lab.call("GET", f"api/kernels/{kernel_id}"),
        "sessions": [s["id"] for s in await lab.call("GET", "api/sessions") if s["id"] == session["id"]],
    }


async def kernelspecs(lab: Lab) -> Any:
    return await lab.call("GET", "api/kernelspecs")


async def early(lab: Lab) -> Any:
    """Open a notebook before anybody can run it, and look for kernels afterwards."""
    print("asking", file=sys.stderr, flush=True)
    async with lab.notebook("early.ipynb") as kernel:
        printed = await kernel.printed("print(6 * 7)")
    specs = await kernelspecs(lab)
    return {"printed": printed, "names": {n: s["spec"]["display_name"] for n, s in specs["kernelspecs"].items()}}


async def logo(lab: Lab) -> Any:
    specs = await lab.call("GET", "api/kernelspecs")
    path = specs["kernelspecs"]["python3"]["resources"]["logo-64x64"]
    request = HTTPRequest(f"{lab.url}{path}", headers=lab.headers)
    return (await AsyncHTTPClient().fetch(request)).body[:4].hex()


async def culling(lab: Lab, seconds: float) -> Any:
    """What the server's own culling leaves after that time of a kernel that computes, and of one that is done."""
    sessions = [await lab.open(f"culling-{name}.ipynb") for name in ("busy", "idle")]
    async with lab.kernel(sessions[0]["kernel"]["id"]) as busy, lab.kernel(sessions[1]["kernel"]["id"]) as idle:
        await busy.execute(f"import time; time.sleep({10 * seconds})")
        await idle.run("1")
    await asyncio.sleep(seconds)
    left = {kernel["id"] for kernel in await lab.call("GET", "api/kernels")}
    paths = [session["path"] for session in await lab.call("GET", "api/sessions")]
    return [[session["kernel"]["id"] in left for session in sessions], paths]


async def start(lab: Lab) -> Any:
    """Start a kernel without a session; its id."""
    return (await lab.call("POST", "api/kernels", {"name": "python3"}))["id"]
