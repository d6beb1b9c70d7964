"""The containers of a laid-out pod as running processes: start, wait until ready, stop, and leave nothing behind."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from tests.localpod.pod import Container, Pod
from tests.localpod.probes import HOST, Health

POLL_SECONDS = 0.1
INIT_SECONDS = 60
# As a container's process starts; under nohup, terminals' programs would outlive their terminals.
NO_SIGNAL_IGNORED = ("/usr/bin/env", "--default-signal")
TAIL_LINES = 30


class ContainerError(Exception):
    """A container can't start, ended or isn't ready in time; the message ends with the tail of its log."""


class Running:
    """One container's process, its log file and its probes."""

    def __init__(self, container: Container, log: Path, grace_seconds: float) -> None:
        self.container = container
        self.log = log
        self._grace = grace_seconds
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [*NO_SIGNAL_IGNORED, *container.argv],
                env=container.env,
                cwd=container.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.health = Health(container)

    def tail(self) -> str:
        """The last lines of the log, indented."""
        lines = self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
        return "\n".join(f"    {self.container.name} | {line}" for line in lines)

    def check(self) -> None:
        """Raise `ContainerError` if the process has ended or a probe has given it up."""
        code = self.process.poll()
        if code is not None or self.health.dead:
            why = self.health.dead or f"ended with exit code {code}"
            raise ContainerError(f"container {self.container.name} {why}; its log ends:\n{self.tail()}")

    def terminate(self) -> None:
        """Ask the main process to end, as a container runtime does."""
        self.health.stop()
        if self.process.poll() is None:
            self.process.terminate()

    def wait(self) -> int:
        """The exit code, after SIGKILL if the grace period is over before."""
        try:
            return self.process.wait(self._grace)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class RunningPod:
    """A pod's containers, started together; a context manager that stops them, whatever happens."""

    def __init__(self, pod: Pod, ports: Iterable[int] = ()) -> None:
        """Start every container of `pod`, once its ports and `ports`, which no manifest field names, are free.

        Its init containers have run to their end by then.
        """
        self.pod = pod
        self.began = time.time()
        self.containers: dict[str, Running] = {}
        for port in {*ports, *(port for container in pod.containers for port in container.ports.values())}:
            _require_free(port)
        (pod.sandbox / "logs").mkdir(exist_ok=True)
        initialize(pod)
        try:
            for container in pod.containers:
                self.start(container)
        except BaseException:
            self.stop()
            raise

    def start(self, container: Container) -> Running:
        """Start one container, also again after it ended: same volumes, same log file."""
        running = Running(container, self.pod.sandbox / "logs" / f"{container.name}.log", self.pod.grace_seconds)
        self.containers[container.name] = running
        return running

    def __enter__(self) -> RunningPod:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_ready(self, seconds: float) -> None:
        """Return once every container is ready; raises `ContainerError` after `seconds`, or when one ends before."""
        until = time.monotonic() + seconds
        while waiting := [running for running in self.containers.values() if not running.health.ready]:
            for running in self.containers.values():
                running.check()
            if time.monotonic() > until:
                first = waiting[0]
                why = f"container {first.container.name} is not ready after {seconds:g} s ({first.health.last})"
                raise ContainerError(f"{why}; its log ends:\n{first.tail()}")
            time.sleep(POLL_SECONDS)

    def tails(self) -> str:
        """The ends of all logs."""
        return "\n".join(running.tail() for running in self.containers.values())

    def stop(self) -> dict[str, int]:
        """Stop every container and whatever it left running; returns the exit codes by container name."""
        for running in self.containers.values():  # all at once, as the kubelet does
            running.terminate()
        codes = {name: running.wait() for name, running in self.containers.items()}
        kill_leftovers(self.pod.sandbox)
        return codes


def initialize(pod: Pod) -> None:
    """Run the init containers; raises `ContainerError` when one fails or takes too long."""
    for container in pod.inits:
        running = Running(container, pod.sandbox / "logs" / f"{container.name}.log", INIT_SECONDS)
        code = running.wait()
        if code != 0:
            kill_leftovers(pod.sandbox)
            why = f"init container {container.name} ended with exit code {code}"
            raise ContainerError(f"{why}; its log ends:\n{running.tail()}")


def processes(sandbox: Path) -> dict[int, str]:
    """The processes of the pod in `sandbox`: pid -> command line.

    A container's processes can leave its process group (kernels do) but not its environment, in which HOME is always
    below the sandbox: that is what a cgroup is to a container runtime. Linux only (/proc).
    """
    mark = os.fsencode(sandbox) + b"/"
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            with contextlib.suppress(OSError):  # it ended, or belongs to someone else
                if mark in (folder / "environ").read_bytes():
                    words = (folder / "cmdline").read_bytes()
                    found[int(folder.name)] = words.replace(b"\0", b" ").decode(errors="replace")
    return found


def kill_leftovers(sandbox: Path) -> None:
    """Kill what is left of the pod in `sandbox`."""
    until = time.monotonic() + 5
    while (left := processes(sandbox)) and time.monotonic() < until:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(POLL_SECONDS)


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise ContainerError(f"port {port} is taken on this machine: {error.strerror}") from None


def free_ports(count: int) -> list[int]:
    """`count` different ports that nobody listens on now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((HOST, 0))
        return [one.getsockname()[1] for one in sockets]
