"""Shows the pair at work on this machine: `python -m tests.localpod.demo [--lab]`, which `make demo` runs.

Renders the chart through Helm and the post-renderer, runs both containers of the rendered PodTemplate as processes,
runs a notebook through the notebook server, and checks whose interpreter and packages are where. Exit code 0 if all
holds, 1 if a step failed, 130 after Ctrl-C; nothing is left running in any case. `--lab` (or LAB=1) keeps the pair up.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from tests.localpod import images, pair
from tests.localpod.containers import ContainerError, kill_leftovers
from tests.localpod.images import ImageError
from tests.localpod.pod import PodError

STEPS = 8
START_SECONDS = 180.0
HEARTBEAT_SECONDS = 5.0
FAILURES = (pair.PairError, ContainerError, ImageError, PodError, OSError)


class StepError(Exception):
    """A step failed: its number and title, and why."""


def say(text: str = "") -> None:
    """Print at once, also into a pipe."""
    print(text, flush=True)


@contextmanager
def step(number: int, title: str) -> Iterator[None]:
    """Announce a step, show that it is alive, say how long it took; a failure in it becomes a `StepError`."""
    say(f"\n[{number}/{STEPS}] {title}")
    began, done = time.monotonic(), threading.Event()

    def beat() -> None:
        while not done.wait(HEARTBEAT_SECONDS):
            say(f"      ... {time.monotonic() - began:.0f} s")

    heart = threading.Thread(target=beat, daemon=True)
    heart.start()
    try:
        yield
    except FAILURES as error:
        raise StepError(f"step {number} ({title}) failed after {time.monotonic() - began:.1f} s: {error}") from error
    finally:
        done.set()
        heart.join()
    say(f"      done in {time.monotonic() - began:.1f} s")


def checks(running: pair.Pair, result: pair.Result) -> dict[str, bool]:
    """What the demo claims, and whether it holds here."""
    containers = running.running.containers
    front_end, user = (containers[name].container.image for name in ("notebook", "kernel"))
    server = containers["notebook"].process.pid
    kernel, gateway_packages = result.kernel, str(running.pod.volumes["kernelpair-gateway"])
    audited = running.pod.annotations["auditing.image"]
    return {
        "the kernel's interpreter is the user image's": kernel["prefix"] == str(user.prefix),
        "the kernel has the user's package, and not the front-end's": "humanize" in kernel["packages"]
        and "jupyterlab" not in kernel["packages"],
        "the server runs the front-end's packages": bool(pair.loaded_from(server, front_end.prefix)),
        "the server runs none of the user image's": not pair.loaded_from(server, user.prefix),
        "the gateway's packages can't be seen by the kernel": "jupyter-kernel-gateway" not in kernel["packages"]
        and not any(entry.startswith(gateway_packages) for entry in kernel["path"]),
        "the kernel sees no variable of the launcher's": not pair.leaked(kernel["env"]),
        f"KERNEL_IMAGE and auditing.image name the user image ({audited})": kernel["env"]["KERNEL_IMAGE"] == audited,
    }


def show(notebook: dict[str, Any]) -> None:
    """Print the code cells and what they printed."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            for mark, text in ((f"In [{cell['execution_count']}]:", cell["source"]), ("    ", pair.output_text(cell))):
                for line in text.splitlines():
                    say(f"      {mark:8} {line}")


def run(sandbox: Path, lab: bool) -> None:
    """The eight steps; raises `StepError`."""
    with step(1, "tools: Helm 3 and the post-renderer"):
        helm3 = pair.helm()
        say(f"      {helm3}\n      {pair.renderer()}")
    with step(2, "images: the front-end and the user's, a Python environment each"):
        for name in images.REPOSITORIES.values():
            say(f"      {name}: {images.environment(name)}")
    ports = pair.pick_ports()
    with step(3, "helm template demo chart --values chart/ci/demo-values.yaml --post-renderer kernelpair"):
        rendered = pair.render(helm3, ports)
        (sandbox / "rendered.yaml").write_bytes(rendered)
        say(f"      {len(rendered)} bytes: {sandbox / 'rendered.yaml'}")
    with step(4, "kernelpair explain"):
        say(pair.command(pair.renderer(), "explain", stdin=pair.render(helm3, ports, post_render=False)).decode())
    running = None
    try:
        with step(5, "start both containers of the PodTemplate (the kernel container first installs the gateway)"):
            running = pair.Pair(rendered, sandbox, ports)
            running.wait(START_SECONDS)
            say(f"      notebook on port {ports[0]}, gateway on port {ports[1]}; logs: {sandbox / 'logs'}")
        with step(6, f"run {pair.NOTEBOOK.name} through the notebook server"):
            result = running.run()
            show(result.notebook)
        with step(7, "check"):
            held = checks(running, result)
            for claim, holds in held.items():
                say(f"      {'ok  ' if holds else 'FAIL'} {claim}")
            if not all(held.values()):
                raise pair.PairError(f"not everything holds; the logs end:\n{running.running.tails()}")
        if lab:
            keep_up(running)
    finally:
        stop(running)


def keep_up(running: pair.Pair) -> None:
    """Print the address of JupyterLab and wait for Ctrl-C, or for a container to end."""
    url, token = running.server()
    say(f"\n      JupyterLab: {url}lab/tree/{pair.NOTEBOOK.name}?token={token}\n      Ctrl-C stops it.")
    try:
        while True:
            for container in running.running.containers.values():
                container.check()
            time.sleep(1)
    except KeyboardInterrupt:
        say()
    except ContainerError as error:
        raise StepError(f"JupyterLab is gone: {error}") from error


def stop(running: pair.Pair | None) -> None:
    """The last step; a second Ctrl-C doesn't interrupt it."""
    if running is None:
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    with step(STEPS, "stop"):
        codes = running.stop()
        say(f"      exit codes: {', '.join(f'{name} {code}' for name, code in codes.items())}")


def interrupted(_signum: int, _frame: object) -> NoReturn:
    """Take SIGTERM for Ctrl-C."""
    raise KeyboardInterrupt


def main(arguments: list[str] | None = None) -> int:
    """Run the demo and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.localpod.demo", description="Run the rendered pair here.")
    parser.add_argument("--lab", action="store_true", help="keep it up and print the address of JupyterLab")
    lab = parser.parse_args(arguments).lab or os.environ.get("LAB", "") not in ("", "0")
    signal.signal(signal.SIGTERM, interrupted)
    sandbox = Path(tempfile.mkdtemp(prefix="kernelpair-demo-"))
    began = time.monotonic()
    try:
        run(sandbox, lab)
    except StepError as error:
        say(f"\n{error}\n\nLeft to look at: {sandbox}")
        return 1
    except KeyboardInterrupt:
        say("\nstopped")
        code = 130
    else:
        say(f"\nAll of it holds, in {time.monotonic() - began:.0f} s.")
        code = 0
    finally:
        kill_leftovers(sandbox)  # also when Ctrl-C came while the pair was being started
    shutil.rmtree(sandbox)
    return code


if __name__ == "__main__":
    sys.exit(main())
