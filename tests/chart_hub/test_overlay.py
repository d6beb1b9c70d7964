"""Laying KubeSpawner's pod over the template: what wins, what stays, in which order; nothing is changed in place."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.chart_hub.modules import load

overlay = load("overlay")


def pod(*boxes: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"metadata": {}, "spec": {"containers": list(boxes), **spec}}


def box(**fields: Any) -> dict[str, Any]:
    return {"name": "notebook", **fields}


def variable(name: str, value: str = "") -> dict[str, Any]:
    return {"name": name, "value": value}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (box(image="", imagePullPolicy=""), box()),
        (box(resources={"limits": {}, "requests": {}}), box()),
        (box(resources={"limits": {}, "requests": {"cpu": 1}}), box(resources={"requests": {"cpu": 1}})),
        (box(volumeMounts=[], env=[], args=[], lifecycle={}, workingDir=None), box()),
        (box(env=[variable("JUPYTER_IMAGE"), variable("JUPYTER_IMAGE_SPEC")]), box()),
        (
            box(env=[variable("JUPYTER_IMAGE", "a"), variable("B")]),
            box(env=[variable("JUPYTER_IMAGE", "a"), variable("B")]),
        ),
        (box(stdin=False, securityContext={"runAsUser": 0}), box(stdin=False, securityContext={"runAsUser": 0})),
    ],
)
def test_what_says_nothing_is_dropped(given: dict[str, Any], wanted: dict[str, Any]) -> None:
    before = copy.deepcopy(given)
    assert overlay.said(pod(given), frozenset()) == pod(wanted)
    assert given == before


def test_what_is_empty_further_inside_or_in_other_containers_stays() -> None:
    whole = pod(
        box(), {"name": "side", "command": []}, volumes=[{"name": "a", "emptyDir": {}}], affinity={"podAffinity": {}}
    )
    assert overlay.said(whole, frozenset()) == whole


def test_unasked_fields_are_dropped() -> None:
    given = pod(box(), restartPolicy="OnFailure", volumes=[], dnsPolicy="Default")
    assert overlay.said(given, frozenset({"restartPolicy"})) == pod(box(), dnsPolicy="Default")


def test_the_pod_wins_and_the_template_stays_where_the_pod_says_nothing() -> None:
    template = pod(
        {"name": "first", "image": "f"},
        box(image="t", workingDir="/t", env=[variable("A", "t"), variable("B", "t")]),
        volumes=[{"name": "home", "ephemeral": {}}, {"name": "shm", "emptyDir": {}}],
        tolerations=[{"key": "t"}],
    )
    made = pod(box(image="p", env=[variable("B", "p")]), {"name": "last"}, tolerations=[{"key": "p"}])
    made = overlay.with_home(made, "claim-ann")
    before = copy.deepcopy((template, made))
    assert overlay.user_pod(template, made) == pod(
        {"name": "first", "image": "f"},
        box(image="p", workingDir="/t", env=[variable("A", "t"), variable("B", "p")]),
        {"name": "last"},
        volumes=[
            {"name": "home", "persistentVolumeClaim": {"claimName": "claim-ann"}},
            {"name": "shm", "emptyDir": {}},
        ],
        tolerations=[{"key": "p"}],
    )
    assert (template, made) == before


def test_the_notebooks_port_is_one() -> None:
    template = pod(box(ports=[{"name": "notebook-port", "containerPort": 9999}, {"name": "x", "containerPort": 1}]))
    port = {"name": "notebook-port", "containerPort": 8888}
    assert overlay.user_pod(template, pod(box(ports=[port]))) == pod(
        box(ports=[{"name": "x", "containerPort": 1}, port])
    )
    assert overlay.user_pod(template, pod(box())) == template


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("A B", "A B"),
        ("A=$(B) B C", "B A=$(B) C"),
        ("A=$(B) B=$(C) C", "C B=$(C) A=$(B)"),
        ("A=$(A)/x B", "A=$(A)/x B"),
        ("A=$(B) B=$(A) C", "C A=$(B) B=$(A)"),
        ("A=$(elsewhere) B", "A=$(elsewhere) B"),
        ("A=$(B)$(C) B C", "B C A=$(B)$(C)"),
    ],
)
def test_variables_follow_those_they_refer_to(given: str, wanted: str) -> None:
    def entries(text: str) -> list[dict[str, Any]]:
        return [variable(*(entry.partition("=")[::2])) for entry in text.split()]

    assert overlay.ordered(entries(given)) == entries(wanted)


def test_variables_from_elsewhere_refer_to_nothing() -> None:
    entries = [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "$(B)"}}}, variable("B")]
    assert overlay.ordered(entries) == entries


def test_only_folders_and_claims_are_filled_in() -> None:
    mount = {"name": "home", "mountPath": "/{username}", "subPath": "h/{username}"}
    template = pod(
        box(image="{username}", env=[variable("A", '{"json": "{username}"}')], volumeMounts=[mount]),
        initContainers=[{"name": "before", "volumeMounts": [mount]}],
        volumes=[
            {"name": "home", "persistentVolumeClaim": {"claimName": "c-{username}"}},
            {"name": "e", "emptyDir": {}},
        ],
    )
    before = copy.deepcopy(template)
    filled = {**mount, "subPath": "h/ann"}
    assert overlay.filled_in(template, lambda text: text.format(username="ann")) == pod(
        box(image="{username}", env=[variable("A", '{"json": "{username}"}')], volumeMounts=[filled]),
        initContainers=[{"name": "before", "volumeMounts": [filled]}],
        volumes=[{"name": "home", "persistentVolumeClaim": {"claimName": "c-ann"}}, {"name": "e", "emptyDir": {}}],
    )
    assert template == before


def test_a_home_of_the_pods_own_stays() -> None:
    own = pod(box(), volumes=[{"name": "home", "emptyDir": {}}])
    assert overlay.with_home(own, "claim") == own
    assert overlay.with_home(pod(box(), volumes=[{"name": "a"}]), "claim")["spec"]["volumes"][1] == {"name": "a"}


def test_a_template_without_the_notebook_is_known() -> None:
    assert overlay.has_notebook(pod(box()))
    assert not overlay.has_notebook(pod({"name": "other"}))
    assert not overlay.has_notebook({})
