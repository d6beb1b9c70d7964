"""A kernel that was loaded before it was asked for is the kernel that it would be otherwise; only sooner."""

from __future__ import annotations

import json
import re
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.localpod import images
from tests.localpod.containers import processes
from tests.parity.servers import Server

pytestmark = pytest.mark.xdist_group("parity-restart")

SWITCH = "kernelGateway.kernel.prestart"
# All that a program may look at in its own process; what was read from the environment at its start isn't there anew.
FACTS = """
import __main__, atexit, gc, json, locale, os, resource, signal, sys, threading, warnings
def links():
    found = {}
    for number in os.listdir("/proc/self/fd"):
        try:
            found[int(number)] = os.readlink("/proc/self/fd/" + number).split("[")[0]
        except OSError:
            pass
    return found
print(json.dumps({
    "environ": dict(os.environ), "cwd": os.getcwd(), "path": sys.path, "argv": sys.argv, "flags": str(sys.flags),
    "orig_argv": getattr(sys, "orig_argv", None), "command": open("/proc/self/cmdline").read(),
    "comm": open("/proc/self/comm").read(),
    "modules": sorted(sys.modules), "importers": sorted(sys.path_importer_cache),
    "finders": [type(finder).__name__ for finder in sys.meta_path], "main": sorted(vars(__main__)),
    "streams": [links().get(number) for number in range(3)], "files": sorted(links().values()),
    "threads": sorted(thread.name for thread in threading.enumerate()), "tracing": repr(sys.gettrace()),
    "signals": [getattr(found, "__name__", str(found)) for found in map(signal.getsignal, range(1, 32))],
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])), "warnings": len(warnings.filters),
    "leads": [os.getsid(0) == os.getpid(), os.getpgid(0) == os.getpid()], "umask": os.umask(0o22),
    "limits": [resource.getrlimit(number) for number in range(10)], "prefix": sys.prefix, "python": sys.executable,
    "exits": atexit._ncallbacks(), "locale": locale.getlocale(), "collects": [gc.isenabled(), gc.get_threshold()],
    "origin": getattr(sys.modules.get("multiprocessing.process"), "ORIGINAL_DIR", None),
}))
"""
PID = "import json, os; print(json.dumps({'pid': os.getpid()}))"


def waiting(server: Server) -> int:
    """Wait until a process waits for the first kernel; returns its process id."""
    run = server.pair.pod.volumes["kernelpair-run"]
    server.wait_for(lambda: any(not list(one.glob("*.py")) for one in run.glob("connections-*/*.waiting")))
    time.sleep(1)  # until it has imported what it can
    (pid,) = kernels(server)
    return pid


def kernels(server: Server) -> list[int]:
    return [pid for pid, command in processes(server.sandbox).items() if "ipykernel_launcher" in command]


def facts(server: Server) -> dict[str, Any]:
    """The first kernel's, without what no two have in common: ids, ports, the pod's folder, files of the moment."""
    found = json.dumps(server.ask("images.facts", code=FACTS)).replace(str(server.sandbox), "POD")
    made = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", found)
    same: dict[str, Any] = json.loads(made)
    for name in ("JPY_PARENT_PID", *(name for name, value in same["environ"].items() if value.isdigit())):
        same["environ"].pop(name, None)
    # SQLite has a journal, and then the folder of its database, open for as long as it writes.
    moment = ("-journal", "/profile_default")
    same["files"] = [name for name in same["files"] if not name.startswith("socket:") and not name.endswith(moment)]
    return same


def gone(server: Server) -> None:
    """Wait until no kernel is left."""
    server.wait_for(lambda: not kernels(server))


@pytest.mark.parametrize("environment", ["user", "user-oldest"])
def test_the_first_kernel_is_what_it_would_be_if_it_were_started_only_now(environment: str) -> None:
    image = f"singleuser.image.name=example.org/{environment}"
    with Server("pair", values=[image, f"{SWITCH}=false"]) as late:
        time.sleep(1)
        assert kernels(late) == []
        expected = facts(late)
    with Server("pair", values=[image]) as early:
        waiting(early)
        found = facts(early)
    assert {name: (found[name], expected[name]) for name in expected if found[name] != expected[name]} == {}
    assert found.keys() == expected.keys()
    assert found["prefix"] == str(images.environment(environment))


def test_it_is_the_process_that_waited_and_the_next_is_another() -> None:
    with Server("pair") as server:
        waits = waiting(server)
        assert server.ask("images.facts", code=PID)["pid"] == waits
        gone(server)
        assert server.ask("images.facts", code=PID)["pid"] != waits


def test_what_was_installed_while_it_waited_is_what_it_runs(tmp_path: Path) -> None:
    module = tmp_path / "imported_at_once.py"
    (tmp_path / "sitecustomize.py").write_text(f"import {module.stem}")
    module.write_text("VERSION = 1\n")
    with Server("pair", values=[f"singleuser.extraEnv.PYTHONPATH={tmp_path}"]) as server:
        waits = waiting(server)
        module.write_text("VERSION = 20\n")
        found = server.ask("images.facts", code=PID.replace("{", f"{{'version': __import__('{module.stem}').VERSION, "))
        assert (found["pid"], found["version"]) == (waits, 20)


def test_it_ends_with_its_gateway() -> None:
    with Server("pair") as server:
        waiting(server)
        server.end("kernel", signal.SIGKILL)
        gone(server)
