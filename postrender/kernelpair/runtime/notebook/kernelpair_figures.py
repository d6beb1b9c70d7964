"""What jupyter-resource-usage (1.x) would say, of the kernel container: made from a sample of the launcher's."""

from __future__ import annotations

import os
import shutil
import socket
from typing import Any


def container_metrics(sample: dict[str, Any], config: Any) -> dict[str, Any]:
    """Return what jupyter-resource-usage says of a server, for the container of a sample (`kernelpair_reports`).

    ``config`` is its ResourceUseDisplay, or None. Memory is in bytes, CPU in percent of one core.
    """
    usage, cpu = sample["usage"], sample["cpu"]
    limit = sample["limit"] or _called(getattr(config, "mem_limit", 0), rss=usage, pss=usage)
    memory: dict[str, Any] = {"rss": limit, "pss": limit}
    limits = {"memory": memory}
    if limit:
        memory.update(_warning(usage, limit, getattr(config, "mem_warning_threshold", 0.1)))
    metrics = {"rss": usage, "limits": limits, "pss": usage}
    if getattr(config, "track_cpu_percent", False):
        cores = cpu["limit"] or _called(getattr(config, "cpu_limit", 0))
        percent = 100 * cpu["usage"]
        metrics.update(cpu_percent=percent, cpu_count=os.cpu_count())
        if cores:
            # Upstream's own warning compares percents with cores.
            limits["cpu"] = {"cpu": cores}
            limits["cpu"].update(_warning(percent, 100 * cores, config.cpu_warning_threshold))
    if getattr(config, "track_disk_usage", False):
        disk = shutil.disk_usage(_called(config.disk_path))
        metrics.update(disk_used=disk.used, disk_total=disk.total)
        limits["disk"] = {"disk": disk.total}
        limits["disk"].update(_warning(disk.used, disk.total, config.disk_warning_threshold))
    return metrics


def kernel_usage(sample: dict[str, Any], kernel_id: str, config: Any) -> dict[str, Any]:
    """Return what an ipykernel says when it is asked for its usage, for the gateway's kernel ``kernel_id``.

    The host is the container, with its limits.
    """
    kernel = sample["kernels"].get(kernel_id)
    if kernel is None:
        return {"reason": "loading"}
    cores = sample["cpu"]["limit"] or os.cpu_count() or 1
    total = sample["limit"] or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    left = max(total - sample["usage"], 0)
    memory = {"total": total, "available": left, "percent": round(100 * sample["usage"] / total, 1)}
    return {
        "hostname": socket.gethostname(),
        "pid": kernel["pid"],
        "kernel_cpu": round(100 * kernel["cpu"], 1),
        "kernel_memory": kernel["resident"],
        "host_cpu_percent": round(100 * sample["cpu"]["usage"] / cores, 1),
        "cpu_count": cores,
        "host_virtual_memory": {**memory, "used": sample["usage"], "free": left},
        "host_usage_flag": getattr(config, "show_host_usage", True),
    }


def _called(value: Any, **arguments: Any) -> Any:
    return value(**arguments) if callable(value) else value


def _warning(used: float, limit: float, threshold: float) -> dict[str, bool]:
    return {"warn": limit - used < limit * threshold} if threshold else {}
