"""What a person sees of the memory: why a kernel died, told in the cell, and the usage figures."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from client import Kernel, Lab, kinds
from jupyter_client.session import new_id

HOLD = "import time; x = bytearray({mib} * 2**20); print('holds', flush=True); time.sleep(600)"

GROW = "import time\nx = []\nwhile True:\n    x.append(bytearray(4 * 2**20)); time.sleep(0.02)"


async def told(kernel: Kernel, asked: str) -> dict[str, Any]:
    """What arrives for a cell until its kernel restarts: the kinds of its last messages, and the error's text."""
    seen = await until_restarting(kernel)
    mine = [message for message in seen if message["parent_header"].get("msg_id") == asked]
    errors = [message["content"] for message in mine if message["msg_type"] == "error"]
    replies = [message["content"] for message in mine if message["msg_type"] == "execute_reply"]
    return {
        "kinds": kinds(mine)[-3:] + kinds(seen)[-1:],
        "error": [error["ename"] for error in errors],
        "text": "".join(" ".join(error["traceback"]) for error in errors),
        "reply": [[reply["status"], reply.get("execution_count")] for reply in replies],
    }


async def until_restarting(kernel: Kernel) -> list[dict[str, Any]]:
    seen: list[dict[str, Any]] = []
    while "restarting" not in kinds(seen[-1:]):
        seen.append(await kernel.message())
    return seen


async def dies(lab: Lab, code: str) -> Any:
    """Code that ends its kernel, as the cell tells it."""
    async with lab.notebook("dies.ipynb") as kernel:
        await kernel.run("x = 1")
        return await told(kernel, await kernel.execute(code))


async def dies_holding(lab: Lab, mib: int) -> Any:
    """A cell that holds memory while the test sees to it that its kernel dies, and a smaller kernel meanwhile."""
    async with lab.notebook("small.ipynb") as small, lab.notebook("large.ipynb") as large:
        await small.run("y = 42")
        asked = await large.execute(HOLD.format(mib=mib))
        await large.until("stream", asked)
        print("running", file=sys.stderr, flush=True)
        return {**await told(large, asked), **await _afterwards(lab, small, large)}


async def grows(lab: Lab) -> Any:
    """A cell that takes more and more memory until its kernel dies, and a smaller kernel meanwhile."""
    async with lab.notebook("small.ipynb") as small, lab.notebook("large.ipynb") as large:
        await small.run("y = 42")
        return {**await told(large, await large.execute(GROW)), **await _afterwards(lab, small, large)}


async def _afterwards(lab: Lab, small: Kernel, large: Kernel) -> dict[str, str]:
    async with lab.kernel(large.id) as again:
        found = {"large": await again.printed("print('x' in globals())")}
    async with lab.kernel(small.id) as again:
        return {**found, "small": await again.printed("print(globals().get('y'))")}


async def dies_unseen(lab: Lab, seconds: float) -> Any:
    """The kernel dies behind a closed laptop: what its cell says when the laptop is opened."""
    session = await lab.open("unseen.ipynb")
    kernel_id, session_id = session["kernel"]["id"], new_id()
    kernel = await lab.connected(kernel_id, session_id)
    asked = await kernel.execute("import os, time; time.sleep(2); os.kill(os.getpid(), 11)")
    await kernel.until("execute_input", asked)
    kernel.socket.close()
    await asyncio.sleep(seconds)
    kernel = await lab.connected(kernel_id, session_id)
    await kernel.send("kernel_info_request", {})
    found = await told(kernel, asked)
    kernel.socket.close()
    kernel = await lab.connected(kernel_id, session_id)
    found["after"] = await kernel.printed("print(6 * 7)")
    kernel.socket.close()
    await lab.call("DELETE", f"api/sessions/{session['id']}")
    return found


async def usage(lab: Lab) -> Any:
    """What jupyter-resource-usage's display asks for."""
    async with lab.notebook("usage.ipynb") as kernel:
        pid = int(await kernel.printed("import os; print(os.getpid())"))
        of_kernel: Any = {"content": {}}
        while of_kernel["content"].get("kernel_memory", 0) < 20 * 2**20:  # it is counted every few seconds
            await asyncio.sleep(0.2)
            of_kernel = await lab.call("GET", f"api/metrics/v1/kernel_usage/get_usage/{kernel.id}")
        return {"pid": pid, "container": await lab.call("GET", "api/metrics/v1"), "kernel": of_kernel}
