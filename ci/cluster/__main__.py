"""The test cluster of this checkout.

    python -m ci.cluster up        build or take from the cache, start; prints the kubeconfig's path
    python -m ci.cluster images    build ci/images and load them; prints the path of chart values that name them
    python -m ci.cluster down      stop and remove all of it, also what is left of a crash
    python -m ci.cluster status    what runs; exit code 1 where nothing does

Needs root on Debian; what it installs are Debian's packages, what it builds goes into the cache (ci/tools.py). The node
is a tree of processes in namespaces of its own: nothing of this machine's network or mounts is changed. Progress goes
to stderr.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from ci import tools
from ci.cluster import lifecycle
from ci.cluster.state import ClusterError

COMMANDS: dict[str, Callable[[], int | None]] = {
    "up": lambda: print(lifecycle.up()),
    "images": lambda: print(lifecycle.load_images()),
    "down": lifecycle.down,
    "status": lifecycle.status,
}


def main(arguments: list[str]) -> None:
    """Carry out one command line; exits 1 with the reason when it fails, 2 on a wrong command line."""
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        print((__doc__ or "").strip(), file=sys.stderr)
        sys.exit(2)
    try:
        sys.exit(COMMANDS[arguments[0]]() or 0)
    except (ClusterError, tools.ToolError) as error:
        sys.exit(f"cluster: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
