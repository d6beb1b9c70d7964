"""Debian's packages for the cluster and its tests, installed where commands are missing; no service is started."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ci.cluster.state import ClusterError

NEEDED = {
    "buildah": "buildah",
    "chromedriver": "chromium-driver",
    "chromium": "chromium",
    "conntrack": "conntrack",
    "containerd": "containerd",
    "debootstrap": "debootstrap",
    "etcd": "etcd-server",
    "ip": "iproute2",
    "iptables": "iptables",
    "nsenter": "util-linux",
    "openssl": "openssl",
    "ps": "procps",
    "runc": "runc",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
}
"""A command on PATH, or a file, and the package that brings it."""

_POLICY = Path("/usr/sbin/policy-rc.d")
"""Debian asks it before a package starts its service; exit code 101 says no."""


def install() -> list[str]:
    """Install what is missing and return the packages' names; raises ClusterError with apt's words when it fails."""
    # Their folders aren't on every root's PATH.
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    missing = sorted({package for command, package in NEEDED.items() if shutil.which(command, path=path) is None})
    if missing:
        with _without_services():
            _apt("update")
            _apt("install", "--yes", "--no-install-recommends", *missing)
    return missing


@contextmanager
def _without_services() -> Iterator[None]:
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()


def _apt(*arguments: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "--quiet", "--option=DPkg::Lock::Timeout=300", *arguments]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise ClusterError(
            f"apt-get: {error}: the cluster is made of Debian's packages; elsewhere use KUBECONFIG"
        ) from error
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise ClusterError(f"{' '.join(command)}: exit code {done.returncode}:\n{tail}")
