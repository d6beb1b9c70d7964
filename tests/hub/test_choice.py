"""The user's choice: on the spawn page, through the form or the API, into the pod; by real KubeSpawner code."""

from __future__ import annotations

import difflib
import functools
import re
from typing import Any

import pytest

from kernelpair.core import settings, split
from kernelpair.hub.files import settings_file
from tests.hub.cases import BASE, Case
from tests.hub.choice_cases import ALL, BAD, BY_CHOICE, FAILED, ON_IN_VAIN, PAGES, SPLIT, Page
from tests.hub.hubs import HUBS, LINE, RUNTIME, block, program, spawn

Results = dict[str, dict[str, Any]]
SPLIT_KEY = "kernelpair/split"


@functools.cache
def spawns(hub: str) -> Results:
    return spawn(hub, [case for case in ALL if case.only in ("", hub)])


@functools.cache
def pages(hub: str) -> Results:
    jobs = [
        {
            "name": page.name,
            "with": BASE + page.config + LINE,
            "without": BASE + page.config,
            "settings": settings_file(block(page.settings), RUNTIME, "hub"),
            "earlier": page.earlier,
        }
        for page in PAGES
        if page.only in ("", hub)
    ]
    answer: Results = program(hub, "choice_driver.py", {"pages": jobs})
    return answer


ON_EACH_HUB = [(hub, pytest.mark.xdist_group(hub)) for hub in HUBS]


def each(entries: tuple[Any, ...]) -> Any:
    """Every entry with every hub that knows what it configures."""
    return pytest.mark.parametrize(
        ("hub", "entry"),
        [
            pytest.param(hub, entry, marks=mark, id=f"{hub}-{entry.name}")
            for hub, mark in ON_EACH_HUB
            for entry in entries
            if entry.only in ("", hub)
        ],
    )


def with_choice(pod: dict[str, Any], said: str) -> dict[str, Any]:
    """The pod as it is without us, but for the annotation."""
    if not said:
        return pod
    metadata = pod["metadata"]
    return {**pod, "metadata": {**metadata, "annotations": {**metadata["annotations"], SPLIT_KEY: said}}}


@each(SPLIT)
def test_on(hub: str, entry: Case) -> None:
    result = spawns(hub)[entry.name]
    before = with_choice(result["before"], entry.said)
    assert result["after"] == split.split(before, settings.parse(block(entry.settings)), RUNTIME).pod
    assert result["notes"] == []


@each(BY_CHOICE)
def test_off(hub: str, entry: Case) -> None:
    """A plain pod, and everyone is told whose wish it is."""
    result = spawns(hub)[entry.name]
    assert result["after"] == with_choice(result["before"], "false")
    assert result["notes"] == ["No separate kernel container, as you chose."]
    [line] = [line for line in result["log"] if "plain pod" in line[1]]
    assert line[0] == "INFO"
    assert line[1].endswith(" the user chose no separate kernel container")


@each(ON_IN_VAIN)
def test_on_in_vain(hub: str, entry: Case) -> None:
    """The operator's word, the page and refusals outrank the user, who is told."""
    result = spawns(hub)[entry.name]
    assert result["after"] == with_choice(result["before"], entry.said)
    [note] = result["notes"]
    reasons = {"page": "/rstudio", "host": "the node's network", "opted": 'kernelpair/split: "false"'}
    assert note.startswith("No separate kernel container: ")
    assert reasons[entry.name.partition(" ")[0]] in note


@each(BAD)
def test_neither_on_nor_off(hub: str, entry: Case) -> None:
    result = spawns(hub)[entry.name]
    assert result["after"] == result["before"]
    [note] = result["notes"]
    assert "the option kernelpair says " in note
    assert "neither on nor off" in note
    [line] = [line for line in result["log"] if "refused, plain pod" in line[1]]
    assert line[0] == "WARNING"


@each(FAILED)
def test_neither_on_nor_off_to_fail(hub: str, entry: Case) -> None:
    result = spawns(hub)[entry.name]
    assert result["after"] is None
    assert result["error_status"] == 422
    assert 'the option kernelpair says "maybe"' in result["error"][2]


@each(ALL)
def test_the_options_that_the_hub_keeps(hub: str, entry: Case) -> None:
    """What the spawn leaves is what came: the choice too, and never a profile that nobody chose."""
    result = spawns(hub)[entry.name]
    assert result["options_stay"]
    wanted = entry.api or {key: value for key, value in entry.options.items() if not key.startswith("profile-option")}
    assert {key: value for key, value in wanted.items() if key != "kernelpair"}.items() <= result["options"].items()
    if not entry.options.get("profile") and not entry.api.get("profile"):
        assert not result["options"].get("profile")


OPTION = re.compile(r'<option value="(\w+)"\s*(selected)?\s*(?:="")?>')


def shown(form: str) -> dict[str, str]:
    """Slug -> what is selected, for every choice on a page."""
    found = {}
    for name, body in re.findall(r'<select[^>]*?name="([^"]*kernelpair)"[^>]*>(.*?)</select>', form, re.DOTALL):
        slug = re.sub(r"^profile-option-|--?kernelpair$", "", name) if name != "kernelpair" else ""
        options = OPTION.findall(body)
        assert [value for value, _ in options] == ["on", "off"]
        [found[slug]] = [value for value, selected in options if selected]
    return found


@each(PAGES)
def test_page(hub: str, entry: Page) -> None:
    with_us, without = pages(hub)[entry.name]["with"], pages(hub)[entry.name]["without"]
    assert with_us["forms"][0] == with_us["forms"][1]
    form = with_us["forms"][0]
    if entry.name != "taken":
        assert shown(form) == entry.shows
    assert form.count("Separate kernel container") == len(entry.shows)
    if not entry.shows:
        assert form == without["forms"][0]
    assert with_us["profiles"] == without["profiles"]
    assert with_us["pod"] == without["pod"]


@each(tuple(page for page in PAGES if page.shows and "" not in page.shows))
def test_nothing_else_on_the_page_changes(hub: str, entry: Page) -> None:
    """Against the page without us, tags and words are only added, and the words are those of the choice."""
    before, after = (
        re.findall(r"<[^>]*>|[^<\s]+", pages(hub)[entry.name][key]["forms"][0]) for key in ("without", "with")
    )
    opcodes = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    assert {tag for tag, *_ in opcodes} == {"equal", "insert"}
    added = [word for tag, _, _, start, end in opcodes if tag == "insert" for word in after[start:end]]
    words = [word for word in added if not word.startswith("<")]
    assert words == ["Separate", "kernel", "container", "on", "off"] * len(entry.shows)


def test_a_hub_without_profiles_shows_that_one_choice_and_nothing_else() -> None:
    for hub in HUBS:
        assert re.findall(r"<[^>]*>|[^<\s]+", pages(hub)["none"]["with"]["forms"][0]) == [
            '<div class="form-group">',
            '<label for="kernelpair">',
            *("Separate", "kernel", "container"),
            "</label>",
            '<select class="form-control form-select" id="kernelpair" name="kernelpair">',
            *('<option value="on" selected="">', "on", "</option>"),
            *('<option value="off">', "off", "</option>"),
            "</select>",
            "</div>",
        ]


@each(tuple(page for page in PAGES if page.name == "taken"))
def test_an_option_of_that_name_is_respected_and_said(hub: str, entry: Page) -> None:
    answer = pages(hub)[entry.name]["with"]
    told = [text for level, text in answer["log"] if level == "WARNING"]
    assert told
    assert set(told) == {
        "kernelpair: the spawn page doesn't show the user's choice: the profile 'Own' has an option named 'kernelpair' "
        "of its own. Fix: name that option otherwise"
    }
