"""A page with two notebooks, while something of what serves it is killed."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from typing import Any

from client import Kernel, Lab, kinds
from jupyter_client.session import new_id
from rows.restarts import connected, text

SETTLED_SECONDS = 0.5
RECENT = 40
# Counts until a file says that it is enough.
COUNT = (
    "import os, time\n"
    "print('pid', os.getpid(), flush=True)\n"
    "i = 0\n"
    "while not os.path.exists({enough!r}):\n"
    "    print(i, flush=True); i += 1; time.sleep(0.2)\n"
    "os.remove({enough!r}); print('end', i, flush=True)"
)
KEPT = "open('kept.txt', 'w').write('kept'); kept = 42"
LOOK = "print(globals().get('kept'), open('kept.txt').read())"


class Page:
    """A notebook in JupyterLab: its session, and a connection that is made anew whenever it breaks."""

    def __init__(self, lab: Lab, opened: dict[str, Any]) -> None:
        self.lab, self.opened = lab, opened
        self.kernel_id, self.session_id = opened["kernel"]["id"], new_id()
        self.kernel: Kernel | None = None
        self.seen: list[dict[str, Any]] = []
        self.began, self.history = time.monotonic(), ["opened"]

    def _note(self, what: str) -> None:
        """Keep for a failure's message what came when."""
        self.history.append(f"{time.monotonic() - self.began:.1f} s: {what}")

    async def message(self) -> dict[str, Any] | None:
        """The next message; None when the session is gone for good."""
        while await self._connect():
            assert self.kernel is not None
            try:
                self.seen.append(await self.kernel.message())
            except ConnectionError:
                self._note("its connection ended")
                self.kernel = None
                continue
            except (TimeoutError, asyncio.TimeoutError) as error:
                raise AssertionError(f"a page hears nothing more: {self.history[-RECENT:]}") from error
            self._note(f"{kinds(self.seen[-1:])[0]} {text(self.seen[-1:])!r}")
            if self.seen[-1]["content"].get("execution_state") == "restarting":
                self.kernel.socket.close()  # as JupyterLab does
                self.kernel = None
            return self.seen[-1]
        return None

    async def _connect(self) -> bool:
        """Have a connection, made anew if need be; False when the session is gone for good."""
        if self.kernel is None and await self._is_there():
            self.kernel = await connected(self.lab, self.kernel_id, self.session_id)
            self._note("connected")
        return self.kernel is not None

    async def _is_there(self) -> bool:
        """Ask until a server answers whether it has the session."""
        while True:
            with contextlib.suppress(OSError, ValueError):
                if "version" in await self.lab.call("GET", "api"):
                    found = await self.lab.call("GET", f"api/sessions/{self.opened['id']}")
                    return found.get("id") == self.opened["id"]
            await asyncio.sleep(0.25)

    async def settle(self) -> None:
        """Take what has come meanwhile, a broken connection too; JupyterLab reads all the time."""
        with contextlib.suppress(TimeoutError, asyncio.TimeoutError):
            while self.kernel is not None:
                await asyncio.wait_for(self.message(), SETTLED_SECONDS)

    async def run(self, code: str) -> str:
        """What code prints; "" when the session is gone for good."""
        if not await self._connect():
            return ""
        assert self.kernel is not None
        asked = await self.kernel.execute(code)
        begun = len(self.seen)
        await self.until_done(asked)
        return text([m for m in self.seen[begun:] if m["parent_header"].get("msg_id") == asked])

    async def until_done(self, asked: str) -> None:
        """Return when a cell has ended, with its own end or its kernel's, or its session is gone."""
        waiting = {"idle", "execute_reply"}
        while waiting:
            message = await self.message()
            if message is None or message["content"].get("execution_state") == "restarting":
                return
            if message["parent_header"].get("msg_id") == asked:
                waiting -= {message["msg_type"], message["content"].get("execution_state", "")}


async def through_a_deed(lab: Lab, name: str) -> Any:
    """One notebook is idle and knows something, another runs a cell, when the deed is done.

    "running PID" on stderr says that the cell runs, and in which process; SIGUSR1 says that the deed is done.
    """
    done = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, done.set)
    idle, busy = [Page(lab, await lab.open(f"{name}-{kind}.ipynb")) for kind in ("idle", "busy")]
    await idle.run(KEPT)
    await busy.run("pass")
    enough = f"{name}-enough"
    assert busy.kernel is not None
    asked = await busy.kernel.execute(COUNT.format(enough=enough))
    while "\n2\n" not in text(busy.seen):
        await busy.message()
    print("running", text(busy.seen).split()[1], file=sys.stderr, flush=True)
    cell = asyncio.ensure_future(busy.until_done(asked))
    await done.wait()
    began = time.monotonic()
    stop = asyncio.ensure_future(_say_enough(lab, enough, cell))
    await cell
    await asyncio.gather(idle.settle(), busy.settle())
    printed = text(busy.seen)
    looked = await idle.run(LOOK)
    next_cell = await busy.run("print(6 * 7)")
    seconds = time.monotonic() - began
    stop.cancel()
    for page in (idle, busy):
        await lab.call("DELETE", f"api/sessions/{page.opened['id']}")
    return {
        "missing": _missing(printed),
        "memory": looked == "42 kept\n",
        "files": looked.endswith("kept\n"),
        "sessions": next_cell == "42\n",
        "told": [m["content"]["ename"] for m in busy.seen if m["msg_type"] == "error"],
        "text": "".join(m["content"]["evalue"] for m in busy.seen if m["msg_type"] == "error"),
        "seconds": seconds,
        "history": busy.history[-RECENT:],
    }


async def _say_enough(lab: Lab, file: str, cell: asyncio.Future[None]) -> None:
    """Write the file that ends the cell, once a server takes it."""
    await asyncio.sleep(1)  # let the cell go on for a moment after the deed
    while not cell.done():
        with contextlib.suppress(OSError):
            model = {"type": "file", "format": "text", "content": ""}
            if "path" in await lab.call("PUT", f"api/contents/{file}", model):
                return
        await asyncio.sleep(0.25)


def _missing(printed: str) -> list[int] | None:
    """The numbers of the cell's output that didn't arrive; None where it has no end, or not once and in order."""
    lines = printed.splitlines()[1:]
    end = lines.pop().split() if lines else []
    numbers = [int(line) for line in lines if line.isdigit()]
    if end[:1] != ["end"] or len(numbers) < len(lines) or numbers != sorted(set(numbers)):
        return None
    return sorted({*range(int(end[1]))} - {*numbers})
