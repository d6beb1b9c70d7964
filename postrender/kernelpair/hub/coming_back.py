"""A pair whose notebook server has ended while its kernels run: whether the kubelet is about to start it anew."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from ..core import names

WORKED_SECONDS = 30.0
"""A server that ended sooner than that may be one that can't work; the hub stops it, as it stops plain ones."""


def comes_back(pod: Mapping[str, Any]) -> bool:
    """Tell whether ``pod``, as the API server gives it, is a pair whose notebook container is started again at once.

    Its kernels run on meanwhile, and the new server finds them. KubeSpawner takes a terminated notebook container for
    the end of the pod and deletes it, with the kernels, if it happens to look in that second.
    """
    metadata, status = pod.get("metadata") or {}, pod.get("status") or {}
    if names.STATUS not in (metadata.get("annotations") or {}) or metadata.get("deletionTimestamp"):
        return False
    told = [*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ())]
    states = {one.get("name"): one.get("state") or {} for one in told}
    ended = states.get(names.NOTEBOOK, {}).get("terminated")
    if not ended or "running" not in states.get(names.KERNEL, {}) or status.get("phase") != "Running":
        return False
    policy = (pod.get("spec") or {}).get("restartPolicy", "Always")
    again = policy == "Always" or (policy == "OnFailure" and ended.get("exitCode") != 0)
    return again and _seconds(ended) >= WORKED_SECONDS


def _seconds(ended: Mapping[str, Any]) -> float:
    """Return how long a container ran; 0.0 where that isn't told."""
    try:
        began, end = (_time(ended[key]) for key in ("startedAt", "finishedAt"))
    except (KeyError, TypeError, ValueError):
        return 0.0
    return (end - began).total_seconds()


def _time(written: str) -> datetime.datetime:
    return datetime.datetime.strptime(written, "%Y-%m-%dT%H:%M:%SZ")
