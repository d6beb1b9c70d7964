"""The counter of spawns on the hub's own /metrics."""

from __future__ import annotations

from typing import Any

NAME = "kernelpair_spawns_total"
RESULTS = ("split", "plain", "refused")


def counter() -> Any:
    """Return the counter, registered once in the registry that the hub serves; every result is there from the start."""
    from prometheus_client import REGISTRY, Counter  # type: ignore[import-not-found]

    found = getattr(REGISTRY, "_names_to_collectors", {}).get(NAME)
    if found is not None:
        return found
    made = Counter(NAME, "User pods that the hub spawned, by what kernelpair did with them.", ["result"])
    for result in RESULTS:
        made.labels(result=result)
    return made


def count(result: str) -> None:
    """Count one spawn as ``result``, one of `RESULTS`."""
    counter().labels(result=result).inc()
