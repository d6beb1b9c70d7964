"""Who can reach the gateway, and where its token is: nowhere but in the volume that the two containers share."""

from __future__ import annotations

import http.client
import os
from pathlib import Path

import pytest

from tests.localpod.containers import processes
from tests.localpod.probes import HOST
from tests.parity.servers import Server

pytestmark = pytest.mark.xdist_group("parity")

KERNEL = "/api/kernels/00000000-0000-0000-0000-000000000000"
PATHS = ("/api", "/api/kernels", "/api/kernelspecs", "/api/sessions", "/api/terminals", KERNEL, f"{KERNEL}/channels")
UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
UPGRADE["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZQ=="


def status(server: Server, path: str, headers: dict[str, str]) -> int:
    connection = http.client.HTTPConnection(HOST, server.pair.ports[1], timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def token(server: Server) -> str:
    return (server.pair.pod.volumes["kernelpair-run"] / "token").read_text()


@pytest.mark.parametrize("path", PATHS)
def test_the_gateway_wants_its_token(pair: Server, path: str) -> None:
    for headers in ({}, UPGRADE):
        assert status(pair, path, headers) == 401
        assert status(pair, path, {**headers, "Authorization": "token " + "A" * 43}) == 401
    assert status(pair, path, {"Authorization": f"token {token(pair)}"}) != 401


def test_pages_of_other_origins_are_refused_even_with_the_token(pair: Server) -> None:
    kernel = pair.ask("kernels.start")
    path = f"/api/kernels/{kernel}/channels"
    headers = {**UPGRADE, "Authorization": f"token {token(pair)}"}
    assert status(pair, path, {**headers, "Origin": "http://example.org"}) == 403
    assert status(pair, path, headers) == 101


def test_the_gateway_listens_on_the_loopback_address_alone(pair: Server) -> None:
    port, listening = f"{pair.pair.ports[1]:04X}", "0A"
    found = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()]
    assert [fields[1] for fields in found if fields[1].endswith(f":{port}") and fields[3] == listening] == [
        f"0100007F:{port}"
    ]


def test_the_token_is_in_no_environment_argument_log_or_home(pair: Server) -> None:
    pair.ask("kernels.environment")
    secret = token(pair).encode()
    running = processes(pair.sandbox)
    assert len(running) >= 2
    for pid in running:
        for name in ("environ", "cmdline"):
            assert secret not in Path(f"/proc/{pid}/{name}").read_bytes(), running[pid]
    holding = [
        str(path.relative_to(pair.sandbox))
        for folder, _, names in os.walk(pair.sandbox)
        for path in (Path(folder) / name for name in names)
        if path.is_file() and secret in path.read_bytes()
    ]
    assert holding == ["volumes/kernelpair-run/token"]
