"""The feature flag: the environment, settings in annotations, and knowing without YAML that it is off."""

from __future__ import annotations

import json

import pytest

from kernelpair import flags
from kernelpair.core.settings import InvalidSettings
from kernelpair.errors import Rejected

ON = {"enabled": True, "notebook": {"image": {"name": "x"}}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", None), ("  ", None), ("true", True), ("True", True), (" TRUE\n", True), ("false", False), ("False", False)],
)
def test_the_environment_says_true_false_or_nothing(text: str, expected: bool | None) -> None:
    assert flags.override({flags.VARIABLE: text}) is expected
    assert flags.override({}) is None


@pytest.mark.parametrize("text", ["yes", "on", "1", "0", "t", "true false", "enabled", "ja\x00\n"])
def test_anything_else_in_the_environment_is_refused(text: str) -> None:
    with pytest.raises(Rejected) as refused:
        flags.override({flags.VARIABLE: text})
    (problem,) = refused.value.problems
    assert problem.key.endswith(flags.VARIABLE)
    assert problem.value.isprintable()
    assert "unset" in problem.fix


@pytest.mark.parametrize(("flag", "enabled"), [(None, True), (True, True), (False, False)])
def test_the_override_wins(flag: bool | None, enabled: bool) -> None:
    assert flags.read(json.dumps(ON), flag)["enabled"] is enabled
    assert flags.read(json.dumps({**ON, "enabled": False}), flag)["enabled"] is (flag is True)


def test_an_override_to_off_judges_nothing() -> None:
    for written in ("not json", None, '{"typo": 1}', "[" * 100_000):
        assert flags.read(written, False)["enabled"] is False


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ({"enabled": True}, "an annotation's value is a text"),
        (None, "an annotation's value is a text"),
        ("", "not JSON"),
        ("enabled: true", "not JSON"),
        ('{"enabled": tru', "not JSON"),
        ('{"enabled": true, "enabled": true}', "stands there twice"),
        ('{"kernel": {"port": 1, "port": 2}}', "'port' stands there twice"),
        ("[" * 100_000, "nested too deeply"),
        ("[]", "must be a mapping"),
        ("null", "must be a mapping"),
        ('{"enabled": NaN}', "must be true or false"),
        ('{"enabled": true}', "no front-end image"),
    ],
)
def test_settings_that_cannot_be_read_say_why(written: object, says: str) -> None:
    with pytest.raises(InvalidSettings) as invalid:
        flags.read(written, None)
    (problem,) = invalid.value.problems
    assert says in problem.why
    assert problem.fix


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        ("1", '"1"'),
        (True, "true"),
        ("", '""'),
        ({}, "{}"),
        (None, "null"),
        (["a"], '["a"]'),
        ({"TOKEN": "s3cret"}, ""),
        ("x" * 100, '"' + "x" * 56 + "..."),
    ],
)
def test_values_are_shown_as_json_and_mappings_not_at_all(value: object, text: str) -> None:
    assert flags.shown(value) == text


OFF_LINES = [
    b"""    kernelpair/settings: '{"enabled":false}'\n""",
    b"""    kernelpair/settings: "{\\"enabled\\":false}"\n""",
    b"""kernelpair/settings: '{}'\r\n""",
    b"""  kernelpair/settings: '{"enabled":false,"plainUrls":["/it''s"]}'""",
    b"",
    b"kernelpair/status: x\n# kernelpair\n",
]
MAYBE_LINES = [
    b"""  kernelpair/settings: '{"enabled":true,"notebook":{"image":{"name":"x"}}}'\n""",
    b"""  kernelpair/settings: '{"enabled":false,"typo":1}'\n""",
    b"""  "kernelpair/settings": '{"enabled":false}'\n""",
    b"""{"kernelpair/settings": "{\\"enabled\\":false}"}\n""",
    b"""{"kernelpair\\/settings": "{\\"enabled\\":false}"}\n""",
    b"""  kernelpair/settings: |\n    {"enabled":false}\n""",
    b"""  kernelpair/settings: '{"enabled":\n    false}'\n""",
    b"""  kernelpair/settings: '{"enabled":false}' # a comment\n""",
    b"""  - kernelpair/settings: '{"enabled":false}'\n""",
    b"""# kernelpair/settings\n""",
    b"""  kernelpair/settings: '\xff'\n""",
]


@pytest.mark.parametrize("line", OFF_LINES)
def test_lines_that_helm_writes_are_known_to_be_off(line: bytes) -> None:
    assert flags.all_off(b"---\n" + line, None, None)
    assert flags.all_off(b"".join(other for other in OFF_LINES if other.endswith(b"\n")) + line, None, None)


@pytest.mark.parametrize("line", MAYBE_LINES)
def test_what_is_on_wrong_or_unusual_is_left_to_the_reader(line: bytes) -> None:
    assert not flags.all_off(OFF_LINES[0] + line, None, None)
    assert flags.all_off(line, None, False)


def test_settings_for_the_stream_count_too() -> None:
    assert not flags.all_off(b"", ON, None)
    assert flags.all_off(b"", {**ON, "enabled": False}, None)
    assert flags.all_off(b"", ON, False)
    assert not flags.all_off(b"", None, True)
