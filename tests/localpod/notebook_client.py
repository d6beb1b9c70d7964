"""Runs a notebook through a Jupyter server as a browser does; executed with the front-end environment's interpreter.

stdin: JSON {"url": server address with base path, "token": its token, "path": notebook below the server's root,
"timeout": seconds for each cell, "probe": code}. The cells run in order, and their outputs are saved into the notebook
by the contents API; then the probe runs in the same kernel, outside the notebook.
stdout: JSON {"kernel_id": ..., "session_id": ..., "notebook": as saved, "probed": what the probe printed}.
The session stays open.
"""

from __future__ import annotations

import asyncio
import json
import sys
import urllib.parse
from typing import Any

import nbformat
from jupyter_client.session import json_default, new_id
from nbformat.v4 import new_code_cell, output_from_msg
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

USER = "tests"
OUTPUTS = ("stream", "display_data", "execute_result", "error")
REQUEST_SECONDS = 60.0
LARGEST = 2**31


class Server:
    """The Jupyter server's REST API."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        self.headers = {"Authorization": f"token {token}"}

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """Return the decoded answer, None for an empty one; raises HTTPClientError for one that is not a success."""
        request = HTTPRequest(
            f"{self.url}/{path}",
            method,
            headers=self.headers,
            body=None if body is None else json.dumps(body, default=json_default),
            request_timeout=REQUEST_SECONDS,
            allow_nonstandard_methods=True,  # a POST without a body
        )
        answer = (await AsyncHTTPClient().fetch(request)).body
        return json.loads(answer) if answer else None

    async def channels(self, kernel_id: str, session: str, *protocols: str) -> WebSocketClientConnection:
        """Open the websocket that carries a kernel's messages, as JSON unless others of its `protocols` are wished.

        Messages may have any size, as a browser's.
        """
        url = f"ws{self.url.removeprefix('http')}/api/kernels/{kernel_id}/channels?session_id={session}"
        socket = await websocket_connect(
            HTTPRequest(url, headers=self.headers), max_message_size=LARGEST, subprotocols=list(protocols) or None
        )
        socket.protocol.stream.max_buffer_size = LARGEST
        return socket


def _request(session: str, code: str) -> dict[str, Any]:
    header = {"msg_id": new_id(), "msg_type": "execute_request", "username": USER, "session": session, "version": "5.3"}
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
    return {"header": header, "parent_header": {}, "metadata": {}, "channel": "shell", "content": content}


async def execute(socket: WebSocketClientConnection, session: str, cell: Any) -> None:
    """Run one code cell; its outputs and count are complete when the kernel is idle again and has replied."""
    request = _request(session, cell.source)
    await socket.write_message(json.dumps(request))
    cell.outputs, waiting = [], {"idle", "reply"}
    while waiting:
        text = await socket.read_message()
        if text is None:
            raise ConnectionError("the server closed the kernel's channel")
        message = json.loads(text)
        if message["parent_header"].get("msg_id") != request["header"]["msg_id"]:
            continue
        kind = message["header"]["msg_type"]
        if kind in OUTPUTS:
            cell.outputs.append(output_from_msg(message))
        elif kind == "execute_reply":
            cell.execution_count = message["content"].get("execution_count")
            waiting.discard("reply")
        elif kind == "status" and message["content"]["execution_state"] == "idle":
            waiting.discard("idle")


async def run(url: str, token: str, path: str, timeout: float, probe: str) -> dict[str, Any]:
    """Open a session on the notebook at `path`, run it and save it, then run `probe`."""
    server = Server(url, token)
    contents = f"api/contents/{urllib.parse.quote(path)}"
    model = await server.call("GET", f"{contents}?content=1")
    notebook = nbformat.from_dict(model["content"])
    kernel = {"name": notebook.metadata.kernelspec.name}
    wanted = {"path": path, "name": path, "type": "notebook", "kernel": kernel}
    opened = await server.call("POST", "api/sessions", wanted)
    session = new_id()
    socket = await server.channels(opened["kernel"]["id"], session)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            await asyncio.wait_for(execute(socket, session, cell), timeout)
    probing = new_code_cell(probe)
    await asyncio.wait_for(execute(socket, session, probing), timeout)
    socket.close()
    await server.call("PUT", contents, {"type": "notebook", "format": "json", "content": notebook})
    saved = await server.call("GET", f"{contents}?content=1")
    printed = "".join(output.get("text", "") for output in probing.outputs)
    ids = {"kernel_id": opened["kernel"]["id"], "session_id": opened["id"]}
    return {**ids, "notebook": saved["content"], "probed": printed}


if __name__ == "__main__":
    json.dump(asyncio.run(run(**json.load(sys.stdin))), sys.stdout)
