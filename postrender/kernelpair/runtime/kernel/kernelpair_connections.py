"""The gateway's connection of one client to one kernel; imports the gateway's packages."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Callable

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

BUSY_SECONDS = 0.25


class PairConnection(ZMQChannelsWebsocketConnection):  # type: ignore[misc]
    """Upstream's, without delay or loss; a bridge (kernelpair_bridge) has a kernel to itself, and gets all it says."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._ending: asyncio.Task[None] | None = None
        self._heard: list[Any] = []
        self._is_bridge = bool(self.websocket_handler.get_argument("kernelpair_bridge", ""))
        if self._is_bridge:
            self.limit_rate = False  # made for browsers; nbconvert gets every line where it starts a kernel itself

    def connect(self) -> Any:
        """Begin to serve; small messages aren't held back until earlier ones are acknowledged, which takes 40 ms."""
        self.websocket_handler.set_nodelay(True)
        connected = super().connect()
        if connected is not None:
            connected.add_done_callback(self._hand_on_heard)  # behind what was kept for the page, before what comes
        return connected

    def _hand_on_heard(self, _connected: object) -> None:
        for message in self._heard:
            self.handle_outgoing_message(self.channels["iopub"], message)

    def nudge(self) -> asyncio.Future[None]:
        """Make sure that this connection hears the kernel, before anything is asked.

        Upstream leaves a busy kernel alone, and takes one for busy that has just answered this connection's first
        question, whose end it hasn't heard yet: the first cell may then run unheard. One that runs a cell is busy for
        longer.

        Upstream drops the message by which it hears the kernel. On the channels that it kept since the page's last
        connection, that may be the end of a cell, for which the page would wait for ever.
        """
        return asyncio.ensure_future(self._nudge_unless_busy())

    async def _nudge_unless_busy(self) -> None:
        until = time.monotonic() + BUSY_SECONDS
        while self.kernel_id in self.multi_kernel_manager and time.monotonic() < until:
            if getattr(self.kernel_manager, "execution_state", None) != "busy":
                await self._nudge_and_keep()
                return
            await asyncio.sleep(0.01)

    async def _nudge_and_keep(self) -> None:
        iopub = self.channels["iopub"]
        self.channels["iopub"] = _Kept(iopub, self._heard)
        nudging = super().nudge()  # which listens by now
        self.channels["iopub"] = iopub
        await nudging

    def disconnect(self) -> None:
        """Let go of the kernel; a bridge that was killed had no time to end its own."""
        super().disconnect()
        if self._is_bridge and self._ending is None:
            self._ending = asyncio.ensure_future(self._end_kernel())

    async def _end_kernel(self) -> None:
        if self.kernel_id in self.multi_kernel_manager:
            await self.multi_kernel_manager.shutdown_kernel(self.kernel_id, now=True)


class _Kept:
    """A channel whose messages are kept in `heard` besides, as long as somebody listens to it by this."""

    def __init__(self, channel: Any, heard: list[Any]) -> None:
        self._channel, self._heard = channel, heard

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)

    def on_recv(self, callback: Callable[[Any], None]) -> None:
        def receive(message: Any) -> None:
            self._heard.append(message)
            callback(message)

        self._channel.on_recv(receive)
