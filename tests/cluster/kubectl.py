"""A cluster, by kubectl: the one that KUBECONFIG names."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

Found = TypeVar("Found")
POLL_SECONDS = 0.5


class Namespace:
    """One namespace of the cluster."""

    def __init__(self, name: str) -> None:
        self.name = name

    def run(self, *arguments: str, data: str | None = None, timeout: float = 300) -> str:
        """What kubectl prints; fails with what it says."""
        command = ["kubectl", f"--namespace={self.name}", *arguments]
        done = subprocess.run(command, input=data, capture_output=True, text=True, timeout=timeout, check=False)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}"
        return done.stdout

    def get(self, what: str) -> dict[str, Any]:
        """The object KIND/NAME, or the list KIND."""
        found: dict[str, Any] = json.loads(self.run("get", what, "--output=json"))
        return found

    @contextlib.contextmanager
    def forwarded(self, service: str, port: int) -> Iterator[str]:
        """The address, on this machine, of a service's port."""
        command = ["kubectl", f"--namespace={self.name}", "port-forward", f"service/{service}", f":{port}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            said = re.match(r"Forwarding from 127\.0\.0\.1:(\d+)", process.stdout.readline())
            assert said, f"{' '.join(command)} ended"
            try:
                yield f"http://127.0.0.1:{said[1]}"
            finally:
                process.terminate()

    def told(self) -> str:
        """What the cluster has to say about this namespace, for a failure's message."""
        return self.run("get", "pods") + self.run("get", "events", "--field-selector=type=Warning")

    def kill(self, container_id: str, image: str) -> None:
        """Kill -9 every process of a container, from outside of it, as the kernel does when memory runs out.

        From within, nothing kills a container's first process. `image` has a python3.
        """
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "killer"},
            "spec": {
                "hostPID": True,
                "restartPolicy": "Never",
                "containers": [
                    {
                        "name": "killer",
                        "image": image,
                        "command": ["python3", "-c", KILLER, container_id.rpartition("/")[2]],
                        "securityContext": {"privileged": True, "runAsUser": 0},
                    }
                ],
            },
        }
        self.run("apply", "--filename=-", data=json.dumps(pod))
        self.run("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/killer", "--timeout=120s")
        self.run("delete", "pod/killer", "--now")


KILLER = """
import os, pathlib, signal, sys
killed = 0
for cgroup in pathlib.Path("/proc").glob("[0-9]*/cgroup"):
    try:
        if sys.argv[1] in cgroup.read_text():
            os.kill(int(cgroup.parent.name), signal.SIGKILL)
            killed += 1
    except (FileNotFoundError, ProcessLookupError):
        pass
sys.exit(killed == 0)
"""


def statuses(pod: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What the kubelet says of each container."""
    return {status["name"]: status for status in pod["status"]["containerStatuses"]}


def eventually(find: Callable[[], Found | None], what: str, seconds: float) -> Found:
    """The first thing that `find` finds."""
    deadline = time.monotonic() + seconds
    while (found := find()) is None:
        assert time.monotonic() < deadline, f"not after {seconds:.0f} s: {what}"
        time.sleep(POLL_SECONDS)
    return found
