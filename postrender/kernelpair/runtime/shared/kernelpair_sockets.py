"""Websockets between the pair's two sides, without limits of size; imports tornado."""

from __future__ import annotations

from typing import Any

from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

# tornado's 10 MB for a message and 100 MB for a stream lose what is larger and hang the page; a kernel's own limits are
# those that count.
MAX_MESSAGE_BYTES = 2**40
# Eight times tornado's: a large output is a tenth faster, a small one 10 us slower.
READ_BYTES = 2**19


async def connect(request: HTTPRequest, **options: Any) -> Any:
    """Return a connection to what ``request`` names; options and errors are those of tornado's websocket_connect."""
    connection = await websocket_connect(request, max_message_size=MAX_MESSAGE_BYTES, **options)
    stream = connection.protocol.stream
    stream.max_buffer_size, stream.read_chunk_size = MAX_MESSAGE_BYTES, READ_BYTES  # which can't be given
    return connection
