"""A browser's connection to one kernel: messages of any size, and a gateway that may go and come back."""

from __future__ import annotations

import asyncio
import time
import weakref
from typing import Any, Iterable, Sequence

import kernelpair_explain as explain
import kernelpair_remote as remote
import kernelpair_wire as wire
from jupyter_server.gateway.connections import GatewayWebSocketConnection
from jupyter_server.gateway.gateway_client import GatewayClient
from tornado.escape import url_escape
from tornado.httpclient import HTTPClientError
from tornado.websocket import WebSocketClosedError
from traitlets import Unicode

LEAVE_SECONDS = 2.0
_connections: weakref.WeakSet[PairConnection] = weakref.WeakSet()


class PairConnection(GatewayWebSocketConnection):  # type: ignore[misc]
    """Carries messages both ways, in order; a slow browser slows the gateway down instead of filling the memory.

    What the browser sends before the kernel can be reached waits. When the kernel is lost the browser is told that it
    restarts, upon which it connects anew. Before that, the cell that was running ends with an error that says why the
    kernel died, where that is known.

    A browser has one connection for a kernel and a session, as on a plain server: the newest. An earlier one is that of
    a page that has lost it unnoticed (another network, a proxy that died), and ends.

    The gateway is asked for the protocol that the browser has, so that messages are handed on as they are.
    """

    # As on a plain server: a message as its parts, for browsers that ask for it. Upstream holds a server that has
    # a gateway to JSON, since its own connection to the gateway knows no other.
    kernel_ws_protocol = Unicode(None, allow_none=True, config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._serving: asyncio.Task[None] | None = None
        self._waiting: list[Any] = []
        self._leaving = False
        self._v1 = False

    async def connect(self) -> None:
        """Begin to serve; returns at once."""
        self._v1 = self.websocket_handler.selected_subprotocol == wire.V1
        earlier = [other for other in _connections if other.carries(self.kernel_id, self.session_id)]
        _connections.add(self)
        self._serving = asyncio.ensure_future(self._serve(earlier))
        self._serving.add_done_callback(self._broken)

    def _broken(self, serving: asyncio.Task[None]) -> None:
        if not serving.cancelled() and serving.exception() is not None:
            self.log.error(
                "kernelpair: the connection to kernel %s broke", self.kernel_id, exc_info=serving.exception()
            )
            self.websocket_handler.close()  # upon which the browser connects anew

    def carries(self, kernel_id: str, session_id: str) -> bool:
        """Whether it still serves this session of a browser."""
        if self._serving is None or self._serving.done():
            return False
        return (self.kernel_id, self.session_id) == (kernel_id, session_id)

    def disconnect(self) -> None:
        """End, because the browser has gone."""
        self.disconnected = True
        if self.ws is not None:
            self.ws.close()
        elif self._serving is not None:
            self._serving.cancel()

    @classmethod
    async def close_all(cls) -> None:
        """End, because the server does: browsers get what has arrived here, and the gateway keeps the rest for them."""
        for connection in _connections:
            connection._leaving = True
            if connection.ws is not None:
                connection.ws.close()  # answered by the gateway behind all that it has sent
        await _ended([connection for connection in _connections if connection.ws is not None])

    async def _replace(self, earlier: Sequence[PairConnection]) -> None:
        """End earlier connections of the session, and wait: what the gateway has not sent, it keeps for this one.

        The gateway has one place for a session, which they would else take from each other for ever.
        """
        for connection in earlier:
            self.log.info("kernelpair: kernel %s: a page connects anew, its last connection ends", self.kernel_id)
            connection.disconnect()
            connection.websocket_handler.close()
        await _ended(earlier)

    async def _serve(self, earlier: Sequence[PairConnection]) -> None:
        await self._replace(earlier)
        kernel = self.kernel_manager
        while not (self.disconnected or self._leaving):
            self.ws = await self._reach(kernel)
            if self.ws is None:
                self._explain(explain.why_given_up(kernel.remote_id))
                self._say_status("dead")
                self.websocket_handler.close()
                return
            if self.disconnected:
                self.ws.close()
                return
            waiting, self._waiting = self._waiting, []
            for message in waiting:
                self._write_message(message)
            await self._carry()
            self.ws = None
            if not (self.disconnected or self._leaving):
                await self._lost(kernel)

    async def _reach(self, kernel: Any) -> Any:
        """Return a connection to the kernel, as soon as it can be had; None once the kernel is gone."""
        gone = asyncio.ensure_future(kernel.gone.wait())
        reaching = asyncio.ensure_future(self._open_patiently(kernel))
        try:
            await asyncio.wait((gone, reaching), return_when=asyncio.FIRST_COMPLETED)
            return reaching.result() if reaching.done() else None
        finally:
            gone.cancel()
            reaching.cancel()

    async def _open_patiently(self, kernel: Any) -> Any:
        while True:
            await kernel.available.wait()
            try:
                return await self._open(kernel)
            except (HTTPClientError, OSError) as error:
                self.log.info("kernelpair: kernel %s can't be reached yet: %s", self.kernel_id, error)
                await self._look()
                await asyncio.sleep(remote.RETRY_SECONDS)

    async def _open(self, kernel: Any) -> Any:
        query = f"?session_id={url_escape(self.session_id)}" if self.session_id else ""
        path = (GatewayClient.instance().kernels_endpoint, f"{kernel.channels_path}{query}")
        return await remote.websocket(*path, subprotocols=[wire.V1] if self._v1 else None)

    async def _carry(self) -> None:
        """Hand on what the kernel says until the connection ends, each message once the browser has room for it."""
        while not self.disconnected:
            message = await self.ws.read_message()
            if message is None:
                return
            self._overhear(message)
            try:
                await self.websocket_handler.write_message(message, binary=isinstance(message, bytes))
            except WebSocketClosedError:
                return

    async def _lost(self, kernel: Any) -> None:
        """Find out what became of the kernel; a browser whose kernel isn't there any more learns it."""
        before = kernel.remote_id
        await self._look()
        if kernel.available.is_set() and kernel.remote_id == before:
            await asyncio.sleep(remote.RETRY_SECONDS)  # only the connection broke, and may again
            return
        self.log.warning("kernelpair: kernel %s was lost with its container", self.kernel_id)
        self._explain(explain.why(before, 0.0, lost=True))
        self._say_status("restarting")

    def _overhear(self, data: Any) -> None:
        """Learn from what the kernel says which cells run in it, and that it died."""
        message = wire.read(data, ("status", "execute_input"), self._v1)
        if message is None:
            return
        kernel = self.kernel_manager
        kernel.requests.note(message, kernel.remote_id)
        state = message["content"].get("execution_state")
        if state in ("restarting", "dead"):
            self._explain(explain.why(kernel.remote_id, time.time() - explain.RECENT))
        elif state == "idle":
            self._explain_late()

    def _explain(self, explanation: explain.Explanation | None) -> None:
        """End the cells that this browser waits for with what is known of the kernel's death."""
        if explanation is None:
            return
        self.log.warning("kernelpair: kernel %s: %s", self.kernel_id, explanation.text)
        requests = self.kernel_manager.requests
        told = requests.running(self.session_id) or requests.next(self.session_id)
        requests.end(self.session_id)
        for request in told:
            for message in explain.messages(request, explanation, self.session, requests.kernel_session):
                self._say(message)

    def _explain_late(self) -> None:
        """A kernel that answers while a cell waits for one that died before: nobody was connected then."""
        kernel = self.kernel_manager
        for request in kernel.requests.running(self.session_id):
            lost = request.remote_id != kernel.remote_id
            explanation = explain.why(request.remote_id, 0.0 if lost else request.began, lost)
            if explanation is not None:
                self._explain(explanation)
                self._say_status("restarting")
                return

    async def _look(self) -> None:
        await self.multi_kernel_manager.look()

    def _say_status(self, status: str) -> None:
        self._say({**self.session.msg("status", {"execution_state": status}), "channel": "iopub"})

    def _say(self, message: dict[str, Any]) -> None:
        try:
            self.websocket_handler.write_message(wire.written(message, self.session, self._v1), binary=self._v1)
        except WebSocketClosedError:
            self.disconnected = True

    def handle_incoming_message(self, message: Any) -> None:
        """Send what the browser says to the kernel, or keep it until there is one."""
        asked = wire.read(message, ("execute_request",), self._v1)
        if asked is not None:
            self.kernel_manager.requests.sent(asked, self.kernel_manager.remote_id)
        if self.ws is None:
            self._waiting.append(message)
        else:
            self._write_message(message)

    def _write_message(self, message: Any) -> None:
        """Send one message, as text or, where it carries buffers, as binary data."""
        try:
            self.ws.write_message(message, binary=isinstance(message, bytes))
        except WebSocketClosedError:
            self._waiting.append(message)


async def _ended(connections: Iterable[PairConnection]) -> None:
    """Return once they have ended, or can't be waited for any longer."""
    serving = [connection._serving for connection in connections if connection._serving is not None]
    if serving:
        await asyncio.wait(serving, timeout=LEAVE_SECONDS)
