"""The gateway's connection of one client to one kernel; imports the gateway's packages."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

BUSY_SECONDS = 0.25


class PairConnection(ZMQChannelsWebsocketConnection):  # type: ignore[misc]
    """Upstream's, without delay; a bridge (kernelpair_bridge) has its kernel to itself, and gets all of its output."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._ending: asyncio.Task[None] | None = None
        self._is_bridge = bool(self.websocket_handler.get_argument("kernelpair_bridge", ""))
        if self._is_bridge:
            self.limit_rate = False  # made for browsers; nbconvert gets every line where it starts a kernel itself

    def connect(self) -> Any:
        """Begin to serve; small messages aren't held back until earlier ones are acknowledged, which takes 40 ms."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()

    def nudge(self) -> asyncio.Future[None]:
        """Make sure that this connection hears the kernel, before anything is asked.

        Upstream leaves a busy kernel alone, and takes one for busy that has just answered this connection's first
        question, whose end it hasn't heard yet: the first cell may then run unheard. One that runs a cell is busy for
        longer.
        """
        return asyncio.ensure_future(self._nudge_unless_busy())

    async def _nudge_unless_busy(self) -> None:
        until = time.monotonic() + BUSY_SECONDS
        while self.kernel_id in self.multi_kernel_manager and time.monotonic() < until:
            if getattr(self.kernel_manager, "execution_state", None) != "busy":
                await super().nudge()
                return
            await asyncio.sleep(0.01)

    def disconnect(self) -> None:
        """Let go of the kernel; a bridge that was killed had no time to end its own."""
        super().disconnect()
        if self._is_bridge and self._ending is None:
            self._ending = asyncio.ensure_future(self._end_kernel())

    async def _end_kernel(self) -> None:
        if self.kernel_id in self.multi_kernel_manager:
            await self.multi_kernel_manager.shutdown_kernel(self.kernel_id, now=True)
