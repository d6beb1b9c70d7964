"""The two servers that are compared: a plain pod, and the pair that kernelpair makes of it, as local processes.

Both are rendered from the chart with the demo's values; the plain one has the flag off, and an image that holds the
front-end's packages and the user's.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from kernelpair.core import settings
from tests.localpod import images, pair
from tests.localpod.containers import POLL_SECONDS, RunningPod, kill_leftovers, processes
from tests.localpod.pod import load

RUNTIME = pair.ROOT / "postrender" / "kernelpair" / "runtime"
CLIENT = Path(__file__).with_name("client.py")
START_SECONDS = 120.0
LOOK_SECONDS = 0.02
REQUIREMENT: str = settings.parse({})["gateway.pip.requirement"]
# How the gateway gets into the pod -> the chart's values. An image volume, for it is there at once.
SOURCES = {
    "bundle": ("kernelGateway.gateway.source=bundle", "kernelGateway.gateway.bundle.mount=imageVolume"),
    "image": ("kernelGateway.gateway.source=image", "singleuser.image.name=example.org/user-gateway"),
    "pip": ("kernelGateway.gateway.source=pip",),
}
PLAIN_IMAGE = ("singleuser.image.name=example.org/plain", "kernelGateway.enabled=false")


def start_client(program: Path, wish: Any) -> subprocess.Popen[str]:
    """Start a program with the front-end environment's interpreter and hand it a wish; it answers on stdout."""
    python = images.environment("front-end") / "bin" / "python"
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen([python, "-I", program], text=True, **pipes)
    assert process.stdin is not None
    process.stdin.write(json.dumps(wish))
    process.stdin.close()
    process.stdin = None
    return process


class Asking:
    """A row that runs: it may say a word, upon which the test acts, and it answers at its end.

    `tails` tells of the server when it fails.
    """

    def __init__(self, process: subprocess.Popen[str], tails: Callable[[], str] = lambda: "") -> None:
        self.process, self._tails = process, tails

    def says(self, word: str = "running") -> list[str]:
        """Wait until the row says `word`; returns the other words of that line."""
        assert self.process.stderr is not None
        said = self.process.stderr.readline()
        first, *others = said.split() or [""]
        assert first == word, f"{said}{self.process.communicate()[1]}\n{self._tails()}"
        return others

    def answer(self, timeout: float = 120) -> Any:
        """What the row has found."""
        out, err = self.process.communicate(timeout=timeout)
        # First the error itself: of a long message, a summary (ci/e2e.py) has only the beginning.
        reason = "".join(err.splitlines(keepends=True)[-1:])
        assert self.process.returncode == 0, f"{reason}{err[-4000:]}\n{self._tails()}"
        return json.loads(out)


def have_gateway(sandbox: Path) -> None:
    """Have the gateway's packages in the pod's volume already; each a link, so that a test may take one out."""
    made = images.gateway(REQUIREMENT, images.environment("user") / "bin" / "python3")
    site = sandbox / "volumes" / "kernelpair-gateway" / made.name
    site.mkdir(parents=True)
    for entry in made.iterdir():
        (site / entry.name).symlink_to(entry)


class Server:
    """One running server; a context manager that stops its containers and removes what they wrote."""

    def __init__(
        self,
        kind: str,
        until: str = "gateway",
        values: Sequence[str] = (),
        flags: Sequence[str] = (),
        source: str = "bundle",
    ) -> None:
        """Start a `plain` server or a `pair`; entering it waits `until` its notebook or its gateway answers.

        `values` are the chart's, `flags` the notebook server's. `source` is where the pair's gateway comes from; what
        pip installs is there, as from an earlier start of the container.
        """
        self.kind, self.until = kind, until
        self.sandbox = Path(tempfile.mkdtemp(prefix=f"kernelpair-{kind}-"))
        self.ports = ports = pair.pick_ports()
        try:
            if kind == "pair":
                if source == "pip":
                    have_gateway(self.sandbox)
                rendered = pair.render(pair.helm(), ports, values=[*SOURCES[source], *values], flags=flags)
                self.pair = pair.Pair(rendered, self.sandbox, ports)
                self.running, self.home = self.pair.running, self.pair.home
            else:
                rendered = pair.render(
                    pair.helm(), ports, post_render=False, values=[*values, *PLAIN_IMAGE], flags=flags
                )
                pod = load(rendered, self.sandbox, images.image, pair.POD_TEMPLATE)
                self.running, self.home = RunningPod(pod, ports[:1]), pod.volumes[pair.HOME_VOLUME]
        except BaseException:
            self._clean()
            raise

    def __enter__(self) -> Server:
        try:
            if self.kind == "pair" and self.until == "gateway":
                self.pair.wait(START_SECONDS)
            else:
                self.wait_notebook()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.running.stop()
        self._clean()

    def _clean(self) -> None:
        kill_leftovers(self.sandbox)
        shutil.rmtree(self.sandbox, ignore_errors=True)

    def wait_notebook(self) -> None:
        """Return once the notebook container is ready, whatever the kernel container does."""
        notebook, until = self.running.containers["notebook"], time.monotonic() + START_SECONDS
        while not notebook.health.ready:
            notebook.check()
            assert time.monotonic() < until, self.running.tails()
            time.sleep(POLL_SECONDS)

    def wait_for(self, holds: Callable[[], object], seconds: float = START_SECONDS) -> None:
        """Return once `holds` says so; it is asked for so many seconds."""
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, self.running.tails()
            time.sleep(LOOK_SECONDS)

    def end(self, name: str, number: signal.Signals) -> int:
        """Have a container's main process ended by a signal; returns its exit code."""
        running = self.running.containers[name]
        running.process.send_signal(number)
        code = running.process.wait(START_SECONDS)
        running.health.stop()
        return code

    def lose(self, name: str) -> None:
        """Kill all processes of a container at once, as its memory limit does on cgroup v2."""
        running = self.running.containers[name]
        mine = str(running.container.image.prefix)
        for pid, command in processes(self.sandbox).items():
            if command.startswith(mine) or pid == running.process.pid:
                os.kill(pid, signal.SIGKILL)
        running.process.wait(START_SECONDS)
        running.health.stop()

    def again(self, name: str) -> None:
        """Start a container that ended once more, as the kubelet does."""
        stale = self.home.glob(".local/share/jupyter/runtime/jpserver-*") if name == "notebook" else ()
        for file in stale:
            file.unlink()  # in a container the next server has the same pid, and writes over it
        self.running.start(self.running.containers[name].container)

    def ask(self, row: str, timeout: float = 120, old: bool = False, **arguments: Any) -> Any:
        """What a row, `module.function` in rows/, finds here; `arguments` are handed to it.

        `old`: as a program does that has kernels' messages as JSON alone.
        """
        return self.begin(row, old, **arguments).answer(timeout)

    def begin(self, row: str, old: bool = False, **arguments: Any) -> Asking:
        """Start a row, as of `ask`."""
        url, token = pair.running_server(self.home)
        wish = {"url": url, "token": token, "old": old, "row": row, "arguments": arguments}
        return Asking(start_client(CLIENT, wish), self.running.tails)
