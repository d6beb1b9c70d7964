"""`python -m bench`: runs the contests, prints the tables, and fails only when an output is wrong."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ci.tools import ToolError

from . import bundles, contests, hubs, pairs, report
from .contests import Contest, Sizes
from .measure import Failed, Round, inside, rounds, run

CONTESTS = {
    "a": hubs.chart_release,
    **contests.CONTESTS,
    "e": hubs.hook,
    "f": hubs.fitted_release,
    **pairs.CONTESTS,
    **bundles.CONTESTS,
}

# What a developer's shell may hold that would change a result.
LEAKING = ("PYTHON", "HELM_", "KUBE", "PRIMEHUB_", "GOGC", "GOMAXPROCS")
QUICK_ROUNDS = 3


def main(arguments: list[str] | None = None) -> None:
    """Carry out one command line; exits 1 when a command fails or its output is wrong, never for a timing."""
    given = _parser().parse_args(arguments)
    sizes = contests.QUICK if given.quick else Sizes()
    keys = given.only or list(CONTESTS)
    try:
        results = [_hold(key, sizes, given.rounds or (QUICK_ROUNDS if given.quick else None)) for key in keys]
    except (Failed, ToolError) as error:
        sys.exit(f"bench: {error}")
    about = {**report.machine(), "quick": given.quick}
    print("\n".join(report.lines(results)) + f"\n{report.LEGEND}")
    if given.json:
        given.json.write_text(json.dumps(report.as_json(results, about), indent=2) + "\n")
    if given.markdown:
        report.write_markdown(given.markdown, results, about)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=list(CONTESTS), metavar="KEY", help="these contests: a to i")
    parser.add_argument("--rounds", type=_positive, metavar="N", help="as many rounds of every contest")
    parser.add_argument(
        "--quick", action="store_true", help="three rounds, and streams a tenth (d: a twentieth) as big"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    parser.add_argument("--markdown", type=Path, metavar="PAGE", help="write the tables into PAGE, between its marks")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _hold(key: str, sizes: Sizes, count: int | None) -> report.Result:
    """Prepare a contest, check every output once, and run its rounds."""
    with tempfile.TemporaryDirectory(prefix="kernelpair-bench-") as scratch:
        folder = Path(scratch)
        environment = _environment(folder)
        _say(f"({key}) preparing")
        contest = CONTESTS[key](folder, environment, sizes)
        _say(f"({key}) {contest.title}")
        wanted = count or contest.rounds
        if contest.inside:
            names = [command.name for command in contest.commands]
            return report.Result(contest, inside(contest.inside, names, wanted, environment))
        first = _checked(contest, environment, folder / "output")
        counted: Sequence[Round] = [] if contest.warm_up else [first]
        counted = [*counted, *rounds(contest.commands, wanted - len(counted), environment)]
        return report.Result(contest, counted)


def _checked(contest: Contest, environment: dict[str, str], output: Path) -> Round:
    """The first round, every output of which must be right."""
    first = {}
    for command in contest.commands:
        first[command.name] = run(command, environment, output)
        check = contest.checks.get(command.name)
        if check is not None:
            check(output)
        output.unlink()
    return first


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(LEAKING)}
    homes = {f"HELM_{kind}_HOME": str(folder / "helm" / kind.lower()) for kind in ("CONFIG", "CACHE", "DATA")}
    return {**kept, **homes}


def _say(line: str) -> None:
    print(f"bench: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
