"""Asks a gateway as the notebook server does, with the bundle's Python, inside the root: `start client.py WISH`.

The wish is JSON: {"port", "token", "kernel", "code"}; so is the answer, on stdout.
"""

import asyncio
import json
import os
import shutil
import sys
import uuid
from pathlib import Path

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect

sys.path.insert(0, str(Path(__file__).parent))
import kernelpair_bundle
from kernelpair_image import Image

SECONDS = 30
# What a shell answers isn't what it echoes of this.
TYPED = 'echo "is:$((40+2)):$LD_LIBRARY_PATH:"\n'


async def main(port, token, kernel, code):
    """Say what kernels there are, where they were looked for, what a cell printed, and what a terminal's shell did."""
    gateway = Gateway(port, token)
    specs = (await gateway.ask("kernelspecs"))["kernelspecs"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("KERNELPAIR_")}
    env |= kernelpair_bundle.kept(os.environ)
    return {
        "specs": {name: [spec["spec"]["argv"], spec["spec"]["display_name"]] for name, spec in specs.items()},
        "places": [str(folder) for folder in Image(env).kernels()],
        "printed": await gateway.run(kernel, code) if kernel else "",
        "terminal": await gateway.typed(TYPED) if shutil.which("sh") else "",
    }


class Gateway:
    def __init__(self, port, token):
        self.there, self.headers = f"127.0.0.1:{port}", {"Authorization": f"token {token}"}

    async def ask(self, path, body=None):
        method, body = ("GET", None) if body is None else ("POST", json.dumps(body))
        request = HTTPRequest(f"http://{self.there}/api/{path}", method, self.headers, body)
        return json.loads((await AsyncHTTPClient().fetch(request)).body)

    async def connect(self, path):
        return await websocket_connect(HTTPRequest(f"ws://{self.there}/{path}", headers=self.headers))

    async def run(self, kernel, code):
        """What a cell prints on stdout, or how it fails."""
        model = await self.ask("kernels", {"name": kernel, "env": {"KERNEL_USERNAME": "ann"}})
        socket = await self.connect(f"api/kernels/{model['id']}/channels")
        message = execute_request(code)
        await socket.write_message(json.dumps(message))
        printed, waiting = "", {"idle", "execute_reply"}
        while waiting:
            said = json.loads(await socket.read_message())
            if said["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                waiting -= {said["msg_type"], said["content"].get("execution_state", "")}
                if said["content"].get("name") == "stdout":
                    printed += said["content"]["text"]
                printed += "\n".join(said["content"].get("traceback", []))
        return printed

    async def typed(self, line):
        """The words between colons that a terminal's shell prints."""
        name = (await self.ask("terminals", {}))["name"]
        socket = await self.connect(f"terminals/websocket/{name}")
        await socket.write_message(json.dumps(["stdin", line]))
        shown = ""
        while "is:42:" not in shown or shown.endswith("is:42:"):
            kind, *said = json.loads(await socket.read_message())
            shown += said[0] if kind == "stdout" else ""
        return shown.partition("is:42:")[2].partition(":")[0]


def execute_request(code):
    header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request"}
    header |= {"username": "u", "session": "s", "version": "5.3"}
    content = {"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
    return {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}


wish = json.loads(sys.argv[1])
print(json.dumps(asyncio.run(asyncio.wait_for(main(**wish), SECONDS))))
