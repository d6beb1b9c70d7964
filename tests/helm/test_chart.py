"""The chart under the pinned Helm 3 and Helm 4, for every values file in chart/ci, with and without the renderer."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from ci import kubeconform, tools
from tests.helm.helms import CHART, Helm

VALUES = sorted((CHART / "ci").glob("*.yaml"))
ON = ("--set", "kernelGateway.enabled=true")
OFF = ("--set", "kernelGateway.enabled=false")

values = pytest.mark.parametrize("values", VALUES, ids=lambda file: file.stem)


def pod_templates(stream: bytes) -> list[dict[str, Any]]:
    documents = yaml.load_all(stream, Loader=yaml.CSafeLoader)
    return [document for document in documents if document and document["kind"] == "PodTemplate"]


def test_there_are_values_files_for_the_flag_on_and_off() -> None:
    flags = {yaml.safe_load(file.read_text()).get("kernelGateway", {}).get("enabled", False) for file in VALUES}
    assert flags == {True, False}


@pytest.mark.parametrize("flag", [ON, OFF], ids=["on", "off"])
@values
def test_lint_has_nothing_to_say(helm: Helm, values: Path, flag: tuple[str, str]) -> None:
    done = helm.run("lint", "--strict", CHART, "--values", values, *flag)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()


@values
def test_the_flag_off_changes_no_byte(helm: Helm, values: Path) -> None:
    """Helm 4 writes anew what any renderer returns: the chart's templates have the layout that it gives them."""
    plain = helm.template("--values", values, *OFF)
    assert helm.template("--values", values, *OFF, renderer="kernelpair") == plain
    assert pod_templates(plain)


def test_the_flag_off_adds_nothing_to_what_helm_does_to_operators_texts(helm: Helm, tmp_path: Path) -> None:
    """What is left to Helm 4, hence the renderer that does nothing to compare with.

    `toYaml` folds a long text of the operator's, and `nindent` puts blanks into the empty lines of a text of several.
    After any renderer Helm 4 unfolds the one and takes the blanks out of the other. The data stay equal.
    """
    hooks = {"postStart": {"exec": {"command": ["a long text " * 10, "one\n\ntwo\n"]}}}
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump({"singleuser": {"lifecycleHooks": hooks}}))
    plain = helm.template("--values", file, *OFF)
    rendered = helm.template("--values", file, *OFF, renderer="kernelpair")
    assert rendered == helm.template("--values", file, *OFF, renderer=helm.noop)
    assert (rendered == plain) == (helm.name == "helm3")
    [template] = pod_templates(rendered)
    assert [template] == pod_templates(plain)
    assert template["template"]["spec"]["containers"][0]["lifecycle"] == hooks


@values
def test_the_flag_on_makes_the_pod_template_a_pair(helm: Helm, values: Path) -> None:
    plain = helm.template("--values", values, *ON)
    split = helm.template("--values", values, *ON, renderer="kernelpair")
    [before] = pod_templates(plain)
    [after] = pod_templates(split)
    user = next(box for box in before["template"]["spec"]["containers"] if box["name"] == "notebook")
    boxes = {
        box["name"]: box
        for box in after["template"]["spec"]["containers"] + after["template"]["spec"].get("initContainers", [])
    }
    assert boxes["kernel"]["image"] == user["image"]
    assert boxes["notebook"]["image"] == settings(before)["notebook"]["image"]["name"] + suffix(before)
    assert after["template"]["metadata"]["annotations"]["auditing.image"] == user["image"]
    assert helm.template("--values", values, *ON, renderer="kernelpair") == split


def settings(pod_template: dict[str, Any]) -> dict[str, Any]:
    block: dict[str, Any] = json.loads(pod_template["metadata"]["annotations"]["kernelpair/settings"])
    return block


def suffix(pod_template: dict[str, Any]) -> str:
    image = settings(pod_template)["notebook"]["image"]
    tag = f":{image['tag']}" if image.get("tag") else ""
    return f"{tag}@{image['digest']}" if image.get("digest") else tag


@values
def test_both_helms_get_the_same_pair(helm3: Helm, helm4: Helm, values: Path) -> None:
    arguments = ("--values", values, *ON)
    [three] = pod_templates(helm3.template(*arguments, renderer="kernelpair"))
    [four] = pod_templates(helm4.template(*arguments, renderer="kernelpair"))
    assert three["template"] == four["template"]


def test_renders_are_valid_for_every_kubernetes_version(helm3: Helm, helm4: Helm) -> None:
    renders = {
        f"{helm.name} {file.stem} {flag[1]}": helm.template("--values", file, *flag, renderer="kernelpair")
        for helm in (helm3, helm4)
        for file in VALUES
        for flag in (ON, OFF)
    }
    assert kubeconform.check_all(renders) == []


def test_chart_suites(helm3: Helm) -> None:
    suites = sorted((CHART / "tests").glob("*_test.yaml"))
    done = subprocess.run(
        [tools.path("helm-unittest"), "--strict", "--file", "tests/*_test.yaml", CHART],
        env=helm3.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Test Suites: {len(suites)} passed, {len(suites)} total" in done.stdout
    assert suites
    assert any("postRenderer:" in suite.read_text() for suite in suites), "no suite runs the post-renderer"
