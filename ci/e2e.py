"""`make e2e`: the tests that need a real cluster, on one that is started for them, or on the one KUBECONFIG names.

    python -m ci.e2e            all parts
    python -m ci.e2e PART...    some, in the order of the table

VALUES, a file of the chart's values, names images that the given cluster can pull; without it, the chart's own. The
cluster that was started is ended again, whatever happened. Prints at the end how long each part took and what failed,
and why; exits 1 when one failed, 2 on a wrong command line.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from ci import tools
from ci.cluster import lifecycle, state

ROOT = Path(__file__).resolve().parent.parent
FAILURE_CHARACTERS = 3000


class Part(NamedTuple):
    """Files of tests; `together` when they bear each other's company, two at a time: they mostly wait.

    `of_our_cluster`: they start and end the cluster of ci/cluster themselves, and need no other.
    """

    files: tuple[str, ...]
    together: bool = False
    of_our_cluster: bool = False


PARTS = {
    "cluster": Part(("real_cluster",), of_our_cluster=True),
    "releases": Part(("real_pair", "real_upgrades", "real_z2jh"), together=True),
    "pods": Part(("real_images", "real_admission", "real_isolation", "real_containers")),
    "airgap": Part(("real_airgap",)),
    "browser": Part(("real_browser",)),
    "memory": Part(("real_memory",)),
    "survival": Part(("real_survival",)),
    "storm": Part(("real_storm",)),
}


def main(names: Sequence[str]) -> int:
    """Run parts; returns the exit code."""
    if unknown := [name for name in names if name not in PARTS]:
        print(f"e2e: no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    wanted = [part for part in PARTS if part in names or not names]
    on_any = [part for part in wanted if not PARTS[part].of_our_cluster]
    if os.environ.get("KUBECONFIG"):
        return _report(on_any, {"KERNELPAIR_E2E_VALUES": os.environ.get("VALUES", "")})
    try:
        failed = _report([part for part in wanted if part not in on_any], {})
        lifecycle.up()
        environment = {
            "KUBECONFIG": str(state.KUBECONFIG),
            "KERNELPAIR_E2E_VALUES": str(lifecycle.load_images()),
            "PATH": f"{state.PROGRAMS}:{os.environ['PATH']}",
        }
        return _report(on_any, environment) or failed
    except (state.ClusterError, tools.ToolError) as error:
        print(f"e2e: {error}", file=sys.stderr)
        return 1
    finally:
        lifecycle.down()


def _report(names: Sequence[str], environment: dict[str, str]) -> int:
    """Run parts one after the other, and say how each went; returns 1 when one failed."""
    lines, failed = [], 0
    for name in names:
        began = time.monotonic()
        with tempfile.NamedTemporaryFile(suffix=".xml") as results:
            code = _tests(PARTS[name], environment, results.name)
            said = f"FAILED, exit code {code}" if code else "ok"
            lines += [f"{name:10} {time.monotonic() - began:6.0f} s  {said}", *_failures(results.name)]
        failed |= int(code != 0)
    for line in lines:
        print(f"e2e: {line}", file=sys.stderr)
    return failed


def _failures(results: str) -> list[str]:
    """Return each test that failed and why, of pytest's results; what it printed may be long gone from the screen."""
    try:
        cases = ElementTree.parse(results).iter("testcase")
    except ElementTree.ParseError:  # pytest ended before it wrote any
        return []
    return [
        f"  {case.get('name')}: {bad.get('message', '')[:FAILURE_CHARACTERS]}"
        for case in cases
        for bad in case
        if bad.tag in ("failure", "error")
    ]


def _tests(part: Part, environment: dict[str, str], results: str) -> int:
    beside = ("-n", "2", "--dist", "loadfile") if part.together else ("--capture=no",)
    files = [f"tests/cluster/{file}.py" for file in part.files]
    command = [sys.executable, "-m", "pytest", "--verbose", "--durations=0", "--durations-min=1", *beside, *files]
    command.append(f"--junit-xml={results}")
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
