"""The shells of the terminals in the kernel container, and the websockets on which they are seen."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import os
import signal
import sys
from shutil import which
from typing import Any, Iterable

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from jupyter_server_terminals.terminalmanager import TerminalManager
from kernelpair_personality import Guarded
from kernelpair_trees import processes
from terminado.websocket import TermSocket
from tornado import web
from tornado.ioloop import IOLoop
from tornado.websocket import WebSocketClosedError

MAX_BEHIND_BYTES = 2**20


class Shells(TerminalManager):  # type: ignore[misc]
    """Upstream's manager, which stops reading from a shell while one who looks at it lags behind."""

    def pty_read(self, fd: int, events: Any = None) -> None:
        """Hand on what the shell of ``fd`` has written."""
        super().pty_read(fd, events)
        terminal = self.ptys_by_fd.get(fd)
        if terminal is not None and any(client.behind > MAX_BEHIND_BYTES for client in terminal.clients):
            IOLoop.current().remove_handler(fd)
            terminal.waiting = asyncio.ensure_future(self._read_on(fd, terminal))

    async def _read_on(self, fd: int, terminal: Any) -> None:
        await asyncio.gather(*(client.caught_up() for client in terminal.clients))
        if self.ptys_by_fd.get(fd) is terminal:
            loop = IOLoop.current()
            loop.add_handler(fd, self.pty_read, loop.READ)

    async def hang_up(self) -> None:
        """End all shells, and whatever is left in their sessions: background jobs of a shell that doesn't end them."""
        leaders = {terminal.ptyproc.pid for terminal in self.terminals.values()}
        _signal_sessions(leaders, signal.SIGHUP)
        ends = [self.terminate(name, force=True) for name in list(self.terminals)]
        await asyncio.gather(*ends, return_exceptions=True)
        _signal_sessions(leaders, signal.SIGKILL)


def _signal_sessions(leaders: Iterable[int], signum: int) -> None:
    for pid, process in processes().items():
        if process.session in leaders:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signum)


class Shell(Guarded, WebSocketMixin, JupyterHandler, TermSocket):  # type: ignore[misc]
    """One look at a terminal; asks for the gateway's token and refuses other origins.

    ``behind``: bytes that wait for the other end.
    """

    behind = 0
    _sent: Any = None

    async def get(self, name: str) -> None:
        """Connect to the terminal, if there is one of that name."""
        if name not in self.term_manager.terminals:
            raise web.HTTPError(404, f"Terminal not found: {name}")
        await super().get(name)

    async def on_message(self, message: Any) -> None:
        """Do what the other end says; what isn't echoed counts as activity too."""
        await super().on_message(message)
        if self.terminal is not None:
            self.terminal.last_activity = datetime.datetime.now(datetime.timezone.utc)

    def write_message(self, message: Any, binary: bool = False) -> None:
        """Send, to one who may have gone: the others get it nevertheless."""
        with contextlib.suppress(WebSocketClosedError):
            self._sent = super().write_message(message, binary)
            self.behind += len(message)
            self._sent.add_done_callback(lambda sent: self._arrived(sent, len(message)))

    def _arrived(self, sent: Any, length: int) -> None:
        self.behind -= length
        sent.cancelled() or sent.exception()  # or asyncio complains that nobody asked

    async def caught_up(self) -> None:
        """Return once what was sent has left, or can't any more."""
        if self._sent is not None:
            await asyncio.wait([self._sent])


def serve(application: web.Application, options: dict[str, Any]) -> Shells:
    """Return a manager with ``options``, and have ``application`` serve its terminals' websockets.

    The shell is chosen as jupyter_server_terminals does it: a login shell where the gateway isn't in a terminal itself.
    """
    shell = os.environ.get("SHELL") or which("sh") or "sh"
    manager = Shells(shell_command=[shell] if sys.stdout.isatty() else [shell, "-l"], **options)
    application.add_handlers(".*$", [(r"/terminals/websocket/(\w+)", Shell, {"term_manager": manager})])
    return manager
