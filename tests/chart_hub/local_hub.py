"""Configuration of a real JupyterHub on loopback for the program of `helm test`; run by `jupyterhub --config`.

The environment says where things are: LOCAL_PORT (the way in), LOCAL_HUB_PORT, LOCAL_FRONT_END (an environment with
jupyter_server) and LOCAL_HOME. Users' servers are processes; they take JupyterHub from the hub's own environment. The
proxy is a small one in the hub's process, because the real one needs Node.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import jupyterhub
from aiohttp import ClientSession, WSMsgType, web
from jupyterhub.proxy import Proxy
from jupyterhub.spawner import SimpleLocalProcessSpawner

HOP = ("connection", "content-length", "keep-alive", "transfer-encoding", "upgrade")


class LocalProxy(Proxy):
    """Sends each request to the longest route that its path begins with, as configurable-http-proxy does."""

    routes: dict[str, Any] = {}  # noqa: RUF012 (one hub, one proxy)

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/pods/{name}", self.pod)
        app.router.add_route("*", "/{anything:.*}", self.handle)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", int(os.environ["LOCAL_PORT"])).start()

    async def stop(self) -> None:
        """The hub's process ends, and the proxy with it."""

    async def add_route(self, routespec: str, target: str, data: Any) -> None:
        self.routes[routespec] = {"routespec": routespec, "target": target, "data": data}

    async def delete_route(self, routespec: str) -> None:
        self.routes.pop(routespec, None)

    async def get_all_routes(self) -> dict[str, Any]:
        return dict(self.routes)

    async def pod(self, request: web.Request) -> web.Response:
        """The API server's answer about a pod."""
        box = {"name": "notebook", "image": "example.org/user:2"}
        return web.json_response({"metadata": {"name": request.match_info["name"]}, "spec": {"containers": [box]}})

    async def handle(self, request: web.Request) -> web.StreamResponse:
        spec = max((spec for spec in self.routes if request.path.startswith(spec)), key=len)
        url = f"{self.routes[spec]['target'].rstrip('/')}{request.raw_path}"
        headers = {name: text for name, text in request.headers.items() if name.lower() not in HOP}
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await _websocket(request, url, headers)
        async with (
            ClientSession(auto_decompress=False) as session,
            session.request(
                request.method, url, headers=headers, data=await request.read(), allow_redirects=False
            ) as answer,
        ):
            response = web.StreamResponse(status=answer.status)
            for name, text in answer.headers.items():
                if name.lower() not in HOP:
                    response.headers.add(name, text)
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
            return response


async def _websocket(request: web.Request, url: str, headers: dict[str, str]) -> web.WebSocketResponse:
    kept = {name: text for name, text in headers.items() if not name.lower().startswith("sec-websocket-")}
    outer = web.WebSocketResponse()
    await outer.prepare(request)
    async with ClientSession() as session, session.ws_connect(url, headers=kept) as inner:
        await asyncio.wait(
            [asyncio.ensure_future(_pump(outer, inner)), asyncio.ensure_future(_pump(inner, outer))],
            return_when=asyncio.FIRST_COMPLETED,
        )
    return outer


async def _pump(source: Any, target: Any) -> None:
    async for message in source:
        if message.type == WSMsgType.TEXT:
            await target.send_str(message.data)
        elif message.type == WSMsgType.BINARY:
            await target.send_bytes(message.data)


class LocalSpawner(SimpleLocalProcessSpawner):
    """A server that may say at its start that it can't."""

    async def start(self) -> Any:
        if self.user.name == "unlucky":
            error = RuntimeError("no room")
            error.jupyterhub_message = "no room for this server"  # type: ignore[attr-defined]
            raise error
        return await super().start()


if "get_config" in globals():
    home = os.environ["LOCAL_HOME"]
    programs = Path(os.environ["LOCAL_FRONT_END"], "bin")
    c = globals()["get_config"]()
    c.JupyterHub.bind_url = f"http://127.0.0.1:{os.environ['LOCAL_PORT']}/"
    c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{os.environ['LOCAL_HUB_PORT']}"
    c.JupyterHub.db_url = "sqlite://"
    c.JupyterHub.authenticator_class = "dummy"
    c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0}
    c.DummyAuthenticator.password = "open sesame"
    c.JupyterHub.proxy_class = LocalProxy
    c.JupyterHub.spawner_class = LocalSpawner
    c.LocalSpawner.home_dir_template = f"{home}/{{username}}"
    c.Spawner.cmd = [str(programs / "python"), "-m", "jupyterhub.singleuser", "--allow-root"]
    c.Spawner.environment = {
        "PATH": f"{programs}:/usr/bin:/bin",
        "PYTHONPATH": str(Path(jupyterhub.__file__).parents[1]),
        "JUPYTER_CONFIG_DIR": home,
    }
