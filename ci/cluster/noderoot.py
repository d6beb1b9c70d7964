"""The node's view of the machine: a root, a network and kernel settings of its own, all gone with its namespaces.

The root is the machine's own under a layer in memory: whatever a program writes outside the cluster's folder is the
node's alone. Run inside fresh mount, network and UTS namespaces.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

from ci.cluster.programs import ADDRESS, ETC, NODE

DISKS = {
    "containerd": "/var/lib/containerd",
    "kubelet": "/var/lib/kubelet",
    "pod-logs": "/var/log/pods",
    # Where kube-controller-manager's provisioner makes volumes.
    "volumes": "/tmp/hostpath_pv",
}
"""What is too large for memory: a folder of the cluster's, and its place on the node."""

KERNEL_SETTINGS = (
    "kernel/keys/root_maxbytes",
    "kernel/keys/root_maxkeys",
    "kernel/panic",
    "kernel/panic_on_oops",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
)
"""What kubelet sets for the whole machine: here it writes into files that lie over them."""

NETWORK_SETTINGS = ("net/ipv4/ip_forward", "net/bridge/bridge-nf-call-iptables")


def enter(state: Path, shared: Path) -> None:
    """Make the root from the machine's and go there; `shared`, which holds `state`, is the same inside and outside."""
    base = state / "root"
    base.mkdir(exist_ok=True)
    _run("mount", "-t", "tmpfs", "tmpfs", base)
    root = base / "merged"
    for folder in (root, base / "upper", base / "work"):
        folder.mkdir()
    layers = f"lowerdir=/,upperdir={base}/upper,workdir={base}/work"
    _run("mount", "-t", "overlay", "overlay", "-o", layers, root)
    _run("mount", "-t", "proc", "proc", root / "proc")
    for devices in ("sys", "dev"):
        _run("mount", "--rbind", f"/{devices}", root / devices)
    for memory in ("run", "tmp"):
        _run("mount", "-t", "tmpfs", "tmpfs", root / memory)
    _bind(shared, root)
    _bind(ETC.parents[2], root)
    for name, place in DISKS.items():
        (state / name).mkdir(exist_ok=True)
        (root / place.lstrip("/")).mkdir(parents=True)
        _run("mount", "--bind", state / name, root / place.lstrip("/"))
    (root / "machine").mkdir()
    _run("pivot_root", root, root / "machine")
    os.chdir("/")
    _run("umount", "--lazy", "/machine")
    # As kubelet and containerd expect it.
    _run("mount", "--make-rshared", "/")


def _bind(folder: Path, root: Path) -> None:
    place = root / str(folder).lstrip("/")
    place.mkdir(parents=True, exist_ok=True)
    _run("mount", "--bind", folder, place)


def settle() -> None:
    """Give the node its name, its address, its kernel settings and the files that programs look for in /etc."""
    socket.sethostname(NODE)
    for setting in KERNEL_SETTINGS:
        copy = Path("/run/settings") / setting
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(Path("/proc/sys", setting).read_text())
        _run("mount", "--bind", copy, Path("/proc/sys") / setting)
    _run("ip", "link", "set", "lo", "up")
    # A bridge without ports: every kernel that runs pods has it, and it is always reachable from within.
    _run("ip", "link", "add", "node0", "type", "bridge")
    _run("ip", "address", "add", f"{ADDRESS}/24", "dev", "node0")
    _run("ip", "link", "set", "node0", "up")
    _run("ip", "route", "add", "default", "dev", "node0")
    for setting in NETWORK_SETTINGS:
        Path("/proc/sys", setting).write_text("1")
    Path("/etc/resolv.conf").unlink(missing_ok=True)
    Path("/etc/resolv.conf").write_text(f"nameserver {ADDRESS}\n")
    networks = Path("/etc/cni/net.d")
    shutil.rmtree(networks, ignore_errors=True)
    networks.mkdir(parents=True)
    shutil.copy(ETC / "10-pods.conflist", networks)


def _run(*command: str | Path) -> None:
    subprocess.run(list(map(str, command)), check=True)
