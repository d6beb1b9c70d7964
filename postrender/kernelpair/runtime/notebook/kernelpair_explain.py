"""Why a kernel died, told in the cell that was running in it."""

from __future__ import annotations

import os
import signal
import time
from typing import Any, NamedTuple, Optional

import kernelpair_reports as reports

# Status messages and announced inputs are short; outputs, which may be long, are never read.
SHORT = 65536
ADVICE = (
    "Use less memory at a time, shut down kernels that you no longer need, or start your server anew with a larger"
    " profile."
)
KILLED, DIED = "KernelKilled", "KernelDied"
# By reason, for a kernel and for a whole container: the error's name, and what is said; {size} is empty when unknown.
SENTENCES = {
    ("guard", False): (
        KILLED,
        "This kernel was stopped just before the memory of the kernel container ran out: {usage} of its {limit} were in"
        " use{size}. Other kernels go on. {advice}",
    ),
    ("memory", False): (
        KILLED,
        "This kernel was killed because the memory of the kernel container ran out: {usage} of its {limit} were in use"
        " when last seen{size}. {advice}",
    ),
    ("memory", True): (
        KILLED,
        "The kernel container was killed, with all kernels in it, because its memory ran out: {usage} of its {limit}"
        " were in use when last seen{size}. {advice}",
    ),
    ("unknown", True): (
        DIED,
        "The kernel container ended, with all kernels in it; {usage} of its {limit} of memory were in use when last"
        " seen, so that memory is not known to be the cause.",
    ),
    ("signal", False): (DIED, "This kernel was killed by signal {code}{name}."),
    ("exit", False): (DIED, "This kernel ended by itself, with exit code {code}."),
}


class Explanation(NamedTuple):
    """An error's name and the sentences that stand under it, and when it happened, in seconds since the epoch."""

    name: str
    text: str
    time: float


def explain(record: dict[str, Any], kernel_id: str) -> Optional[Explanation]:
    """Return what a record of `kernelpair_reports` means for the user of a kernel; None where it says nothing."""
    name, text = SENTENCES.get((record["reason"], record["container"]), ("", ""))
    if not name:
        return None
    code = record["code"]
    held = record["kernels"].get(kernel_id, 0)
    filled = text.format(
        usage=size(record["usage"]),
        limit=size(record["limit"]) if record["limit"] else "unlimited amount",
        size=f", {size(held)} of them by this kernel" if held else "",
        code="" if code is None else abs(code),
        name=f" ({_signal(-code)})" if code is not None and code < 0 else "",
        advice=ADVICE,
    )
    return Explanation(name, filled, record["time"])


def size(number: float) -> str:
    """Return bytes as people read them: 512 MiB, 3.9 GiB."""
    mib = number / 2**20
    return f"{mib / 1024:.1f} GiB" if mib >= 1000 else f"{mib:.0f} MiB"


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"


def why(kernel_id: str, lost: bool = False) -> Optional[Explanation]:
    """Return why the gateway's kernel ``kernel_id`` died last; ``lost``: its container with it."""
    run_dir = os.environ.get("KERNELPAIR_RUN", "")
    record = reports.death_of(run_dir, kernel_id, lost)
    return None if record is None else explain(record, kernel_id)


class Request(NamedTuple):
    """A cell that runs: its request's header, the kernel's session, the gateway's kernel id, when it began."""

    header: dict[str, Any]
    kernel_session: str
    remote_id: str
    began: float
    execution_count: Optional[int]


class Requests:
    """The cells that run in one kernel, known from what it publishes; all its connections share it."""

    def __init__(self) -> None:
        self._running: dict[str, Request] = {}

    def note(self, message: dict[str, Any], remote_id: str) -> None:
        """Note a status message, or an announced input, of the gateway's kernel ``remote_id``."""
        parent, content = message["parent_header"], message["content"]
        asked = parent.get("msg_id")
        known = self._running.get(asked)
        if content.get("execution_state") == "idle":
            self._running.pop(asked, None)
        elif known is not None and "execution_count" in content:
            self._running[asked] = known._replace(execution_count=content["execution_count"])
        elif content.get("execution_state") == "busy" and parent.get("msg_type") == "execute_request":
            session = message["header"]["session"]
            self._running[asked] = Request(parent, session, remote_id, time.time(), None)

    def of(self, session: str) -> list[Request]:
        """Return the cells that a browser's session waits for."""
        return [request for request in self._running.values() if request.header.get("session") == session]

    def end(self, request: Request) -> None:
        """Forget a cell: its browser was told."""
        self._running.pop(request.header["msg_id"], None)

    def clear(self) -> None:
        """Forget all: the user restarts the kernel."""
        self._running.clear()


def messages(request: Request, explanation: Explanation, session: Any) -> list[dict[str, Any]]:
    """Return what ends a cell in a browser: an error in its output, the reply to its request, and the idle status.

    They carry the session of the kernel: JupyterLab drops what it hasn't shown yet when another session begins, and
    it takes an error for the cell's own as long as the reply and the restart come later.
    """
    error: dict[str, Any] = {
        "ename": explanation.name,
        "evalue": explanation.text,
        "traceback": [f"{explanation.name}: {explanation.text}"],
    }
    reply: dict[str, Any] = {
        "status": "error",
        "execution_count": request.execution_count,
        "user_expressions": {},
        "payload": [],
    }
    reply.update(error)
    made = []
    for channel, kind, content in (
        ("iopub", "error", error),
        ("shell", "execute_reply", reply),
        ("iopub", "status", {"execution_state": "idle"}),
    ):
        message = session.msg(kind, content, parent=request.header)
        message["header"]["session"] = request.kernel_session
        message.update(parent_header=request.header, channel=channel, buffers=[])
        made.append(message)
    return made
