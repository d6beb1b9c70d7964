"""`make e2e`: the tests that need a real cluster, on one that is started for them, or on the one KUBECONFIG names.

VALUES, a file of the chart's values, names images that the given cluster can pull; without it, the chart's own. The
cluster that was started is ended again, whatever happened. Exits with the tests' exit code.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ci import tools
from ci.cluster import lifecycle, state

ROOT = Path(__file__).resolve().parent.parent
CLUSTER = "tests/cluster/real_cluster.py"
PARTS = ("pair", "upgrades", "z2jh", "images", "admission", "isolation", "containers", "memory", "survival")
RELEASES = tuple(f"tests/cluster/real_{what}.py" for what in PARTS)


def main() -> int:
    """Run the tests; returns their exit code."""
    given = os.environ.get("KUBECONFIG")
    if given:
        return _tests(*RELEASES, KERNELPAIR_E2E_VALUES=os.environ.get("VALUES", ""))
    try:
        failed = _tests(CLUSTER)
        lifecycle.up()
        values = lifecycle.load_images()
        path = f"{state.PROGRAMS}:{os.environ['PATH']}"
        return (
            _tests(*RELEASES, KUBECONFIG=str(state.KUBECONFIG), KERNELPAIR_E2E_VALUES=str(values), PATH=path) or failed
        )
    except (state.ClusterError, tools.ToolError) as error:
        print(f"e2e: {error}", file=sys.stderr)
        return 1
    finally:
        lifecycle.down()


def _tests(*files: str, **environment: str) -> int:
    """Run the tests of some files; each says how long it took."""
    command = ["pytest", "--verbose", "--durations=0", "--durations-min=1", *files]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
