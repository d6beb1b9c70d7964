"""What clusters ask of pods: a pair is admitted wherever the plain pod is, or its user reads why not.

`make e2e` runs this.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.hub import Hub, Server
from tests.cluster.kubectl import Namespace
from tests.cluster.shared import GPU, OWN_CLUSTER, Shared

KINDS = ("pair", "plain")
SMALL = {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"cpu": "1", "memory": "1Gi"}}


@contextlib.contextmanager
def applied(namespace: Namespace, kind: str, spec: dict[str, Any]) -> Iterator[None]:
    """A policy of the namespace, while the body runs."""
    policy = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "policy"}, "spec": spec}
    namespace.run("apply", "--filename=-", data=json.dumps(policy))
    try:
        if kind == "ResourceQuota":
            # Until its use was counted, nothing is admitted.
            namespace.run("wait", "--for=jsonpath={.status.hard}", f"{kind}/policy", "--timeout=60s")
        yield
    finally:
        namespace.run("delete", f"{kind}/policy")


def boxes(release: Shared, server: Server) -> dict[str, dict[str, Any]]:
    pod = release.namespace.get(f"pod/{server.pod}")
    return {box["name"]: box for box in pod["spec"]["containers"]}


def admitted(release: Shared, hub: Hub, kind: str, name: str = "") -> dict[str, dict[str, Any]]:
    """The containers of a server that was started, and works, under a policy; it is stopped again."""
    profile = "-".join(filter(None, (kind, name)))
    server = hub.spawn(profile, profile)
    found = boxes(release, server)
    assert list(found) == (["notebook", "kernel"] if kind == "pair" else ["notebook"])
    assert server.execute("print(6 * 7)")["printed"] == "42\n"
    hub.stop(profile)
    return found


def reads_why(release: Shared, hub: Hub, user: str, profile: str, why: str) -> None:
    """Fails unless the spawn page tells what the user's pod waits for; the pod is deleted then."""
    told = []
    for event in hub.start(user, profile):
        told.append(event["message"])
        if why in told[-1]:
            release.namespace.run("delete", "pod", f"--selector=hub.jupyter.org/username={user}")
            return
    pytest.fail(f"the page doesn't say {why!r}, but {told}; {release.namespace.told()}")


QUOTA = {"hard": {"requests.cpu": "20", "requests.memory": "20Gi", "limits.cpu": "20", "limits.memory": "20Gi"}}


def test_a_quota_refuses_what_states_no_resources_and_the_page_says_which(shared: Shared, shared_hub: Hub) -> None:
    with applied(shared.namespace, "ResourceQuota", QUOTA):
        admitted(shared, shared_hub, "plain")
        said = shared_hub.refused("refused")
    assert "the ResourceQuota policy counts limits.cpu, limits.memory, requests.cpu, requests.memory; " in said
    assert "Fix: state them in kernelGateway.notebook.reserve or notebook.resources" in said


@pytest.mark.parametrize(
    "settings",
    [
        {"kernelGateway.notebook.resources": SMALL},
        {"kernelGateway.notebook.reserve": {"memory": "512Mi", "cpu": "500m"}},
        {"kernelGateway.podResources": True},
    ],
    ids=["explicit resources", "a reserve", "resources of the pod"],
)
def test_under_a_quota_there_are_three_ways(shared: Shared, shared_hub: Hub, settings: dict[str, Any]) -> None:
    shared.upgrade(settings)
    try:
        with applied(shared.namespace, "ResourceQuota", QUOTA):
            admitted(shared, shared_hub, "pair")
    finally:
        shared.upgrade()


def test_a_limit_range_gives_the_notebook_its_defaults_and_the_kernel_keeps_its_own(
    shared: Shared, shared_hub: Hub
) -> None:
    given = {"default": {"memory": "600Mi"}, "defaultRequest": {"memory": "200Mi"}}
    with applied(
        shared.namespace, "LimitRange", {"limits": [{"type": "Container", **given, "max": {"memory": "2Gi"}}]}
    ):
        plain, pair = (admitted(shared, shared_hub, kind) for kind in ("plain", "pair"))
    assert pair["kernel"]["resources"] == plain["notebook"]["resources"]
    assert pair["notebook"]["resources"] == {"limits": {"memory": "600Mi"}, "requests": {"memory": "200Mi"}}


def test_pod_security_restricted_admits_both(shared: Shared, shared_hub: Hub) -> None:
    label = "pod-security.kubernetes.io/enforce"
    shared.namespace.run("label", "namespace", shared.namespace.name, f"{label}=restricted")
    try:
        for kind in KINDS:
            admitted(shared, shared_hub, kind)
    finally:
        shared.namespace.run("label", "namespace", shared.namespace.name, f"{label}-")


@pytest.fixture
def one_gpu(shared: Shared) -> Iterator[None]:
    """A node that has one GPU, as far as the scheduler knows."""
    node = shared.namespace.get("nodes")["items"][0]["metadata"]["name"]

    def patch(gpus: str | None) -> None:
        change = json.dumps({"status": {field: {GPU: gpus} for field in ("capacity", "allocatable")}})
        shared.namespace.run("patch", "node", node, "--subresource=status", "--type=merge", f"--patch={change}")

    patch("1")
    yield
    patch(None)


@OWN_CLUSTER
def test_a_gpu_is_the_kernels_and_who_gets_none_reads_why(shared: Shared, shared_hub: Hub, one_gpu: None) -> None:
    # One GPU: none of these would start if a server that has stopped still had it.
    admitted(shared, shared_hub, "plain", "gpu")
    server = shared_hub.spawn("first", "pair-gpu")
    pair = boxes(shared, server)
    assert [pair["kernel"]["resources"][kind][GPU] for kind in ("limits", "requests")] == ["1", "1"]
    assert pair["notebook"]["resources"] == {}
    assert {"name": "NVIDIA_VISIBLE_DEVICES", "value": "none"} in pair["notebook"]["env"]
    # One whose volume is there: of the reasons why a pod has to wait, its event keeps the first.
    reads_why(shared, shared_hub, "plain-gpu", "pair-gpu", f"Insufficient {GPU}")
    shared_hub.stop("first")


@pytest.mark.parametrize("kind", KINDS)
def test_who_gets_no_volume_reads_why(shared: Shared, shared_hub: Hub, kind: str) -> None:
    reads_why(shared, shared_hub, f"no-volume-{kind}", f"{kind}-no-class", "unbound immediate PersistentVolumeClaims")
