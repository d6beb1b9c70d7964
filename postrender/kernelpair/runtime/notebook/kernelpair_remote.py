"""The gateway of the pair as the notebook server sees it: whether it answers, and whether it is still the same one."""

from __future__ import annotations

import asyncio
import os
import time
import urllib.parse
from pathlib import Path
from typing import Any, Awaitable, Callable, TypeVar

from jupyter_server.gateway.gateway_client import GatewayClient, gateway_request
from tornado.escape import json_decode
from tornado.web import HTTPError

RETRY_SECONDS = 0.25
_UNAVAILABLE = 503
_T = TypeVar("_T")


def start_seconds() -> float:
    """Return how long the gateway may take to start (gateway.timeouts.start)."""
    return float(os.environ.get("KERNELPAIR_START_TIMEOUT", "120"))


def started() -> str:
    """Return what tells one start of the gateway from another: the launcher writes it anew each time; "" before."""
    try:
        return (Path(os.environ["KERNELPAIR_RUN"]) / "started").read_text()
    except (KeyError, OSError):
        return ""


async def listening() -> None:
    """Return once somebody listens at the gateway's port, or `start_seconds` are over; without a word in the log."""
    address = urllib.parse.urlsplit(GatewayClient.instance().url or "")
    until = time.monotonic() + start_seconds()
    while time.monotonic() < until:
        try:
            _, writer = await asyncio.open_connection(address.hostname, address.port)
        except OSError:
            await asyncio.sleep(RETRY_SECONDS)
        else:
            writer.close()
            return


async def patiently(ask: Callable[[], Awaitable[_T]], log: Any) -> _T:
    """Return what ``ask`` returns, asked again while nobody listens at the gateway's port.

    Raises what ``ask`` raises, and after `start_seconds` without an answer HTTPError 503 with what to look at.
    """
    began = time.monotonic()
    told = False
    while True:
        try:
            return await ask()
        except HTTPError as error:
            if error.status_code != _UNAVAILABLE:
                raise
            waited = time.monotonic() - began
            if waited > start_seconds():
                raise HTTPError(
                    _UNAVAILABLE, f"The kernel container has not answered for {waited:.0f} s; its log says why"
                ) from error
        if not told:
            log.info("kernelpair: the kernel container is starting")
            told = True
        await asyncio.sleep(RETRY_SECONDS)


async def models(kernels_url: str) -> dict[str, dict[str, Any]] | None:
    """Return the gateway's kernels by id, or None where it doesn't answer."""
    try:
        answer = await gateway_request(kernels_url, method="GET")
    except (HTTPError, OSError):
        return None
    return {model["id"]: model for model in json_decode(answer.body)}
