"""The user's choice, without a hub: forms read and made, profiles extended, pods annotated, precedence."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from kernelpair.hub import choice
from kernelpair.hub.outcome import PLAIN, REFUSED, SPLIT, Held, Outcome, Spawn, outcome
from tests.unit.core.build import chosen as settings_of
from tests.unit.core.build import pod

IN, OUT, BAD = ({"kernelpair/split": said} for said in ("true", "false", "yes"))


@pytest.mark.parametrize(
    ("form", "chosen", "left"),
    [
        ({}, None, []),
        ({"kernelpair": ["off"]}, "off", []),
        ({"kernelpair": []}, None, []),
        ({"profile": ["a"], "profile-option-a--kernelpair": ["on"]}, "on", ["profile"]),
        ({"profile": ["a"], "profile-option-a-kernelpair": ["off"]}, "off", ["profile"]),
        ({"profile": ["a"], "profile-option-a-b-kernelpair": ["off"]}, None, ["profile"]),
        ({"profile": ["a-b"], "profile-option-a-b-kernelpair": ["off"]}, "off", ["profile"]),
        ({"profile-option-a--kernelpair": ["on"]}, None, []),
        ({"profile": [], "image": ["x"]}, None, ["profile", "image"]),
        (
            {
                "profile": ["a"],
                "profile-option-a--image": ["x"],
                "profile-option-b--kernelpair--unlisted-choice": ["y"],
            },
            None,
            ["profile", "profile-option-a--image", "profile-option-b--kernelpair--unlisted-choice"],
        ),
    ],
)
def test_from_form(form: dict[str, Any], chosen: str | None, left: list[str]) -> None:
    kept = copy.deepcopy(form)
    assert choice.from_form(form) == (chosen, {name: form[name] for name in left})
    assert form == kept


def offered(profile: dict[str, Any], annotations: dict[str, str], opt_in: bool = False) -> Any:
    """What is selected on the page for one profile; None where the profile is left as it is."""
    kept = copy.deepcopy(profile)
    [made] = choice.offered([profile], annotations, opt_in)
    assert profile == kept
    if made is profile:
        return None
    options = made.pop("profile_options")
    assert made == {key: value for key, value in profile.items() if key != "profile_options"}
    assert list(options) == [*(profile.get("profile_options") or {}), "kernelpair"]
    choices = options["kernelpair"]["choices"]
    assert list(choices) == ["on", "off"]
    [default] = [value for value, stated in choices.items() if stated.get("default")]
    return default


def saying(annotations: Any) -> dict[str, Any]:
    return {"display_name": "A", "kubespawner_override": {"extra_annotations": annotations}}


@pytest.mark.parametrize(
    ("profile", "annotations", "opt_in", "default"),
    [
        ({"display_name": "A"}, {}, False, "on"),
        ({"display_name": "A"}, {}, True, "off"),
        ({"display_name": "A", "profile_options": None}, {}, False, "on"),
        ({"display_name": "A", "profile_options": {"image": {"choices": {}}}}, {}, False, "on"),
        ({"display_name": "A"}, IN, True, "on"),
        ({"display_name": "A"}, OUT, False, None),
        (saying(IN), {}, True, "on"),
        (saying(IN), OUT, True, "on"),
        (saying(OUT), {}, False, None),
        (saying(OUT), IN, False, None),
        (saying({"team": "a"}), {}, True, "off"),
        (saying(lambda spawner: OUT), {}, False, "on"),
        (saying(BAD), {}, False, "on"),
        ({"display_name": "A", "kubespawner_override": None}, {}, False, "on"),
    ],
)
def test_offered(profile: dict[str, Any], annotations: dict[str, str], opt_in: bool, default: str | None) -> None:
    assert offered(profile, annotations, opt_in) == default


OWN = {"display_name": "Own", "profile_options": {"kernelpair": {}}}


@pytest.mark.parametrize(
    ("profiles", "name"),
    [
        (None, ""),
        ([], ""),
        ([{"display_name": "A", "profile_options": {"image": {}}}], ""),
        ([{"display_name": "A"}, OWN], "Own"),
        ({"a": {"display_name": "A"}, "own": OWN}, "Own"),
    ],
)
def test_taken(profiles: Any, name: str) -> None:
    assert choice.taken(profiles) == name


@pytest.mark.parametrize(
    ("before", "chosen", "after"),
    [
        ({}, None, {}),
        (IN, None, IN),
        ({}, "on", IN),
        ({}, "off", OUT),
        (IN, "off", OUT),
        (IN, "on", IN),
        (OUT, "on", OUT),
        (BAD, "on", BAD),
        (BAD, "off", BAD),
        ({"a": "b"}, "off", {"a": "b", **OUT}),
    ],
)
def test_applied(before: dict[str, str], chosen: str | None, after: dict[str, str]) -> None:
    made = pod(annotations=before)
    kept = copy.deepcopy(made)
    assert choice.applied(made, chosen) == {**made, "metadata": {**made["metadata"], "annotations": after}}
    assert made == kept


def test_applied_to_a_pod_without_annotations() -> None:
    assert choice.applied({"spec": {}}, "off") == {"spec": {}, "metadata": {"annotations": OUT}}


def decided(made: Any, chosen: Any, **settings: Any) -> Outcome:
    return outcome(made, Spawn("hub", False, "", chosen), Held(settings_of(**settings), "hub-kernelpair", "hub"))


@pytest.mark.parametrize(
    ("annotations", "chosen", "settings", "result"),
    [
        ({}, None, {}, SPLIT),
        ({}, None, {"optIn": True}, PLAIN),
        ({}, "on", {"optIn": True}, SPLIT),
        ({}, "off", {}, PLAIN),
        (IN, None, {"optIn": True}, SPLIT),
        (IN, "off", {"optIn": True}, PLAIN),
        (OUT, "on", {}, PLAIN),
        (OUT, None, {}, PLAIN),
        (BAD, "on", {}, REFUSED),
        (BAD, "off", {}, REFUSED),
        (OUT, "maybe", {}, REFUSED),
    ],
)
def test_who_decides(annotations: dict[str, str], chosen: Any, settings: dict[str, Any], result: str) -> None:
    assert decided(pod(annotations=annotations), chosen, **settings).result == result


@pytest.mark.parametrize("value", ["ON", "true", "", True, False, 1, 0, ["on"], {"on": 1}, "x" * 1000])
def test_what_is_neither_is_refused(value: Any) -> None:
    made = decided(pod(), value)
    assert (made.result, made.pod) == (REFUSED, None)
    assert "the option kernelpair says " in made.what
    assert len(made.what) < 150
    assert 'write "on", "off" or no kernelpair' in made.fix


@pytest.mark.parametrize("selected", ["on", "off"])
def test_the_page_of_one_choice(selected: str) -> None:
    form = choice.page(selected)
    assert form.count("selected") == 1
    assert f'<option value="{selected}" selected="">{selected}</option>' in form
