"""Why a kernel died, told in the cell that was running in it."""

from __future__ import annotations

import os
import signal
import textwrap
import time
from typing import Any, NamedTuple, Optional

import kernelpair_reports as reports

# A kernel's end is noticed by a poll every 3 s, and told at once.
RECENT = 60.0
# JupyterLab breaks lines that are too long for the page in the middle of words.
COLUMNS = 90
ADVICE = (
    "Use less memory at a time, shut down kernels that you no longer need, or start your server anew with a larger"
    " profile."
)
GIVEN_UP = (
    "Several starts ended like that. To see what its program says, run the command of its kernelspec in a terminal; for"
    " Python: python -m ipykernel_launcher"
)
KILLED, DIED = "KernelKilled", "KernelDied"
# By reason, for a kernel or a whole container: the error's name, and what is said; {size} may be empty.
SENTENCES = {
    ("guard", False): (
        KILLED,
        "This kernel was stopped just before the memory of the kernel container ran out: {usage} were in"
        " use{size}. Other kernels go on. {advice}",
    ),
    ("memory", False): (
        KILLED,
        "This kernel was killed because the memory of the kernel container ran out: {usage} were in use"
        " when last seen{size}. {advice}",
    ),
    ("memory", True): (
        KILLED,
        "The kernel container was killed, with all kernels in it, because its memory ran out: {usage}"
        " were in use when last seen{size}. {advice}",
    ),
    ("unknown", True): (
        DIED,
        "The kernel container ended, with all kernels in it; {usage} of memory were in use when last"
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
        usage=size(record["usage"]) + (f" of its {size(record['limit'])}" if record["limit"] else ""),
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


def why(kernel_id: str, since: float, lost: bool = False) -> Optional[Explanation]:
    """Return why the gateway's kernel ``kernel_id`` died last; ``lost``: its container with it.

    None where that isn't known, or was before ``since``, seconds since the epoch: then it is another death that counts.
    """
    record = reports.death_of(os.environ.get("KERNELPAIR_RUN", ""), kernel_id, lost)
    return None if record is None or record["time"] < since else explain(record, kernel_id)


def why_given_up(kernel_id: str) -> Optional[Explanation]:
    """Return why the gateway's kernel ``kernel_id`` isn't started any more; None if that is not known."""
    explanation = why(kernel_id, time.time() - RECENT)
    return None if explanation is None else explanation._replace(text=f"{explanation.text} {GIVEN_UP}")


class Request(NamedTuple):
    """A cell that was sent to a kernel: its request's header, when, and what the kernel has said of it."""

    header: dict[str, Any]
    remote_id: str
    began: float
    busy: bool = False
    execution_count: Optional[int] = None


class Requests:
    """The cells that were sent to one kernel and aren't done; all its connections share it.

    ``kernel_session`` is the session of the kernel's own messages.
    """

    def __init__(self) -> None:
        self.kernel_session = ""
        self._open: dict[str, Request] = {}

    def sent(self, message: dict[str, Any], remote_id: str) -> None:
        """Note a browser's request to the gateway's kernel ``remote_id``."""
        header = message["header"]
        self._open[header.get("msg_id", "")] = Request(header, remote_id, time.time())

    def note(self, message: dict[str, Any], remote_id: str) -> None:
        """Note a status, or an announced input, that the gateway's kernel ``remote_id`` publishes."""
        parent, content = message["parent_header"], message["content"]
        if not parent:
            return
        asked = parent.get("msg_id", "")
        self.kernel_session = message["header"].get("session", "")
        if content.get("execution_state") == "idle":
            self._open.pop(asked, None)
        elif parent.get("msg_type") == "execute_request":
            known = self._open.get(asked)
            if known is None or not known.busy:  # sent to one that is gone, it may have waited for this kernel
                known = Request(parent, remote_id, time.time(), busy=True)
            self._open[asked] = known._replace(execution_count=content.get("execution_count", known.execution_count))

    def running(self, session: str) -> list[Request]:
        """Return the cells that run, of those that a browser's session waits for."""
        return [request for request in self._open.values() if request.busy and request.header.get("session") == session]

    def next(self, session: str) -> list[Request]:
        """Return the cell that a browser's session has sent first: one may kill its kernel before that says it runs."""
        return [request for request in self._open.values() if request.header.get("session") == session][:1]

    def end(self, session: str) -> None:
        """Forget what a browser's session waits for: it was told."""
        self._open = {name: one for name, one in self._open.items() if one.header.get("session") != session}

    def clear(self) -> None:
        """Forget all: the user restarts the kernel."""
        self._open.clear()


def messages(request: Request, explanation: Explanation, session: Any, kernel_session: str) -> list[dict[str, Any]]:
    """Return what ends a cell in a browser: an error in its output, the reply to its request, and the idle status.

    They carry the session of the kernel: JupyterLab drops what it hasn't shown yet when another session begins, and
    it takes an error for the cell's own as long as the reply and the restart come later.
    """
    error: dict[str, Any] = {
        "ename": explanation.name,
        "evalue": explanation.text,
        "traceback": textwrap.wrap(f"{explanation.name}: {explanation.text}", COLUMNS),
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
        message["header"]["session"] = kernel_session or session.session
        message.update(parent_header=request.header, channel=channel, buffers=[])
        made.append(message)
    return made
