"""A cluster, by kubectl: the one that KUBECONFIG names."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from ci.cluster import state

Found = TypeVar("Found")
OURS = os.environ.get("KUBECONFIG") == str(state.KUBECONFIG)
"""Whether it is the cluster of ci/cluster."""
POLL_SECONDS = 0.5
FORWARD_SECONDS = 60


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

    def forwarded(self, service: str, port: int) -> contextlib.AbstractContextManager[str]:
        """The address, on this machine, of a service's port."""
        return (self._relayed if OURS else self._tunnelled)(service, port)

    @contextlib.contextmanager
    def _relayed(self, service: str, port: int) -> Iterator[str]:
        """From our cluster's node: unlike kubectl's tunnel it needs no API server, and loses no end of a connection."""
        address = self.get(f"service/{service}")["spec"]["clusterIP"]
        into = ("nsenter", f"--target={state.node()}", "--net", "--")
        with socket.create_server(("127.0.0.1", 0)) as outside:
            command = [*into, sys.executable, "-m", "ci.cluster.relay", address, str(port)]
            relay = subprocess.Popen(command, stdin=outside, cwd=state.ROOT)
            try:
                yield f"http://127.0.0.1:{outside.getsockname()[1]}"
            finally:
                relay.terminate()
                relay.wait()

    @contextlib.contextmanager
    def _tunnelled(self, service: str, port: int) -> Iterator[str]:
        """By kubectl; forwarded anew when that has ended with a pod."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            local = free.getsockname()[1]
        command = ["kubectl", f"--namespace={self.name}", "port-forward", f"service/{service}", f"{local}:{port}"]
        ended = threading.Event()
        running: list[subprocess.Popen[bytes]] = []

        def forward() -> None:
            while not ended.wait(POLL_SECONDS if running else 0):
                running[:] = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)]
                running[0].wait()

        forwarding = threading.Thread(target=forward)
        forwarding.start()
        try:
            eventually(lambda: _listens(local), f"{' '.join(command)} listens", FORWARD_SECONDS)
            yield f"http://127.0.0.1:{local}"
        finally:
            ended.set()
            while forwarding.is_alive():
                for process in running:
                    process.terminate()
                forwarding.join(POLL_SECONDS)

    def restarted(self, pod: str, name: str, before: Mapping[str, Any], seconds: float) -> dict[str, dict[str, Any]]:
        """The statuses of a pod's containers, as soon as `name` runs anew and is ready; `before` is what its was."""

        def found() -> dict[str, dict[str, Any]] | None:
            now = statuses(self.get(pod))
            return now if now[name]["restartCount"] > before["restartCount"] and now[name]["ready"] else None

        return eventually(found, f"{name} of {pod} runs anew", seconds)

    def told(self) -> str:
        """What the cluster has to say about this namespace, for a failure's message."""
        return self.run("get", "pods") + self.run("get", "events", "--field-selector=type=Warning")

    def kill(self, container_id: str, image: str, all_of_it: bool = True) -> None:
        """Kill -9 every process of a container, or its first, from outside of it, as the kernel does.

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
                        "command": ["python3", "-c", KILLER, container_id.rpartition("/")[2], str(all_of_it)],
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
container, all_of_it = sys.argv[1:]
found = []
for cgroup in pathlib.Path("/proc").glob("[0-9]*/cgroup"):
    try:
        if container in cgroup.read_text():
            began = cgroup.with_name("stat").read_text().rpartition(")")[2].split()[19]
            found.append((int(began), int(cgroup.parent.name)))
    except (FileNotFoundError, ProcessLookupError):
        pass
for _, pid in sorted(found)[: None if all_of_it == "True" else 1]:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
sys.exit(not found)
"""
"""Starts with the process that started first."""


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def statuses(pod: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What the kubelet says of each container."""
    return {status["name"]: status for status in pod["status"]["containerStatuses"]}


def eventually(find: Callable[[], Found | None], what: str, seconds: float) -> Found:
    """The first thing that `find` finds and that is true."""
    deadline = time.monotonic() + seconds
    while not (found := find()):
        assert time.monotonic() < deadline, f"not after {seconds:.0f} s: {what}"
        time.sleep(POLL_SECONDS)
    return found
