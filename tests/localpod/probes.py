"""Kubernetes' probes against processes on this machine, with the manifest's own periods and thresholds."""

from __future__ import annotations

import http.client
import socket
import ssl
import subprocess
import threading
from typing import Any

from tests.localpod.pod import Container

HOST = "127.0.0.1"


def once(probe: dict[str, Any], container: Container) -> str:
    """Try the probe once; returns "" for success, else why it failed."""
    timeout = probe.get("timeoutSeconds", 1)
    for kind, attempt in ATTEMPTS.items():
        if kind in probe:
            try:
                return attempt(probe[kind], container, timeout)
            except (OSError, http.client.HTTPException, subprocess.TimeoutExpired) as error:
                return f"{kind}: {error}"
    raise ValueError(f"a probe of none of the kinds {', '.join(ATTEMPTS)}: {probe}")


def _port(container: Container, port: Any) -> int:
    return int(container.ports.get(port, port))


def _http(action: dict[str, Any], container: Container, timeout: float) -> str:
    where = action.get("host", HOST), _port(container, action["port"])
    if action.get("scheme", "HTTP") == "HTTPS":  # the kubelet does not verify either
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            *where, timeout=timeout, context=ssl._create_unverified_context()
        )
    else:
        connection = http.client.HTTPConnection(*where, timeout=timeout)
    headers = {header["name"]: header["value"] for header in action.get("httpHeaders") or []}
    try:
        connection.request("GET", action.get("path", "/"), headers=headers)
        status = connection.getresponse().status
    finally:
        connection.close()
    return "" if 200 <= status < 400 else f"httpGet: status {status}"


def _tcp(action: dict[str, Any], container: Container, timeout: float) -> str:
    with socket.create_connection((action.get("host", HOST), _port(container, action["port"])), timeout):
        return ""


def _exec(action: dict[str, Any], container: Container, timeout: float) -> str:
    done = subprocess.run(
        action["command"], env=container.env, cwd=container.folder, timeout=timeout, capture_output=True, check=False
    )
    return "" if done.returncode == 0 else f"exec: exit code {done.returncode}"


ATTEMPTS = {"httpGet": _http, "tcpSocket": _tcp, "exec": _exec}


class Health:
    """A container's state by its probes: `started`, `ready`, and `dead` (why, once a threshold was crossed).

    Without a startup probe a container has started at once; without a readiness probe it is ready once started.
    """

    def __init__(self, container: Container) -> None:
        self.container = container
        self.started = "startupProbe" not in container.probes
        self.ready = False
        self.dead = ""
        self.last = "not probed yet"
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"probes of {container.name}")
        self._thread.start()

    def stop(self) -> None:
        """Probe no more."""
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        self.started = self.started or self._until_success(self.container.probes["startupProbe"])
        if not self.started:
            return
        liveness = self.container.probes.get("livenessProbe")
        if liveness is not None:
            threading.Thread(target=self._watch, args=(liveness, "dead"), daemon=True).start()
        readiness = self.container.probes.get("readinessProbe")
        if readiness is None:
            self.ready = True
        else:
            self._watch(readiness, "ready")

    def _until_success(self, probe: dict[str, Any]) -> bool:
        self._end.wait(probe.get("initialDelaySeconds", 0))
        for _ in range(probe.get("failureThreshold", 3)):
            self.last = once(probe, self.container)
            if not self.last:
                return True
            if self._end.wait(probe.get("periodSeconds", 10)):
                return False
        self.dead = f"startup probe failed: {self.last}"
        return False

    def _watch(self, probe: dict[str, Any], what: str) -> None:
        self._end.wait(probe.get("initialDelaySeconds", 0))
        good = bad = 0
        while not self._end.is_set():
            failure = once(probe, self.container)
            good, bad = (0, bad + 1) if failure else (good + 1, 0)
            if what == "dead" and bad >= probe.get("failureThreshold", 3):
                self.dead = f"liveness probe failed: {failure}"
            if what == "ready":
                self.last = failure
                if good >= probe.get("successThreshold", 1):
                    self.ready = True
                elif bad >= probe.get("failureThreshold", 3):
                    self.ready = False
            self._end.wait(probe.get("periodSeconds", 10))
