"""What the hook does to a hub: it never keeps it from starting or takes it down, and says what it does."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest

from kernelpair.hub.files import settings_file
from tests.hub.cases import BASE, HOST_NETWORK
from tests.hub.choice_cases import CALLED, STATIC, STRING, TEMPLATE
from tests.hub.hubs import HUBS, LINE, RUNTIME, block, program

NOT_SPLIT = "kernelpair: USER PODS ARE NOT SPLIT: "
GOOD = settings_file(block({}), RUNTIME, "hub")
TO_FAIL = settings_file(block({"onRefusal": "fail"}), RUNTIME, "hub")
OTHER_SPAWNER = 'c.JupyterHub.spawner_class = "jupyterhub.spawner.SimpleLocalProcessSpawner"'
OLD = "import kubespawner\nkubespawner.version_was, kubespawner.__version__ = kubespawner.__version__, '3.0.2'\n"
NEW_AGAIN = "\nkubespawner.__version__ = kubespawner.version_was\n"
CHOICE = settings_file(block({"userChoice": True}), RUNTIME, "hub")
KUBESPAWNER = "import kubespawner, traitlets\nclass Lab(kubespawner.KubeSpawner):\n    "
LAB = "\nclass Sub(Lab):\n    pass\nc.JupyterHub.spawner_class = Sub\n"
# What an operator did to the spawn page -> why the choice isn't shown; "" where it is.
FORMS = {
    "own page": ("", ""),
    "profiles": (STATIC, ""),
    "emptied": ('c.KubeSpawner.options_form = ""\nc.Spawner.options_form = ""', ""),
    "only looked at": ("c.KubeSpawner.additional_profile_form_template_paths", ""),
    "string": (STRING, "c.KubeSpawner.options_form replaces"),
    "of any spawner": ("c.Spawner.options_form = '<input>'", "c.Spawner.options_form replaces"),
    "callable": (CALLED, "c.KubeSpawner.options_form replaces"),
    "template": (TEMPLATE, "c.KubeSpawner.profile_form_template replaces"),
    "fancy profiles": (
        "c.KubeSpawner.additional_profile_form_template_paths = ['/x']",
        "c.KubeSpawner.additional_profile_form_template_paths replaces",
    ),
    "appended": (
        "c.KubeSpawner.additional_profile_form_template_paths.append('/x')",
        "c.KubeSpawner.additional_profile_form_template_paths replaces",
    ),
    "of the subclass": (KUBESPAWNER + "pass" + LAB + 'c.Sub.options_form = "x"', "c.Sub.options_form replaces"),
    "default of a class": (
        KUBESPAWNER + '@traitlets.default("options_form")\n    def mine(self):\n        return "x"' + LAB,
        "Lab makes a form of its own",
    ),
    "magic default of a class": (
        KUBESPAWNER + 'def _options_form_default(self):\n        return "x"' + LAB,
        "Lab makes a form of its own",
    ),
    "trait of a class": (KUBESPAWNER + 'options_form = traitlets.Unicode("x")' + LAB, "Lab makes a form of its own"),
    "method of a class": (
        KUBESPAWNER + 'async def get_options_form(self):\n        return "x"' + LAB,
        "Lab makes a form of its own",
    ),
}
CONFIGS: dict[str, tuple[str, str]] = {
    "good": (BASE + LINE, GOOD),
    "fail": (BASE + HOST_NETWORK + LINE, TO_FAIL),
    "refused": (BASE + HOST_NETWORK + LINE, GOOD),
    "plain": (BASE + 'c.KubeSpawner.default_url = "/rstudio"' + LINE, GOOD),
    **{f"choice: {name}": (BASE + text + LINE, CHOICE) for name, (text, _) in FORMS.items()},
    "another spawner": (BASE + OTHER_SPAWNER + LINE, GOOD),
    "no spawner": (LINE, GOOD),
    "old KubeSpawner": (BASE + OLD + LINE + NEW_AGAIN, GOOD),
    "bad settings": (BASE + LINE, settings_file({"enabled": "yes", "colour": 1}, RUNTIME, "hub")),
    "no JSON": (BASE + LINE, "{"),
    "not an object": (BASE + LINE, "[]"),
    "incomplete": (BASE + LINE, '{"version": 1}'),
    "later version": (BASE + LINE, json.dumps({"version": 2})),
}
UNUSABLE = {
    "another spawner": "SimpleLocalProcessSpawner is not a KubeSpawner",
    "no spawner": "LocalProcessSpawner is not a KubeSpawner",
    "old KubeSpawner": "KubeSpawner 3.0.2 is older than 4.0",
    "bad settings": "kernelGateway.enabled: must be true or false",
    "no JSON": "settings.json can't be read (JSONDecodeError",
    "not an object": "settings.json can't be read (AttributeError",
    "incomplete": "settings.json can't be read (KeyError: 'settings'",
    "later version": "settings.json has version 2",
}


@functools.cache
def answers(hub: str) -> dict[str, Any]:
    answer: dict[str, Any] = program(hub, "hub_driver.py", {"configs": CONFIGS})
    return answer


@pytest.fixture(params=[pytest.param(hub, marks=pytest.mark.xdist_group(hub)) for hub in HUBS])
def answer(request: pytest.FixtureRequest) -> dict[str, Any]:
    return answers(request.param)


def ours(started: dict[str, Any]) -> list[list[str]]:
    return [line for line in started["log"] if line[1].startswith("kernelpair: ")]


@pytest.mark.parametrize("name", UNUSABLE)
def test_what_cannot_be_used_is_told_and_changes_nothing(answer: dict[str, Any], name: str) -> None:
    started = answer["starts"][name]
    [(level, text)] = ours(started)
    assert level == "ERROR"
    assert text.startswith(NOT_SPLIT)
    assert UNUSABLE[name] in text
    assert "Fix: " in text
    assert not started["class"].startswith("kernelpair")


def test_a_good_start_is_one_line(answer: dict[str, Any]) -> None:
    started = answer["starts"]["good"]
    said = "kernelpair: pods of KubeSpawner are split; front-end image example.org/front-end:1.0"
    assert ours(started) == [["INFO", said]]
    assert started["class"] == "kernelpair.hub.spawners"


@pytest.mark.parametrize("name", FORMS)
def test_a_form_that_is_left_alone_is_told_once(answer: dict[str, Any], name: str) -> None:
    lines, reason = ours(answer["starts"][f"choice: {name}"]), FORMS[name][1]
    assert [level for level, _ in lines] == (["INFO", "WARNING"] if reason else ["INFO"])
    if reason:
        assert lines[1][1].startswith("kernelpair: the spawn page doesn't show the user's choice (userChoice): ")
        assert reason in lines[1][1]
        assert "Fix: give that form a field named kernelpair with the values on and off" in lines[1][1]


def test_refusals_never_bring_the_hub_to_its_limit(answer: dict[str, Any]) -> None:
    assert answer["refusals"] == {"count": 0, "exits": 0, "raised": ["HTTPError"], "limit": 5}


def test_other_failures_still_do(answer: dict[str, Any]) -> None:
    """The same way through the hub's code, so that the test above means something."""
    assert answer["failures"]["count"] == 7
    assert answer["failures"]["exits"] == 3


@pytest.mark.parametrize("key", ["progress", "progress without events"])
def test_the_progress_page_tells_a_refusal_once(answer: dict[str, Any], key: str) -> None:
    told = "No separate kernel container: the pod uses the node's network."
    assert [message for message in answer[key] if message != "Server requested"] == [told]


def test_the_progress_page_of_a_later_spawn_tells_nothing_of_an_earlier_one(answer: dict[str, Any]) -> None:
    """Though it is open before the spawner starts."""
    assert [message for message in answer["progress of a later spawn"] if message != "Server requested"] == []


@pytest.mark.parametrize(("name", "containers"), [("good", ["notebook", "kernel"]), ("plain", ["notebook"])])
def test_kubespawner_starts_it_and_sees_it_run(answer: dict[str, Any], name: str, containers: list[str]) -> None:
    """Its own `start`, from the user's options to the pod that it sees running; `poll` says None for that."""
    started = answer[f"start {name}"]
    assert "10.0.0.7" in started["url"]
    assert (started["containers"], started["poll"]) == (containers, None)


@pytest.mark.parametrize(
    ("name", "ended"), [("good", {"poll": None, "deleted": False}), ("plain", {"poll": 137, "deleted": True})]
)
def test_a_pair_whose_notebook_server_was_killed_goes_on(
    answer: dict[str, Any], name: str, ended: dict[str, Any]
) -> None:
    """KubeSpawner deletes a plain pod then."""
    assert answer[f"start {name}"]["ended"] == ended


def test_a_pair_without_a_bundle_says_so_while_it_waits_once_and_when_its_time_is_up(answer: dict[str, Any]) -> None:
    told = answer["no bundle"]
    assert "example.org/front-end:1.0 has no bundle at /opt/kernelpair-bundle. Fix: " in told["error"]
    assert told["page"].count(told["error"]) == 1
    assert told["page"].count("an event") > 1


def test_metrics(answer: dict[str, Any]) -> None:
    assert answer["counted"] == {"split": 3, "plain": 1, "refused": 2}


def test_the_class_can_be_pickled_by_name(answer: dict[str, Any]) -> None:
    assert answer["pickles"] is True
