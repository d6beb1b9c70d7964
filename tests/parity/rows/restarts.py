"""What a person sees when the notebook server is started anew under running kernels."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from client import Kernel, Lab
from jupyter_client.session import new_id
from tornado.httpclient import HTTPClientError

TRIES = 200
# Numbers from 0 on; in the middle a pause, or none, while the server is replaced.
COUNT = "import time\nfor i in range({count}):\n    print(i, flush=True)\n    time.sleep({pause} if i == 5 else {wait})"


async def connected(lab: Lab, kernel_id: str, session_id: str) -> Kernel:
    """A connection as JupyterLab makes it after it lost one: it tries until the server is there."""
    for _ in range(TRIES):
        try:
            return await lab.connected(kernel_id, session_id)
        except (OSError, HTTPClientError):
            await asyncio.sleep(0.25)
    raise ConnectionError(f"no server at {lab.url}")


async def through_a_restart(lab: Lab, name: str, count: int, wait: float, pause: float) -> Any:
    """A cell that prints goes on while the server is replaced, and the same page connects to the new one."""
    opened = await lab.open(name)
    kernel_id, session_id = opened["kernel"]["id"], new_id()
    kernel = await connected(lab, kernel_id, session_id)
    await kernel.run("x = 40")
    asked = await kernel.execute(COUNT.format(count=count, wait=wait, pause=pause))
    seen: list[dict[str, Any]] = []
    try:
        while True:
            seen.append(await kernel.message())
            if text(seen).endswith("5\n"):
                print("running", file=sys.stderr, flush=True)
    except ConnectionError:
        before = len(seen)
    kernel = await connected(lab, kernel_id, session_id)
    while not any(m["msg_type"] == "execute_reply" and m["parent_header"]["msg_id"] == asked for m in seen[before:]):
        seen.append(await kernel.message())
    while not text(seen).endswith(f"{count - 1}\n"):  # the reply comes another way, and may be first
        seen.append(await kernel.message())
    sessions = await lab.call("GET", "api/sessions")
    kernels = await lab.call("GET", "api/kernels")
    return {
        "once and in order": text(seen) == "".join(f"{i}\n" for i in range(count)),
        "before": before > 0,
        "sessions": [s["path"] for s in sessions if (s["id"], s["kernel"]["id"]) == (opened["id"], kernel_id)],
        "kernels": [k["id"] for k in kernels] == [kernel_id],
        "x": await kernel.printed("print(x + 2)"),
        "reopened": (await lab.session(name))["id"] == opened["id"],
        "restarted": (await lab.call("POST", f"api/kernels/{kernel_id}/restart")).get("id") == kernel_id,
        "deleted": await lab.call("DELETE", f"api/sessions/{opened['id']}"),
        "left": await lab.call("GET", "api/kernels"),
    }


def text(messages: list[dict[str, Any]]) -> str:
    return "".join(m["content"]["text"] for m in messages if m["msg_type"] == "stream")


async def leave(lab: Lab, name: str, code: str) -> Any:
    """Open a notebook, run code in it and go."""
    opened = await lab.open(name)
    async with lab.kernel(opened["kernel"]["id"]) as kernel:
        await kernel.run(code)
    return opened


async def look(lab: Lab, kernel_id: str = "", code: str = "") -> Any:
    """The sessions and kernels that there are, and what code prints in one of these."""
    found = {
        "sessions": [(s["path"], s["id"], s["kernel"]["id"]) for s in await lab.call("GET", "api/sessions")],
        "kernels": [k["id"] for k in await lab.call("GET", "api/kernels")],
    }
    if kernel_id:
        async with lab.kernel(kernel_id) as kernel:
            found["printed"] = await kernel.printed(code)
    return found


async def shut_down(lab: Lab) -> Any:
    """What "File > Shut Down" asks for."""
    return await lab.call("POST", "api/shutdown")
