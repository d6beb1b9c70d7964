"""Connects to kernels in several states, in a bundle, and tells of it as JSON on stdout.

It tells at which states upstream's `nudge` was called, and what a page gets that connects anew.

inside_nudge.py RUNTIME
"""

import asyncio
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

sys.path[:0] = [str(Path(sys.argv[1]) / side) for side in ("kernel", "shared")]

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection  # noqa: E402
from kernelpair_connections import PairConnection  # noqa: E402


class Channel:
    """A kernel's channel: what the kernel has said waits until somebody listens."""

    def __init__(self, *waiting):
        self.waiting = [*waiting]
        self.listener = None

    def on_recv(self, listener):
        self.listener = listener

    def on_recv_stream(self, listener):
        self.on_recv(lambda message: listener(self, message))

    def stop_on_recv(self):
        self.listener = None

    def closed(self):
        return False

    def close(self):
        pass

    def deliver(self):
        while self.waiting and self.listener is not None:
            self.listener(self.waiting.pop(0))


class Connection(PairConnection):
    """A connection to one kernel whose state is given."""

    kernel_id = "kernel"
    session_key = "page"
    kernel_info_timeout = 10
    multi_kernel_manager = mock.MagicMock()
    kernel_manager = channels = None
    session = mock.Mock()
    websocket_handler = mock.Mock(**{"get_argument.return_value": ""})

    def handle_outgoing_message(self, channel, message):
        """Keep what the page gets."""
        self.sent = [*getattr(self, "sent", []), message]


async def nudged(state, later, seconds):
    """The kernel's states at which upstream's nudge was called, where it goes from one to another meanwhile."""
    calls = []

    async def nudge(connection):
        calls.append(connection.kernel_manager.execution_state)

    Connection.kernel_manager = SimpleNamespace(execution_state=state)
    Connection.channels = {"iopub": Channel()}
    asyncio.get_running_loop().call_later(seconds, setattr, Connection.kernel_manager, "execution_state", later)
    with mock.patch.object(ZMQChannelsWebsocketConnection, "nudge", nudge):
        await asyncio.wait_for(Connection().nudge(), 10)
    return calls


async def connects_anew():
    """What a page gets whose cell has just ended, and what the kernel says after that; with upstream's own `nudge`."""
    iopub = Channel("end", "idle", "idle again")
    Connection.kernel_manager = SimpleNamespace(
        execution_state="idle", ports=[], connect_shell=Channel, connect_control=lambda: Channel("reply")
    )
    kept = {"session_key": "page", "channels": {"iopub": iopub}, "buffer": [("iopub", "kept")]}
    Connection.multi_kernel_manager.get_buffer.return_value = kept
    Connection.multi_kernel_manager.ports_changed.return_value = False
    connection = Connection()

    def asked(channel, _request):
        channel.deliver()
        iopub.deliver()

    connection.session.send.side_effect = asked
    await asyncio.wait_for(connection.connect(), 10)
    await asyncio.sleep(0)  # its callbacks
    iopub.deliver()
    return connection.sent


async def main():
    Connection.multi_kernel_manager.__contains__.return_value = True
    found = {
        "idle": await nudged("idle", "idle", 0),
        "has just answered": await nudged("busy", "idle", 0.03),
        "runs a cell": await nudged("busy", "idle", 20),
        "connects anew": await connects_anew(),
    }
    Connection.multi_kernel_manager.__contains__.return_value = False
    found["gone"] = await nudged("busy", "idle", 0.03)
    return found


print(json.dumps(asyncio.run(main())))
