"""The notebook's share of the user's resources: carved out of the kernel's, so that the pod's total stays."""

from __future__ import annotations

from typing import Any

from . import quantities
from .pods import mapping
from .reasons import Finding, Reason, Refused

_BLOCKS = ("limits", "requests")


# The API server keeps milli-CPUs and whole bytes.
_UNIT = {"cpu": quantities.NANO // 1000}


def _proportional(name: str, request: int, limit: int, reserve: int) -> int:
    """Return the notebook's part of a request too small for the whole reserve: the same share as of the limit."""
    unit = _UNIT.get(name, quantities.NANO)
    return -(-request * reserve // (limit * unit)) * unit


def carve(resources: dict[str, Any], reserve: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], list[Finding]]:
    """Return (notebook's resources, kernel's resources, findings) for the user's ``resources``.

    For each resource of ``reserve`` that the user's container states, the notebook gets the reserve and the kernel what
    remains; the two always add up to what was. A request smaller than the reserve is shared in the proportion of the
    limit. Resources that the container doesn't state are not reserved.
    """
    notebook: dict[str, Any] = {}
    kernel = {key: dict(value) if key in _BLOCKS and value else value for key, value in resources.items()}
    findings: list[Finding] = []
    for name, wanted in reserve.items():
        limit_part = 0
        for block in _BLOCKS:
            stated = mapping(resources, block).get(name)
            if stated is None:
                continue
            try:
                amount = quantities.parse(stated)
            except ValueError as error:
                findings.append(Finding(Reason.BAD_QUANTITY, f"resources.{block}.{name}", str(stated), str(error)))
                continue
            part = quantities.parse(wanted)
            limit = mapping(resources, "limits").get(name)
            if part >= amount and block == "requests" and limit_part:
                part = _proportional(name, amount, quantities.parse(limit), limit_part)
            if part >= amount and part:
                findings.append(Finding(Reason.RESERVE_TOO_LARGE, f"resources.{block}.{name}", name, str(wanted)))
                continue
            limit_part = part if block == "limits" else limit_part
            notebook.setdefault(block, {})[name] = quantities.show(part, wanted)
            kernel[block][name] = quantities.show(amount - part, stated)
    return notebook, kernel, findings


def originals(resources: dict[str, Any], notebook: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the quantities, as they were written, that `carve` shared between the two containers."""
    return {block: {name: resources[block][name] for name in notebook[block]} for block in notebook}


def give_back(kernel: dict[str, Any], notebook: dict[str, Any], was: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the user's resources from the pair's, the inverse of `carve`.

    ``was`` is what `originals` returned. A share that was edited since is added up; one that was not comes back as it
    was written. Raises Refused for one that was edited to something that is no quantity.
    """
    resources = {key: dict(value) if key in was and value else value for key, value in kernel.items()}
    for block, stated in was.items():
        for name, original in stated.items():
            left, taken = mapping(kernel, block).get(name), mapping(notebook, block).get(name)
            if left is None or taken is None:
                continue
            try:
                total = quantities.parse(left) + quantities.parse(taken)
                same = total == quantities.parse(original)
            except ValueError as error:
                key, seen = f"resources.{block}.{name}", f"{left}, {taken} or {original}"
                raise Refused([Finding(Reason.BAD_QUANTITY, key, seen, str(error))]) from None
            resources[block][name] = original if same else quantities.show(total, original)
    return resources
