"""What the launcher leaves on the shared volume for the notebook server: two JSON files, each whole at any time.

`SAMPLE` is the last sample of the kernel container's use of memory and CPU, written anew about once a second:

    {"time": seconds since the epoch, "usage": bytes that can't be reclaimed, "limit": bytes or null,
     "cpu": {"usage": cores, "limit": cores or null},
     "kernels": {gateway's kernel id: {"pid": its process, "resident": bytes, "held": bytes, "cpu": cores}}}

with the resident memory of a kernel's whole process tree, and the part of it that only the tree's end frees.

`DEATHS` is a list of records, oldest first, of kernels that died and of containers that took their kernels with them:

    {"time": seconds since the epoch, "reason": "guard" | "memory" | "signal" | "exit" | "unknown", "container": bool,
     "code": what the process ended with (below 0: a signal) or null, "usage": bytes, "limit": bytes or null,
     "kernels": {gateway's kernel id: bytes that it held}}

The files outlive the container, and its memory cgroup: on cgroup v2 the limit ends both at once.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any, Optional

import kernelpair_files

SAMPLE = "memory.json"
DEATHS = "deaths.json"
# A container that was ended abruptly with this share of its limit in use was ended by the limit: the guard, or samples
# 20 ms apart, see to it that the last one is as near as that.
NEAR = 0.9


def write(run_dir: str, name: str, content: Any) -> None:
    """Put `content` into a file in one step."""
    kernelpair_files.replace(Path(run_dir) / name, json.dumps(content).encode())


def read(run_dir: str, name: str) -> Any:
    """Return a file's content, None where there is none."""
    try:
        return json.loads((Path(run_dir) / name).read_bytes())
    except (OSError, ValueError):
        return None


def remove(run_dir: str, name: str) -> None:
    """Remove a file, if it is there."""
    with contextlib.suppress(FileNotFoundError):
        (Path(run_dir) / name).unlink()


def container_end(sample: dict[str, Any]) -> dict[str, Any]:
    """Return the record of a container that was ended abruptly, by the last `sample` that it left."""
    usage, limit = sample["usage"], sample["limit"]
    return {
        "time": sample["time"],
        "reason": "memory" if limit is not None and usage >= NEAR * limit else "unknown",
        "container": True,
        "code": None,
        "usage": usage,
        "limit": limit,
        "kernels": {name: sizes["held"] for name, sizes in sample["kernels"].items()},
    }


def death_of(run_dir: str, kernel_id: str, lost: bool = False) -> Optional[dict[str, Any]]:
    """Return the last record of a kernel's death, None where there is none.

    ``lost`` says that its container went with it: until that starts again and makes a record of the sample that it had
    left, the sample itself tells. It is read first, for the launcher removes it after it has written the record.
    """
    sample = read(run_dir, SAMPLE) if lost else None
    found = [record for record in read(run_dir, DEATHS) or [] if kernel_id in record["kernels"]]
    if sample is not None and kernel_id in sample["kernels"]:
        return container_end(sample)
    return found[-1] if found else None
