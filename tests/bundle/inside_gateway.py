"""Serves a gateway in a bundle, asks it for what a notebook server asks for, and says what it imported; JSON on stdout.

    inside_gateway.py RUNTIME SCRATCH PORT KIND

RUNTIME is the folder of kernelpair's runtime files, SCRATCH an empty one; KIND is `stand-ins`, or `all` without them.
"""

import asyncio
import json
import os
import re
import sys
import uuid
from pathlib import Path

runtime, scratch, port = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
sys.path[:0] = [str(runtime / side) for side in ("kernel", "shared")]

import kernelpair_standins  # noqa: E402

if sys.argv[4] == "stand-ins":
    kernelpair_standins.put()

from kernelpair_app import gateway  # noqa: E402
from tornado.httpclient import AsyncHTTPClient, HTTPRequest  # noqa: E402
from tornado.websocket import websocket_connect  # noqa: E402

TOKEN = "of-the-test"
# Kernels' ids, times, and what a kernel is doing just then.
CHANGING = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)?|\"(idle|busy|starting)\""
)
AUTHORIZATION = {"Authorization": f"token {TOKEN}"}
app = gateway(port, TOKEN, scratch / "connections", lambda *_: None, images_own=False)
said = {"answers": [], "stand_ins": {}}


def stand_ins():
    """The names of the stand-ins whose modules nobody has used."""
    return sorted(name for name, module in sys.modules.items() if isinstance(module, kernelpair_standins.StandIn))


async def ask(method, path, body=None, headers=None):
    """Send a request; note its status, return the answer."""
    request = HTTPRequest(
        f"http://127.0.0.1:{port}{path}",
        method,
        {**AUTHORIZATION, **(headers or {})},
        body=None if body is None else json.dumps(body),
        allow_nonstandard_methods=True,
        request_timeout=60,
    )
    answer = await AsyncHTTPClient().fetch(request, raise_error=False)
    text = answer.body.decode(errors="replace")
    kinds = answer.headers.get("Content-Type")
    said["answers"].append([method, *(CHANGING.sub("...", part) for part in (path, f"{answer.code} {kinds} {text}"))])
    return json.loads(text) if text[:1] in ("{", "[") else text


def message(kind, content):
    """A message for a kernel, as a browser sends it."""
    header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "username": "u", "session": "s", "version": "5.3"}
    header["date"] = "2026-01-01T00:00:00.000000Z"
    return json.dumps({"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"})


async def until(connection, wanted):
    """Read until `wanted` is in what arrives."""
    while True:
        got = await asyncio.wait_for(connection.read_message(), 60)
        if got is None or wanted in str(got):
            return got


async def connect(path):
    """Open a websocket."""
    return await websocket_connect(HTTPRequest(f"ws://127.0.0.1:{port}{path}", headers=AUTHORIZATION))


async def use_kernel():
    """Everything that is done with a kernel."""
    for path in ("/api", "/api/kernelspecs", "/api/kernelspecs/python3", "/kernelspecs/python3/logo-64x64.png"):
        await ask("GET", path)
    await ask("GET", "/api/kernels")
    kernel = (await ask("POST", "/api/kernels", {"name": "python3", "env": {"KERNEL_WORKING_DIR": "/"}}))["id"]
    channels = await connect(f"/api/kernels/{kernel}/channels?session_id=s")
    code = {"code": "6 * 7", "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
    await channels.write_message(message("execute_request", code))
    said["result"] = "42" in (await until(channels, "execute_result"))
    for path in ("", "/interrupt", "/restart"):
        await ask("POST" if path else "GET", f"/api/kernels/{kernel}{path}", {} if path else None)
    channels.close()
    await ask("GET", "/api/sessions")
    await ask("DELETE", f"/api/kernels/{kernel}")


async def use_terminal():
    """Everything that is done with a terminal."""
    await ask("GET", "/api/terminals")
    name = (await ask("POST", "/api/terminals", {"cwd": "/"}))["name"]
    terminal = await connect(f"/terminals/websocket/{name}")
    await terminal.write_message(json.dumps(["stdin", "echo $((40 + 3))\r"]))
    said["terminal"] = "43" in (await until(terminal, "43"))
    terminal.close()
    await ask("GET", f"/api/terminals/{name}")
    await ask("DELETE", f"/api/terminals/{name}")


async def be_refused():
    """Requests that are answered by errors."""
    for path in ("/api/kernels/none", "/api/kernelspecs/none", "/nothing", "/api/terminals/none", "/metrics"):
        await ask("GET", path)
    await ask("POST", "/api/kernels", {"name": "none"})
    await ask("GET", "/api/kernels", headers={"Authorization": "token wrong"})


async def use():
    """Use all of it, then end."""
    try:
        said["modules"] = sorted(sys.modules)
        said["stand_ins"]["ready"] = stand_ins()
        await use_kernel()
        said["stand_ins"]["kernel"] = stand_ins()
        await use_terminal()
        await be_refused()
        said["stand_ins"]["after all"] = stand_ins()
    finally:
        app.stop()


os.chdir(scratch)
task = []
app.io_loop.add_callback(lambda: task.append(asyncio.ensure_future(use())))
app.start()
task[0].result()
print(json.dumps(said))
