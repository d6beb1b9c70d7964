"""The pair's gateway as the notebook server sees it: whether it answers, why not, and whether it is the same one."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any, Awaitable, Callable, TypeVar
from urllib.parse import urlsplit

import kernelpair_sockets
from jupyter_server.gateway.gateway_client import GatewayClient, gateway_request
from jupyter_server.utils import url_path_join
from tornado.escape import json_decode
from tornado.httpclient import HTTPRequest
from tornado.web import HTTPError

RETRY_SECONDS = 0.25
# The kubelet starts a container again at once after its first failure, and then after longer and longer waits.
AGAIN_SECONDS = 5.0
_UNAVAILABLE = 503
_T = TypeVar("_T")


class Away(HTTPError):  # type: ignore[misc]
    """Nobody answers at the gateway's port. Its text is for the dialog in which JupyterLab shows it."""

    def __init__(self, title: str, text: str, reason: str = "") -> None:
        super().__init__(_UNAVAILABLE, text)
        self.title, self.text, self.reason = title, text, reason

    def __str__(self) -> str:
        return self.text


def start_seconds() -> float:
    """Return how long the gateway may take to start (gateway.timeouts.start)."""
    return float(os.environ.get("KERNELPAIR_START_TIMEOUT", "120"))


def _told(name: str) -> tuple[str, float]:
    """Return what the launcher left in a file (kernelpair_state) and its age in seconds; ("", 0.0) for none."""
    try:
        path = Path(os.environ["KERNELPAIR_RUN"]) / name
        return path.read_text(errors="replace").strip(), time.time() - path.stat().st_mtime
    except (KeyError, OSError):
        return "", 0.0


def started() -> str:
    """Return what tells one start of the gateway from another: the launcher writes it anew each time; "" before."""
    return _told("started")[0]


def _failed(reason: str) -> Away:
    text = f"The kernel container can't start: {reason}\n\nIt is started again from time to time, so try again later."
    return Away("can't start", text, reason)


def _why(waited: float, patience: float) -> Away | None:
    """Return why nobody answers, if that is known by now; else None."""
    doing, _ = _told("doing")
    reason, age = _told("failure")
    if reason and ((not doing and age > AGAIN_SECONDS) or waited > start_seconds()):
        return _failed(reason)
    if waited <= patience:
        return None
    if waited <= start_seconds():
        return Away("starting", f"The kernel container is starting{': ' if doing else ''}{doing}")
    what = f"; it is {doing}" if doing else ""
    return Away(
        "not there",
        f"The kernel container has not answered for {waited:.0f} s{what}. Its log or the pod's events say why.",
    )


async def _listens() -> bool:
    """Return whether it makes sense to ask again: upstream logs every request, and every retry of it."""
    url = urlsplit(GatewayClient.instance().url or "")
    try:
        _, writer = await asyncio.open_connection(url.hostname, url.port or 80)
    except OSError:
        return False
    writer.close()
    return True


async def listening() -> None:
    """Return once somebody listens at the gateway's port, or `start_seconds` are over; without a word in the log."""
    until = time.monotonic() + start_seconds()
    while not await _listens() and time.monotonic() < until:
        await asyncio.sleep(RETRY_SECONDS)


async def patiently(ask: Callable[[], Awaitable[_T]], log: Any, patience: float | None = None) -> _T:
    """Return what ``ask`` returns, asked again while nobody listens at the gateway's port.

    Raises what ``ask`` raises, and `Away` when the launcher has failed and isn't being started again right now, or
    after ``patience`` seconds, `start_seconds` unless given.
    """
    began, told, listens = time.monotonic(), None, True
    while True:
        if listens:
            try:
                return await ask()
            except HTTPError as error:
                if error.status_code != _UNAVAILABLE:
                    raise
        away = _why(time.monotonic() - began, start_seconds() if patience is None else patience)
        if away is not None:
            raise away
        doing, _ = _told("doing")
        if doing != told:
            log.info("kernelpair: the kernel container is starting%s%s", ": " if doing else "", doing)
            told = doing
        await asyncio.sleep(RETRY_SECONDS)
        listens = await _listens()


async def websocket(*path: str, **options: Any) -> Any:
    """Return a connection to the gateway at ``path``, with the pair's token; raises HTTPClientError or OSError.

    ``options`` are those of `kernelpair_sockets.connect`.
    """
    client = GatewayClient.instance()
    url = url_path_join(client.ws_url or "", *path)
    return await kernelpair_sockets.connect(HTTPRequest(url, **client.load_connection_args()), **options)


async def models(kernels_url: str) -> dict[str, dict[str, Any]] | None:
    """Return the gateway's kernels by id, or None where it doesn't answer."""
    try:
        answer = await gateway_request(kernels_url, method="GET")
    except (HTTPError, OSError):
        return None
    return {model["id"]: model for model in json_decode(answer.body)}
