"""What goes between a browser and a kernel."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from client import Lab, is_idle, kinds
from jupyter_client.session import new_id

MIB = 2**20


async def large_output(lab: Lab, mib: int) -> Any:
    async with lab.notebook("large.ipynb") as kernel:
        code = f"from IPython.display import display; display({{'text/plain': 'x' * ({mib} * {MIB})}}, raw=True)"
        shown = [m["content"]["data"]["text/plain"] for m in await kernel.run(code) if m["msg_type"] == "display_data"]
        return [len(text) for text in shown]


async def large_input(lab: Lab, mib: int) -> Any:
    async with lab.notebook("large-input.ipynb") as kernel:
        return await kernel.printed(f"print(len('{'x' * (mib * MIB)}'))")


async def many_outputs(lab: Lab, count: int) -> Any:
    """Every output by itself, in order; slower than the 1,000 a second that Jupyter lets through."""
    async with lab.notebook("many.ipynb") as kernel:
        code = f"import time\nfor i in range({count}):\n    print(i, flush=True)\n    time.sleep(0.0015)"
        text = await kernel.printed(code)
        return text == "".join(f"{i}\n" for i in range(count))


async def buffers(lab: Lab) -> Any:
    """A comm message with binary data, as widgets send them."""
    async with lab.notebook("buffers.ipynb") as kernel:
        code = (
            "from comm import create_comm\n"
            "c = create_comm(target_name='t', data={'a': 1}, buffers=[bytes(range(256)) * 4])"
        )
        asked = await kernel.execute(code)
        while True:
            message = await kernel.message()
            if message["msg_type"] == "comm_open":
                return [bytes(buffer) == bytes(range(256)) * 4 for buffer in message["buffers"]]
            # What the kernel publishes comes in order, this last; its reply comes another way, and may be first.
            if is_idle(message, asked):
                return "no buffer arrived"


async def conversation(lab: Lab) -> Any:
    """Input, interrupt, completion, inspection, history and rich display."""
    found: dict[str, Any] = {}
    async with lab.notebook("conversation.ipynb") as kernel:
        asked = await kernel.execute("print(input('name? ')[::-1])", stdin=True)
        prompt = (await kernel.until("input_request"))[-1]
        await kernel.send("input_reply", {"value": "hello", "status": "ok"}, "stdin", prompt["header"])
        answered = await kernel.finish(asked)
        found["input"] = [prompt["content"]["prompt"]] + [
            m["content"]["text"] for m in answered if m["msg_type"] == "stream"
        ]
        # Told to stop on errors, a kernel drops what comes right behind one, at times the next cell of this row.
        asked = await kernel.execute("import time; time.sleep(60)", stop_on_error=False)
        await kernel.until("execute_input", asked)
        await lab.call("POST", f"api/kernels/{kernel.id}/interrupt")
        found["interrupt"] = (await kernel.until("execute_reply", asked))[-1]["content"]["ename"]
        await kernel.run("apples = 1")
        asked = await kernel.send("complete_request", {"code": "appl", "cursor_pos": 4})
        found["complete"] = (await kernel.until("complete_reply", asked))[-1]["content"]["matches"]
        asked = await kernel.send("inspect_request", {"code": "apples", "cursor_pos": 3, "detail_level": 0})
        found["inspect"] = (await kernel.until("inspect_reply", asked))[-1]["content"]["found"]
        wanted = {"hist_access_type": "tail", "n": 1, "output": False, "raw": True, "unique": False}
        asked = await kernel.send("history_request", wanted)
        found["history"] = (await kernel.until("history_reply", asked))[-1]["content"]["history"][-1][2]
        rich = await kernel.run("from IPython.display import HTML; HTML('<b>x</b>')")
        found["rich"] = [m["content"]["data"] for m in rich if m["msg_type"] == "execute_result"]
        found["error"] = [m["content"]["ename"] for m in await kernel.run("1/0") if m["msg_type"] == "error"]
        messages = await kernel.run("print(1)")
        # Each channel has an order of its own; between the two there is none.
        found["order"] = {
            channel: kinds([m for m in messages if m["channel"] == channel]) for channel in ("iopub", "shell")
        }
    return found


async def two_clients(lab: Lab) -> Any:
    """Both see what either runs."""
    async with lab.notebook("two.ipynb") as one, lab.kernel(one.id) as other:
        asked = await one.execute("print('hello')")
        seen = await other.until("execute_input", asked)
        text = await other.until("stream", asked)
        return [seen[-1]["content"]["code"], text[-1]["content"]["text"]]


async def reconnect(lab: Lab) -> Any:
    """A laptop is closed in the middle of a cell, and what was printed meanwhile arrives once, in order."""
    session = await lab.open("reconnect.ipynb")
    kernel_id = session["kernel"]["id"]
    session_id = new_id()
    kernel = await lab.connected(kernel_id, session_id)
    asked = await kernel.execute("import time\nfor i in range(6):\n    print(i, flush=True)\n    time.sleep(0.5)")
    first = await kernel.until("stream", asked)
    kernel.socket.close()
    await asyncio.sleep(1.5)
    kernel = await lab.connected(kernel_id, session_id)
    rest = await kernel.until("execute_reply", asked)
    with contextlib.suppress(TimeoutError, asyncio.TimeoutError):
        while True:
            rest.append(await asyncio.wait_for(kernel.message(), 1))
    kernel.socket.close()
    await lab.call("DELETE", f"api/sessions/{session['id']}")
    return "".join(m["content"]["text"] for m in first + rest if m["msg_type"] == "stream")


async def connected_twice(lab: Lab) -> Any:
    """A page that lost its connection without the server's notice connects anew: the first ends, cells run on."""
    opened = await lab.open("twice.ipynb")
    kernel_id, session_id = opened["kernel"]["id"], new_id()
    lost = await lab.connected(kernel_id, session_id)
    await lost.run("x = 40")
    kernel = await lab.connected(kernel_id, session_id)
    with contextlib.suppress(ConnectionError):
        while True:
            await lost.message()
    printed = await kernel.printed(
        "import time\nfor i in range(20): print(i, flush=True); time.sleep(0.1)\nprint(x + 2)"
    )
    kernel.socket.close()
    await lab.call("DELETE", f"api/sessions/{opened['id']}")
    return printed
