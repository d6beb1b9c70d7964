"""What a person sees when a kernel dies, or its container."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import Any

from client import Kernel, Lab, is_idle, kinds

ASK_SECONDS = 5.0


async def kernel_dies(lab: Lab, patient: bool) -> Any:
    """The kernel's process is killed by its own code: what the client is told, and whether it can go on.

    Who is `patient` runs the next cell once the new connection hears the kernel: a plain server takes that for busy
    still, and then doesn't make sure of it.
    """
    async with lab.notebook("dies.ipynb") as kernel:
        await kernel.run("x = 1")
        await kernel.execute("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
        states: list[str] = []
        while "restarting" not in states:
            states += [state for state in kinds([await kernel.message()]) if state in ("restarting", "dead")]
        async with lab.kernel(kernel.id) as again:
            if patient:
                await _hears(again)
            found = {"states": states, "x": await again.printed("print('x' in globals())")}
            found["heard"] = await _heard(lab, kernel.id)
            return found


async def never_starts(lab: Lab) -> Any:
    """A kernel whose program ends at its start, with a cell that waits for it: what is told, and what is left."""
    session = await lab.open("never.ipynb", "broken")
    kernel_id = session["kernel"]["id"]
    async with lab.kernel(kernel_id) as kernel:
        asked = await kernel.execute("print(6 * 7)")
        told = await kernel.until("execute_reply", asked)
        while kinds((await kernel.until("status"))[-1:]) != ["dead"]:
            pass
        with contextlib.suppress(ConnectionError):
            while True:
                await kernel.message()
    errors = [message["content"] for message in told if message["msg_type"] == "error"]
    left = await lab.call("GET", f"api/kernels/{kernel_id}")
    return {"errors": [[error["ename"], error["evalue"]] for error in errors], "left": left}


async def _hears(kernel: Kernel) -> None:
    """Ask the kernel who it is until what it publishes on that is heard, too."""
    while True:
        asked = await kernel.send("kernel_info_request", {})
        with contextlib.suppress(TimeoutError, asyncio.TimeoutError):
            while not is_idle(await asyncio.wait_for(kernel.message(), ASK_SECONDS), asked):
                pass
            return


async def _heard(lab: Lab, kernel_id: str) -> bool:
    """Whether the server soon knows that the kernel is idle."""
    for _ in range(20):
        if (await lab.call("GET", f"api/kernels/{kernel_id}"))["execution_state"] == "idle":
            return True
        await asyncio.sleep(0.5)
    return False


async def survive(lab: Lab) -> Any:
    """Wait for the kernel's loss, told by "restarting", and go on as JupyterLab does: with a new connection."""
    session = await lab.open("survive.ipynb")
    kernel_id = session["kernel"]["id"]
    async with lab.kernel(kernel_id) as kernel:
        await kernel.run("x = 1")
        await kernel.execute("import time; time.sleep(600)")
        print("running", file=sys.stderr, flush=True)
        states: list[str] = []
        while not states:
            states += [state for state in kinds([await kernel.message()]) if state in ("restarting", "dead")]
    async with lab.kernel(kernel_id) as again:
        found = {"states": states, "x": await again.printed("print('x' in globals())")}
    reopened = await lab.session("survive.ipynb")
    found["same"] = [reopened["id"] == session["id"], reopened["kernel"]["id"] == kernel_id]
    restarted = await lab.call("POST", f"api/kernels/{kernel_id}/restart")
    found["restart"] = restarted.get("id") == kernel_id
    async with lab.kernel(kernel_id) as again:
        found["after"] = await again.printed("print(6 * 7)")
    await lab.call("DELETE", f"api/sessions/{session['id']}")
    return found
