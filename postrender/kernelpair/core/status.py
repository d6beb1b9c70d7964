"""The record in the annotation ``kernelpair/status``: what split added, moved and overwrote, for undo.

It never holds the value of an environment variable: those are taken from the container that kept them.
"""

from __future__ import annotations

import json
from typing import Any

from . import names, shapes
from .pods import annotations_of
from .reasons import Finding, Reason, Refused

VERSION = 1
_KEY = f"metadata.annotations.{names.STATUS}"


def read(pod: dict[str, Any]) -> dict[str, Any] | None:
    """Return the record of a pair, or None for a pod that is none.

    Raises Refused when the record is damaged or written by a later version.
    """
    text = annotations_of(pod).get(names.STATUS)
    if text is None:
        return None
    detail = ""
    try:
        record = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError) as error:
        record, detail = None, str(error)
    if not isinstance(record, dict):
        raise Refused([Finding(Reason.STATUS_UNREADABLE, _KEY, str(text)[:60], detail or "it is not a JSON object")])
    if record.get("version") != VERSION:
        detail = f"it has version {record.get('version')}, and this kernelpair reads version {VERSION}"
        raise Refused([Finding(Reason.STATUS_UNREADABLE, _KEY, str(text)[:60], detail)])
    require(record, shapes.RECORD, str(text)[:60])
    return record


def require(value: Any, shape: shapes.Shape, shown: str) -> None:
    """Raise Refused unless ``value``, read from a record or put together with its help, has the ``shape``."""
    sentences = [said for _, said in shapes.mismatches(value, shape)]
    if sentences:
        raise Refused([Finding(Reason.STATUS_UNREADABLE, _KEY, shown, "; ".join(sentences))])


def write(record: dict[str, Any]) -> str:
    """Return the record as the annotation's text: compact JSON, the same for the same record."""
    return json.dumps({"version": VERSION, **record}, separators=(",", ":"), sort_keys=True, ensure_ascii=True)
