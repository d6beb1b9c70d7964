"""The node's programs: how each is started, in this order, and when it is ready. Paths are those of the node's root."""

from __future__ import annotations

import socket
import ssl
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ETC = Path(__file__).resolve().parent / "etc"
NODE = "node"
ADDRESS = "192.0.2.1"
"""The node's own, of a range that is kept for documentation, so that it is nobody else's."""
API_PORT = 6443
PODS = "10.244.0.0/16"
SERVICES = "10.96.0.0/16"
KUBERNETES = "/etc/kubernetes"
KUBECONFIG = f"--kubeconfig={KUBERNETES}/kubeconfig"
CONTAINERD = "/run/containerd/containerd.sock"


class Program(NamedTuple):
    """A program of the node: its name, its command line, and what raises OSError until it is ready."""

    name: str
    command: tuple[str, ...]
    check: Callable[[], None]


def _listens(port: int, address: str = "127.0.0.1") -> Callable[[], None]:
    return lambda: socket.create_connection((address, port), timeout=1).close()


def _exists(path: str) -> Callable[[], None]:
    def check() -> None:
        Path(path).stat()

    return check


def _answers(url: str) -> Callable[[], None]:
    # The certificate is the server's own, made when it starts.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return lambda: urllib.request.urlopen(url, timeout=5, context=context).close()


def programs(kubernetes: str, coredns: str, cgroup: str) -> tuple[Program, ...]:
    """Return the node's programs; each may need those before it. `cgroup` is the one that holds the pods."""
    api = (
        "kube-apiserver",
        "--etcd-servers=http://127.0.0.1:2379",
        f"--advertise-address={ADDRESS}",
        f"--secure-port={API_PORT}",
        f"--service-cluster-ip-range={SERVICES}",
        f"--cert-dir={KUBERNETES}/pki",
        f"--token-auth-file={KUBERNETES}/tokens.csv",
        "--authorization-mode=RBAC",
        "--allow-privileged",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={KUBERNETES}/service-accounts.key",
        f"--service-account-signing-key-file={KUBERNETES}/service-accounts.key",
        "--kubelet-preferred-address-types=InternalIP",
        # With the etcd of Debian 12 such watches fail, and not every client then lists instead.
        "--feature-gates=WatchList=false",
    )
    controllers = (
        "kube-controller-manager",
        KUBECONFIG,
        "--leader-elect=false",
        # Without it pods get no kube-root-ca.crt, and clients in the cluster trust nobody.
        f"--root-ca-file={KUBERNETES}/pki/apiserver.crt",
        f"--service-account-private-key-file={KUBERNETES}/service-accounts.key",
        "--enable-hostpath-provisioner",
    )
    kubelet = (
        "kubelet",
        KUBECONFIG,
        f"--config={ETC}/kubelet.yaml",
        f"--hostname-override={NODE}",
        f"--node-ip={ADDRESS}",
        f"--cgroup-root=/{cgroup}",
    )
    proxy = (
        "kube-proxy",
        KUBECONFIG,
        f"--hostname-override={NODE}",
        "--proxy-mode=iptables",
        f"--cluster-cidr={PODS}",
        # The table of connections is the machine's: its size isn't ours to change.
        "--conntrack-max-per-core=0",
        "--conntrack-min=0",
        "--conntrack-tcp-timeout-established=0",
        "--conntrack-tcp-timeout-close-wait=0",
    )
    etcd = ("etcd", "--data-dir=/run/etcd", "--logger=zap", "--log-outputs=stderr")
    scheduler = ("kube-scheduler", KUBECONFIG, "--leader-elect=false")
    containerd = ("containerd", f"--config={ETC}/containerd.toml")
    names = (coredns, f"-conf={ETC}/Corefile")
    return (
        Program("etcd", etcd, _listens(2379)),
        Program("kube-apiserver", (kubernetes, *api), _answers(f"https://127.0.0.1:{API_PORT}/readyz")),
        Program("kube-controller-manager", (kubernetes, *controllers), _listens(10257)),
        Program("kube-scheduler", (kubernetes, *scheduler), _listens(10259)),
        Program("containerd", containerd, _exists(CONTAINERD)),
        Program("kubelet", (kubernetes, *kubelet), _listens(10248)),
        Program("kube-proxy", (kubernetes, *proxy), _listens(10256)),
        Program("coredns", names, _listens(53, ADDRESS)),
    )
