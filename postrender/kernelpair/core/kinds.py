"""What the keys of the settings accept: each kind checks a value and describes itself as JSON Schema."""

from __future__ import annotations

import re
from typing import Any, Callable, NamedTuple

from . import quantities


class Kind(NamedTuple):
    """What a key accepts: ``check(value)`` returns a sentence when it does not fit, else nothing.

    ``also`` maps further values to those they stand for (``off`` is false by the time Helm has read it).
    """

    name: str
    check: Callable[[Any], str]
    schema: dict[str, Any]
    also: tuple[tuple[Any, Any], ...] = ()


def _is(types: type | tuple[type, ...], sentence: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        fits = isinstance(value, types) and (types is bool or not isinstance(value, bool))
        return "" if fits else sentence

    return check


def _number(low: int, high: int) -> Kind:
    def check(value: Any) -> str:
        fits = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        return "" if fits else f"must be a whole number from {low} to {high}"

    return Kind("number", check, {"type": "integer", "minimum": low, "maximum": high})


def choice(*choices: Any) -> Kind:
    """Return the kind of a key that takes one of ``choices``, type included."""
    names = ", ".join(str(choice).lower() if isinstance(choice, bool) else str(choice) for choice in choices)

    def check(value: Any) -> str:
        return (
            ""
            if any(value == choice and type(value) is type(choice) for choice in choices)
            else f"must be one of {names}"
        )

    return Kind(names.replace(", ", " | "), check, {"enum": list(choices)})


def _texts_check(value: Any) -> str:
    fits = isinstance(value, list) and all(isinstance(item, str) and item for item in value)
    return "" if fits else "must be a list of non-empty texts"


def _quantity_problem(name: Any, quantity: Any) -> str:
    if not isinstance(name, str) or not name:
        return "resource names are texts"
    try:
        positive = quantities.parse(quantity) > 0
    except ValueError as error:
        return f"{name}: {error}"
    return "" if positive else f"{name}: must be greater than 0"


def _quantities_check(value: Any) -> str:
    if not isinstance(value, dict):
        return "must be a mapping of resource names to quantities, such as {memory: 512Mi}"
    return "; ".join(filter(None, (_quantity_problem(name, quantity) for name, quantity in value.items())))


_RESERVABLE = ("cpu", "memory", "ephemeral-storage")


def _reserve_check(value: Any) -> str:
    why = _quantities_check(value)
    other = [] if why else [name for name in value if name not in _RESERVABLE]
    return f"{', '.join(other)}: only {', '.join(_RESERVABLE)} can be reserved" if other else why


def _resources_check(value: Any) -> str:
    if not isinstance(value, dict) or set(value) - {"limits", "requests"}:
        return "must be a mapping with limits and requests only"
    return "; ".join(filter(None, map(_quantities_check, value.values())))


_ENV_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")


def _env_check(value: Any) -> str:
    if not isinstance(value, dict):
        return "must be a mapping of names to texts"
    wrong = [
        str(name)
        for name, text in value.items()
        if not (isinstance(text, str) and isinstance(name, str) and _ENV_NAME.fullmatch(name))
    ]
    return f"{', '.join(wrong)}: names are environment variable names, values are texts in quotes" if wrong else ""


_PULL_SECRETS_WHY = "must be a list of secret names or of {name: ...}"


def _pull_secrets_check(value: Any) -> str:
    def fits(item: Any) -> bool:
        name = item.get("name") if isinstance(item, dict) and len(item) == 1 else item
        return isinstance(name, str) and bool(name)

    return "" if isinstance(value, list) and all(map(fits, value)) else _PULL_SECRETS_WHY


_NOT_OVERRIDDEN = ("name", "image", "imagePullPolicy", "resources")


def _overrides_check(value: Any) -> str:
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        return "must be a mapping of container fields"
    refused = [name for name in _NOT_OVERRIDDEN if name in value]
    if refused:
        return f"{', '.join(refused)} can't be overridden here: the image and the resources have keys of their own"
    env = value.get("env", [])
    named = isinstance(env, list) and all(isinstance(item, dict) and isinstance(item.get("name"), str) for item in env)
    return "" if named else "env must be a list of {name: ..., value: ...}"


# More than 0: a digit other than 0 before or after the point. (Go's expressions have no look-ahead.)
_POSITIVE = r"^\+?([0-9]*[1-9][0-9]*(\.[0-9]*)?|[0-9]*\.[0-9]*[1-9][0-9]*)([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,3})?$"
_QUANTITY = {"anyOf": [{"type": "string", "pattern": _POSITIVE}, {"type": "number", "exclusiveMinimum": 0}]}
_QUANTITIES = {"type": "object", "propertyNames": {"minLength": 1}, "additionalProperties": _QUANTITY}
_NAMED = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
_NON_EMPTY = {"type": "string", "minLength": 1}

FLAG = Kind("true | false", _is(bool, "must be true or false, without quotes"), {"type": "boolean"})
TEXT = Kind("text", _is(str, "must be a text; put it in quotes"), {"type": "string"})
TEXTS = Kind("list of texts", _texts_check, {"type": "array", "items": _NON_EMPTY})
SECRETS = Kind(
    "list of secret names",
    _pull_secrets_check,
    {
        "type": "array",
        "items": {
            "anyOf": [
                _NON_EMPTY,
                {
                    "type": "object",
                    "required": ["name"],
                    "additionalProperties": False,
                    "properties": {"name": _NON_EMPTY},
                },
            ]
        },
    },
)
RESERVE = Kind(
    "quantities of cpu, memory, ephemeral-storage",
    _reserve_check,
    {
        "type": "object",
        "additionalProperties": False,
        "properties": dict.fromkeys(_RESERVABLE, _QUANTITY),
    },
)
RESOURCE_REQUIREMENTS = Kind(
    "limits and requests",
    _resources_check,
    {"type": "object", "additionalProperties": False, "properties": {"limits": _QUANTITIES, "requests": _QUANTITIES}},
)
ENV = Kind(
    "texts by name",
    _env_check,
    {
        "type": "object",
        "propertyNames": {"pattern": f"^{_ENV_NAME.pattern}$"},
        "additionalProperties": {"type": "string"},
    },
)
OVERRIDES = Kind(
    "container fields",
    _overrides_check,
    {
        "type": "object",
        "propertyNames": {"not": {"enum": list(_NOT_OVERRIDDEN)}},
        "properties": {"env": {"type": "array", "items": _NAMED}},
    },
)
PORT = _number(1024, 65535)
SECONDS = _number(1, 3600)
PULL_POLICY = choice("Always", "IfNotPresent", "Never", "")
SWITCH = choice("auto", True, False)
TERMINALS = choice("kernel", "notebook", "off")
TERMINALS = TERMINALS._replace(also=((False, "off"),), schema={"enum": ["kernel", "notebook", "off", False]})
