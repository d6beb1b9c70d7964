"""What the bench found, as a table for people, as JSON, and as the generated part of a Markdown page."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .contests import MEGA, Contest, Goal
from .measure import Round, Spread, own_peak_bytes, spread

BEGIN, END = "<!-- python -m bench --markdown writes from here -->", "<!-- to here -->"
LEGEND = "median (lowest - highest) of the figures of each round; all commands of a table ran in turn, A B A B"


class Result(NamedTuple):
    """A contest and its counted rounds."""

    contest: Contest
    rounds: Sequence[Round]


def machine() -> dict[str, Any]:
    """When and on what the bench ran; nothing that names the machine."""
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def verdict(goal: Goal, median: float) -> str:
    """Whether a goal is met, or by how much it is missed; "" for a figure without a target."""
    if goal.limit is None:
        return ""
    met = median >= goal.limit if goal.at_least else median <= goal.limit
    return "met" if met else f"missed by {abs(median / goal.limit - 1):.0%}"


def target(goal: Goal) -> str:
    """The target as people write it; "" where there is none."""
    return "" if goal.limit is None else f"{'>=' if goal.at_least else '<='} {goal.limit:g}{goal.unit}"


def lines(results: Sequence[Result], *, markdown: bool = False) -> Iterator[str]:
    """Yield the report: for every contest what was compared, with targets, and what each command took."""
    for result in results:
        contest = result.contest
        title = f"({contest.key}) {contest.title}, {len(result.rounds)} rounds"
        yield from (f"## {title}", "") if markdown else (title,)
        yield from _table(("compared", "measured", "target", ""), _goal_rows(result), markdown)
        yield from _table(("command", "time", "processor", "peak memory"), _command_rows(result), markdown)


def _goal_rows(result: Result) -> Iterator[tuple[str, ...]]:
    for goal in result.contest.goals:
        found = spread(goal.figure, result.rounds)
        yield goal.what, _shown(found, goal.unit), target(goal), verdict(goal, found.median)


def _shown(found: Spread, unit: str) -> str:
    return f"{found.median:.2f}{unit} ({found.low:.2f} - {found.high:.2f})"


def _command_rows(result: Result) -> Iterator[tuple[str, ...]]:
    for name, figures in _medians(result).items():
        seconds, cpu, peak = figures["seconds"], figures["cpu_seconds"], figures["peak_bytes"]
        # A child's peak begins with the bench's own, which hides what is smaller.
        memory = f"{peak / MEGA:,.0f} MB" if peak > own_peak_bytes() else f"< {own_peak_bytes() / MEGA:,.0f} MB"
        yield name, _milliseconds(seconds), _milliseconds(cpu) if cpu else "", memory if peak else ""


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.2f} ms"


def _medians(result: Result) -> dict[str, dict[str, float]]:
    return {
        command.name: {
            field: statistics.median(getattr(one[command.name], field) for one in result.rounds)
            for field in ("seconds", "cpu_seconds", "peak_bytes")
        }
        for command in result.contest.commands
    }


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]], markdown: bool) -> Iterator[str]:
    table = [head, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    if markdown:
        table.insert(1, tuple("-" * width for width in widths))
    for row in table:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield f"| {' | '.join(cells)} |" if markdown else f"  {'  '.join(cells)}".rstrip()
    yield ""


def as_json(results: Sequence[Result], about: Mapping[str, Any]) -> dict[str, Any]:
    """Everything as plain data: seconds, bytes, and the figures of every round."""
    contests = [
        {
            "key": result.contest.key,
            "title": result.contest.title,
            "goals": [_goal(goal, result) for goal in result.contest.goals],
            "rounds": [{name: sample._asdict() for name, sample in one.items()} for one in result.rounds],
            "medians": _medians(result),
        }
        for result in results
    ]
    return {**about, "contests": contests}


def _goal(goal: Goal, result: Result) -> dict[str, Any]:
    found = spread(goal.figure, result.rounds)
    return {
        "compared": goal.what,
        "unit": goal.unit.strip(),
        **found._asdict(),
        "target": target(goal) or None,
        "verdict": verdict(goal, found.median) or None,
    }


def write_markdown(page: Path, results: Sequence[Result], about: Mapping[str, Any]) -> None:
    """Put the report between the page's two marks; what people wrote around them stays.

    Raises ValueError for a page without the marks.
    """
    before, mark, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not mark or not end:
        raise ValueError(f"{page}: needs a line {BEGIN} and a line {END} to write between")
    measured = f"Measured on {about['date']}: {about['cores']} cores, {about['system']}, Python {about['python']}."
    body = "\n".join([BEGIN, "", f"{measured} Each figure is the {LEGEND}.", "", *lines(results, markdown=True)])
    page.write_text(f"{before}{body}{END}{after}")
