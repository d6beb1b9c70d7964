"""The values that a zero-to-jupyterhub release keeps in a Secret, found and decoded without reading the stream's YAML.

Standard library and core's names only: the flag is looked up with it on the way on which nothing changes.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator

from .core import names

KEY = "values.yaml"
"""The Secret's key under which the chart keeps all of its values, as YAML in base64."""
SETTINGS = "kernelGateway"

_SECRET = re.compile(rb"values\.yaml[\"']?[ \t]*:[ \t]*[\"']?([A-Za-z0-9+/=]*)([^A-Za-z0-9+/=]?)")
_ENDS = b"\"' \t\r\n,}"
_OUR_CHART = re.compile(names.POD_TEMPLATE.replace("/", r"\\?/").encode())
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*", re.ASCII)


# The settings as Helm's toYaml writes them, and in them the flag.
_BLOCK = re.compile(rb"^custom:\n(?:  .*\n)*?  kernelGateway:\n((?:    .*\n)+)", re.MULTILINE)
_FLAG = re.compile(rb"^    enabled:(.*)$", re.MULTILINE)


def may_ask(data: bytes) -> bool:
    """Tell whether the values of some hub in a stream may mention kernelGateway. False is certain.

    Values that can't be decoded from the bytes as they stand (encrypted, or written as a block scalar) may.
    """
    return any(values is None or SETTINGS.encode() in values for values in _all_values(data))


def may_be_on(data: bytes) -> bool:
    """Tell whether the values of some hub in a stream may turn kernelGateway on. False is certain."""
    return any(values is None or (SETTINGS.encode() in values and not _is_off(values)) for values in _all_values(data))


def _all_values(data: bytes) -> Iterator[bytes | None]:
    """The decoded values of every hub; None where they can't be decoded."""
    if b"values.yaml" not in data:
        return
    for match in _SECRET.finditer(data):
        encoded, behind = match.groups()
        yield None if behind and behind not in _ENDS else decode(encoded.decode())


def _is_off(values: bytes) -> bool:
    """Tell whether values say, as Helm writes them, that the flag is off.

    They do where kernelGateway stands there once, in its place, and its flag once, as false: the same words in a text
    would make it two, or be no settings at all.
    """
    if values.count(SETTINGS.encode()) != 1 or b"<<" in values:
        return False
    block = _BLOCK.search(values)
    return block is not None and _FLAG.findall(block.group(1)) == [b" false"]


def concerns(data: bytes, flag: bool | None) -> bool:
    """Tell whether hub releases of a stream have to be read: one may ask, or was fitted by an earlier run.

    `flag` is what the environment says of the feature flag.
    """
    if flag is False:
        return False
    if may_ask(data) or _OUR_CHART.search(data):
        return True
    return b"z2jh.py" in data and (flag is True or b"kernelpair/hub" in data)


def decode(encoded: object) -> bytes | None:
    """The bytes of a value of a Secret's `data`; None where it isn't base64 (encrypted, redacted)."""
    if not isinstance(encoded, str) or not _BASE64.fullmatch(encoded):
        return None
    try:
        return binascii.a2b_base64(encoded)
    except binascii.Error:
        return None
