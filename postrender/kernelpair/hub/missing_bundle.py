"""A pair that can't start because the bundle doesn't get into its pod: what the user reads of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..core import names
from .failure import sentence

_START = f"{names.BUNDLE_DIR}/start"
_NO_START = re.compile(rf"{re.escape(_START)}.*(no such file|not found)", re.IGNORECASE | re.DOTALL)
_FIX = "Fix: name an image that has it in kernelGateway.gateway.bundle.image, or set gateway.source to auto"


def explanation(pod: Mapping[str, Any]) -> str:
    """Return what to tell of ``pod``, as the API server gives it; "" where it isn't the bundle that it waits for.

    In the state of a container whose program isn't there stands 'exec: "/opt/kernelpair-bundle/start": stat ...: no
    such file or directory' (runc), or "executable file ... not found" (crun). The kubelet names a volume that it can't
    mount.
    """
    status = pod.get("status") or {}
    told = {
        one.get("name"): one
        for field in ("initContainerStatuses", "containerStatuses")
        for one in status.get(field) or ()
    }
    copies, kernel = (told.get(name) or {} for name in (names.BUNDLE_INIT, names.KERNEL))
    image = copies.get("image") or kernel.get("image") or "the image"
    if any(_NO_START.search(_message(state)) for state in _states(copies)):
        return sentence(f"the image {image} has no bundle at {names.BUNDLE_DIR}. {_FIX}")
    failed = [state["exitCode"] for state in _states(copies) if state.get("exitCode")]
    if failed:
        log = f"kubectl logs POD -c {names.BUNDLE_INIT}"
        return sentence(f"the bundle was not copied (exit code {failed[0]}). The container's log says why: {log}")
    if any(_NO_START.search(_message(state)) for state in _states(kernel)):
        return sentence(f"the volume {names.BUNDLE_VOLUME} holds no bundle. {_FIX}")
    waiting = _message((kernel.get("state") or {}).get("waiting") or {})
    if names.BUNDLE_VOLUME in waiting:
        return sentence(f"the bundle can't be mounted: {waiting[:200]}. {_FIX}")
    return ""


def _states(status: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield why a container waits or ended, now and the time before."""
    for when in ("state", "lastState"):
        holder = status.get(when) or {}
        yield from (holder[kind] for kind in ("waiting", "terminated") if holder.get(kind))


def _message(state: Mapping[str, Any]) -> str:
    return str(state.get("message") or "")
