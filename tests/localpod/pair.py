"""The rendered demo pair, running: what the demo shows and what the tests look at.

The steps are separate, so that a caller can show and time each: `render`, `Pair.__init__` (start), `wait`, `run`,
`stop`.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.localpod import images
from tests.localpod.containers import POLL_SECONDS, ContainerError, RunningPod, free_ports
from tests.localpod.pod import load
from tests.localpod.probes import HOST

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "chart"
VALUES = CHART / "ci" / "demo-values.yaml"
NOTEBOOK = Path(__file__).with_name("demo.ipynb")
CLIENT = Path(__file__).with_name("notebook_client.py")
HOME_VOLUME = "home"
POD_TEMPLATE = "demo-kernelpair-singleuser"
CELL_SECONDS = 60.0
# Run in the kernel, after the notebook: what its process is and sees.
PROBE = """
import importlib.metadata, json, os, sys
print(json.dumps({
    "executable": sys.executable, "prefix": sys.prefix, "path": sys.path, "pid": os.getpid(), "folder": os.getcwd(),
    "env": dict(os.environ),
    "packages": sorted({d.metadata["Name"].lower().replace("_", "-") for d in importlib.metadata.distributions()}),
}))
"""


class PairError(Exception):
    """A step of the pair's life failed; the message carries the output of what failed."""


class Result(NamedTuple):
    """A notebook that was run: as saved, and what the probe found in the kernel."""

    notebook: dict[str, Any]
    kernel_id: str
    kernel: dict[str, Any]


def command(*words: str | Path, stdin: bytes | None = None, env: dict[str, str] | None = None) -> bytes:
    """Run a program to its end and return its stdout; raises `PairError` with its stderr."""
    done = subprocess.run([str(word) for word in words], input=stdin, env=env, capture_output=True, check=False)
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace")
        raise PairError(f"{' '.join(map(str, words))}: exit code {done.returncode}\n{said}")
    return done.stdout


def helm() -> Path:
    """The pinned Helm 3, built now if it is missing."""
    return Path(command(sys.executable, ROOT / "ci" / "tools.py", "path", "helm3").decode().strip())


def renderer() -> Path:
    """The installed `kernelpair` command of this Python environment."""
    found = shutil.which("kernelpair", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        raise PairError("no kernelpair command: install the project (make venv)")
    return Path(found)


def render(
    helm3: Path,
    ports: tuple[int, int],
    post_render: bool = True,
    values: Sequence[str] = (),
    flags: Sequence[str] = (),
) -> bytes:
    """The demo release with (notebook, gateway) `ports`, further `values` and `flags` for the notebook server."""
    cmd = [*yaml.safe_load(VALUES.read_bytes())["singleuser"]["cmd"], *flags]
    if os.geteuid() == 0:  # runAsUser can't be honoured here, and jupyter_server wants to be told that root is meant
        cmd = [*cmd, "--allow-root"]
    words: list[str | Path] = [helm3, "template", "demo", CHART, "--values", VALUES]
    words += ["--set", f"singleuser.port={ports[0]},kernelGateway.kernel.port={ports[1]}"]
    words += ["--set-json", f"singleuser.cmd={json.dumps(cmd)}"]
    for value in values:
        words += ["--set", value]
    if post_render:
        words += ["--post-renderer", renderer()]
    env = {key: value for key, value in os.environ.items() if key != "PRIMEHUB_FEATURE_ENABLE_KERNEL_GATEWAY"}
    return command(*words, env=env)


def pick_ports() -> tuple[int, int]:
    """Free ports for the notebook server and the gateway."""
    notebook, gateway = free_ports(2)
    return notebook, gateway


class Pair:
    """The two containers of a rendered release; a context manager that stops them and whatever they started."""

    def __init__(self, rendered: bytes, sandbox: Path, ports: tuple[int, int]) -> None:
        self.ports = ports
        self.pod = load(rendered, sandbox, images.image, POD_TEMPLATE)
        self.home = self.pod.volumes[HOME_VOLUME]
        shutil.copy(NOTEBOOK, self.home)
        self.running = RunningPod(self.pod, ports)

    def __enter__(self) -> Pair:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait(self, seconds: float) -> None:
        """Return once the containers are ready and the gateway answers the notebook server."""
        until = time.monotonic() + seconds
        self.running.wait_ready(seconds)
        while not _answers(self.ports[1]):
            for running in self.running.containers.values():
                running.check()
            if time.monotonic() > until:
                raise ContainerError(f"no gateway after {seconds:g} s; the logs end:\n{self.running.tails()}")
            time.sleep(POLL_SECONDS)
        self.get("api/kernelspecs")

    def server(self) -> tuple[str, str]:
        """The notebook server's address and token, from the file it leaves in its runtime folder."""
        return running_server(self.home)

    def get(self, path: str) -> Any:
        """GET from the notebook server's REST API; raises `OSError` (urllib's) for anything but success."""
        url, token = self.server()
        request = urllib.request.Request(url + path, headers={"Authorization": f"token {token}"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback never goes through a proxy
        with opener.open(request, timeout=30) as answer:
            return json.load(answer)

    def run(self, name: str = NOTEBOOK.name) -> Result:
        """Run the notebook `name`, which is in the home volume, through the notebook server."""
        url, token = self.server()
        wish = {"url": url, "token": token, "path": name, "timeout": CELL_SECONDS, "probe": PROBE}
        python = self.running.containers["notebook"].container.image.python
        answer = json.loads(command(python, "-I", CLIENT, stdin=json.dumps(wish).encode()))
        return Result(answer["notebook"], answer["kernel_id"], json.loads(answer["probed"]))

    def stop(self) -> dict[str, int]:
        """Stop both containers; returns their exit codes by name."""
        return self.running.stop()


def running_server(home: Path) -> tuple[str, str]:
    """The address and token of the one server that runs in `home`, from the file it leaves there."""
    files = list(home.glob(".local/share/jupyter/runtime/jpserver-*.json"))
    if len(files) != 1:
        raise PairError(f"expected one running server in the home volume, found {len(files)}")
    told = json.loads(files[0].read_text())
    return told["url"], told["token"]


def _answers(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def loaded_from(pid: int, prefix: Path) -> list[str]:
    """The compiled modules below `prefix` that the process has loaded (/proc/PID/maps): whose packages it runs."""
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    paths = {line.split(maxsplit=5)[5] for line in lines if len(line.split(maxsplit=5)) == 6}
    return sorted(path for path in paths if path.startswith(f"{prefix}/"))


def leaked(kernel_env: dict[str, str]) -> list[str]:
    """The names in a kernel's environment that only the launcher may see."""
    return sorted(name for name in kernel_env if name.startswith(("KERNELPAIR_", "KG_")))


def output_text(cell: dict[str, Any]) -> str:
    """What a code cell printed, as text."""
    parts = []
    for output in cell["outputs"]:
        if output["output_type"] == "error":
            parts.append("\n".join(output["traceback"]))
        else:
            parts.append("".join(output.get("text") or output.get("data", {}).get("text/plain", "")))
    return "".join(parts).rstrip("\n")
