"""Connects each client of a listening socket with an address: python -m ci.cluster.relay HOST PORT.

Its standard input is the socket, which may be of another network than the address: so who is on the machine reaches
what only the node does. It serves until it is killed.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading

CHUNK_BYTES = 1 << 16


def serve(outside: socket.socket, address: tuple[str, int]) -> None:
    """Connect the clients of `outside`; one that comes while nobody listens at the address is sent away."""
    while True:
        client, _ = outside.accept()
        try:
            server = socket.create_connection(address)
        except OSError:
            client.close()
            continue
        for source, target in ((client, server), (server, client)):
            threading.Thread(target=_pass_on, args=(source, target), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    """Pass bytes on until one side ends, then end the other's reading; both end where either breaks."""
    with contextlib.suppress(OSError):
        while data := source.recv(CHUNK_BYTES):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
        return
    for end in (source, target):
        with contextlib.suppress(OSError):  # broken already
            end.shutdown(socket.SHUT_RDWR)  # unlike close, it wakes the thread that reads


if __name__ == "__main__":
    host, port = sys.argv[1:]
    serve(socket.socket(fileno=os.dup(0)), (host, int(port)))
