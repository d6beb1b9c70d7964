"""The pinned command line tools: builds each once into a cache outside the checkout and says where it is.

    python3 ci/tools.py path NAME...    print the path of each tool, building what is missing
    python3 ci/tools.py all             build every tool that tests and the bench use, without the test cluster's

ci/tools.toml is the table. The cache is `$KERNELPAIR_CACHE`, else `$XDG_CACHE_HOME/kernelpair`, else
`~/.cache/kernelpair`; a tool's folder is named by version and recipe, and appears only when complete, by one rename.
Standard library only (Python 3.11+): this runs before the virtual environment exists. Progress goes to stderr.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tomllib

CI = Path(__file__).resolve().parent
HEARTBEAT_SECONDS = 30
LOG_TAIL_LINES = 30
# What a developer's shell may hold that would lead a step to another toolchain, or another place.
LEAKING = ("GOROOT", "PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_USER", "PIP_PREFIX")

Tool = Mapping[str, Any]


class ToolError(Exception):
    """A tool can't be had; the message names the tool, the step and the end of its log."""


def table() -> dict[str, Tool]:
    """Return the pinned tools by name, as ci/tools.toml states them."""
    return tomllib.loads((CI / "tools.toml").read_text())


def cache_folder() -> Path:
    """Return the folder that holds everything built or unpacked, outside the checkout."""
    given = os.environ.get("KERNELPAIR_CACHE")
    if given:
        return Path(given).expanduser().resolve()
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(caches).expanduser() / "kernelpair"


def path(name: str) -> Path:
    """Return the executable of the pinned tool `name`, built now if it is missing.

    Raises ToolError when it can't be had; never falls back on another version.
    """
    tool = table().get(name)
    if tool is None:
        raise ToolError(f"{name}: no such tool; ci/tools.toml has {', '.join(table())}")
    recipe = json.dumps(tool, sort_keys=True).encode() + _requirements(tool) + _source(tool)
    folder = cache_folder() / "tools" / f"{name}-{tool['version']}-{hashlib.sha256(recipe).hexdigest()[:8]}"
    binary = folder / str(tool.get("binary", name))
    if not binary.exists():
        with lock(folder):
            if not binary.exists():
                _make(name, tool, folder)
    return binary


def _requirements(tool: Tool) -> bytes:
    return (CI / "requirements" / tool["requirements"]).read_bytes() if "requirements" in tool else b""


def _source(tool: Tool) -> bytes:
    """Return what a tool with a main program of our own is made from: its pins and its text."""
    return b"".join(file.read_bytes() for file in sorted((CI / tool["source"]).iterdir())) if "source" in tool else b""


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold the lock on `folder` of the cache, so that two runs don't make the same thing at once."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f".{folder.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(name: str, tool: Tool, folder: Path) -> None:
    """Make the tool in a scratch folder beside `folder`, try it, and rename it into place."""
    started = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
        steps = Steps(f"{name} {tool['version']}", Path(scratch))
        result = Path(scratch) / "result"
        result.mkdir()
        maker = _from_python_index if "requirements" in tool else _from_go
        maker(name, tool, result, steps)
        shown = steps.run("trying it", [str(result / tool.get("binary", name)), *tool["check"]])
        if tool["shows"] not in shown:
            raise ToolError(f"{steps.what}: trying it: expected {tool['shows']!r} in its output: {shown}")
        result.rename(folder)
    _say(f"{name} {tool['version']}: ready after {time.monotonic() - started:.0f} s: {folder}")


def _from_go(name: str, tool: Tool, result: Path, steps: Steps) -> None:
    """Build the tool inside a copy of its tree, the module's or ours, with the go.mod and go.sum that stand there."""
    environment = {
        # A developer's settings (build tags, a workspace, a vendor mode) must not reach a pinned build. go.sum and the
        # table's hash stand in for the checksum database, which not every network reaches.
        "GOFLAGS": "-mod=readonly -trimpath -buildvcs=false",
        "GOWORK": "off",
        "GOTOOLCHAIN": "local",
        "GOSUMDB": "off",
        "CGO_ENABLED": "0",
    }
    go = str(_go(tool["go"]))
    tree = steps.scratch / "module"
    source = CI / tool["source"] if "source" in tool else _module(go, tool, steps, environment)
    shutil.copytree(source, tree, copy_function=shutil.copy)
    for folder in (tree, *(entry for entry in tree.rglob("*") if entry.is_dir())):
        folder.chmod(stat.S_IRWXU)
    variables = " ".join(f"-X {variable}" for variable in tool["variables"])
    build = [go, "build", "-ldflags", f"-s -w {variables}", "-o", str(result / name), tool["package"]]
    steps.run("building, some minutes the first time", build, environment, tree)


def _module(go: str, tool: Tool, steps: Steps, environment: Mapping[str, str]) -> str:
    """Return the folder of the tool's module, whose hash is the pinned one."""
    wanted = f"{tool['module']}@{tool['version']}"
    got = json.loads(steps.run("downloading the module", [go, "mod", "download", "-json", wanted], environment))
    if got["Sum"] != tool["sum"]:
        raise ToolError(f"{steps.what}: the module's hash is {got['Sum']}, ci/tools.toml pins {tool['sum']}")
    return str(got["Dir"])


def _from_python_index(name: str, tool: Tool, result: Path, steps: Steps) -> None:
    """Unpack the tool's wheel, pinned by hash, with the pip of a virtual environment of its own."""
    environment = steps.scratch / "venv"
    steps.run("creating a virtual environment", [sys.executable, "-m", "venv", str(environment)])
    pip = [str(environment / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install"]
    locked = ["--no-deps", "--require-hashes", "--requirement", str(CI / "requirements" / tool["requirements"])]
    steps.run("installing the package", [*pip, "--no-compile", "--target", str(result), *locked])


def _go(needed: str) -> Path:
    """Return a Go toolchain of version `needed` or newer: the one on PATH, else the pinned one."""
    found = shutil.which("go")
    if found:
        asked = subprocess.run(
            [found, "env", "GOVERSION"],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "GOTOOLCHAIN": "local"},
        )
        if _version(asked.stdout) >= _version(needed):
            return Path(found)
    return path("go")


def _version(text: str) -> tuple[int, ...]:
    """Read `go1.26.8` as (1, 26, 8); what has no number is older than everything."""
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


class Steps:
    """Runs the steps of making one tool; each one's output is logged, and shown only when it fails."""

    def __init__(self, what: str, scratch: Path) -> None:
        self.what = what
        self.scratch = scratch

    def run(
        self, step: str, command: list[str], environment: Mapping[str, str] = {}, folder: Path | None = None
    ) -> str:
        """Run one step and return its standard output; raises ToolError with the log's tail when it fails."""
        _say(f"{self.what}: {step}")
        kept = {name: value for name, value in os.environ.items() if name not in LEAKING}
        with tempfile.TemporaryFile("w+", dir=self.scratch) as log, _heartbeat(f"{self.what}: {step}"):
            done = subprocess.run(
                command,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                check=False,
                cwd=folder or self.scratch,
                env={**kept, **environment},
            )
            log.seek(0)
            if done.returncode == 0:
                return done.stdout
            tail = "\n    ".join((done.stdout + log.read()).splitlines()[-LOG_TAIL_LINES:])
        raise ToolError(f"{self.what}: {step} failed with exit code {done.returncode}:\n    {tail}")


@contextmanager
def _heartbeat(what: str) -> Iterator[None]:
    """Say every half minute that a long step is still under way."""
    done = threading.Event()

    def beat() -> None:
        started = time.monotonic()
        while not done.wait(HEARTBEAT_SECONDS):
            _say(f"{what}: {time.monotonic() - started:.0f} s so far")

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _say(line: str) -> None:
    print(f"tools: {line}", file=sys.stderr, flush=True)


def main(arguments: list[str]) -> None:
    """Carry out one command line; exits non-zero with the reason when a tool can't be had."""
    try:
        match arguments:
            case ["path", *names] if names:
                print(*(path(name) for name in names), sep="\n")
            case ["all"]:
                for name, tool in table().items():
                    if "module" in tool and tool.get("use") != "cluster":
                        path(name)
            case _:
                sys.exit((__doc__ or "").strip())
    except ToolError as error:
        sys.exit(f"tools: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
