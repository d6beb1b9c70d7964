"""The feature flag: the settings as they are written in manifests, and the environment variable that overrides them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from . import hubvalues
from .core import settings as core_settings
from .core.settings import InvalidSettings, SettingProblem, Settings
from .errors import Problem, Rejected, short

VARIABLE = "PRIMEHUB_FEATURE_ENABLE_KERNEL_GATEWAY"
_VALUES = {"": None, "true": True, "false": False}

_MENTION = re.compile(rb"kernelpair[/\\]+settings")
# The two ways in which Helm's toYaml and quote write JSON text: one line, single- or double-quoted.
_ONE_LINE = re.compile(
    rb"kernelpair/settings: (?:'((?:[^'\r\n]|'')*)'|(\"(?:[^\"\\\r\n]|\\.)*\"))[ \t]*\r?$", re.MULTILINE
)


def override(environment: Mapping[str, str]) -> bool | None:
    """What the environment says of the flag, None for nothing. Raises Rejected for anything but true or false."""
    text = environment.get(VARIABLE, "")
    if text.strip().lower() in _VALUES:
        return _VALUES[text.strip().lower()]
    raise Rejected(
        Problem(
            f"{VARIABLE} is neither true nor false",
            key=f"environment variable {VARIABLE}",
            value=short(text),
            why="it overrides kernelGateway.enabled, and a guess could split pods that should stay",
            fix="set it to true or false, or unset it",
        )
    )


def read(written: Any, flag: bool | None) -> Settings:
    """The settings in an annotation's text (JSON), with the flag overridden. Raises InvalidSettings.

    A flag that is overridden to off is an operator's way out: what is written is not judged then.
    """
    return for_stream({} if flag is False else parsed(written), flag)


def parsed(written: Any) -> Any:
    """What an annotation's text says, not judged yet. Raises InvalidSettings where it is no JSON."""
    import json

    if not isinstance(written, str):
        raise InvalidSettings(
            [SettingProblem("", written, "an annotation's value is a text", "put the JSON in quotes")]
        )
    try:
        return json.loads(written, object_pairs_hook=_without_duplicates)
    except ValueError as error:
        fix = "write the kernelGateway block as JSON, such as {{ .Values.kernelGateway | toJson }}"
        raise InvalidSettings([SettingProblem("", written, f"not JSON: {error}", fix)]) from None
    except RecursionError:
        raise InvalidSettings([SettingProblem("", written, "nested too deeply", "write plain settings")]) from None


def problems(invalid: InvalidSettings) -> list[Problem]:
    """What is wrong with settings, one problem for each key; the caller adds where they are written."""
    made = []
    for wrong in invalid.problems:
        what = f"the setting kernelGateway.{wrong.key} can't be used" if wrong.key else "the settings can't be used"
        made.append(Problem(what, key=wrong.key, value=shown(wrong.value), why=wrong.why, fix=wrong.fix))
    return made


def shown(written: object) -> str:
    """A setting's value in a message: as JSON, so that 1 and "1" look different; what may hold secrets isn't shown."""
    import json

    if not written or isinstance(written, (bool, int, float)):
        return json.dumps(written)
    return short(json.dumps(written, ensure_ascii=False, default=str)) if isinstance(written, (str, list)) else ""


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} stands there twice")
    return made


def for_stream(raw: Any, flag: bool | None) -> Settings:
    """The settings written as `raw`, with the flag overridden, as `read` does. Raises InvalidSettings."""
    if flag is False:
        raw = {}
    elif flag and isinstance(raw, dict):
        raw = {**raw, "enabled": flag}
    return core_settings.parse(raw)


def all_off(data: bytes, settings: Any, flag: bool | None) -> bool:
    """Tell, without reading YAML, whether the flag is known to be off for the whole stream: it stays to the byte.

    `settings` are those given for the stream, or None. False means "don't know": what is written is then read as part
    of its document. True needs every mention of settings to be a line that Helm could have written, with valid
    settings in it.
    """
    if flag is not None:
        return not flag
    if settings is not None and for_stream(settings, None)["enabled"]:
        return False
    if hubvalues.may_be_on(data):
        return False
    # Finding one word takes the regex engine ten times as long.
    return b"kernelpair" not in data or not any(_may_be_on(data, found.start()) for found in _MENTION.finditer(data))


def _may_be_on(data: bytes, mention: int) -> bool:
    match = _ONE_LINE.match(data, mention)
    before = data[data.rfind(b"\n", 0, mention) + 1 : mention]
    if match is None or before.strip(b" "):
        return True
    import json

    single, double = match.groups()
    try:
        text = single.decode().replace("''", "'") if single is not None else json.loads(double)
        return bool(read(text, None)["enabled"])
    except ValueError:
        return True
