"""What a person's browser does with a Jupyter server, row by row; run with the front-end environment's interpreter.

stdin: JSON {"url", "token", "row": name of a function below, "arguments": its own}. stdout: JSON, what it found.
The same code asks a plain server and a pair: nothing here knows which it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
import urllib.parse
from collections.abc import AsyncIterator
from typing import Any

import nbformat
from jupyter_client.jsonutil import json_default
from jupyter_client.session import new_id
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

SECONDS = 60.0
MIB = 2**20
LARGEST = 2**31


class Lab:
    """The server's API, as JupyterLab uses it."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        self.headers = {"Authorization": f"token {token}"}

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """The decoded answer; {"status": code} for one that is not a success."""
        text = None if body is None else json.dumps(body, default=json_default)
        request = HTTPRequest(
            f"{self.url}/{path}",
            method,
            headers=self.headers,
            body=text,
            request_timeout=SECONDS,
            allow_nonstandard_methods=True,
        )
        try:
            answer = (await AsyncHTTPClient().fetch(request)).body
        except HTTPClientError as error:
            return {"status": error.code}
        return json.loads(answer) if answer else None

    async def open(self, path: str) -> dict[str, Any]:
        """A session on a notebook at `path`, which is made."""
        parts = path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            await self.call("PUT", f"api/contents/{urllib.parse.quote('/'.join(parts[:depth]))}", {"type": "directory"})
        empty = {"type": "notebook", "format": "json", "content": nbformat.v4.new_notebook()}
        await self.call("PUT", f"api/contents/{urllib.parse.quote(path)}", empty)
        return await self.session(path)

    async def session(self, path: str) -> dict[str, Any]:
        wanted = {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}
        opened: dict[str, Any] = await self.call("POST", "api/sessions", wanted)
        assert "kernel" in opened, opened
        return opened

    @contextlib.asynccontextmanager
    async def kernel(self, kernel_id: str) -> AsyncIterator[Kernel]:
        session = new_id()
        address = f"ws{self.url.removeprefix('http')}/api/kernels/{kernel_id}/channels?session_id={session}"
        request = HTTPRequest(address, headers=self.headers)
        socket = await websocket_connect(request, max_message_size=LARGEST)
        try:
            yield Kernel(socket, session)
        finally:
            socket.close()

    @contextlib.asynccontextmanager
    async def notebook(self, path: str) -> AsyncIterator[Kernel]:
        """A connection to the kernel of a new notebook; both are gone afterwards."""
        session = await self.open(path)
        try:
            async with self.kernel(session["kernel"]["id"]) as kernel:
                kernel.id = session["kernel"]["id"]
                kernel.session_model = session
                yield kernel
        finally:
            await self.call("DELETE", f"api/sessions/{session['id']}")


class Kernel:
    """One connection to a kernel."""

    id = ""
    session_model: dict[str, Any]

    def __init__(self, socket: Any, session: str) -> None:
        self.socket, self.session = socket, session

    async def send(self, kind: str, content: dict[str, Any], channel: str = "shell", parent: Any = None) -> str:
        header = {"msg_id": new_id(), "msg_type": kind, "username": "u", "session": self.session, "version": "5.3"}
        message = {"header": header, "parent_header": parent or {}, "metadata": {}, "content": content}
        await self.socket.write_message(json.dumps({**message, "channel": channel}))
        return header["msg_id"]

    async def execute(self, code: str, stdin: bool = False) -> str:
        return await self.send(
            "execute_request",
            {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": stdin},
        )

    async def message(self) -> dict[str, Any]:
        text = await asyncio.wait_for(self.socket.read_message(), SECONDS)
        if text is None:
            raise ConnectionError("the server closed the kernel's channel")
        made: dict[str, Any] = json.loads(text)
        return made

    async def until(self, kind: str, parent: str = "") -> list[dict[str, Any]]:
        """The messages up to the first of `kind` (that answers `parent`), in order."""
        seen = []
        while True:
            seen.append(await self.message())
            if seen[-1]["msg_type"] == kind and parent in ("", seen[-1]["parent_header"].get("msg_id")):
                return seen

    async def run(self, code: str) -> list[dict[str, Any]]:
        """Run code; its messages up to the end."""
        return await self.finish(await self.execute(code))

    async def finish(self, asked: str) -> list[dict[str, Any]]:
        """The messages up to the end of a request: an idle kernel and a reply, which come in either order."""
        seen, waiting = [], {"idle", "execute_reply"}
        while waiting:
            message = await self.message()
            if message["parent_header"].get("msg_id") != asked:
                continue
            seen.append(message)
            waiting -= {message["msg_type"], message["content"].get("execution_state", "")}
        return seen

    async def printed(self, code: str) -> str:
        """What code prints."""
        return "".join(m["content"]["text"] for m in await self.run(code) if m["msg_type"] == "stream")


def kinds(messages: list[dict[str, Any]]) -> list[str]:
    return [m["content"].get("execution_state") or m["msg_type"] for m in messages]


def is_idle(message: dict[str, Any], asked: str) -> bool:
    """Whether a message says that the kernel is done with a request."""
    return message["parent_header"].get("msg_id") == asked and kinds([message]) == ["idle"]


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
        found.append(await before.printed(where))
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
    import datetime

    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


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
            received = await asyncio.wait_for(kernel.socket.read_message(), SECONDS)
            if isinstance(received, bytes) and b"comm_open" in received:
                return len(received) > 1024 and bytes(range(256)) * 4 in received
            # What the kernel publishes comes in order, this last; its reply comes another way, and may be first.
            if isinstance(received, str) and is_idle(json.loads(received), asked):
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
        asked = await kernel.execute("import time; time.sleep(60)")
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
        "default": specs["default"],
        "again": (await lab.session("api.ipynb"))["id"] == session["id"],
        "deleted": await lab.call("DELETE", f"api/kernels/{kernel_id}"),
        "gone": await lab.call("GET", f"api/kernels/{kernel_id}"),
        "sessions": [s["id"] for s in await lab.call("GET", "api/sessions") if s["id"] == session["id"]],
    }


async def kernelspecs(lab: Lab) -> Any:
    return await lab.call("GET", "api/kernelspecs")


async def logo(lab: Lab) -> Any:
    specs = await lab.call("GET", "api/kernelspecs")
    path = specs["kernelspecs"]["python3"]["resources"]["logo-64x64"]
    request = HTTPRequest(f"{lab.url}{path}", headers=lab.headers)
    return (await AsyncHTTPClient().fetch(request)).body[:4].hex()


async def two_clients(lab: Lab) -> Any:
    """Both see what either runs."""
    async with lab.notebook("two.ipynb") as one, lab.kernel(one.id) as other:
        asked = await one.execute("print('hello')")
        seen = await other.until("execute_input", asked)
        text = await other.until("stream", asked)
        return [seen[-1]["content"]["code"], text[-1]["content"]["text"]]


async def kernel_dies(lab: Lab) -> Any:
    """The kernel's process is killed by its own code: what the client is told, and whether it can go on."""
    async with lab.notebook("dies.ipynb") as kernel:
        await kernel.run("x = 1")
        await kernel.execute("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
        states: list[str] = []
        while "restarting" not in states:
            states += [state for state in kinds([await kernel.message()]) if state in ("restarting", "dead")]
        async with lab.kernel(kernel.id) as again:
            return {"states": states, "x": await again.printed("print('x' in globals())")}


async def reconnect(lab: Lab) -> Any:
    """A laptop is closed in the middle of a cell, and what was printed meanwhile arrives once, in order."""
    session = await lab.open("reconnect.ipynb")
    kernel_id = session["kernel"]["id"]
    session_id = new_id()
    address = f"ws{lab.url.removeprefix('http')}/api/kernels/{kernel_id}/channels?session_id={session_id}"

    async def connected() -> Kernel:
        return Kernel(await websocket_connect(HTTPRequest(address, headers=lab.headers)), session_id)

    kernel = await connected()
    asked = await kernel.execute("import time\nfor i in range(6):\n    print(i, flush=True)\n    time.sleep(0.5)")
    first = await kernel.until("stream", asked)
    kernel.socket.close()
    await asyncio.sleep(1.5)
    kernel = await connected()
    rest = await kernel.until("execute_reply", asked)
    with contextlib.suppress(TimeoutError, asyncio.TimeoutError):
        while True:
            rest.append(json.loads(await asyncio.wait_for(kernel.socket.read_message(), 1)))
    kernel.socket.close()
    await lab.call("DELETE", f"api/sessions/{session['id']}")
    return "".join(m["content"]["text"] for m in first + rest if m["msg_type"] == "stream")


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


async def main() -> None:
    wish = json.load(sys.stdin)
    AsyncHTTPClient.configure(None, max_body_size=LARGEST)
    lab = Lab(wish["url"], wish["token"])
    json.dump(await globals()[wish["row"]](lab, **wish["arguments"]), sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
