"""The commands of a page in docs/: its blocks of code in their order, and what of it can't be executed.

A fence says what is in it: `sh` commands, nothing at all the output of the commands before it, in which `...` stands
for what isn't shown. Words after `sh`, which readers don't see, say where commands run (`TAGS`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).resolve().parents[2] / "docs"
TAGS = {
    "connected": "in a checkout, on a machine with a network; others run without one",
    "cluster": "where a cluster is",
    "user": "where a cluster is, while the user ada has a server",
    "helm4": "with Helm 4 alone",
}
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`([^`\n]+)`")
PROGRAMS = frozenset(
    (
        *("apt-get", "buildah", "cd", "cp", "curl", "docker", "export", "git", "helm", "kernelpair", "kubectl", "make"),
        *("pip", "podman", "python", "python3", "rm", "sh", "sha256sum", "skopeo", "tar"),
    )
)
"""A word in the text that is one of these, and has another after it, is a command."""


class Step(NamedTuple):
    """Commands under a heading, from `line` of the page on; `shown` is what the page shows of their output."""

    heading: str
    line: int
    tags: frozenset[str]
    commands: str
    shown: str


def steps(text: str) -> list[Step]:
    """Return a page's commands, in order; raises ValueError at a block that nobody could execute or compare."""
    found: list[Step] = []
    for fence in FENCE.finditer(text):
        language, *tags = fence[1].split() or [""]
        before, line = text[: fence.start()], text.count("\n", 0, fence.start()) + 1
        if language == "sh" and set(tags) <= set(TAGS):
            heading = re.findall(r"^##+ (.*)$", FENCE.sub("", before), re.MULTILINE)
            found.append(Step(heading[-1] if heading else "", line, frozenset(tags), fence[2], ""))
        elif language or not found or found[-1].shown:
            raise ValueError(f"line {line}: {fence[1]!r}: sh with {', '.join(TAGS)}, or output right after an sh block")
        else:
            found[-1] = found[-1]._replace(shown=fence[2])
    return found


def unaccounted(text: str, elsewhere: Mapping[str, str]) -> Iterator[str]:
    """Yield commands that stand in none of a page's blocks of commands; `elsewhere` are those that may, and why."""
    executed = "\n".join(step.commands for step in steps(text))
    prose = FENCE.sub("", text)
    yield from re.findall(r"(?m)^(?: {4}|\t)(?![-*\s]).*$", prose)
    for code in INLINE.findall(prose):
        words = code.split()
        is_command = len(words) > 1 and words[0].rpartition("/")[2] in PROGRAMS
        if is_command and code not in executed and code not in elsewhere:
            yield code


def pattern(shown: str) -> re.Pattern[str]:
    """Return what finds `shown` in an output: whole lines but for spaces at their ends.

    `...` is anything in a line, or any lines where it is alone.
    """
    lines = [
        r"(?:[^\n]*\n)*?" if line == "..." else re.escape(line).replace(re.escape("..."), r"[^\n]*") + " *\n"
        for line in shown.splitlines()
    ]
    return re.compile(f"^{''.join(lines)}", re.MULTILINE)
