"""The node's first process: python -m ci.cluster.node KUBERNETES COREDNS, as process 1 of new namespaces.

Its standard input is a listening socket of the machine's network, which it connects with the API server. It starts the
node's programs, starts each anew that ends, and reaps what has no other parent. When it is killed, the kernel ends
every process of the node, and mounts and network go with the last one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import sys
import threading
import time
from pathlib import Path

from ci import tools
from ci.cluster import noderoot, programs, relay, state

READY_SECONDS = 300
PAUSE_SECONDS = 0.1
RESTART_SECONDS = 1.0


def main(kubernetes: str, coredns: str) -> None:
    """Run the node until it is killed."""
    # /proc is still the machine's, and so is the id.
    itself = state.process(int(str(Path("/proc/self").readlink())))
    if itself is None:
        sys.exit("node: /proc is not the machine's")
    state.record(itself)
    outside = socket.socket(fileno=os.dup(0))
    noderoot.enter(state.FOLDER, tools.cache_folder())
    noderoot.settle()
    Path(programs.KUBERNETES).parent.mkdir(exist_ok=True)
    shutil.rmtree(programs.KUBERNETES, ignore_errors=True)
    Path(programs.KUBERNETES).symlink_to(state.FOLDER / "kubernetes")
    threading.Thread(target=relay.serve, args=(outside, ("127.0.0.1", programs.API_PORT)), daemon=True).start()
    threading.Thread(target=_open_volumes, daemon=True).start()
    _supervise(programs.programs(kubernetes, coredns, state.CGROUP))


def _supervise(wanted: tuple[programs.Program, ...]) -> None:
    """Start the programs in order, and then whatever ended again."""
    running: dict[int, programs.Program] = {}
    for program in wanted:
        began = time.monotonic()
        running[_start(program)] = program
        _wait(program, began + READY_SECONDS)
        print(f"node: {program.name}: ready after {time.monotonic() - began:.1f} s", flush=True)
    (state.FOLDER / "started").touch()
    while True:
        ended, status = os.wait()
        if ended in running:
            program = running.pop(ended)
            print(f"node: {program.name}: ended (status {status}), started anew", flush=True)
            time.sleep(RESTART_SECONDS)
            running[_start(program)] = program


def _start(program: programs.Program) -> int:
    # Not by subprocess, which reaps now and then what _supervise waits for.
    log = str(state.LOGS / f"{program.name}.log")
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    return os.posix_spawnp(program.command[0], program.command, os.environ, file_actions=files)


def _wait(program: programs.Program, deadline: float) -> None:
    """Wait until the program is ready; ends the node where it, or one before it, ends first."""
    while time.monotonic() < deadline:
        try:
            return program.check()
        except OSError as error:
            last = error
        if os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG) is not None:
            sys.exit(f"node: {program.name}: it, or a program that it needs, ended")
        time.sleep(PAUSE_SECONDS)
    sys.exit(f"node: {program.name}: not ready after {READY_SECONDS} s: {last}")


def _open_volumes() -> None:
    """Let every user write into new volumes: the provisioner makes them root's, and no fsGroup applies to its kind."""
    while True:
        for volume in Path(noderoot.DISKS["volumes"]).iterdir():
            with contextlib.suppress(FileNotFoundError):  # removed meanwhile
                volume.chmod(0o777)
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    main(*sys.argv[1:])
