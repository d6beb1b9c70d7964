"""The server's routes for terminals: requests and websockets are handed on to the gateway, in the kernel container."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
import os
import shlex
from pathlib import Path
from typing import Any

import kernelpair_remote as remote
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from jupyter_server.gateway.gateway_client import GatewayClient, gateway_request
from jupyter_server.utils import url_path_join
from tornado.httpclient import HTTPClientError
from tornado.web import HTTPError, authenticated
from tornado.websocket import WebSocketClosedError, WebSocketHandler

_AWAY = (503, 504, 599)
_GONE = 404
_LOST = "\r\nThe kernel container has ended, and this terminal with it.\r\n"
_END = '["disconnect"'


class _Api(APIHandler):  # type: ignore[misc]
    auth_resource = "terminals"

    async def ask(self, method: str, *path: str, **arguments: Any) -> Any:
        """Return the gateway's answer; raises HTTPError with the gateway's words."""
        url = url_path_join(GatewayClient.instance().url or "", "api/terminals", *path)
        try:
            return await gateway_request(url, method=method, **arguments)
        except HTTPError as error:
            if error.status_code in _AWAY or not error.args:
                raise
            raise HTTPError(error.status_code, str(error.args[0])) from error


class Terminals(_Api):
    """All terminals."""

    @authenticated  # type: ignore[untyped-decorator]
    @authorized  # type: ignore[untyped-decorator]
    async def get(self) -> None:
        """Answer with their models; none while the gateway is away, for they end with it."""
        try:
            models = (await self.ask("GET")).body
        except HTTPError as error:
            if error.status_code not in _AWAY:
                raise
            models = b"[]"
        self.finish(models)

    @authenticated  # type: ignore[untyped-decorator]
    @authorized  # type: ignore[untyped-decorator]
    async def post(self) -> None:
        """Open one, once the gateway answers, and answer with its model."""
        body = json.dumps(_wish(self.get_json_body() or {}, self.settings))
        answer = await remote.patiently(lambda: self.ask("POST", body=body), self.log)
        self.finish(answer.body)


class Terminal(_Api):
    """One terminal."""

    @authenticated  # type: ignore[untyped-decorator]
    @authorized  # type: ignore[untyped-decorator]
    async def get(self, name: str) -> None:
        """Answer with its model."""
        self.finish((await self._of(name, "GET")).body)

    @authenticated  # type: ignore[untyped-decorator]
    @authorized  # type: ignore[untyped-decorator]
    async def delete(self, name: str) -> None:
        """End its shell."""
        await self._of(name, "DELETE")
        self.set_status(204)
        self.finish()

    async def _of(self, name: str, method: str) -> Any:
        try:
            return await self.ask(method, name)
        except HTTPError as error:
            if error.status_code not in _AWAY:
                raise
            raise HTTPError(_GONE, f"Terminal not found: {name}") from error


def _wish(asked: dict[str, Any], settings: Any) -> dict[str, Any]:
    """What the gateway is asked for: what the browser wants, and what this server's configuration says of terminals."""
    manager = settings["terminal_manager"]
    wish = {**asked, "extra_env": {**manager.extra_env, **asked.get("extra_env", {})}}
    wish["manager"] = {name: getattr(manager, name) for name in ("cull_inactive_timeout", "cull_interval")}
    if "cwd" in asked:
        wish["cwd"] = _absolute(asked["cwd"], settings["server_root_dir"])
    shell = settings["serverapp"].terminado_settings.get("shell_command")
    if shell is not None:
        wish["shell_command"] = shlex.split(shell) if isinstance(shell, str) else shell
    return wish


def _absolute(folder: str, root: str) -> str:
    """As upstream: relative to the server's own folder where that exists, else to its root."""
    path = Path(folder).resolve()
    return str(path if path.exists() else (Path(root).expanduser() / folder).resolve())


class TerminalSocket(WebSocketMixin, WebSocketHandler, JupyterHandler):  # type: ignore[misc]
    """A browser's look at a terminal: every message is handed on as it is, at the pace of the slower end."""

    auth_resource = "terminals"
    gateway: Any = None

    @authorized("execute")  # type: ignore[untyped-decorator]
    async def get(self, name: str) -> None:
        """Connect the browser to the gateway's terminal of that name."""
        try:
            self.gateway = await remote.websocket("terminals/websocket", name)
        except (HTTPClientError, OSError) as error:
            raise HTTPError(_GONE, f"Terminal not found: {name}: {error}") from error
        try:
            await super().get(name)  # until the browser goes
        finally:
            self.gateway.close()

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """Begin to hand on what the shell says."""
        self._carrying = asyncio.ensure_future(self._carry())
        return super().open(*args, **kwargs)

    async def _carry(self) -> None:
        last: Any = ""
        with contextlib.suppress(WebSocketClosedError):
            while True:
                message = await self.gateway.read_message()
                if message is None:
                    break
                await self.write_message(message, binary=isinstance(message, bytes))
                self._count_activity()
                last = message
            if not str(last).startswith(_END):
                for words in (["stdout", _LOST], ["disconnect", 1]):
                    await self.write_message(json.dumps(words))
        self.close()

    async def on_message(self, message: Any) -> None:
        """Hand on what the browser says; the next message waits for it."""
        with contextlib.suppress(WebSocketClosedError):
            await self.gateway.write_message(message, binary=isinstance(message, bytes))
        self._count_activity()

    def _count_activity(self) -> None:
        self.settings["terminal_last_activity"] = datetime.datetime.now(datetime.timezone.utc)


def handlers(serverapp: Any) -> list[tuple[Any, ...]]:
    """Return the routes that jupyter_server_terminals has; none where it serves none, or is to serve its own."""
    wanted = os.environ.get("KERNELPAIR_TERMINALS", "kernel") == "kernel"
    if not wanted or not serverapp.web_app.settings.get("terminals_available"):
        return []
    return [
        ("/api/terminals", Terminals),
        (r"/api/terminals/(\w+)", Terminal),
        (r"/terminals/websocket/(\w+)", TerminalSocket),
    ]
