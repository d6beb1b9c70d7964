"""The hub's door without a hub: a pod and settings as they are written in, what the hook makes of it out."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from typing import Any

from kernelpair.hub import files, hook
from kernelpair.hub.outcome import Outcome, Spawn, outcome

NAMESPACE = "hub"
SPAWN = Spawn(NAMESPACE, user_namespaces=False, default_url="")


def at_spawn(pod: dict[str, Any], written: object, runtime: str) -> Outcome:
    """What becomes of ``pod`` in a hub whose settings.json holds the block ``written``, read as the hub reads it."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(files.settings_file(written, runtime, NAMESPACE))
        file.flush()
        return outcome(pod, SPAWN, hook._read(file.name))


def told(reasons: Iterable[Mapping[str, str]]) -> tuple[str, str, str]:
    """(what, why, fix) as the hook joins them, of the reasons that `kernelpair explain` lists."""
    listed = list(reasons)
    what, why, fix = (
        " and ".join(dict.fromkeys(reason[part] for reason in listed if reason.get(part)))
        for part in ("what", "why", "fix")
    )
    return what, why, fix
