"""Writes what is generated from tables in the code; `--check` only compares.

    python -m ci.generate            write the files anew
    python -m ci.generate --check    exit 1, naming the stale files and the command that makes them fresh

Generated: `.properties.kernelGateway` in the chart's values.schema.json (the rest of that file is written by hand), the
table between the marks in docs/settings.md, the tables of what works as before in README.md and of what is survived in
docs/operators.md, and the hub's copies of two modules in chart/files/hub.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from kernelpair.core import settings
from tests.cluster import deeds
from tests.parity import promises

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "postrender" / "kernelpair"
FIX = "make generate"
BEGIN = "<!-- generated: make generate -->"
END = "<!-- end of what is generated -->"


def schema(present: str) -> str:
    """Return the text of values.schema.json with the settings' schema put in; the other properties stay."""
    document = json.loads(present)
    document["properties"]["kernelGateway"] = settings.json_schema()
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def page(table: Callable[[], Sequence[Sequence[str]]]) -> Callable[[str], str]:
    """Return what puts ``table``, whose first row is the head, between the marks of a page in Markdown."""
    return lambda present: between(BEGIN, END, present, table())


def between(begin: str, end: str, present: str, table: Sequence[Sequence[str]]) -> str:
    """Return the page ``present`` with ``table``, whose first row is the head, between the lines ``begin`` and ``end``.

    It raises ValueError where there are none.
    """
    before, first, rest = present.partition(begin)
    _, last, after = rest.partition(end)
    if not first or not last:
        raise ValueError(f"it needs the lines {begin!r} and {end!r}")
    head, *rows = table
    lines = [_line(head), "|" + "---|" * len(head), *map(_line, rows)]
    return "\n".join([before + begin, *lines, end + after])


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_escaped(cell) for cell in cells)} |"


def settings_table() -> list[tuple[str, ...]]:
    """Return the table of settings."""
    rows = [
        (f"`{key}`", accepts, f"`{json.dumps(default, ensure_ascii=False)}`", meaning)
        for key, accepts, default, meaning in settings.describe()
    ]
    return [("key", "accepts", "default", "meaning"), *rows]


def twin(source: str) -> Callable[[str], str]:
    """Return what makes a copy of the package's module ``source``: a line that says so, then its bytes.

    The chart's hub needs them where there is no kernelpair: with the flag off nothing is mounted there.
    """

    def make(present: str) -> str:
        return f"# Copy of postrender/kernelpair/{source}: {FIX}\n" + (PACKAGE / source).read_text(encoding="utf-8")

    return make


GENERATED: Mapping[str, Callable[[str], str]] = {
    "chart/values.schema.json": schema,
    "docs/settings.md": page(settings_table),
    "README.md": page(promises.table),
    "docs/operators.md": page(deeds.table),
    "chart/files/hub/merge.py": twin("core/merge.py"),
    "chart/files/hub/manifest.py": twin("hub/manifest.py"),
}
"""Each generated file, and what makes its text from the present one."""


def stale() -> dict[Path, str]:
    """Return the files that differ from what would be generated, with the text they should have."""
    found = {}
    for name, make in GENERATED.items():
        file = ROOT / name
        try:
            present = file.read_text(encoding="utf-8")
            wanted = make(present)
        except (OSError, ValueError, KeyError) as error:
            sys.exit(f"generate: {name}: {error!r}")
        if wanted != present:
            found[file] = wanted
    return found


def main(arguments: list[str]) -> None:
    """Write or compare; exits 1 when a compared file is stale, 2 on a wrong command line."""
    if arguments not in ([], ["--check"]):
        print((__doc__ or "").strip(), file=sys.stderr)
        sys.exit(2)
    files = stale()
    if arguments and files:
        names = ", ".join(str(file.relative_to(ROOT)) for file in files)
        sys.exit(f"generate: stale: {names}; to make them fresh: {FIX}")
    for file, text in files.items():
        file.write_text(text, encoding="utf-8")
        print(f"generate: wrote {file.relative_to(ROOT)}")


if __name__ == "__main__":
    main(sys.argv[1:])
