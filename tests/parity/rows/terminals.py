"""What people do in terminals, as JupyterLab's tabs do it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import json
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from client import LARGEST, SECONDS, Lab
from rows.kernels import stamp
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

MARKS = itertools.count()
TOLD_SECONDS = 10.0
NOT_A_LOGIN_SHELL = {"shell_command": ["sh"]}  # /etc/profile would set PATH anew


class Tab:
    """One look at a terminal; `parts` is all that it showed."""

    def __init__(self, socket: Any) -> None:
        self.socket, self.ended = socket, False
        self.parts: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self.parts)

    async def size(self, rows: int, columns: int) -> None:
        await self.socket.write_message(json.dumps(["set_size", rows, columns]))

    async def type(self, text: str) -> None:
        await self.socket.write_message(json.dumps(["stdin", text]))

    async def more(self) -> bool:
        """Read one message; False at the end of the connection."""
        message = await asyncio.wait_for(self.socket.read_message(), SECONDS)
        kind, *content = json.loads(message) if message is not None else ("closed",)
        self.ended = self.ended or kind == "disconnect"
        self.parts += content if kind == "stdout" else []
        return kind != "closed"

    async def shows(self, pattern: str) -> str:
        """Return the first group of a pattern, once the tab shows it."""
        while not (found := re.search(pattern, self.text, re.DOTALL)):
            assert await self.more(), self.text
        return found[1]

    async def until(self, mark: str) -> None:
        """Return once the tab shows a mark that it hasn't shown before."""
        end = ""
        while mark not in end:
            assert await self.more(), self.text
            end = end[-len(mark) :] + (self.parts or [""])[-1]

    async def run(self, command: str) -> str:
        """What a command prints, between marks that the typed line, which is shown too, doesn't contain."""
        mark = next(MARKS)
        await self.type(f"echo be''gin{mark}; {command}; echo e''nd{mark}\r")
        await self.until(f"end{mark}\r\n")
        return await self.shows(f"begin{mark}\r\n(.*)end{mark}\r\n")


@contextlib.asynccontextmanager
async def look(lab: Lab, name: str) -> AsyncIterator[Tab]:
    request = HTTPRequest(f"ws{lab.url.removeprefix('http')}/terminals/websocket/{name}", headers=lab.headers)
    tab = Tab(await websocket_connect(request, max_message_size=LARGEST))
    try:
        yield tab
    finally:
        tab.socket.close()


@contextlib.asynccontextmanager
async def opened(lab: Lab, **wish: Any) -> AsyncIterator[tuple[str, Tab]]:
    """The name of a new terminal and a look at it; it is deleted afterwards."""
    name = (await lab.call("POST", "api/terminals", wish))["name"]
    try:
        async with look(lab, name) as tab:
            await tab.size(30, 200)
            yield name, tab
    finally:
        await lab.call("DELETE", f"api/terminals/{name}")


async def status(lab: Lab, path: str, method: str = "GET", **headers: str) -> int:
    """The status of an answer to someone with these headers alone."""
    request = HTTPRequest(f"{lab.url}/{path}", method, headers=headers, allow_nonstandard_methods=True)
    return (await AsyncHTTPClient().fetch(request, raise_error=False)).code


async def a_session(lab: Lab) -> Any:
    """Open, list, type, change the size, and leave by `exit`."""
    before = await lab.call("GET", "api/terminals")
    async with opened(lab) as (name, tab):
        model = await lab.call("GET", f"api/terminals/{name}")
        listed = [one["name"] for one in await lab.call("GET", "api/terminals")]
        found = {"before": before, "keys": sorted(model), "named": model["name"] == name, "listed": name in listed}
        found["echo"] = await tab.run("echo one two")
        found["sizes"] = [await tab.run("stty size")]
        await tab.size(41, 99)
        found["sizes"].append(await tab.run("stty size"))
        await tab.type("exit\r")
        while await tab.more():
            pass
        found["ended"] = tab.ended
        found["after"] = await lab.call("GET", "api/terminals")
        found["gone"] = await lab.call("GET", f"api/terminals/{name}")
    return found


async def several(lab: Lab) -> Any:
    """Two terminals of two sizes; two browsers on the first, where the smaller one counts; one that comes later."""
    async with opened(lab) as (first, one), opened(lab) as (_, other):
        await one.size(20, 70)
        await other.size(50, 170)
        sizes = [await one.run("stty size"), await other.run("stty size")]
        await one.run("x=42")
        async with look(lab, first) as second:
            await second.size(10, 60)
            sizes.append(await second.run("stty size"))
            both = [await one.shows("(10 60)"), await second.run("echo $x")]
        sizes.append(await one.run("sleep 1; stty size"))
        await one.run("echo remem''bered")
        async with look(lab, first) as later:
            buffered = await later.shows("(remembered)")
    return {"sizes": sizes, "both": both, "buffered": buffered}


async def environment(lab: Lab) -> Any:
    async with opened(lab) as (_, tab):
        lines = (await tab.run("env -0 | tr '\\0' '\\n'")).splitlines()
    return dict(line.split("=", 1) for line in lines)


async def python(lab: Lab) -> Any:
    """The interpreter on a shell's PATH."""
    async with opened(lab, **NOT_A_LOGIN_SHELL) as (_, tab):
        return await tab.run("command -v python")


async def folders(lab: Lab) -> Any:
    """Where terminals open: without a wish, in a folder below the root, and in one that isn't there."""
    await lab.call("PUT", "api/contents/deep", {"type": "directory"})
    found = []
    for wish in ({}, {"cwd": "deep"}, {"cwd": "/"}, {"cwd": "not/there"}):
        async with opened(lab, **wish) as (_, tab):
            found.append((await tab.run("pwd")).strip())
    return found


async def large_output(lab: Lab, mib: int) -> Any:
    async with opened(lab) as (_, tab):
        text = await tab.run(f"seq 1 10000000 | head -c {mib}000000; echo")
    return {"length": len(text), "digest": hashlib.sha256(text.encode()).hexdigest()}


async def slow_reader(lab: Lab, mib: int) -> Any:
    """A browser that doesn't read for a while what is printed: nothing is lost."""
    async with opened(lab) as (_, tab):
        await tab.run("true")
        await tab.type(f"seq 1 100000000 | head -c {mib}000000; echo don''e\r")
        await asyncio.sleep(4)
        await tab.until("done\r\n")
        lines = tab.text.partition("don''e\r\n")[2].partition("done\r\n")[0]  # the prompt may be there already
    return {"length": len(lines), "digest": hashlib.sha256(lines.encode()).hexdigest()}


async def deleted(lab: Lab) -> Any:
    """A terminal that is closed while a program runs in it: its shell and the program end, and the tab is told."""
    async with opened(lab) as (name, tab):
        shell = int(await tab.run("echo $$"))
        await tab.type("sh -c 'echo pro''gram $$; exec sleep 4242'\r")
        program = int(await tab.shows(r"program (\d+)\r\n"))
        running = [_runs(shell), _runs(program)]
        found = {"running": running, "deleted": await lab.call("DELETE", f"api/terminals/{name}")}
        with contextlib.suppress(TimeoutError, asyncio.TimeoutError):
            while await asyncio.wait_for(tab.more(), TOLD_SECONDS):
                pass
    while _runs(shell) or _runs(program):
        await asyncio.sleep(0.1)
    gone = [await lab.call(method, f"api/terminals/{name}") for method in ("GET", "DELETE")]
    return {**found, "ended": tab.ended, "gone": gone, "socket": await _socket(lab, name)}


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def _socket(lab: Lab, name: str, **headers: str) -> Any:
    """The status with which a websocket is refused."""
    address = f"ws{lab.url.removeprefix('http')}/terminals/websocket/{name}"
    try:
        (await websocket_connect(HTTPRequest(address, headers=headers or lab.headers))).close()
    except HTTPClientError as error:
        return error.code
    return "opened"


async def refused(lab: Lab) -> Any:
    """What strangers get, with a terminal open."""
    async with opened(lab) as (name, _):
        paths = ("api/terminals", f"api/terminals/{name}", f"terminals/websocket/{name}")
        found: dict[str, Any] = {path: await status(lab, path) for path in paths}
        found["post"] = await status(lab, "api/terminals", "POST")
        found["delete"] = await status(lab, f"api/terminals/{name}", "DELETE")
        found["token"] = await status(lab, "api/terminals", Authorization="token wrong")
        found["socket"] = await _socket(lab, name, Authorization="token wrong")
        found["origin"] = await _socket(lab, name, Origin="http://elsewhere.example.org")
        found["still"] = (await lab.call("GET", f"api/terminals/{name}"))["name"] == name
    return found


async def activity(lab: Lab) -> Any:
    """Whether what is typed counts as the server's activity."""
    async with opened(lab) as (_, tab):
        await tab.run("true")
        before = stamp((await lab.call("GET", "api/status"))["last_activity"])
        await asyncio.sleep(0.5)
        await tab.run("true")
        return stamp((await lab.call("GET", "api/status"))["last_activity"]) > before


async def page(lab: Lab) -> Any:
    """Whether the page offers terminals, and what the server says when asked for them."""
    request = HTTPRequest(f"{lab.url}/lab", headers=lab.headers)
    text = (await AsyncHTTPClient().fetch(request)).body.decode()
    offered = re.findall(r'"terminalsAvailable": (\w+)', text)
    return {"offered": offered, "status": await status(lab, "api/terminals", **lab.headers)}


async def failing(lab: Lab) -> Any:
    """What the page is told where no terminal can be opened."""
    request = HTTPRequest(f"{lab.url}/api/terminals", "POST", headers=lab.headers, body="{}")
    answer = await AsyncHTTPClient().fetch(request, raise_error=False)
    return {"status": answer.code, "message": json.loads(answer.body)["message"]}


async def outlive(lab: Lab) -> Any:
    """An open terminal whose container is killed: what it shows, and that another can be opened."""
    async with opened(lab) as (name, tab):
        await tab.run("true")
        print("running", file=sys.stderr, flush=True)
        while await tab.more():
            pass
        found = {"told": tab.text.endswith("\r\nThe kernel container has ended, and this terminal with it.\r\n")}
        found |= {"ended": tab.ended, "listed": await lab.call("GET", "api/terminals")}
        found["gone"] = [await lab.call("GET", f"api/terminals/{name}"), await _socket(lab, name)]
    async with opened(lab) as (_, tab):
        return {**found, "again": await tab.run("echo again")}


async def stays(lab: Lab, seconds: int) -> Any:
    """A terminal, its name, that stays, with a program in the foreground and a job that its shell wouldn't end."""
    name = (await lab.call("POST", "api/terminals", NOT_A_LOGIN_SHELL))["name"]
    async with look(lab, name) as tab:
        await tab.type(f"nohup sleep {seconds} >/dev/null 2>&1 & echo sta''rted; sleep {seconds}\r")
        await tab.shows("(started)")
        return name
