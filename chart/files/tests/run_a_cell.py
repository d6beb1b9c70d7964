"""`helm test`: logs in, starts a server, runs a cell, checks which container and image ran it, stops the server.

Needs only what the hub's image has. The environment:

    HUB_URL     the proxy, with the hub's base path: http://x-proxy-public/
    TEST_USER   who logs in, by the dummy authenticator
    OPERATOR    the file operator.json of the hub's, where the authenticator's password is, if it wants one
    EXPECTED    pair or plain: what a default user gets
    AUDIT       the annotation that names the user's image
    TIMEOUT     seconds for the server to start
    POD_API     the API server's URL of the namespace's pods, read with this pod's own service account

Each step says what it does; exits 1 with the reason of the first that fails.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urljoin, urlsplit

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse
from tornado.websocket import websocket_connect

STEPS = 5
REQUEST_SECONDS = 60.0
CELL_SECONDS = 120.0
POLL_SECONDS = 1.0
BUSY = (429, 502, 503, 504, 599)
"""Answers that may be better a moment later."""

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
LAUNCHER = "/opt/kernelpair/"
"""Where the kernel container's first process comes from."""

CELL = """
import json, pathlib, socket
first = pathlib.Path("/proc/1/cmdline").read_bytes().replace(b"\\0", b" ").decode(errors="replace")
print(json.dumps({"pod": socket.gethostname(), "first": first.strip(), "sum": sum(range(10))}))
"""


class StepError(Exception):
    """A step failed: why, and where to look."""


class Ran(NamedTuple):
    """What the cell found out: its pod's name, and the command line of its container's first process."""

    pod: str
    first: str


def say(text: str) -> None:
    """Print at once: the log is all that `helm test --logs` shows."""
    print(text, flush=True)


@asynccontextmanager
async def step(number: int, title: str) -> AsyncIterator[None]:
    """Announce a step; whatever goes wrong in it is told with its number and title."""
    say(f"[{number}/{STEPS}] {title}")
    began = time.monotonic()
    try:
        yield
    except HTTPClientError as error:
        body = error.response.body.decode(errors="replace")[:500] if error.response else ""
        raise StepError(f"step {number} ({title}) failed: {error} {body}".strip()) from error
    except (StepError, OSError, asyncio.TimeoutError, ValueError, KeyError) as error:
        raise StepError(f"step {number} ({title}) failed: {str(error) or type(error).__name__}") from error
    say(f"      ok, {time.monotonic() - began:.1f} s")


class Hub:
    """The hub and its users' servers through the proxy: first with cookies, as a browser, then with a token."""

    def __init__(self, url: str, user: str) -> None:
        self.url = url
        self.user = user
        self.cookies: dict[str, str] = {}
        self.token = ""
        self.token_id = ""

    @property
    def model(self) -> str:
        """The user's place in the hub's API."""
        return f"hub/api/users/{quote(self.user)}"

    async def fetch(self, method: str, path: str, body: Any = None, **options: Any) -> HTTPResponse:
        """Send a request; ``body`` is JSON, or a form given as text. Redirects are not followed."""
        headers = {"Referer": urljoin(self.url, "hub/"), **options.pop("headers", {})}
        if self.token:
            headers["Authorization"] = f"token {self.token}"
        elif self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            headers["X-XSRFToken"] = self.cookies.get("_xsrf", "")
        form = isinstance(body, str)
        headers["Content-Type"] = "application/x-www-form-urlencoded" if form else "application/json"
        text = body if body is None or form else json.dumps(body)
        options = {"request_timeout": REQUEST_SECONDS, "follow_redirects": False, **options}
        request = HTTPRequest(
            urljoin(self.url, path), method, headers=headers, body=text, allow_nonstandard_methods=True, **options
        )
        response = await AsyncHTTPClient().fetch(request, raise_error=False)
        for line in response.headers.get_list("Set-Cookie"):
            self.cookies.update({name: morsel.value for name, morsel in SimpleCookie(line).items()})
        if response.code >= 400:
            response.rethrow()
        return response

    async def json(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request and return the decoded answer, None for an empty one."""
        response = await self.fetch(method, path, body)
        return json.loads(response.body) if response.body else None

    async def patiently(self, method: str, path: str, body: Any, until: float) -> Any:
        """Send a request again and again while the answer is one of `BUSY`; raises the last answer at ``until``."""
        while True:
            try:
                return await self.json(method, path, body)
            except HTTPClientError as error:
                if error.code not in BUSY or time.monotonic() > until:
                    raise
            await asyncio.sleep(POLL_SECONDS)


async def log_in(hub: Hub, password: str) -> None:
    """Log in by the form, as a browser does, and get a token for everything else."""
    await hub.fetch("GET", "hub/login")
    form = {"username": hub.user, "password": password, "_xsrf": hub.cookies.get("_xsrf", "")}
    try:
        answer = await hub.fetch("POST", "hub/login", urlencode(form))
    except HTTPClientError as error:
        if error.code != 403:
            raise
        why = f"the hub doesn't let {hub.user} in (403): is it the dummy authenticator, and may everybody log in?"
        raise StepError(why) from error
    if answer.code != 302:
        raise StepError(f"the hub doesn't let {hub.user} in: it shows the form again ({answer.code})")
    await hub.fetch("GET", "hub/token")  # the page that hands out tokens; its cookies go with the request for one
    made = await hub.json("POST", f"{hub.model}/tokens", {"note": "helm test", "expires_in": 3600})
    hub.token, hub.token_id = made["token"], made["id"]


async def start(hub: Hub, seconds: float) -> str:
    """Start the user's server, print what the progress page shows, and return the server's path."""
    await hub.fetch("POST", f"{hub.model}/server", {})
    last: dict[str, Any] = {}
    left = b""

    def events(chunk: bytes) -> None:
        nonlocal last, left
        *lines, left = (left + chunk).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                last = json.loads(line[len(b"data:") :])
                say(f"      {last.get('progress', 0)}% {last.get('message', '')}")

    await hub.fetch("GET", f"{hub.model}/server/progress", streaming_callback=events, request_timeout=seconds)
    if last.get("failed") or not last.get("ready"):
        raise StepError(f"the server did not start: {last.get('message') or 'the hub says no more'}")
    return str(last["url"])


async def run_cell(hub: Hub, server: str, seconds: float) -> Ran:
    """Open a session, run `CELL` in it over the websocket, and return what it printed."""
    until = time.monotonic() + seconds
    root = urljoin(hub.url, server)
    specs = await hub.patiently("GET", f"{root}api/kernelspecs", None, until)
    kernel = specs["default"]
    say(f"      kernel {kernel} at {root}")
    wanted = {"path": "helm-test.ipynb", "name": "helm-test.ipynb", "type": "notebook", "kernel": {"name": kernel}}
    session = await hub.patiently("POST", f"{root}api/sessions", wanted, until)
    parts = urlsplit(f"{root}api/kernels/{session['kernel']['id']}/channels")
    url = parts._replace(scheme={"http": "ws", "https": "wss"}[parts.scheme]).geturl()
    try:
        text = await asyncio.wait_for(execute(url, hub.token), CELL_SECONDS)
    finally:
        await hub.fetch("DELETE", f"{root}api/sessions/{session['id']}")
    found = json.loads(text)
    if found["sum"] != sum(range(10)):
        raise StepError(f"the cell computed {found['sum']}")
    return Ran(found["pod"], found["first"])


async def execute(url: str, token: str) -> str:
    """Run `CELL` over a kernel's websocket and return what it printed; raises StepError where it fails."""
    socket = await websocket_connect(HTTPRequest(url, headers={"Authorization": f"token {token}"}))
    message = uuid.uuid4().hex
    header = {"msg_id": message, "msg_type": "execute_request", "username": "", "session": message, "version": "5.3"}
    content = {"code": CELL, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
    request = {"header": header, "parent_header": {}, "metadata": {}, "channel": "shell", "content": content}
    await socket.write_message(json.dumps(request))
    printed = ""
    try:
        while True:
            text = await socket.read_message()
            if text is None:
                raise StepError("the server closed the kernel's channel")
            answer = json.loads(text)
            if answer["parent_header"].get("msg_id") != message:
                continue
            kind, content = answer["header"]["msg_type"], answer["content"]
            if kind == "stream":
                printed += content["text"]
            elif kind == "error":
                raise StepError(f"the cell failed: {content['ename']}: {content['evalue']}")
            elif kind == "status" and content["execution_state"] == "idle":
                return printed
    finally:
        socket.close()


async def pod_named(api: str, name: str) -> Any:
    """Return the pod as the API server has it."""
    token = (ACCOUNT / "token").read_text().strip() if (ACCOUNT / "token").exists() else ""
    authority = str(ACCOUNT / "ca.crt") if (ACCOUNT / "ca.crt").exists() else None
    request = HTTPRequest(f"{api}/{name}", headers={"Authorization": f"Bearer {token}"}, ca_certs=authority)
    return json.loads((await AsyncHTTPClient().fetch(request)).body)


def judged(ran: Ran, pod: Any, expected: str, audit: str) -> str:
    """Return what ran the cell, in words; raises StepError where that isn't what was ``expected`` (pair or plain)."""
    spec = pod["spec"]
    images = {box["name"]: box["image"] for box in spec["containers"] + spec.get("initContainers", [])}
    in_kernel = LAUNCHER in ran.first
    found = "pair" if "kernel" in images and in_kernel else "plain"
    name = "kernel" if in_kernel else "notebook"
    if "kernel" in images and not in_kernel:
        raise StepError(f"the pod is a pair, and the cell did not run in its kernel container (its PID 1: {ran.first})")
    said = f"container {name}, image {images.get(name)} (pod {ran.pod}, its PID 1: {ran.first})"
    if found != expected:
        why = {
            "pair": "kernelGateway is on, so it should be the kernel container: did the release go through the "
            "post-renderer? See the hub's log",
            "plain": "kernelGateway is off for this pod, so it should be the notebook container",
        }[expected]
        raise StepError(f"{said}: {why}")
    audited = pod["metadata"].get("annotations", {}).get(audit)
    if found == "pair" and audited != images["kernel"]:
        raise StepError(f"{said}: the pod's annotation {audit} names {audited}")
    return said


async def stop(hub: Hub, seconds: float) -> None:
    """Stop the server, wait until it is gone, and give the token back."""
    await hub.fetch("DELETE", f"{hub.model}/server")
    until = time.monotonic() + seconds
    while (await hub.json("GET", hub.model))["servers"]:
        if time.monotonic() > until:
            raise StepError("the server is still there")
        await asyncio.sleep(POLL_SECONDS)
    await hub.fetch("DELETE", f"{hub.model}/tokens/{hub.token_id}")


def password(operator: Path) -> str:
    """Return the dummy authenticator's password as hub.config has it, "" where it wants none."""
    config = json.loads(operator.read_text())["config"]
    return str(config.get("DummyAuthenticator", {}).get("password", ""))


async def main() -> None:
    """Take the steps; the server is stopped also where one of them failed."""
    env = os.environ
    hub, seconds = Hub(env["HUB_URL"], env["TEST_USER"]), float(env["TIMEOUT"])
    async with step(1, f"log in at {hub.url} as {hub.user}"):
        await log_in(hub, password(Path(env["OPERATOR"])))
    try:
        async with step(2, "start a server"):
            server = await start(hub, seconds)
        async with step(3, "open a session and run a cell"):
            ran = await run_cell(hub, server, seconds)
        async with step(4, f"check who ran it: a {env['EXPECTED']} pod is expected"):
            pod = await pod_named(env["POD_API"], ran.pod)
            say(f"      {judged(ran, pod, env['EXPECTED'], env['AUDIT'])}")
    except StepError:
        try:
            await stop(hub, seconds)
        except (StepError, HTTPClientError, OSError) as error:
            say(f"      the server of {hub.user} could not be stopped: {error}")
        raise
    async with step(5, "stop the server"):
        await stop(hub, seconds)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except StepError as error:
        sys.exit(f"FAILED: {error}")
    say("all of it works")
