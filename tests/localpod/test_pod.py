"""The harness itself: `$(VAR)`, mount paths, layouts, probes and the ends of containers."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.localpod.containers import ContainerError, RunningPod, processes
from tests.localpod.images import REPOSITORIES, Image, ImageError, image
from tests.localpod.kubelet import PodError
from tests.localpod.pod import Container, Pod, load
from tests.localpod.probes import Health, once
from tests.localpod.substitute import Paths, expand

FAKE = Image(
    "fake", Path(sys.prefix), {"PATH": "/usr/bin:/bin", "HOME": "/home/u", "A": "image"}, ["env"], ["x"], "/home/u"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$(A)/x", "1/x"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$1"),
        ("$(B)", "$(B)"),
        ("$A $ $(", "$A $ $("),
        ("$(A", "$(A"),
        ("$()", "$()"),
        ("$(A)$(A)$", "11$"),
        ("$(LOOP)", "$(A)"),
    ],
)
def test_references_expand_by_kubernetes_rules(text: str, expected: str) -> None:
    assert expand(text, {"A": "1", "LOOP": "$(A)"}) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/run/x", "/R"),
        ("/run/x/y", "/R/y"),
        ("--dir=/run/x/y", "--dir=/R/y"),
        ("/a:/run/x:/b", "/a:/R:/b"),
        ("/run/x/deep/z", "/D/z"),
        ("/run/xy", "/run/xy"),
        ("/opt/run/x", "/opt/run/x"),
        ("http://host/run/x", "http://host/run/x"),
        ("/run/x.txt", "/run/x.txt"),
        ("~/run/x", "~/run/x"),
    ],
)
def test_mount_paths_are_replaced_where_they_head_a_path(text: str, expected: str) -> None:
    assert Paths({"/run/x/": "/R", "/run/x/deep": "/D"})(text) == expected


def test_without_mounts_nothing_is_replaced() -> None:
    assert Paths({})("/run/x") == "/run/x"


def manifest(container: dict[str, object], **spec: object) -> bytes:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "labels": {"team": "blue"}},
        "spec": {"containers": [{"name": "c", "image": "example.org/x:1", **container}], **spec},
    }
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "files"}, "data": {"k": "text", "n": "7"}}
    return yaml.safe_dump_all([config, pod]).encode()


def laid_out(tmp_path: Path, container: dict[str, object], **spec: object) -> Container:
    return load(manifest(container, **spec), tmp_path, lambda _: FAKE).containers[0]


@pytest.mark.parametrize(
    ("stated", "argv"),
    [
        ({}, ["env", "x"]),
        ({"args": ["y"]}, ["env", "y"]),
        ({"command": ["run"]}, ["run"]),
        ({"command": ["run"], "args": ["y"]}, ["run", "y"]),
    ],
)
def test_command_and_args_replace_entrypoint_and_cmd(
    tmp_path: Path, stated: dict[str, object], argv: list[str]
) -> None:
    assert laid_out(tmp_path, stated).argv == argv


def test_the_environment_is_the_images_and_the_manifests_in_order(tmp_path: Path) -> None:
    variables = [
        {"name": "FIRST", "value": "$(SECOND) $(A)"},
        {"name": "SECOND", "value": "2"},
        {"name": "THIRD", "value": "$(SECOND)$$(FIRST)"},
        {"name": "TEAM", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['team']"}}},
        {"name": "MEMORY", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}},
        {"name": "KEY", "valueFrom": {"configMapKeyRef": {"name": "files", "key": "k"}}},
        {"name": "ABSENT", "valueFrom": {"secretKeyRef": {"name": "none", "key": "k", "optional": True}}},
    ]
    container = laid_out(
        tmp_path,
        {
            "args": ["$(SECOND)", "$(PATH)"],
            "env": variables,
            "envFrom": [{"configMapRef": {"name": "files"}, "prefix": "F_"}],
            "resources": {"limits": {"memory": "1.5Gi"}},
        },
    )
    assert container.env == {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path / "containers" / "c"),
        "A": "image",
        "F_k": "text",
        "F_n": "7",
        "FIRST": "$(SECOND) $(A)",
        "SECOND": "2",
        "THIRD": "2$(FIRST)",
        "TEAM": "blue",
        "MEMORY": "1536",
        "KEY": "text",
    }
    assert container.argv == ["env", "2", "$(PATH)"]


def test_volumes_become_folders_and_the_home_mount_home(tmp_path: Path) -> None:
    volumes = [
        {"name": "cm", "configMap": {"name": "files", "defaultMode": 0o444, "items": [{"key": "k", "path": "sub/f"}]}},
        {"name": "home", "persistentVolumeClaim": {"claimName": "homes"}},
        {"name": "tmp", "emptyDir": {}},
    ]
    mounts = [
        {"name": "cm", "mountPath": "/opt/files"},
        {"name": "home", "mountPath": "/home/u", "subPathExpr": "$(WHO)"},
        {"name": "tmp", "mountPath": "/scratch"},
    ]
    container = laid_out(
        tmp_path,
        {
            "args": ["/opt/files/sub/f", "--to=/scratch"],
            "env": [{"name": "WHO", "value": "ann"}],
            "volumeMounts": mounts,
            "readinessProbe": {"exec": {"command": ["cat", "/opt/files/sub/f"]}},
        },
        volumes=volumes,
    )
    file = tmp_path / "volumes" / "cm" / "sub" / "f"
    assert container.argv == ["env", str(file), f"--to={tmp_path}/volumes/tmp"]
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("text", 0o444)
    assert container.env["HOME"] == f"{tmp_path}/claims/homes/ann"
    assert container.folder == Path(container.env["HOME"])
    assert once(container.probes["readinessProbe"], container) == ""


@pytest.mark.parametrize(
    ("container", "spec", "message"),
    [
        ({}, {"initContainers": [{"name": "i", "restartPolicy": "Always"}]}, "init container i: sidecars are not run"),
        ({}, {"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}, "volume v: only claims and configMap"),
        ({}, {"volumes": [{"name": "v", "configMap": {"name": "none"}}]}, "ConfigMap none is not in the manifests"),
        (
            {"env": [{"name": "E", "valueFrom": {"fieldRef": {"fieldPath": "status.phase"}}}]},
            {},
            "fieldRef status.phase",
        ),
        (
            {"env": [{"name": "E", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}]},
            {},
            "container c states none",
        ),
    ],
)
def test_what_can_not_be_run_is_refused(
    tmp_path: Path, container: dict[str, object], spec: dict[str, object], message: str
) -> None:
    with pytest.raises(PodError, match=message):
        laid_out(tmp_path, container, **spec)


def test_a_stream_without_the_one_pod_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PodError, match="found 0"):
        load(b"kind: ConfigMap\nmetadata: {name: x}\n", tmp_path, lambda _: FAKE)
    with pytest.raises(PodError, match="found 2"):
        load(manifest({}) + b"---\n" + manifest({}), tmp_path, lambda _: FAKE)


def test_an_image_that_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(ImageError, match=r"example\.org/other:1.*not in the table"):
        image("example.org/other:1")
    assert set(REPOSITORIES) >= {"example.org/front-end", "example.org/user", "example.org/plain"}


def test_init_containers_run_in_order_before_the_others_and_share_their_volumes(tmp_path: Path) -> None:
    mounts = [{"name": "shared", "mountPath": "/to"}]
    lines = ["echo 1 >/to/a", "cat /to/a /to/a >/to/b"]
    inits = [
        {"name": f"i{number}", "image": "x", "command": ["sh", "-c", line], "volumeMounts": mounts}
        for number, line in enumerate(lines)
    ]
    stream = manifest({"command": ["true"]}, initContainers=inits, volumes=[{"name": "shared", "emptyDir": {}}])
    with RunningPod(load(stream, tmp_path, lambda _: FAKE)) as running:
        assert (tmp_path / "volumes" / "shared" / "b").read_text() == "1\n1\n"
        assert list(running.containers) == ["c"]


def test_an_init_container_that_fails_fails_the_pod_before_anything_starts(tmp_path: Path) -> None:
    inits = [{"name": "i", "image": "x", "command": ["sh", "-c", "echo no luck; exit 3"]}]
    started = tmp_path / "started"
    stream = manifest({"command": ["touch", str(started)]}, initContainers=inits)
    with pytest.raises(ContainerError, match=r"(?s)init container i ended with exit code 3.*no luck"):
        RunningPod(load(stream, tmp_path, lambda _: FAKE))
    assert not started.exists()


def pod_of(sandbox: Path, script: str, probes: dict[str, dict[str, object]] | None = None) -> Pod:
    env = {"PATH": os.environ["PATH"], "HOME": str(sandbox / "home")}
    container = Container("c", FAKE, [sys.executable, "-c", script], env, sandbox, {}, probes or {})
    return Pod("p", sandbox, 1, [container], {}, {})


NEVER: dict[str, dict[str, object]] = {"readinessProbe": {"exec": {"command": ["false"]}, "periodSeconds": 1}}


@pytest.mark.parametrize(
    ("script", "seconds", "message"),
    [
        ("import sys; print('no luck'); sys.exit(3)", 10, r"(?s)container c ended with exit code 3.*no luck"),
        ("import time; time.sleep(60)", 1, r"not ready after 1 s \(exec: exit code 1\)"),
    ],
)
def test_a_container_that_does_not_get_ready_fails_the_pod(
    tmp_path: Path, script: str, seconds: float, message: str
) -> None:
    with RunningPod(pod_of(tmp_path, script, NEVER)) as running, pytest.raises(ContainerError, match=message):
        running.wait_ready(seconds)
    assert processes(tmp_path) == {}


def test_stop_kills_what_ignores_sigterm_and_what_left_the_process_group(tmp_path: Path) -> None:
    script = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session=True)\n"
        "open('ready', 'w').close()\n"
        "time.sleep(60)\n"
    )
    running = RunningPod(pod_of(tmp_path, script))
    until = time.monotonic() + 10
    while not (tmp_path / "ready").exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert len(processes(tmp_path)) == 2
    assert running.stop() == {"c": -signal.SIGKILL}
    assert processes(tmp_path) == {}


def test_a_port_in_use_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ContainerError, match=f"port {port} is taken"):
            RunningPod(pod_of(tmp_path, ""), [port])
    assert processes(tmp_path) == {}


def test_a_startup_probe_that_fails_too_often_gives_the_container_up(tmp_path: Path) -> None:
    probe = {"tcpSocket": {"port": 1}, "periodSeconds": 0.05, "failureThreshold": 2}
    health = Health(pod_of(tmp_path, "", {"startupProbe": probe}).containers[0])
    until = time.monotonic() + 10
    while not health.dead and time.monotonic() < until:
        time.sleep(0.02)
    health.stop()
    assert health.dead.startswith("startup probe failed: tcpSocket:")
    assert not health.ready
