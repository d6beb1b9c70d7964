"""What a program meets that starts a kernel by jupyter_client; run with the front-end's Python, in its container.

stdout: JSON, what it found. The same code runs in a plain pod and in the pair: nothing here knows which it is.
"""

from __future__ import annotations

import contextlib
import json
import queue
import sys
from collections.abc import Iterator
from typing import Any

from jupyter_client.manager import KernelManager

SECONDS = 60
MIB = 2**20


class Kernel:
    """A kernel of this program's own, and its client."""

    def __init__(self) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel()
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(SECONDS)

    def outputs(self, asked: str) -> list[dict[str, Any]]:
        """What is published about one request, to its end."""
        seen = []
        while True:
            message = self.client.get_iopub_msg(timeout=SECONDS)
            if message["parent_header"].get("msg_id") == asked:
                seen.append(message)
                if message["content"].get("execution_state") == "idle":
                    return seen

    def run(self, code: str) -> list[dict[str, Any]]:
        return self.outputs(self.client.execute(code))

    def printed(self, code: str) -> str:
        return "".join(m["content"]["text"] for m in self.run(code) if m["msg_type"] == "stream")

    def reply(self, asked: str) -> dict[str, Any]:
        while True:
            message = self.client.get_shell_msg(timeout=SECONDS)
            if message["parent_header"].get("msg_id") == asked:
                content: dict[str, Any] = message["content"]
                return content


@contextlib.contextmanager
def kernel() -> Iterator[Kernel]:
    found = Kernel()
    try:
        yield found
    finally:
        found.client.stop_channels()
        found.manager.shutdown_kernel()


def conversation() -> Any:
    """Input, interrupt, completion, restart; what comes in which order."""
    found: dict[str, Any] = {}
    with kernel() as mine:
        asked = mine.client.execute("print(input('name? ')[::-1])", allow_stdin=True)
        found["prompt"] = mine.client.get_stdin_msg(timeout=SECONDS)["content"]["prompt"]
        mine.client.input("hello")
        found["input"] = [m["content"].get("text") for m in mine.outputs(asked) if m["msg_type"] == "stream"]
        # Told to stop on errors, a kernel drops what comes right behind one, at times the next cell of this.
        code = "import time; print('begun', flush=True); time.sleep(60)"
        asked = mine.client.execute(code, stop_on_error=False)
        while mine.client.get_iopub_msg(timeout=SECONDS)["msg_type"] != "stream":
            pass
        mine.manager.interrupt_kernel()
        found["interrupt"] = mine.reply(asked)["ename"]
        mine.run("apples = 1")
        found["complete"] = mine.reply(mine.client.complete("appl"))["matches"]
        found["order"] = [m["content"].get("execution_state") or m["msg_type"] for m in mine.run("print(1)")]
        found["alive"] = [mine.manager.is_alive(), mine.client.hb_channel.is_beating()]
        mine.manager.restart_kernel()
        mine.client.wait_for_ready(SECONDS)
        found["restarted"] = mine.printed("print('apples' in globals())")
    found["ended"] = mine.manager.is_alive()
    return found


def volume() -> Any:
    """More than a server would let through to a browser: nobody limits a program's own kernel."""
    with kernel() as mine:
        lines = mine.printed("for i in range(5000):\n    print(i, flush=True)").split()
        large = mine.run(f"import sys; sys.stdout.write('x' * ({24 * MIB})); sys.stdout.flush()")
        code = "from comm import create_comm\nc = create_comm(target_name='t', buffers=[bytes(range(256))])"
        (comm,) = [m for m in mine.run(code) if m["msg_type"] == "comm_open"]
        return {
            "lines": lines == [str(i) for i in range(5000)],
            "large": sum(len(m["content"]["text"]) for m in large if m["msg_type"] == "stream"),
            "buffers": [bytes(buffer).hex() for buffer in comm["buffers"]],
        }


def death() -> Any:
    """The kernel's own process is killed: its manager must see that it is gone."""
    with kernel() as mine:
        mine.client.execute("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
        mine.manager.provisioner.process.wait(SECONDS)
        return {"alive": mine.manager.is_alive()}


def wait() -> Any:
    """Hold a kernel until told; its process id goes ahead, on stdout."""
    with kernel() as mine:
        print(mine.manager.provisioner.pid, flush=True)
        sys.stdin.read()
        with contextlib.suppress(queue.Empty):
            mine.client.get_iopub_msg(timeout=0)
        return None


if __name__ == "__main__":
    told = {function.__name__: function for function in (conversation, volume, death, wait)}
    json.dump(told[sys.argv[1]](), sys.stdout)
