"""Kubernetes quantities, added and subtracted exactly.

Grammar: ``k8s.io/apimachinery/pkg/api/resource`` (decimal SI, binary SI, decimal exponent).
Amounts are integers in units of 10**-9, the smallest step the API server keeps; finer ones are rounded up, as there.
"""

from __future__ import annotations

import re

NANO = 10**9
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_GRAMMAR = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,3}))?", re.ASCII)


def parse(quantity: object) -> int:
    """Return the amount of a quantity (text, int or float, as YAML gives them) in units of 10**-9.

    Raises ValueError, with a sentence, for anything the API server would refuse.
    """
    if isinstance(quantity, bool) or not isinstance(quantity, (str, int, float)):
        raise ValueError("a quantity is a number or a text such as 500m, 1.5 or 4Gi")
    text = quantity if isinstance(quantity, str) else repr(quantity)
    match = _GRAMMAR.fullmatch(text)
    if match is None:
        raise ValueError(
            "not a quantity: write a number with an optional suffix (n u m k M G T P E, Ki Mi Gi Ti Pi Ei)"
        )
    sign, number, suffix, exponent = match.groups()
    whole, _, fraction = number.partition(".")
    digits = int(whole + fraction)
    power = 9 - len(fraction) + (int(exponent) if exponent else _DECIMAL.get(suffix or "", 0))
    digits <<= _BINARY.get(suffix or "", 0)
    amount: int = digits * 10**power if power >= 0 else -(-digits // 10**-power)
    return -amount if sign == "-" else amount


def show(amount: int, like: object = "") -> str:
    """Return ``amount`` (units of 10**-9) as a quantity, in the suffix family of the quantity ``like``.

    ``parse(show(amount, like)) == amount`` for every amount. The largest suffix that leaves a whole number is used.
    """
    magnitude, sign = abs(amount), "-" if amount < 0 else ""
    if isinstance(like, str) and like.endswith("i"):
        for suffix, bits in reversed(list(_BINARY.items())):
            unit = NANO << bits
            if magnitude and magnitude % unit == 0:
                return f"{sign}{magnitude // unit}{suffix}"
    for suffix, power in reversed(list(_DECIMAL.items())):
        unit = 10 ** (9 + power)
        if magnitude % unit == 0 and (magnitude >= unit or not suffix):
            return f"{sign}{magnitude // unit}{suffix}"
    return f"{sign}{magnitude}n"
