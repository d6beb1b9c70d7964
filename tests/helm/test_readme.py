"""What README shows of kernelpair's output is what it prints."""

from __future__ import annotations

import re
from pathlib import Path

from tests import command
from tests.helm.helms import CHART, Helm

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()


def block(beginning: str) -> str:
    """Return the fenced block of the README that begins with these words."""
    (found,) = re.findall(rf"^```\w*\n({re.escape(beginning)}.*?)^```$", README, re.DOTALL | re.MULTILINE)
    return found


def test_the_report_is_what_explain_prints(helm3: Helm) -> None:
    done = helm3.run("template", "x", CHART, "--set", "kernelGateway.enabled=true")
    assert done.returncode == 0, done.stderr.decode()
    assert command.run(["explain"], done.stdout).out.decode() == block("Deployment default/x")


def test_the_refusal_is_what_a_pod_on_the_nodes_network_gets() -> None:
    annotated = block("apiVersion: apps/v1\nkind: StatefulSet")
    pod = "spec:\n  template:\n    spec:\n      hostNetwork: true\n      containers:\n"
    container = "        - {name: notebook, image: u, workingDir: /home/jovyan}\n"
    done = command.run([], f"kind: Other\n---\n{annotated}{pod}{container}".encode())
    assert (done.code, done.out) == (1, b"")
    assert done.err == block("kernelpair: the pod uses the node's network")
