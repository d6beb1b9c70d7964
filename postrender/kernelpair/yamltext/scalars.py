"""What Go's YAML reads in a scalar, and values that remember how they were written.

The rules are those of go.yaml.in/yaml/v2 (resolve.go), on which sigs.k8s.io/yaml and with it the API server stand:
YAML 1.1 booleans, Go's integer literals, no base 60, and dates stay strings.
"""

from __future__ import annotations

import re
import struct
from math import isinf

_WORDS: dict[str, object] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}
_FLOAT_WORDS = {
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
# Only these characters can begin anything but a string.
_HINTS = frozenset("+-0123456789.yYnNtTfFoO~")
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]([0-7]+)|0([0-7]*)|([1-9][0-9]*))", re.ASCII)
_BASES = (16, 2, 8, 8, 10)
# go-yaml hands what follows 0b to strconv.ParseInt, which takes a second sign.
_SIGNED_BINARY = re.compile(r"0b([-+][01]+)", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
# Behind a leading dot go-yaml leaves the underscores to strconv.ParseFloat, which takes single ones between digits.
_DOT_FLOAT = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?", re.ASCII)
_LEAST, _GREATEST, _GREATEST_UNSIGNED = -(2**63), 2**63 - 1, 2**64 - 1


_CORE = "tag:yaml.org,2002:"
# What a tag accepts of what the text reads as (go-yaml's resolve); other tags leave a scalar the string it is.
_TAGS: dict[str, tuple[type, ...]] = {
    _CORE + "int": (int,),
    _CORE + "float": (float, int),
    _CORE + "bool": (bool,),
    _CORE + "null": (type(None),),
}


class SourceInt(int):
    """An integer that remembers how it was written; copies and pickles keep that."""

    source: str

    def __new__(cls, number: int, source: str = "") -> SourceInt:
        """`number`, written as `source` (its decimal digits unless given)."""
        self = super().__new__(cls, number)
        self.source = source or str(number)
        return self


class SourceFloat(float):
    """A float that remembers how it was written; copies and pickles keep that."""

    source: str

    def __new__(cls, number: float, source: str = "") -> SourceFloat:
        """`number`, written as `source` (Python's repr unless given)."""
        self = super().__new__(cls, number)
        self.source = source or repr(number)
        return self


def resolve(text: str) -> object:
    """What Go reads in a plain scalar: None, bool, SourceInt, SourceFloat, or `text` itself."""
    if text and text[0] not in _HINTS:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text in _FLOAT_WORDS:
        return SourceFloat(_FLOAT_WORDS[text], text)
    if text[0] == ".":
        return _float(text, text, _DOT_FLOAT)
    if text[0] not in "+-0123456789":
        return text
    digits = text.replace("_", "")
    number = _integer(digits)
    return _float(text, digits, _FLOAT) if number is None else SourceInt(number, text)


def resolve_tagged(tag: str, text: str) -> object:
    """What Go reads in a scalar with an explicit tag. Raises ValueError where the text doesn't fit the tag."""
    accepted = _TAGS.get(tag)
    if accepted is None:
        return text
    found = resolve(text)
    if not isinstance(found, accepted) or (isinstance(found, bool) and bool not in accepted):
        raise ValueError(text)
    return SourceFloat(found, text) if tag == _CORE + "float" and isinstance(found, int) else found


def _integer(digits: str) -> int | None:
    """strconv.ParseInt(digits, 0, 64), then ParseUint, then go-yaml's own reading of 0b; None where all refuse."""
    match = _INTEGER.fullmatch(digits)
    if match:
        which = next(i for i in range(5) if match.group(i + 2) is not None)
        number = _bounded(match.group(which + 2) or "0", _BASES[which])
        if number is None or not match.group(1):
            return number
        number = -number if match.group(1) == "-" else number
        return number if _LEAST <= number <= _GREATEST else None
    match = _SIGNED_BINARY.fullmatch(digits)
    if match:
        number = _bounded(match.group(1), 2)
        return number if number is not None and _LEAST <= number <= _GREATEST else None
    return None


def _bounded(digits: str, base: int) -> int | None:
    """The number, unless it doesn't fit 64 bits. Long texts aren't converted: that takes quadratic time."""
    if len(digits) > 100:
        digits = digits.lstrip("0") or "0"
        if len(digits) > 70:
            return None
    number = int(digits, base)
    return number if number <= _GREATEST_UNSIGNED else None


def _float(text: str, digits: str, pattern: re.Pattern[str]) -> object:
    """A float, or `text` where it isn't one or overflows, as strconv.ParseFloat reports."""
    if not pattern.fullmatch(digits):
        return text
    number = float(digits)
    return text if isinf(number) else SourceFloat(number, text)


def key_text(key: object) -> str | None:
    """The JSON key that sigs.k8s.io/yaml makes of a mapping's scalar key; None where it refuses."""
    if isinstance(key, str):
        return key
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, int):
        return str(int(key)) if key <= _GREATEST else None
    if isinstance(key, float):
        return _go_float32(key)
    return None


def _go_float32(number: float) -> str:
    """strconv.FormatFloat(number, 'g', -1, 32), with go-yaml's names for what isn't finite."""
    packed = _float32(number)
    if packed in _UNUSUAL_FLOATS:
        return _UNUSUAL_FLOATS[packed]
    (number,) = struct.unpack("<f", packed)
    shortest = next(s for s in (f"{number:.{p}e}" for p in range(18)) if _float32(float(s)) == packed)
    mantissa, exponent = shortest.split("e")
    digits = len(mantissa.lstrip("-").replace(".", ""))
    power = int(exponent)
    if not -4 <= power < 6:
        return f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"
    return f"{float(shortest):.{max(digits - 1 - power, 0)}f}"


def _float32(number: float) -> bytes:
    try:
        return struct.pack("<f", number)
    except OverflowError:
        return struct.pack("<f", float("-inf" if number < 0 else "inf"))


_UNUSUAL_FLOATS = {_float32(float(name)): text for name, text in (("nan", ".nan"), ("inf", ".inf"), ("-inf", "-.inf"))}


def same(a: object, b: object) -> bool:
    """Deep equality that keeps None, 1, True, 1.0 and "1" apart; key order and sources don't count."""
    return _same(a, b, set())


def _same(a: object, b: object, seen: set[tuple[int, int]]) -> bool:
    if a is b:
        return True
    if isinstance(a, (dict, list)):
        # Aliases share objects: a pair that has been met once needn't be walked again.
        pair = (id(a), id(b))
        if pair in seen:
            return True
        seen.add(pair)
        if isinstance(a, dict):
            if not isinstance(b, dict) or len(a) != len(b):
                return False
            return all(key in b and _same(item, b[key], seen) for key, item in a.items())
        if not isinstance(b, list) or len(a) != len(b):
            return False
        return all(_same(x, y, seen) for x, y in zip(a, b, strict=True))
    if a.__class__ is not b.__class__ and _type(a) is not _type(b):
        return False
    return a == b or (a != a and b != b)


def _type(scalar: object) -> type:
    """The type a scalar has in JSON's eyes: a SourceInt is an int."""
    return next((kind for kind in (bool, int, float, str) if isinstance(scalar, kind)), type(scalar))
