"""Starting and ending the cluster of this checkout."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ci import tools
from ci.cluster import cgroups, images, packages, state
from ci.cluster.programs import ADDRESS, API_PORT, ETC, NODE
from ci.cluster.state import ClusterError

STARTING_SECONDS = 600
NAMESPACES = ("--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "--kill-child")
LOG_TAIL_LINES = 15


def up() -> Path:
    """Start the cluster unless it runs, and return the kubeconfig's path; raises ClusterError when it can't be had."""
    if os.geteuid() != 0:
        raise ClusterError("it needs root, for namespaces and cgroups; as another user set KUBECONFIG to a cluster")
    began = time.monotonic()
    with tools.lock(state.FOLDER):
        if state.node() is None or not (state.FOLDER / "ready").exists():
            _remove()
            with _timed("Debian's packages"):
                packages.install()
            with _timed("Kubernetes and CoreDNS"):
                kubernetes, coredns, pause = (tools.path(name) for name in ("kubernetes", "coredns", "pause"))
            with _timed("programs of the node"):
                _start(kubernetes, coredns)
            with _timed("node"):
                load(images.build("pause", "pause", pause.parent))
                _wait_until_ready()
            (state.FOLDER / "ready").touch()
            _say(f"up after {time.monotonic() - began:.1f} s")
    return state.KUBECONFIG


def load_images() -> Path:
    """Give the node the images of ci/images, built if need be; return the file of chart values with their names."""
    with tools.lock(state.FOLDER):
        for suite in images.SUITES:
            with _timed(f"base of images: {suite}"):
                images.base(suite)
        for image in images.WORKLOADS:
            with _timed(f"image {image}"):
                archive = images.built(image)
            with _timed(f"image {image}: loading"):
                load(archive)
        values = state.FOLDER / "values.json"
        values.write_text(json.dumps(images.values(), indent=2))
    return values


def down() -> None:
    """End every process of the cluster and remove what it made; does nothing where there is none."""
    with tools.lock(state.FOLDER), _timed("down"):
        _remove()


def status() -> int:
    """Print what runs; returns 0 where a cluster is up, else 1."""
    pid = state.node()
    if pid is None:
        left = f", but {state.FOLDER} is there: python -m ci.cluster down" if state.FOLDER.exists() else ""
        print(f"no cluster runs{left}")
        return 1
    # Fails on a node that is being started, or ends meanwhile.
    shown = subprocess.run(
        state.inside(pid, "ps", "-eo", "pid,etime,rss,args"), capture_output=True, text=True, check=False
    )
    said = (shown.stdout or shown.stderr).rstrip()
    print(f"node: process {pid}\nkubeconfig: {state.KUBECONFIG}\nlogs: {state.LOGS}\n{said}")
    return 0 if (state.FOLDER / "ready").exists() else 1


def _remove() -> None:
    """Processes first: then nothing holds the cgroups and the files."""
    state.stop()
    cgroups.remove()
    if state.FOLDER.exists():
        shutil.rmtree(state.FOLDER)


def _start(kubernetes: Path, coredns: Path) -> None:
    """Start the node's first process, which outlives this one, and wait until its programs run."""
    state.LOGS.mkdir(parents=True)
    cgroups.make()
    _write_kubectl(kubernetes)
    with socket.create_server(("127.0.0.1", 0)) as outside, (state.LOGS / "node.log").open("w") as log:
        _write_credentials(outside.getsockname()[1])
        node = subprocess.Popen(
            ["unshare", *NAMESPACES, sys.executable, "-m", "ci.cluster.node", str(kubernetes), str(coredns)],
            cwd=state.ROOT,
            stdin=outside.fileno(),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + STARTING_SECONDS
    while not (state.FOLDER / "started").exists():
        if node.poll() is not None or time.monotonic() > deadline:
            raise ClusterError(f"the node didn't start:\n{_logs()}")
        time.sleep(0.1)


def _write_credentials(port: int) -> None:
    """Write what the programs and people log in with, fresh for each cluster: people come by `port` of this machine."""
    folder = state.FOLDER / "kubernetes"
    folder.mkdir(mode=0o700)
    token = secrets.token_hex(32)
    _write(folder / "tokens.csv", f"{token},admin,admin,system:masters\n")
    key = ["openssl", "genrsa", "-out", str(folder / "service-accounts.key"), "2048"]
    subprocess.run(key, check=True, capture_output=True)
    inside = {"server": f"https://{ADDRESS}:{API_PORT}", "certificate-authority": str(folder / "pki" / "apiserver.crt")}
    # A name that is in the certificate which the API server makes for itself.
    outside = {**inside, "server": f"https://127.0.0.1:{port}", "tls-server-name": "kubernetes"}
    _write(folder / "kubeconfig", _kubeconfig(inside, token))
    _write(state.KUBECONFIG, _kubeconfig(outside, token))


def _write_kubectl(kubernetes: Path) -> None:
    state.PROGRAMS.mkdir()
    script = state.PROGRAMS / "kubectl"
    script.write_text(f'#!/bin/sh\nexec "{kubernetes}" kubectl --kubeconfig="{state.KUBECONFIG}" "$@"\n')
    script.chmod(0o755)


def _kubeconfig(cluster: dict[str, str], token: str) -> str:
    name = "kernelpair"
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": cluster}],
            "users": [{"name": name, "user": {"token": token}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        },
        indent=2,
    )


def _write(file: Path, text: str) -> None:
    file.touch(mode=0o600)
    file.write_text(text)


def load(archive: Path) -> None:
    """Give the node an image."""
    pid = state.node()
    if pid is None:
        raise ClusterError(f"the node ended:\n{_logs()}")
    # By standard input: the node's root has not every folder of this machine.
    command = state.inside(pid, "ctr", "--namespace=k8s.io", "images", "import", "-")
    with archive.open("rb") as content:
        done = subprocess.run(command, stdin=content, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ClusterError(f"{archive.name} can't be imported:\n{done.stderr.strip()}")


def _wait_until_ready() -> None:
    """Wait until pods can be made: the node is ready, and the default namespace has its service account."""
    for command in (
        ["apply", f"--filename={ETC}/storage-class.yaml"],
        ["wait", "--for=create", f"node/{NODE}", "serviceaccount/default", "configmap/kube-root-ca.crt"],
        ["wait", "--for=condition=Ready", f"node/{NODE}"],
    ):
        limit = [f"--timeout={STARTING_SECONDS}s"] if command[0] == "wait" else []
        done = subprocess.run(
            [str(state.PROGRAMS / "kubectl"), *command, *limit], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise ClusterError(f"kubectl {' '.join(command)}: {done.stderr.strip()}\n{_logs()}")


def _logs() -> str:
    """Return the end of each program's log, and of the node's own."""
    ends = [f"{log}:\n" + "\n".join(_tail(log)) for log in sorted(state.LOGS.glob("*.log"))]
    return "\n\n".join(ends)


def _tail(log: Path) -> list[str]:
    return log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]


@contextmanager
def _timed(what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    _say(f"{what}: {time.monotonic() - began:.1f} s")


def _say(line: str) -> None:
    print(f"cluster: {line}", file=sys.stderr, flush=True)
