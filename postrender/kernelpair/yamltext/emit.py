"""New data as YAML text that every reader understands alike.

Whatever is written here reads the same with Go's YAML v2 and v3, with YAML 1.2 readers and with PyYAML (YAML 1.1).
Multi-line strings and everything unusual are double-quoted with JSON's escapes, which all of them know; ASCII texts on
one line that hold quotes or backslashes are single-quoted.
Values are dict (str keys), list, str, bool, int, float and None; anything else, a lone surrogate, an integer beyond
64 bits or a key too long for one line raises ValueError.
"""

from __future__ import annotations

import re
from math import isfinite
from typing import NamedTuple

_WORD = r"(?:[A-Za-z0-9_./@%+=$()~^-]|:(?=[A-Za-z0-9_./@%+=$()~^:-]))+"
_PLAIN = re.compile(rf"(?=[A-Za-z0-9_/$]|--?[A-Za-z]|\.[A-Za-z/]){_WORD}(?: {_WORD})*")
# Numbers, dates and base 60 of some reader; wider than any of them, so that a new one is quoted too.
_NUMBERLIKE = re.compile(r"[0-9][0-9a-fA-FxXoO_.:,+TtZz -]*")
_WORDS = frozenset(
    ("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "infinity", ".nan", ".inf", "-.inf")
)
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)")
_FRACTION = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+")
# What a double-quoted text can't hold as it is: quotes, controls, DEL, C1, what is a line end or a byte order mark to
# some reader, and what isn't a character.
_ESCAPED = re.compile('["\\\\\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]')
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
# What keeps a text out of a literal block scalar: characters that need an escape. `_literal` looks for the rest: white
# space where a block scalar would lose or misread it, and more than one line end at the end.
_NOT_LITERAL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
# What single quotes hold as it is and double quotes would have to escape.
_SINGLE = re.compile(r"[ !#-&(-\[\]-~]*[\"\\][ -&(-~]*", re.ASCII)
_KEY_LIMIT = 1000  # libyaml looks for the `:` of a key within 1024 characters
_LEAST, _GREATEST = -(2**63), 2**64 - 1


class Layout(NamedTuple):
    """How block collections are laid out, in spaces."""

    step: int = 2
    """A mapping under a key."""
    sequence: int = 2
    """The dashes of a sequence under a key; 0 puts them below the key itself."""
    dash: int = 2
    """What stands behind a dash, from the dash."""
    literal: bool = False
    """Whether multi-line texts become literal block scalars (`|`) where that is safe."""


def block(value: object, indent: int = 0, newline: str = "\n", layout: Layout | None = None) -> str:
    """`value` in block style: every line begins with `indent` spaces, no line end after the last line.

    Empty collections are `{}` and `[]`, items of sequences are `- key: v`.
    """
    margin = " " * indent
    return newline.join(margin + line if line else line for line in lines(value, layout or Layout()))


def lines(value: object, layout: Layout) -> list[str]:
    """The lines of `block`, from column 0."""
    if isinstance(value, dict) and value:
        return [line for key, item in value.items() for line in entry(key, item, layout)]
    if isinstance(value, list) and value:
        return [line for item in value for line in entry(None, item, layout)]
    return [flow(value) if isinstance(value, (dict, list)) else scalar(value)]


def entry(key: str | None, value: object, layout: Layout) -> list[str]:
    """The lines of one `key: value`, or of one `- value` where `key` is None."""
    head = "-" if key is None else _key(key) + ":"
    if not (isinstance(value, (dict, list)) and value):
        literal = _literal(value) if layout.literal else None
        if literal:
            margin = " " * layout.step
            return [f"{head} {literal[0]}", *(margin + line if line else line for line in literal[1:])]
        return [f"{head} {lines(value, layout)[0]}"]
    below = lines(value, layout)
    if key is None:
        margin = " " * layout.dash
        return [head.ljust(layout.dash) + below[0], *(margin + line if line else line for line in below[1:])]
    margin = " " * (layout.step if isinstance(value, dict) else layout.sequence)
    return [head, *(margin + line if line else line for line in below)]


def flow(value: object) -> str:
    """`value` on one line; valid JSON, which also stands in every YAML flow collection. No infinities: ValueError."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(_checked(key))}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, float) and not isfinite(value):
        raise ValueError(f"JSON has no number for {value!r}")
    return scalar(value)


def scalar(value: object) -> str:
    """A scalar: plain where every reader reads it alike, else quoted; JSON and the like without a forest of escapes."""
    if isinstance(value, str):
        return value if _is_plain(value) else f"'{value}'" if _SINGLE.fullmatch(value) else quoted(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return _float(value)
    raise ValueError(f"a {type(value).__name__} can't be written as YAML")


def quoted(text: str) -> str:
    """`text` in double quotes, on one line; also a JSON string."""
    if _SURROGATE.search(text):
        raise ValueError("a text with half a surrogate pair can't be written as YAML")
    return '"' + _ESCAPED.sub(_escape, text) + '"'


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    return _ESCAPES.get(character) or f"\\u{ord(character):04x}"


def _is_plain(text: str) -> bool:
    return bool(_PLAIN.fullmatch(text)) and not _NUMBERLIKE.fullmatch(text) and text.lower() not in _WORDS


def _literal(value: object) -> list[str] | None:
    """The header and the lines of a literal block scalar, or None where it wouldn't be safe or of use."""
    if not isinstance(value, str) or "\n" not in value or value[0].isspace():
        return None
    lines = value.removesuffix("\n").split("\n")
    if not lines[-1] or lines[-1][-1] in " \t" or any(line.isspace() for line in lines):
        return None
    # Programs are ASCII and have no controls, which a search of theirs would take its time to find.
    ordinary = value.isascii() and "".join(lines).replace("\t", "").isprintable()
    if not ordinary and _NOT_LITERAL.search(value):
        return None
    return ["|" if value.endswith("\n") else "|-", *lines]


def _key(key: object) -> str:
    return scalar(_checked(key))


def _checked(key: object) -> str:
    if not isinstance(key, str):
        raise ValueError(f"a key must be a text, not a {type(key).__name__}")
    if len(key) > _KEY_LIMIT or len(quoted(key)) > _KEY_LIMIT:
        raise ValueError(f"a key of {len(key)} characters is too long for YAML")
    return key


def _integer(number: int) -> str:
    if not _LEAST <= number <= _GREATEST:
        raise ValueError("an integer beyond 64 bits is a float to Go")
    source = getattr(number, "source", "")
    return source if _DECIMAL.fullmatch(source) else str(int(number))


def _float(number: float) -> str:
    source = getattr(number, "source", "")
    if _FRACTION.fullmatch(source):
        return str(source)
    if not isfinite(number):
        return {"nan": ".nan", "inf": ".inf", "-inf": "-.inf"}[repr(float(number))]
    # PyYAML asks for a dot in the mantissa and a sign in the exponent; repr gives the sign.
    mantissa, exponent, power = repr(float(number)).partition("e")
    return f"{mantissa}{'' if '.' in mantissa else '.0'}{exponent}{power}"
