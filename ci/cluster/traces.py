"""What a cluster could leave on the machine, to be compared before and after."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from ci.cluster import cgroups, state


def found() -> dict[str, list[str]]:
    """Return, by kind, the machine's mounts, links, routes, packet filter, kernel settings, and the cluster's own."""
    return {
        "mounts": _lines("cat", "/proc/self/mounts"),
        "links": _lines("ip", "-oneline", "-brief", "link"),
        "routes": _lines("ip", "route", "show", "table", "all"),
        "rules": _rules(),
        "settings": _lines("sysctl", "kernel.panic", "kernel.panic_on_oops", "vm.overcommit_memory", "vm.panic_on_oom"),
        "cgroups": [str(path) for path in cgroups.hierarchies() if (path / state.CGROUP).exists()],
        "processes": _processes(),
        "files": [str(path) for path in (state.FOLDER, *PLACES) if path.exists()],
    }


PLACES = tuple(
    map(Path, ("/etc/cni/net.d/10-pods.conflist", "/var/lib/kubelet", "/run/containerd", "/tmp/hostpath_pv"))
)
"""Where the node's programs write by default."""


def _processes() -> list[str]:
    """Return the processes that were started with something of this checkout's cluster."""
    named = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if entry.name.isdigit() and (str(state.FOLDER) in words or str(state.ROOT / "ci" / "cluster") in words):
            named.append(f"{entry.name} {words}")
    return named


def _rules() -> list[str]:
    """Return the packet filter's rules without its counters and comments."""
    saved = _lines("iptables-save") + _lines("ip6tables-save")
    return [line for line in saved if not line.startswith(("#", ":"))]


def _lines(*command: str) -> list[str]:
    environment = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.splitlines()
