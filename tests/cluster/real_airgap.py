"""docs/airgap.md, all of it, on a real cluster: from nothing to a hub whose users' pods ask nobody for anything.

`make e2e` runs this. Images are real; what the page pushes to its registry, the node gets: see tests/pages/docker.py.
What needs no cluster runs without a network.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ci.cluster import programs, state
from tests.cluster.hub import Hub, Server, rights
from tests.cluster.kubectl import Namespace
from tests.cluster.shared import OWN_CLUSTER
from tests.pages import page
from tests.pages.session import WITHOUT_NETWORK, Session, checkout, connected, disconnected

pytestmark = OWN_CLUSTER

HELM = "helm4"
NAMESPACE = Namespace("jupyter")
REGISTRY = "registry.example.org/jupyter"
AGAIN = (
    'helm upgrade hub carry/kernelpair-0.1.0.tgz --namespace "$NAMESPACE" --reuse-values --values rights.json'
    " --post-renderer kernelpair --wait --timeout 15m"
)
"""No command of the page: it gives the tests rights over users."""
HAS_GATEWAY = "import importlib.util, json; print(json.dumps(importlib.util.find_spec('kernel_gateway') is not None))"
NOBODY = "198.51.100.1"
CONNECT = f"import socket; print(socket.socket().connect_ex(({NOBODY!r}, 443)))"
FLOW = re.compile(r"^(\w+) .*?\bsrc=(\S+) dst=(\S+) sport=\d+ dport=(\d+)", re.MULTILINE)


class Operator:
    """Somebody who goes through the page."""

    def __init__(self, scratch: Path) -> None:
        self.steps = page.steps((page.DOCS / "airgap.md").read_text())
        self.scratch = scratch
        self.token = secrets.token_hex(16)
        environment = {"KUBECONFIG": os.environ["KUBECONFIG"]}
        self.there = Session(scratch / "there", disconnected(scratch / "inside", HELM, "node", **environment))
        self.left = [step for step in self.steps if "connected" not in step.tags]

    def pack(self) -> None:
        """Do what the page has to be done where there is a network, and carry the folder over."""
        here = Session(checkout(self.scratch / "checkout"), connected(self.scratch / "outside", HELM, "node"))
        for step in self.steps:
            if "connected" in step.tags:
                here.take(step)
        self.there.folder.mkdir()
        (self.scratch / "checkout" / "carry").rename(self.there.folder / "carry")

    def go_to(self, heading: str) -> list[str]:
        """Do all that comes before a heading; "" is the end of the page. Returns what each step prints."""
        printed = []
        while self.left and self.left[0].heading != heading:
            step = self.left.pop(0)
            printed.append(self.there.take(step, () if step.tags & {"cluster", "user"} else WITHOUT_NETWORK))
        assert heading == "" or self.left, f"the page has no {heading}"
        return printed

    @contextlib.contextmanager
    def hub(self) -> Iterator[Hub]:
        """The hub as it is, but for rights over its users."""
        (self.there.folder / "rights.json").write_text(json.dumps({"hub": {"config": rights(self.token)}}))
        self.there.run(AGAIN)
        with NAMESPACE.forwarded("hub-kernelpair-proxy-public", 80) as url:
            yield Hub(url, self.token)


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    scratch = tmp_path_factory.mktemp("operator")
    try:
        operator = Operator(scratch)
        operator.pack()
        yield operator
    finally:
        shutil.rmtree(scratch)  # gigabytes of images
        NAMESPACE.run("delete", "namespace", NAMESPACE.name, "--ignore-not-found")


@pytest.fixture(scope="module")
def ada(operator: Operator) -> Iterator[Server]:
    with operator.hub() as hub:
        yield hub.spawn("ada")


def connections(pod: dict[str, Any]) -> set[tuple[str, str, int]]:
    """What a pod has begun to talk with, by protocol, address and port, as the node's kernel remembers it."""
    node = state.node()
    assert node is not None
    line = state.inside(node, "conntrack", "--dump", "--src", pod["status"]["podIP"])
    told = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    return {(protocol, address, int(port)) for protocol, _, address, port in FLOW.findall(told)}


def test_from_nothing_to_a_hub_whose_test_is_green(operator: Operator) -> None:
    assert any("all of it works" in printed for printed in operator.go_to("What you see"))


def test_a_pod_talks_with_the_hub_and_with_nobody_else(ada: Server) -> None:
    pod = NAMESPACE.get(f"pod/{ada.pod}")
    hub = NAMESPACE.get("service/hub-kernelpair-hub")["spec"]
    [port] = hub["ports"]
    to_the_hub = ("tcp", hub["clusterIP"], port["port"])
    found = connections(pod)
    assert to_the_hub in found
    assert found - {to_the_hub, ("udp", programs.ADDRESS, 53)} == set()
    # What somebody's code begins is seen, to where nobody answers too.
    assert ada.execute(CONNECT)["error"] == ""
    assert connections(pod) - found == {("tcp", NOBODY, 443)}


def test_a_cell_runs_in_an_image_without_a_gateway(ada: Server) -> None:
    pod = NAMESPACE.get(f"pod/{ada.pod}")
    images = {box["name"]: box["image"] for box in pod["spec"]["initContainers"] + pod["spec"]["containers"]}
    wanted = {"kernelpair-bundle": "front-end", "notebook": "front-end", "kernel": "user"}
    assert {name: image.split(":")[0] for name, image in images.items()} == {
        name: f"{REGISTRY}/{image}" for name, image in wanted.items()
    }
    assert all("@sha256:" in image for image in images.values())
    assert pod["spec"]["imagePullSecrets"] == [{"name": "registry"}]
    assert ada.value(HAS_GATEWAY) is False
    assert json.loads(NAMESPACE.run("exec", ada.pod, "--container=kernel", "--", "python3", "-c", HAS_GATEWAY)) is False


def test_what_the_page_says_of_the_pod_and_its_bundle(operator: Operator, ada: Server) -> None:
    printed = operator.go_to("Other ways for the bundle")
    hashes = re.findall(r"(?m)^[0-9a-f]{64}(?=  SHA256SUMS$)", "".join(printed))
    assert len(hashes) == 2
    assert len(set(hashes)) == 1


def test_a_claim_that_was_filled_serves_the_bundle(operator: Operator, ada: Server) -> None:
    operator.go_to("Upgrade, and the way back")
    with operator.hub() as hub:
        server = hub.spawn("bob")
        pod = NAMESPACE.get(f"pod/{server.pod}")
        assert "initContainers" not in pod["spec"]
        claims = [volume.get("persistentVolumeClaim", {}).get("claimName") for volume in pod["spec"]["volumes"]]
        assert "kernelpair-bundle" in claims
        assert server.value(HAS_GATEWAY) is False


def test_the_way_back(operator: Operator) -> None:
    operator.go_to("")
    template = NAMESPACE.get("podtemplate/hub-kernelpair-singleuser")["template"]
    assert [box["name"] for box in template["spec"]["containers"]] == ["notebook"]
    [last] = json.loads(operator.there.run('helm history hub --namespace "$NAMESPACE" --max 1 --output json'))
    assert last["status"] == "deployed"
