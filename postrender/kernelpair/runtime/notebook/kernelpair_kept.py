"""What a notebook server leaves for the next one of its pod, on the volume that outlives it; standard library only."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Iterable

import kernelpair_files

KERNELS = "kernels.json"
SESSIONS = "sessions.json"


def _path(name: str) -> Path:
    return Path(os.environ["KERNELPAIR_RUN"]) / name


def read(name: str) -> list[dict[str, Any]]:
    """Return what `write` left under ``name``; [] where there is nothing, or nothing that makes sense."""
    try:
        found = json.loads(_path(name).read_bytes())
    except (KeyError, OSError, ValueError):
        return []
    return [record for record in found if isinstance(record, dict)] if isinstance(found, list) else []


def write(name: str, records: Iterable[dict[str, Any]], log: Any) -> None:
    """Replace what is under ``name``. A volume that can't take it costs the next server something, this one nothing."""
    try:
        kernelpair_files.replace(_path(name), json.dumps(list(records)).encode())
    except (KeyError, OSError) as error:
        log.warning("kernelpair: a notebook server that starts anew won't find all it had: %s: %s", name, error)
