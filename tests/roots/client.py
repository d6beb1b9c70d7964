"""Asks a gateway as the notebook server does, with the bundle's Python, inside the root: `start client.py WISH`.

The wish is JSON: {"port", "token", "kernel", "code"}; so is the answer, on stdout. Waits until the gateway answers.
"""

import asyncio
import json
import sys
import uuid

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect

SECONDS = 30


async def main(port, token, kernel, code):
    there, headers = f"127.0.0.1:{port}", {"Authorization": f"token {token}"}

    async def ask(path, body=None):
        method = "GET" if body is None else "POST"
        request = HTTPRequest(f"http://{there}/api/{path}", method, headers, None if body is None else json.dumps(body))
        return json.loads((await AsyncHTTPClient().fetch(request)).body)

    specs = (await ask("kernelspecs"))["kernelspecs"]
    found = {"specs": {name: [spec["spec"]["argv"], spec["spec"]["display_name"]] for name, spec in specs.items()}}
    model = await ask("kernels", {"name": kernel, "env": {"KERNEL_USERNAME": "ann"}})
    socket = await websocket_connect(HTTPRequest(f"ws://{there}/api/kernels/{model['id']}/channels", headers=headers))
    header = {
        "msg_id": uuid.uuid4().hex,
        "msg_type": "execute_request",
        "username": "u",
        "session": "s",
        "version": "5.3",
    }
    content = {"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
    await socket.write_message(json.dumps(message))
    printed, waiting = "", {"idle", "execute_reply"}
    while waiting:
        said = json.loads(await socket.read_message())
        if said["parent_header"].get("msg_id") == header["msg_id"]:
            waiting -= {said["msg_type"], said["content"].get("execution_state", "")}
            printed += said["content"].get("text", "") + "\n".join(said["content"].get("traceback", []))
    found["printed"] = printed
    found["terminal"] = (await ask("terminals", {}))["name"] if await has_shell() else ""
    return found


async def has_shell():
    import shutil

    return shutil.which("sh") is not None


wish = json.loads(sys.argv[1])
print(json.dumps(asyncio.run(asyncio.wait_for(main(**wish), SECONDS))))
