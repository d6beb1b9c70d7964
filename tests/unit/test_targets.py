"""Where pod templates stand: the table, lists, targets of the command line, and paths into objects."""

from __future__ import annotations

import copy

import pytest

from kernelpair import targets
from kernelpair.targets import Found, Place


@pytest.mark.parametrize(("group", "kind"), sorted(targets.KINDS))
def test_every_kind_of_the_table_is_found_in_its_group_and_in_no_other(group: str, kind: str) -> None:
    version = f"{group}/v1".lstrip("/")
    (found,) = targets.find({"apiVersion": version, "kind": kind}, targets.KINDS)
    assert found.places == targets.KINDS[group, kind]
    (other,) = targets.find({"apiVersion": "other.example.org/v1", "kind": kind}, targets.KINDS)
    assert other.places is None


def test_only_jobs_must_end_by_themselves() -> None:
    assert {kind for (_, kind), places in targets.KINDS.items() if any(p.completes for p in places)} == {
        "Job",
        "CronJob",
    }


def test_items_of_lists_are_found_where_they_stand() -> None:
    pod = {"apiVersion": "v1", "kind": "Pod"}
    inner = {"apiVersion": "v1", "kind": "PodList", "items": [pod]}
    document = {"apiVersion": "v1", "kind": "List", "items": [{"kind": "Other"}, pod, inner, None, "text"]}
    assert [found.at for found in targets.find(document, targets.KINDS)] == [
        ("items", 0),
        ("items", 1),
        ("items", 2, "items", 0),
    ]


@pytest.mark.parametrize("document", [None, "text", [], 1, {"kind": "List", "items": {}}, {"items": []}, {"kind": 1}])
def test_what_is_no_object_or_no_list_has_no_template(document: object) -> None:
    assert [found for found in targets.find(document, targets.KINDS) if found.places] == []


@pytest.mark.parametrize(
    ("text", "key", "path"),
    [
        ("RayCluster=spec.headGroupSpec.template", ("*", "RayCluster"), ("spec", "headGroupSpec", "template")),
        ("RayCluster.ray.io=spec.head", ("ray.io", "RayCluster"), ("spec", "head")),
        ("A=b", ("*", "A"), ("b",)),
    ],
)
def test_a_target_is_a_kind_and_a_path(text: str, key: tuple[str, str], path: tuple[str, ...]) -> None:
    assert targets.parse_target(text) == (key, Place((*path, "metadata"), (*path, "spec")))


@pytest.mark.parametrize("text", ["", "A", "A=", "=a", "A=a.", "A=.a", "A=a..b", ".ray.io=a"])
def test_what_is_no_target_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"write KIND=path\.to\.template, such as"):
        targets.parse_target(text)


def test_targets_are_added_to_the_table_which_stays_as_it_is() -> None:
    before = dict(targets.KINDS)
    kinds = targets.with_targets(["Pod.=a", "X=a", "X=b"])
    assert [place.spec for place in kinds["*", "X"]] == [("a", "spec"), ("b", "spec")]
    assert before == targets.KINDS


def test_replacing_copies_what_it_changes_and_shares_the_rest() -> None:
    document = {"a": {"b": [1, {"c": 2}], "other": {}}, "null": None}
    before = copy.deepcopy(document)
    made = targets.replaced(document, ("a", "b", 1, "c"), 3)
    assert document == before
    assert made == {"a": {"b": [1, {"c": 3}], "other": {}}, "null": None}
    assert made["a"]["other"] is document["a"]["other"]
    assert targets.replaced(document, ("null", "x"), 1)["null"] == {"x": 1}
    assert targets.replaced(document, ("a", "b"), None) == {"a": {"other": {}}, "null": None}
    assert targets.replaced({}, ("a", "b"), 1) == {"a": {"b": 1}}
    assert list(targets.replaced({"a": 1, "b": 2}, ("a",), 3)) == ["a", "b"], "a replaced key keeps its place"


def test_what_is_missing_on_the_way_reads_as_nothing() -> None:
    assert targets.get({"a": {"b": 1}}, ("a", "b")) == 1
    assert targets.get({"a": [{"b": 1}]}, ("a", 0, "b")) == 1
    assert targets.get({"a": "text"}, ("a", "b")) is None
    assert targets.get(None, ("a",)) is None


@pytest.mark.parametrize(
    ("metadata", "label", "name"),
    [
        ({"name": "a"}, "Pod a", "a"),
        ({"name": "a", "namespace": "n"}, "Pod n/a", "a"),
        ({"generateName": "a-"}, "Pod a-", "a"),
        ({}, "Pod (unnamed)", "unnamed"),
        (None, "Pod (unnamed)", "unnamed"),
        ("text", "Pod (unnamed)", "unnamed"),
    ],
)
def test_labels_and_names(metadata: object, label: str, name: str) -> None:
    found = Found((), {"kind": "Pod", "metadata": metadata}, None)
    assert (targets.label(found), targets.owner_name(found)) == (label, name)
