"""The release as a whole: Pod Security, the same bytes twice, and values files that cover every key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from kernelpair import flags
from kernelpair.core import settings, split
from tests.chart_hub.rendered import release
from tests.chart_hub.restricted import lacks
from tests.helm.helms import CHART, Helm

TEMPLATES = {"Pod": (), "PodTemplate": ("template",), "Deployment": ("spec", "template")}
TEMPLATES["DaemonSet"] = TEMPLATES["Deployment"]
ON = {"kernelGateway": {"enabled": True}}
DUMMY_PODS = {
    "DaemonSet x-kernelpair-continuous-image-puller",
    "Deployment x-kernelpair-hub",
    "Deployment x-kernelpair-proxy",
    "Pod x-kernelpair-test",
    "PodTemplate x-kernelpair-singleuser",
}


def pods(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Every pod spec of a release, by kind and name of its object."""
    found = {}
    for each in objects:
        if each["kind"] in TEMPLATES:
            template = each
            for key in TEMPLATES[each["kind"]]:
                template = template[key]
            found[f"{each['kind']} {each['metadata']['name']}"] = template["spec"]
    return found


@pytest.mark.parametrize("more", [(), ("--post-renderer", "kernelpair")], ids=["rendered", "post-rendered"])
@pytest.mark.parametrize("sharing", [{}, {"storage": {"type": "none"}}], ids=["claims", "no storage"])
def test_every_pod_passes_pod_security_restricted(more: tuple[str, ...], sharing: Any) -> None:
    found = pods(release({**ON, "singleuser": sharing}, *more))
    # Helm 3 shows hooks, and its renderers don't get them.
    assert set(found) == DUMMY_PODS
    assert {name: lacks(spec) for name, spec in found.items() if lacks(spec)} == {}
    if more:
        containers = [box["name"] for box in found["PodTemplate x-kernelpair-singleuser"]["containers"]]
        assert containers == ["notebook", "kernel"]


def test_a_native_sidecar_passes_too() -> None:
    [document] = [each for each in release(ON) if each["kind"] == "PodTemplate"]
    block = json.loads(document["metadata"]["annotations"]["kernelpair/settings"])
    parsed = settings.parse({**block, "kernel": {**block["kernel"], "nativeSidecar": True}})
    assert lacks(split.split(document["template"], parsed, "files").pod["spec"]) == []


@pytest.mark.parametrize(
    ("user", "missing"),
    [
        ({"uid": 0}, ["notebook: capabilities.drop", "notebook: runAsNonRoot", "notebook: runAsUser"]),
        ({"uid": None}, ["notebook: capabilities.drop", "notebook: runAsNonRoot"]),
        ({"allowPrivilegeEscalation": True}, ["notebook: allowPrivilegeEscalation", "notebook: capabilities.drop"]),
    ],
)
def test_what_values_say_passes_no_more(user: dict[str, Any], missing: list[str]) -> None:
    """The check above can fail, and values.yaml says for which values it does."""
    assert lacks(pods(release({"singleuser": user}))["PodTemplate x-kernelpair-singleuser"]) == missing


@pytest.mark.parametrize("values", sorted((CHART / "ci").glob("*.yaml")), ids=lambda file: file.stem)
def test_rendering_twice_gives_the_same_bytes(helm: Helm, values: Path) -> None:
    assert helm.template("--values", values) == helm.template("--values", values)


def leaves(block: Any, path: str = "") -> set[str]:
    """The keys of values, with all that they are in; a mapping without keys is one itself."""
    if isinstance(block, dict) and block:
        return {leaf for key, inner in block.items() for leaf in leaves(inner, f"{path}.{key}" if path else key)}
    return {path}


def set_in(values: Any, path: str) -> bool:
    """Whether values set a key, by whatever value."""
    head, _, rest = path.partition(".")
    return isinstance(values, dict) and head in values and (not rest or set_in(values[head], rest))


def test_one_values_file_sets_every_key() -> None:
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    everything = yaml.safe_load((CHART / "ci" / "everything-values.yaml").read_text())
    assert {key for key in leaves(defaults) if not set_in(everything, key)} == set()


def test_the_flag_off_is_known_without_reading_yaml(helm: Helm) -> None:
    """No text of the chart's own may look like settings: every Helm call would pay for the reading."""
    assert flags.all_off(helm.template(), None, None)
    assert not flags.all_off(helm.template("--set", "kernelGateway.enabled=true"), None, None)
