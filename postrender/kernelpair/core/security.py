"""What containers of ours keep of the user's security context: who runs, never what may be gained."""

from __future__ import annotations

from typing import Any

from .pods import mapping

_KEPT = (
    "runAsUser",
    "runAsGroup",
    "runAsNonRoot",
    "seLinuxOptions",
    "seccompProfile",
    "appArmorProfile",
    "readOnlyRootFilesystem",
    "procMount",
)


def unprivileged(context: dict[str, Any]) -> dict[str, Any]:
    """Return the security context without privileges: same user, SELinux, seccomp and AppArmor, nothing gained."""
    kept = {key: context[key] for key in _KEPT if key in context}
    if context.get("allowPrivilegeEscalation") is not None:
        kept["allowPrivilegeEscalation"] = False
    dropped = mapping(context, "capabilities").get("drop")
    return {**kept, "capabilities": {"drop": dropped}} if dropped else kept
