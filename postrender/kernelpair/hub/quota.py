"""A pair that a ResourceQuota refuses, where it might have admitted the plain pod: what the user reads of it."""

from __future__ import annotations

import json
import re
from typing import Any

from ..core import names
from ..core.reasons import Finding, Reason
from .failure import sentence

_REFUSED = re.compile(r"failed quota: ([^:]+): must specify (.*)")
_FORBIDDEN = 403


def explanation(error: BaseException) -> str:
    """Return what to tell of ``error``, "" where it isn't the API server's, or says nothing of the notebook container.

    Kubernetes says "failed quota: NAME: must specify limits.cpu for: notebook; ..." in the status that it answers with
    (seen with 1.35).
    """
    found = _REFUSED.search(_message(error))
    wanted = [part.partition(" for: ") for part in found[2].split("; ")] if found else []
    missing = [resource for resource, _, boxes in wanted if names.NOTEBOOK in boxes.split(",")]
    if not found or not missing:
        return ""
    told = Finding(Reason.QUOTA, "spec.containers", found[1], ", ".join(missing))
    counts = f"the ResourceQuota {told.value} counts {told.detail}"
    return sentence(f"{counts}; {told.why}. Fix: {told.fix}")


def _message(error: BaseException) -> str:
    if getattr(error, "status", None) != _FORBIDDEN:
        return ""
    try:
        answer: Any = json.loads(getattr(error, "body", None) or "")
    except (TypeError, ValueError):
        return ""
    message = answer.get("message") if isinstance(answer, dict) else None
    return message if isinstance(message, str) else ""
