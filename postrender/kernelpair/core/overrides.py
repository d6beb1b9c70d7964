"""``notebook.overrides`` and ``kernel.overrides``: laid over the containers, recorded so that undo can lift them."""

from __future__ import annotations

from typing import Any, NamedTuple

from . import environment, merge, names
from .pods import items
from .reasons import Finding, Reason
from .settings import Settings


class Overridden(NamedTuple):
    """Both containers after the overrides.

    ``fields``: container role -> field -> [value before] or [] where there was none (never ``env``).
    ``env``: names whose value in the notebook is no longer the pod's; the kernel has it.
    """

    notebook: dict[str, Any]
    kernel: dict[str, Any]
    fields: dict[str, dict[str, list[Any]]]
    env: list[str]
    lost: list[Finding]


def apply(user: dict[str, Any], notebook: dict[str, Any], kernel: dict[str, Any], settings: Settings) -> Overridden:
    """Lay the overrides over both containers.

    An override that would replace a variable of the pod that no container keeps is a finding in ``lost``.
    """
    fields: dict[str, dict[str, list[Any]]] = {}
    made = {"notebook": notebook, "kernel": kernel}
    findings: list[Finding] = []
    own = _own(user)
    for role, other in (("notebook", "kernel"), ("kernel", "notebook")):
        patch, container = settings[f"{role}.overrides"], made[role]
        findings += [
            Finding(Reason.OVERRIDE_LOSES_ORIGINAL, "env", name, role) for name in _lost(own, made[other], patch)
        ]
        recorded = {field: [container[field]] if field in container else [] for field in patch if field != "env"}
        if recorded:
            fields[role] = recorded
        made[role] = merge.strategic(container, patch)
    return Overridden(made["notebook"], made["kernel"], fields, _changed(own, made["notebook"]), findings)


def _values(container: dict[str, Any]) -> dict[Any, Any]:
    return {entry.get("name"): entry for entry in items(container, "env")}


def _own(user: dict[str, Any]) -> dict[Any, Any]:
    """Return the pod's variables as the containers have them: resource references name the kernel."""
    return {entry.get("name"): entry for entry in environment.point_at(items(user, "env"), user["name"], names.KERNEL)}


def _changed(before: dict[Any, Any], notebook: dict[str, Any]) -> list[str]:
    after = _values(notebook)
    return sorted(str(name) for name in before if name in after and after[name] != before[name])


def _lost(before: dict[Any, Any], other: dict[str, Any], patch: dict[str, Any]) -> list[str]:
    kept = _values(other)
    patched = [entry["name"] for entry in items(patch, "env") if entry["name"] in before]
    return [name for name in patched if kept.get(name) != before[name]]


def take_back(
    notebook: dict[str, Any], kernel: dict[str, Any], fields: dict[str, dict[str, list[Any]]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return both containers with the recorded fields as they were before the overrides."""
    lifted = []
    for role, container in (("notebook", notebook), ("kernel", kernel)):
        recorded = fields.get(role, {})
        before = {key: value for key, value in container.items() if key not in recorded}
        lifted.append({**before, **{field: was[0] for field, was in recorded.items() if was}})
    return lifted[0], lifted[1]
