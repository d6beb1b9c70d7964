"""Runs chart/files/hub/tokens.py against an API server on loopback that holds one Secret; inside a hub environment.

Standard input: JSON, a list of jobs, each {"folder": of the program, "data": of the Secret, "keys", "race": data that
someone else writes between the first read and the patch, "status": of every answer, 200 unless refused}. Standard
output: JSON, for each {"data": as it is afterwards, "made": what the program says, "patches": how many, "error"}.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from aiohttp import web
from kubernetes_asyncio import client


class ApiServer:
    """One Secret with a version; JSON patches as the API server applies them: all of one or nothing."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.data, self.race, self.status = job["data"], job["race"], job["status"]
        self.version, self.patches = 1, 0

    async def get(self, request: web.Request) -> web.Response:
        if self.status != 200:
            return web.json_response({"kind": "Status"}, status=self.status)
        answer = self.secret()
        if self.race is not None:
            self.data, self.race, self.version = {**(self.data or {}), **self.race}, None, self.version + 1
        return answer

    def secret(self) -> web.Response:
        held = {} if self.data is None else {"data": self.data}
        return web.json_response({"kind": "Secret", "metadata": {"resourceVersion": str(self.version)}, **held})

    async def patch(self, request: web.Request) -> web.Response:
        assert request.content_type == "application/json-patch+json", request.content_type
        self.patches += 1
        test, *changes = await request.json()
        assert (test["op"], test["path"]) == ("test", "/metadata/resourceVersion")
        if test["value"] != str(self.version):
            return web.json_response({"kind": "Status"}, status=422)
        for change in changes:
            assert change["op"] == "add"
            if change["path"] == "/data":
                assert self.data is None or self.data == {}
                self.data = dict(change["value"])
            else:
                key = change["path"].removeprefix("/data/").replace("~1", "/").replace("~0", "~")
                assert not self.data.get(key)
                self.data[key] = change["value"]
        self.version += 1
        return self.secret()

    async def start(self) -> str:
        app = web.Application()
        app.router.add_get("/api/v1/namespaces/jupyter/secrets/hub", self.get)
        app.router.add_patch("/api/v1/namespaces/jupyter/secrets/hub", self.patch)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"


async def run(job: dict[str, Any]) -> dict[str, Any]:
    sys.path.insert(0, job["folder"])
    import tokens

    server = ApiServer(job)
    result: dict[str, Any] = {"error": ""}
    async with client.ApiClient(client.Configuration(host=await server.start())) as api:
        try:
            result["made"] = await tokens.complete(client.CoreV1Api(api), "hub", "jupyter", job["keys"])
        except client.ApiException as error:
            result["error"] = error.status
    return {**result, "data": server.data, "patches": server.patches}


async def main() -> None:
    json.dump([await run(job) for job in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
