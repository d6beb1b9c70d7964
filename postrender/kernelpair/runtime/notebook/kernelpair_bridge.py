"""A kernel for programs of the front-end that start kernels themselves; it stands for one in the kernel container.

nbconvert, papermill, `jupyter run` and their like start this program, because a kernelspec (kernelpair_kernelspecs)
says so, and talk to it as to any kernel. Usage: kernelpair_bridge.py -f CONNECTION_FILE --kernel NAME.

Guarantees:
- The kernel at the gateway works in this process's folder; messages go both ways as they are, in order, all of them.
- It ends with this process, however that ends: told to, by a signal, without its parent, or killed (the gateway ends a
  bridge's kernel when the connection closes).
- A kernel that can't be had, or dies, ends this process with exit code 1 and a sentence on stderr.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import functools
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, Callable

sys.path.insert(0, str(Path(__file__).absolute().parent))  # not there under PYTHONSAFEPATH
import kernelpair_sockets
import kernelpair_token
import zmq
from jupyter_client.session import Session
from jupyter_server.services.kernels.connection.base import deserialize_msg_from_ws_v1, serialize_msg_to_ws_v1
from kernelpair_wire import V1
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClosedError
from zmq.eventloop.zmqstream import ZMQStream

RETRY_SECONDS = 0.25
PARENT_SECONDS = 1.0
LINGER_MS = 1000
SOCKETS = {"shell": zmq.ROUTER, "control": zmq.ROUTER, "stdin": zmq.ROUTER, "iopub": zmq.PUB, "hb": zmq.REP}
GONE = ("restarting", "dead")  # what the gateway says of a kernel that died


class Failure(Exception):
    """There is no kernel, or none any more; the message is for whoever started this."""


class Gateway:
    """The gateway's REST API, and one kernel of it."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        self.headers = {"Authorization": f"token {token}"}
        self.kernel_id = ""
        self._starting: asyncio.Future[Any] | None = None
        self._one_by_one = asyncio.Lock()  # clients interrupt and shut down in one breath

    async def _call(self, method: str, path: str, body: Any = None) -> Any:
        request = HTTPRequest(
            f"{self.url}/api/kernels{path}",
            method,
            headers=self.headers,
            body=None if body is None else json.dumps(body),
            request_timeout=float(os.environ.get("JUPYTER_GATEWAY_REQUEST_TIMEOUT", "40")),
            allow_nonstandard_methods=True,  # an interrupt is a POST without a body
        )
        async with self._one_by_one:
            answer = await AsyncHTTPClient().fetch(request)
        return json.loads(answer.body) if answer.body else None

    async def start(self, name: str, env: dict[str, str]) -> None:
        """Start the kernel, once the gateway answers; raises `Failure`."""
        seconds = float(os.environ.get("KERNELPAIR_START_TIMEOUT", "120"))
        until, waited = time.monotonic() + seconds, False
        while not self.kernel_id:
            try:
                self._starting = asyncio.ensure_future(self._call("POST", "", {"name": name, "env": env}))
                self.kernel_id = (await asyncio.shield(self._starting))["id"]
            except HTTPClientError as error:
                said = error.response.body.decode(errors="replace") if error.response else ""
                raise Failure(f"the kernel container can't start the kernel {name}: {error} {said}") from error
            except OSError as error:
                if time.monotonic() > until:
                    raise Failure(
                        f"no kernel {name}: the kernel container has not answered at {self.url} for {seconds:g} s;"
                        f" its log says why ({error})"
                    ) from error
                if not waited:
                    waited = True
                    say("waiting for the kernel container")
                await asyncio.sleep(RETRY_SECONDS)

    async def connect(self, session: str) -> Any:
        """Open the kernel's channels as a websocket; raises `Failure`."""
        address = f"ws{self.url[len('http') :]}/api/kernels/{self.kernel_id}/channels"
        request = HTTPRequest(f"{address}?session_id={session}&kernelpair_bridge=1", headers=self.headers)
        try:
            return await kernelpair_sockets.connect(request, subprotocols=[V1])
        except (HTTPClientError, OSError) as error:
            raise Failure(f"the kernel in the kernel container can't be reached: {error}") from error

    async def interrupt(self) -> None:
        """Interrupt the kernel, in the way that its own kernelspec says."""
        if self.kernel_id:
            await self._call("POST", f"/{self.kernel_id}/interrupt")

    async def end(self) -> None:
        """Shut the kernel down, one that is being started too, and wait for its end."""
        with contextlib.suppress(HTTPClientError, OSError):  # it isn't there, or its gateway is gone, and it with it
            if self._starting is not None:
                kernel_id = (await self._starting)["id"]
                await self._call("DELETE", f"/{kernel_id}")


class Bridge:
    """The sockets of one connection file, and what comes and goes on them."""

    def __init__(self, connection: dict[str, Any], gateway: Gateway) -> None:
        self.gateway = gateway
        self.session = Session(
            key=connection["key"].encode(), signature_scheme=connection.get("signature_scheme", "hmac-sha256")
        )
        self.told: asyncio.Future[Callable[[], None]] = asyncio.get_running_loop().create_future()
        self.channels: Any = None
        self._asked: dict[str, list[bytes]] = {}
        self._tasks: set[asyncio.Future[Any]] = set()
        self._context = zmq.Context()
        self._streams = {name: self._bound(connection, name, kind) for name, kind in SOCKETS.items()}
        self._streams["hb"].on_recv(self._streams["hb"].send_multipart)

    def _bound(self, connection: dict[str, Any], name: str, kind: int) -> ZMQStream:
        socket = self._context.socket(kind)
        socket.linger = LINGER_MS
        socket.sndhwm = 0  # a client that is slow gets all the same what a kernel printed
        separator = ":" if connection["transport"] == "tcp" else "-"
        socket.bind(f"{connection['transport']}://{connection['ip']}{separator}{connection[f'{name}_port']}")
        return ZMQStream(socket)

    async def run(self, name: str) -> None:
        """Start the kernel and carry its messages until told to end; raises `Failure` when it can't, or dies."""
        serving = asyncio.ensure_future(self._serve(name))
        ends: set[asyncio.Future[Any]] = {serving, self.told}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        ended = self.told.done()
        if not ended:
            self.told.set_result(lambda: None)
        await self.gateway.end()  # what the kernel says at its end is carried still
        self.told.result()()
        serving.cancel()
        for stream in self._streams.values():
            stream.flush()
        await asyncio.sleep(0)  # the streams look once more after what was sent
        for stream in self._streams.values():
            stream.close()
        self._context.term()
        if not ended:
            serving.result()

    async def _serve(self, name: str) -> None:
        handed = {key: value for key, value in os.environ.items() if key.startswith("KERNEL_")}
        await self.gateway.start(name, {**handed, "KERNEL_WORKING_DIR": str(Path.cwd())})
        self.channels = await self.gateway.connect(self.session.session)
        for channel in ("shell", "control", "stdin"):
            self._streams[channel].on_recv(functools.partial(self._from_client, channel))
        while True:
            message = await self.channels.read_message()
            if message is None:
                raise Failure("the connection to the kernel container was lost, and the kernel with it")
            self._to_client(*deserialize_msg_from_ws_v1(message))

    def _from_client(self, channel: str, frames: list[bytes]) -> None:
        try:
            idents, parts = self.session.feed_identities(frames)
            header = self.session.deserialize(parts, content=False)["header"]
        except (ValueError, TypeError, KeyError) as error:
            say(f"a message was dropped: {error}")
            return
        ours = {"interrupt_request": self._interrupt, "shutdown_request": self._shut_down}
        if header["msg_type"] in ours:
            ours[header["msg_type"]](channel, idents, header, parts[4])
            return
        if channel != "stdin":
            self._asked[header["msg_id"]] = idents
        try:
            self.channels.write_message(serialize_msg_to_ws_v1(parts[1:], channel), binary=True)
        except WebSocketClosedError:
            say("a message came too late: the connection is closed")

    def _to_client(self, channel: str, parts: list[bytes]) -> None:
        """Send on a message: replies and questions to whoever asked, the rest to all."""
        if channel == "iopub":
            kind = json.loads(parts[0])["msg_type"]
            idents: list[bytes] | None = [kind.encode()]
            gone = kind == "status" and json.loads(parts[3]).get("execution_state") in GONE
            if gone and not self.told.done():
                raise Failure("the kernel in the kernel container died; its memory limit is the usual reason")
        else:
            asked = json.loads(parts[1]).get("msg_id", "")
            idents = self._asked.get(asked) if channel == "stdin" else self._asked.pop(asked, None)
        if idents is not None:
            self.session.send_raw(self._streams[channel], parts, ident=idents)

    def _interrupt(self, channel: str, idents: list[bytes], header: dict[str, Any], content: bytes) -> None:
        async def interrupt() -> None:
            await self.gateway.interrupt()
            self._reply(channel, "interrupt_reply", {}, idents, header)

        self.begin(interrupt())

    def _shut_down(self, channel: str, idents: list[bytes], header: dict[str, Any], content: bytes) -> None:
        restart = bool(json.loads(content).get("restart"))
        self.end(lambda: self._reply(channel, "shutdown_reply", {"restart": restart}, idents, header))

    def _reply(
        self, channel: str, kind: str, content: dict[str, Any], idents: list[bytes], header: dict[str, Any]
    ) -> None:
        self.session.send(self._streams[channel], kind, {"status": "ok", **content}, header, idents)

    def begin(self, work: Any) -> None:
        """Do something beside the carrying; it is held, or the loop would forget it."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Future[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            say(f"the kernel container refused: {task.exception()}")

    def end(self, then: Callable[[], None] = lambda: None) -> None:
        """End, and do one thing more once the kernel has ended."""
        if not self.told.done():
            self.told.set_result(then)

    async def watch_parent(self) -> None:
        """End when whoever started this is gone."""
        parent = os.getppid()
        while os.getppid() == parent:
            await asyncio.sleep(PARENT_SECONDS)
        self.end()


def say(message: str) -> None:
    """Write one line to stderr, which is that of the program that started this."""
    print(f"kernelpair: {message}", file=sys.stderr, flush=True)


async def bridge(connection_file: Path, name: str) -> None:
    """Bridge one kernel, to its end; raises `Failure` and, without a token, `kernelpair_token.TokenError`."""
    gateway = Gateway(os.environ["JUPYTER_GATEWAY_URL"], kernelpair_token.token(os.environ["KERNELPAIR_RUN"]))
    running = Bridge(json.loads(connection_file.read_text()), gateway)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, running.end)
    loop.add_signal_handler(signal.SIGINT, lambda: running.begin(gateway.interrupt()))
    if "JPY_PARENT_PID" in os.environ:  # else jupyter_client was told that the kernel may outlive it
        running.begin(running.watch_parent())
    await running.run(name)


def main() -> None:
    """Run, and turn what ends it into an exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-f", dest="connection_file", type=Path, required=True)
    parser.add_argument("--kernel", required=True)
    asked, _ = parser.parse_known_args()  # callers add options for an ipykernel that they start themselves
    try:
        asyncio.run(bridge(asked.connection_file, asked.kernel))
    except KeyError as error:
        sys.exit(f"kernelpair: no kernel {asked.kernel}: {error} is not set: this isn't a pair's notebook container")
    except (Failure, kernelpair_token.TokenError) as error:
        sys.exit(f"kernelpair: {error}")


if __name__ == "__main__":
    main()
