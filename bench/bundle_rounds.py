"""Runs the rounds of the contest (i): `python -m bench.bundle_rounds COUNT`.

Standard output: the rounds, as `bench.measure.inside` reads them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ci import bundle
from tests.localpod import images
from tests.localpod.containers import free_ports

from .bundles import BUNDLE, CHECK, COPY, IMAGE, KERNEL, ON_ONE_CORE, on_one_core
from .measure import Failed, answers_at, spent

HERE = Path(__file__).parent
USER = "user-gateway"
Figures = list[float]


def start() -> str:
    """The program that starts others in the bundle."""
    return str(bundle.built() / "start")


def gateway(python: str) -> Figures:
    """Start the launcher by `python`, alone and in a folder of its own, until it answers."""
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="kernelpair-bench-") as made:
        folder = Path(made)
        for name in ("run", "packages", "home"):
            (folder / name).mkdir()
        opt = runtime(folder)
        given = {"RUN": folder / "run", "PACKAGES": folder / "packages", "PORT": port, "START_TIMEOUT": 60}
        given |= {"SOURCE": "auto", "PIP_REQUIREMENT": "none"}
        env = {f"KERNELPAIR_{name}": str(value) for name, value in given.items()}
        env |= {"PATH": f"{images.environment(USER)}/bin:/usr/bin:/bin", "HOME": str(folder / "home")}
        with (folder / "log").open("wb") as log:
            began = time.time()
            process = subprocess.Popen([python, str(opt / "gateway.py")], env=env, stdout=log, stderr=log)
        try:
            return [answers_at(port, process) - began, *spent(process.pid)]
        except Failed as failed:
            raise Failed(f"{failed}\n{(folder / 'log').read_text()}") from None
        finally:
            process.kill()
            process.wait()


def runtime(folder: Path) -> Path:
    """A folder with the runtime files as the kernel container has them: without compiled ones."""
    opt = folder / "kernelpair"
    opt.mkdir()
    for side in images.SIDES:
        for file in (images.RUNTIME / side).glob("*.*"):
            shutil.copy(file, opt)
    return opt


def kernel() -> Figures:
    """Start an ipykernel of the user's image until it answers."""
    front_end, user = (images.environment(name) / "bin" / "python" for name in ("front-end", USER))
    return _said(str(front_end), "-I", str(HERE / "kernel_start.py"), str(user))


def check() -> Figures:
    """Compare the bundle with its hashes, by its own Python."""
    return _said(start(), str(HERE / "bundle_check.py"), str(images.RUNTIME / "kernel"))


def copy() -> Figures:
    """Copy the bundle, as the init container does, from the start of its process to its end."""
    program = images.RUNTIME / "kernel" / "kernelpair_copy.py"
    with tempfile.TemporaryDirectory(prefix="kernelpair-bench-") as target:
        began = time.perf_counter()
        subprocess.run([start(), program, target], check=True)
        return [time.perf_counter() - began]


def _said(*command: str) -> Figures:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)}: exit code {done.returncode}: {done.stderr[-2000:]}")
    figures: Figures = json.loads(done.stdout)
    return figures


MEASURED: dict[str, Callable[[], Figures]] = {
    KERNEL: kernel,
    BUNDLE: lambda: gateway(start()),
    IMAGE: lambda: gateway(str(images.environment(USER) / "bin" / "python3")),
    CHECK: check,
    COPY: copy,
}


def on(cores: set[int], names: Sequence[str]) -> dict[str, Figures]:
    """Measure on these cores, which children inherit."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        return {name: MEASURED[name]() for name in names}
    finally:
        os.sched_setaffinity(0, before)


def main(count: int) -> list[dict[str, Figures]]:
    """Run the rounds; one before them, which isn't counted, so that all files have been read."""
    cores = os.sched_getaffinity(0)
    made = []
    for _ in range(count + 1):
        found = on(cores, list(MEASURED))
        found |= {on_one_core(name): figures for name, figures in on({min(cores)}, ON_ONE_CORE).items()}
        made.append(found)
    return made[1:]


if __name__ == "__main__":
    json.dump(main(int(sys.argv[1])), sys.stdout)
