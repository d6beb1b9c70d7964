"""Which items of an old list live on in a new one."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, deque
from typing import Any

# Kinds of old and new items that may be one item, changed. Two mappings with different names are two items.
_PAIRED = {("map", "map"), ("name", "map"), ("map", "name"), ("seq", "seq"), ("scalar", "scalar")}


def align(old: list[Any], new: list[Any]) -> list[int | None]:
    """For each item of `new` the index of the item of `old` it continues, or None; the indexes rise.

    Mappings continue the one of the same `name`, where that names one item only; other items continue an equal one.
    What is left between two such pairs is paired in order where it is of one kind. O(n log n) plus the items' size.
    """
    old_tokens, new_tokens = _tokens(old, new)
    pairs = _rising(_candidates(old_tokens, new_tokens))
    found: list[int | None] = [None] * len(new)
    last_old, last_new = -1, -1
    for at_old, at_new in [*pairs, (len(old), len(new))]:
        for i, j in zip(range(last_old + 1, at_old), range(last_new + 1, at_new), strict=False):
            if (old_tokens[i][0], new_tokens[j][0]) in _PAIRED:
                found[j] = i
        if at_new < len(new):
            found[at_new] = at_old
        last_old, last_new = at_old, at_new
    return found


def _tokens(old: list[Any], new: list[Any]) -> tuple[list[Any], list[Any]]:
    counts = [Counter(name for item in items if (name := _name(item)) is not None) for items in (old, new)]

    def token(item: Any) -> Any:
        name = _name(item)
        return ("name", name) if name is not None and all(c[name] <= 1 for c in counts) else _frozen(item)

    return [token(item) for item in old], [token(item) for item in new]


def _name(item: Any) -> str | None:
    name = item.get("name") if isinstance(item, dict) else None
    return name if isinstance(name, str) else None


def _frozen(item: Any) -> Any:
    """Something hashable that is equal for equal items only."""
    if isinstance(item, dict):
        return "map", frozenset((key, _frozen(content)) for key, content in item.items())
    if isinstance(item, list):
        return "seq", tuple(_frozen(content) for content in item)
    return "scalar", isinstance(item, bool), isinstance(item, float), item


def _candidates(old: list[Any], new: list[Any]) -> list[tuple[int, int]]:
    """Equal items, the first with the first, the second with the second, in the order of `old`."""
    places: dict[Any, deque[int]] = {}
    for j, token in enumerate(new):
        places.setdefault(token, deque()).append(j)
    return [(i, places[token].popleft()) for i, token in enumerate(old) if places.get(token)]


def _rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest part of `pairs` in which both indexes rise (patience sorting)."""
    ends: list[int] = []
    best: list[int] = []
    before: list[int] = []
    for k, (_, j) in enumerate(pairs):
        at = bisect_left(ends, j)
        before.append(best[at - 1] if at else -1)
        ends[at : at + 1], best[at : at + 1] = [j], [k]
    chosen = []
    k = best[-1] if best else -1
    while k >= 0:
        chosen.append(pairs[k])
        k = before[k]
    return chosen[::-1]
