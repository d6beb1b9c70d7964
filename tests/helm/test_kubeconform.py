"""The kubeconform check itself: it accepts what is valid and refuses everything else, missing schemas included."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ci import kubeconform

WAYS = Path(__file__).parents[1] / "golden" / "gateway"

POD = b"{apiVersion: v1, kind: Pod, metadata: {name: one}, spec: {containers: [{name: a, image: b}]}}"
NOTEBOOK = b"{apiVersion: kubeflow.org/v1, kind: Notebook, metadata: {name: one}, spec: {}}"


def test_what_is_valid_passes_for_every_version() -> None:
    assert kubeconform.VERSIONS[0] == "1.29.0"
    assert kubeconform.VERSIONS[-1] == "1.37.0"
    assert kubeconform.check(POD + b"\n---\n" + NOTEBOOK) == []


@pytest.mark.parametrize(
    ("manifests", "said"),
    [
        (POD.replace(b"image:", b"imagee:"), "Pod/one: .*'imagee' not allowed"),
        (POD.replace(b"[{", b"{").replace(b"}]", b"}"), "Pod/one: .*want array"),
        (NOTEBOOK.replace(b"Notebook", b"Other"), "Other/one: could not find schema for Other"),
        (b"{a: b}", "missing 'kind' key"),
        (b"a: : b", "error unmarshalling"),
        (b"# nothing\n", "no resource to check"),
        (b"", "no resource to check"),
    ],
)
def test_what_is_not_valid_is_a_problem_of_each_version(manifests: bytes, said: str) -> None:
    problems = kubeconform.check(manifests, ("1.29.0", "1.37.0"))
    assert [problem.split(": ")[0] for problem in problems] == ["1.29.0", "1.37.0"]
    assert all(re.search(said, problem) for problem in problems), problems


def test_each_problem_names_its_stream() -> None:
    streams = {"good": POD, "wrong": POD.replace(b"image:", b"imagee:"), "empty": b"---\n"}
    problems = kubeconform.check_all(streams, ("1.30.0",))
    assert sorted(problem.split(": ")[:2] for problem in problems) == [["1.30.0", "empty"], ["1.30.0", "wrong"]]


def test_fields_follow_the_version() -> None:
    resized = POD.replace(b"image: b", b"image: b, restartPolicyRules: []")
    assert kubeconform.check(resized, ("1.33.0",))
    assert kubeconform.check(resized, ("1.35.0",)) == []


def test_every_way_for_the_gateway_is_valid_where_kubernetes_has_it() -> None:
    """Image volumes are a field from 1.31 on; everything else is valid everywhere."""
    made = {file.parent.name: file.read_bytes() for file in WAYS.glob("*/expected.yaml")}
    new = {name for name in made if name.endswith("image-volume")}
    assert 0 < len(new) < len(made)
    assert kubeconform.check_all(made, ("1.31.0", "1.33.0", "1.37.0")) == []
    problems = kubeconform.check_all(made, ("1.30.0",))
    assert {problem.split(": ")[1] for problem in problems} == new
