"""Runs code in a notebook's kernel as JupyterLab does; executed with the front-end environment's interpreter.

stdin: JSON {"url": the server, "token", "path": the notebook, whose session is opened or found again, "code", "name":
of the kernel that is started where there is none, "timeout": seconds until the session must be there}.
stdout: JSON {"kernel": its id, "session": its id, "printed": ..., "error": name of what the code raised or ""}.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1] / "parity"))

from client import Lab


async def session(lab: Lab, path: str, name: str, seconds: float) -> dict[str, Any]:
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


async def main(url: str, token: str, path: str, code: str, name: str, timeout: float) -> None:
    lab = Lab(url, token)
    opened = await session(lab, path, name, timeout)
    async with lab.kernel(opened["kernel"]["id"]) as kernel:
        messages = await kernel.run(code)
    printed = "".join(m["content"]["text"] for m in messages if m["msg_type"] == "stream")
    error = "".join(m["content"]["ename"] for m in messages if m["msg_type"] == "error")
    found = {"kernel": opened["kernel"]["id"], "session": opened["id"], "printed": printed, "error": error}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main(**json.load(sys.stdin)))
