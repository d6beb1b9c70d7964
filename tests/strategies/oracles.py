"""Kubernetes' rules written down a second time, the slow and plain way, to compare the core with."""

from __future__ import annotations

import json
import math
import re
from fractions import Fraction
from typing import Any

_POWERS = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}


def exact(value: Any) -> str:
    """A text that differs where types do: 1, 1.0, true and "1" are four things."""
    return json.dumps(value, sort_keys=True)


def quantity(written: Any) -> Fraction:
    """The amount of a valid quantity, rounded up to 10**-9 as the API server does."""
    text = str(written)
    if text.endswith("i"):
        amount = Fraction(text[:-2]) * 1024 ** ("KMGTPE".index(text[-2]) + 1)
    elif text[-1] in _POWERS:
        amount = Fraction(text[:-1]) * Fraction(10) ** _POWERS[text[-1]]
    else:
        amount = Fraction(text)
    nano = math.ceil(abs(amount) * 10**9)
    return Fraction(nano if amount >= 0 else -nano, 10**9)


def _blocks(container: dict[str, Any]) -> tuple[dict[str, Fraction], dict[str, Fraction]]:
    """(requests, limits) of CPU and memory after the API server's defaults: a limit stands for a missing request."""
    resources = container.get("resources") or {}
    limits, requests = (
        {name: quantity(q) for name, q in (resources.get(block) or {}).items() if name in ("cpu", "memory")}
        for block in ("limits", "requests")
    )
    return {**limits, **requests}, limits


def pod_requests(spec: dict[str, Any]) -> dict[str, Fraction]:
    """What the scheduler counts: all that runs together, or one init container with the sidecars before it."""
    total: dict[str, Fraction] = {}
    for name in ("cpu", "memory"):
        inits = spec.get("initContainers") or []
        always = [c.get("restartPolicy") == "Always" for c in inits]
        asked = [_blocks(c)[0].get(name, Fraction(0)) for c in inits]
        running = [amount for amount, sidecar in zip(asked, always, strict=True) if sidecar]
        running += [_blocks(c)[0].get(name, Fraction(0)) for c in spec.get("containers") or []]
        starts = [asked[i] + sum(asked[k] for k in range(i) if always[k]) for i in range(len(inits)) if not always[i]]
        most = max([sum(running, Fraction(0)), *starts])
        if most:
            total[name] = most
    return total


def qos_class(pod: dict[str, Any]) -> str:
    """Kubernetes' ComputePodQOS, line by line, after the API server's defaults."""
    spec = pod["spec"]
    own = spec.get("resources")
    if own:
        limits = _blocks({"resources": {"limits": own.get("limits")}})[1]
        requests = _blocks({"resources": {"limits": own.get("requests")}})[1]
        if own.get("limits"):
            requests = {**limits, **pod_requests(spec), **requests}
        every = [(requests, limits)]
    else:
        every = [_blocks(c) for c in (spec.get("containers") or []) + (spec.get("initContainers") or [])]
    summed: tuple[dict[str, Fraction], dict[str, Fraction]] = ({}, {})
    guaranteed = True
    for blocks in every:
        for into, amounts in zip(summed, blocks, strict=True):
            for name, amount in amounts.items():
                if amount > 0:
                    into[name] = into.get(name, Fraction(0)) + amount
        guaranteed &= {name for name, amount in blocks[1].items() if amount > 0} == {"cpu", "memory"}
    if not any(summed):
        return "BestEffort"
    return "Guaranteed" if guaranteed and summed[0] == summed[1] else "Burstable"


def expanded(env: list[dict[str, Any]]) -> dict[str, str]:
    """The variables as the kubelet hands them to a container: `$(X)` of earlier ones, `$$` escapes, the rest stays."""
    known: dict[str, str] = {}

    def one(match: re.Match[str]) -> str:
        return "$" if match.group() == "$$" else known.get(match.group(1), match.group())

    for entry in env:
        if entry.get("valueFrom"):
            known[entry["name"]] = exact(entry["valueFrom"])
        else:
            known[entry["name"]] = re.sub(r"\$\$|\$\(([^)]*)\)", one, entry.get("value") or "")
    return known


def leaves(value: Any) -> list[Any]:
    """Every scalar within ``value``, keys of mappings included."""
    if isinstance(value, dict):
        return [*value, *(leaf for inner in value.values() for leaf in leaves(inner))]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in leaves(inner)]
    return [value]
