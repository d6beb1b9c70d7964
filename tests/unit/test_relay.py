"""The way from the machine into our cluster's network: what goes through it, and how its connections end."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from ci.cluster import relay

SECONDS = 10
AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER by which close() breaks a connection, as the end of a process does that has not read all it was sent."""


@pytest.fixture
def there() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(SECONDS)
        yield server


def relayed(address: tuple[str, int]) -> socket.socket:
    """A client of a relay to an address."""
    outside = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=relay.serve, args=(outside, address), daemon=True).start()
    return socket.create_connection(outside.getsockname(), SECONDS)


def test_both_sides_are_heard_to_their_ends(there: socket.socket) -> None:
    with relayed(there.getsockname()) as here:
        server, _ = there.accept()
        with server, server.makefile("rb") as heard:
            here.sendall(b"asked")
            here.shutdown(socket.SHUT_WR)
            assert heard.read() == b"asked"
            server.sendall(b"answered" * 10**5)
        with here.makefile("rb") as heard:
            assert heard.read() == b"answered" * 10**5


def test_who_waits_learns_that_the_other_side_broke(there: socket.socket) -> None:
    with relayed(there.getsockname()) as here:
        server, _ = there.accept()
        server.sendall(b"x")
        assert here.recv(1) == b"x"
        server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        server.close()
        with contextlib.suppress(ConnectionResetError):
            assert here.recv(1) == b""


def test_who_comes_while_nobody_is_there_is_sent_away(there: socket.socket) -> None:
    address = there.getsockname()
    there.close()
    with relayed(address) as here:
        assert here.recv(1) == b""
