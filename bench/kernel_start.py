"""Times the start of an ipykernel; run with the front-end environment's interpreter.

Arguments: the interpreter of the user's image. stdout: JSON [seconds, seconds of processor time, resident bytes], from
the start of the process to its answer to the first request.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.connect import write_connection_file

sys.path.insert(0, str(Path(__file__).resolve().parent))
from measure import POLL_SECONDS, spent


def main(python: str) -> None:
    """Start one, ask it who it is, stop it."""
    with tempfile.TemporaryDirectory() as folder:
        file, info = write_connection_file(str(Path(folder) / "kernel.json"), key=b"k")
        began = time.perf_counter()
        process = subprocess.Popen([python, "-m", "ipykernel_launcher", "-f", file], cwd=folder, stdout=sys.stderr)
        try:
            while not _listens(info["shell_port"]):
                time.sleep(POLL_SECONDS)
            client = BlockingKernelClient(connection_file=file)
            client.load_connection_file()
            client.start_channels()
            client.kernel_info(reply=True, timeout=60)
            seconds = time.perf_counter() - began
            client.stop_channels()
            json.dump([seconds, *spent(process.pid)], sys.stdout)
        finally:
            process.kill()
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    main(sys.argv[1])
