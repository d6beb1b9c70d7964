"""A person's browser, for the rows: the server's REST API and kernel channels, as JupyterLab uses them.

As a program, run with the front-end environment's interpreter: stdin is JSON {"url", "token", "row": module and
function in rows/, "arguments": the function's own}, stdout JSON, what it found. The same code asks a plain server and a
pair: nothing here knows which it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import sys
import urllib.parse
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.session import new_id
from jupyter_server.services.kernels.connection.base import (
    deserialize_binary_message,
    deserialize_msg_from_ws_v1,
    serialize_msg_to_ws_v1,
)
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

sys.path.append(str(Path(__file__).resolve().parents[1] / "localpod"))
from notebook_client import LARGEST, Server

SECONDS = 60.0
V1 = "v1.kernel.websocket.jupyter.org"


class Lab(Server):
    """The server's API, as JupyterLab uses it; an `old` one, or another program, has kernels' messages as JSON."""

    def __init__(self, url: str, token: str, old: bool = False) -> None:
        super().__init__(url, token)
        self.old = old

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """The decoded answer; {"status": code} for one that is not a success."""
        try:
            return await super().call(method, path, body)
        except HTTPClientError as error:
            return {"status": error.code}

    async def open(self, path: str, kernel: str = "python3") -> dict[str, Any]:
        """A session on a notebook at `path`, which is made."""
        parts = path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            await self.call("PUT", f"api/contents/{urllib.parse.quote('/'.join(parts[:depth]))}", {"type": "directory"})
        empty = {"type": "notebook", "format": "json", "content": nbformat.v4.new_notebook()}
        await self.call("PUT", f"api/contents/{urllib.parse.quote(path)}", empty)
        return await self.session(path, kernel)

    async def session(self, path: str, kernel: str = "python3") -> dict[str, Any]:
        wanted = {"path": path, "name": path, "type": "notebook", "kernel": {"name": kernel}}
        opened: dict[str, Any] = await self.call("POST", "api/sessions", wanted)
        assert "kernel" in opened, opened
        return opened

    async def connected(self, kernel_id: str, session: str) -> Kernel:
        """A connection of the browser's session, which may have had one before."""
        protocols = () if self.old else (V1,)
        return Kernel(await self.channels(kernel_id, session, *protocols), session)

    @contextlib.asynccontextmanager
    async def kernel(self, kernel_id: str) -> AsyncIterator[Kernel]:
        kernel = await self.connected(kernel_id, new_id())
        try:
            yield kernel
        finally:
            kernel.socket.close()

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
        if self.socket.selected_subprotocol == V1:
            written = serialize_msg_to_ws_v1(message, channel, lambda part: json.dumps(part).encode())
            await self.socket.write_message(written, binary=True)
        else:
            await self.socket.write_message(json.dumps({**message, "channel": channel}))
        return header["msg_id"]

    async def execute(self, code: str, stdin: bool = False, stop_on_error: bool = True) -> str:
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}}
        return await self.send("execute_request", {**content, "allow_stdin": stdin, "stop_on_error": stop_on_error})

    async def message(self) -> dict[str, Any]:
        received = await asyncio.wait_for(self.socket.read_message(), SECONDS)
        if received is None:
            raise ConnectionError("the server closed the kernel's channel")
        return _read_v1(received) if self.socket.selected_subprotocol == V1 else _read(received)

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


def _read_v1(received: bytes) -> dict[str, Any]:
    channel, parts = deserialize_msg_from_ws_v1(received)
    header, parent_header, metadata, content = map(json.loads, parts[:4])
    message = {"header": header, "parent_header": parent_header, "metadata": metadata, "content": content}
    return {**message, "channel": channel, "msg_type": header["msg_type"], "buffers": parts[4:]}


def _read(received: str | bytes) -> dict[str, Any]:
    if isinstance(received, bytes):
        made: dict[str, Any] = deserialize_binary_message(received)
        return made
    return {"buffers": [], **json.loads(received)}


def kinds(messages: list[dict[str, Any]]) -> list[str]:
    return [m["content"].get("execution_state") or m["msg_type"] for m in messages]


def is_idle(message: dict[str, Any], asked: str) -> bool:
    """Whether a message says that the kernel is done with a request."""
    return message["parent_header"].get("msg_id") == asked and kinds([message]) == ["idle"]


async def main() -> None:
    wish = json.load(sys.stdin)
    AsyncHTTPClient.configure(None, max_body_size=LARGEST)
    module, _, name = wish["row"].partition(".")
    row = getattr(importlib.import_module(f"rows.{module}"), name)
    json.dump(await row(Lab(wish["url"], wish["token"], wish["old"]), **wish["arguments"]), sys.stdout)


if __name__ == "__main__":
    sys.modules["client"] = sys.modules["__main__"]
    sys.path.append(str(Path(__file__).parent))
    asyncio.run(main())
