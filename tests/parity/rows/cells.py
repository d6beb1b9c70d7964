"""Code in a notebook's kernel, as JupyterLab runs it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from client import Lab


async def execute(lab: Lab, path: str, code: str, name: str, seconds: float) -> dict[str, str]:
    """Run code in the kernel of a notebook, whose session is opened, or found again; its kernel's `name` counts then.

    Returns the ids of kernel and session, what was printed, and the name of what the code raised, or "".
    """
    opened = await _session(lab, path, name, seconds)
    async with lab.kernel(opened["kernel"]["id"]) as kernel:
        messages = await kernel.run(code)
    printed = "".join(m["content"]["text"] for m in messages if m["msg_type"] == "stream")
    error = "".join(m["content"]["ename"] for m in messages if m["msg_type"] == "error")
    return {"kernel": opened["kernel"]["id"], "session": opened["id"], "printed": printed, "error": error}


async def _session(lab: Lab, path: str, name: str, seconds: float) -> dict[str, Any]:
    """The notebook's session: the one it has, else a new one; asked for until the server has it."""
    wanted = {"path": path, "name": path, "type": "notebook", "kernel": {"name": name}}
    deadline = time.monotonic() + seconds
    while True:
        answer: dict[str, Any] = await lab.call("POST", "api/sessions", wanted)
        if "kernel" in answer:
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"no session after {seconds} s: the last answer is {answer}")
        await asyncio.sleep(1)
