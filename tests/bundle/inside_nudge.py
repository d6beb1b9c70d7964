"""Connects to kernels in several states, in a bundle; says when upstream's `nudge` was called. JSON on stdout.

inside_nudge.py RUNTIME
"""

import asyncio
import json
import sys
from pathlib import Path
from types import SimpleNamespace

sys.path[:0] = [str(Path(sys.argv[1]) / side) for side in ("kernel", "shared")]

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection  # noqa: E402
from kernelpair_connections import PairConnection  # noqa: E402


class Connection(PairConnection):
    """A connection to one kernel whose state is given."""

    kernel_id = "kernel"
    multi_kernel_manager = ("kernel",)
    kernel_manager = None


async def nudged(state, later, seconds):
    """The kernel's states at which upstream's nudge was called, where it goes from one to another meanwhile."""
    calls = []

    async def nudge(connection):
        calls.append(connection.kernel_manager.execution_state)

    ZMQChannelsWebsocketConnection.nudge = nudge
    connection = Connection.__new__(Connection)
    Connection.kernel_manager = SimpleNamespace(execution_state=state)
    asyncio.get_running_loop().call_later(seconds, setattr, Connection.kernel_manager, "execution_state", later)
    await asyncio.wait_for(connection.nudge(), 10)
    return calls


async def main():
    found = {
        "idle": await nudged("idle", "idle", 0),
        "has just answered": await nudged("busy", "idle", 0.03),
        "runs a cell": await nudged("busy", "idle", 20),
    }
    Connection.multi_kernel_manager = ()
    found["gone"] = await nudged("busy", "idle", 0.03)
    return found


print(json.dumps(asyncio.run(main())))
