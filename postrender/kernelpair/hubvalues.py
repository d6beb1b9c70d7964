"""The values that a zero-to-jupyterhub release keeps in a Secret, found and decoded without reading the stream's YAML.

Standard library and core's names only: the flag is looked up with it on the way on which nothing changes.
"""

from __future__ import annotations

import binascii
import re

from .core import names

KEY = "values.yaml"
"""The Secret's key under which the chart keeps all of its values, as YAML in base64."""
SETTINGS = "kernelGateway"

_SECRET = re.compile(rb"values\.yaml[\"']?[ \t]*:[ \t]*[\"']?([A-Za-z0-9+/=]*)([^A-Za-z0-9+/=]?)")
_ENDS = b"\"' \t\r\n,}"
_OUR_CHART = re.compile(names.POD_TEMPLATE.replace("/", r"\\?/").encode())
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*", re.ASCII)


def may_ask(data: bytes) -> bool:
    """Tell whether the values of some hub in a stream may mention kernelGateway. False is certain.

    Values that can't be decoded from the bytes as they stand (encrypted, or written as a block scalar) may.
    """
    if b"values.yaml" not in data:
        return False
    return any(_mentions(match.group(1), match.group(2)) for match in _SECRET.finditer(data))


def _mentions(encoded: bytes, behind: bytes) -> bool:
    if behind and behind not in _ENDS:
        return True
    values = decode(encoded.decode())
    return values is None or SETTINGS.encode() in values


def concerns(data: bytes, flag: bool | None) -> bool:
    """Tell whether hub releases of a stream have to be read: they may ask, or something else asks for kernelpair.

    `flag` is what the environment says of the feature flag.
    """
    if flag is False:
        return False
    if may_ask(data) or _OUR_CHART.search(data):
        return True
    return b"z2jh.py" in data and (flag is True or b"kernelpair/" in data)


def decode(encoded: object) -> bytes | None:
    """The bytes of a value of a Secret's `data`; None where it isn't base64 (encrypted, redacted)."""
    if not isinstance(encoded, str) or not _BASE64.fullmatch(encoded):
        return None
    try:
        return binascii.a2b_base64(encoded)
    except binascii.Error:
        return None
