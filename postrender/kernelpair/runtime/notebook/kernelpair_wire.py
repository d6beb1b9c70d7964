"""A kernel's messages on a websocket: a message's parts as they are (jupyter_server's v1 protocol), or JSON."""

from __future__ import annotations

import json
from typing import Any, Optional

from jupyter_client.jsonutil import json_default
from jupyter_server.services.kernels.connection.base import deserialize_msg_from_ws_v1, serialize_msg_to_ws_v1

V1 = "v1.kernel.websocket.jupyter.org"
# Status messages and most requests are short; what is longer, as outputs may be, is never read.
SHORT = 65536


def read(data: Any, kinds: tuple[str, ...], v1: bool) -> Optional[dict[str, Any]]:
    """Return a message that is short and of one of ``kinds``; None for all others, read or not.

    Of a v1 message: its channel, header, parent_header, metadata and content. A kind stands in quotes in either
    protocol, which are escaped in what a cell says or prints. Without v1, binary data is a message with buffers, and
    isn't read.
    """
    if len(data) >= SHORT or isinstance(data, str) is v1:
        return None
    quoted = [f'"{kind}"' for kind in kinds]
    if not any(kind.encode() in data if v1 else kind in data for kind in quoted):
        return None
    try:
        message: dict[str, Any] = _parts(data) if v1 else json.loads(data)
        return message if message["header"]["msg_type"] in kinds else None
    except (ValueError, KeyError, TypeError, IndexError):
        return None


def _parts(data: bytes) -> dict[str, Any]:
    if 8 * int.from_bytes(data[:8], "little") > len(data):  # upstream believes any number of offsets
        raise ValueError("not a v1 message")
    channel, parts = deserialize_msg_from_ws_v1(data)
    names = ("header", "parent_header", "metadata", "content")
    return {**{name: json.loads(parts[place]) for place, name in enumerate(names)}, "channel": channel}


def written(message: dict[str, Any], session: Any, v1: bool) -> Any:
    """Return a message of ``session``, with its channel in it and without buffers, as it goes on a websocket."""
    if v1:
        return serialize_msg_to_ws_v1(message, message["channel"], session.pack)
    return json.dumps(message, default=json_default)
