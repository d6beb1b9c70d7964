"""Whole streams through the command line: a case is a folder, found here, and its files say what must come out.

`tests/golden/<area>/<case>/` holds

    input.yaml      what goes in; its first line says what the case shows and why
    report.txt      what `kernelpair explain` says of it
    expected.yaml   what comes out; no such file in the area `unchanged`, where the input comes out
    error.txt       instead of expected.yaml in the area `refused`: the whole message
    args.txt        optional: arguments, one a line; those that name a file stand beside it
    env.txt         optional: NAME=value, one a line

`make golden` writes report.txt, expected.yaml and error.txt anew; test_doors.py takes the cases through the hub's door.
The runtime files and the hub's in the ConfigMaps are short texts here, so that a change to one doesn't change every
case; tests/unit/test_runtimefiles.py and tests/releases/test_files.py have the real ones.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from kernelpair import runtimefiles
from kernelpair.core import names
from kernelpair.core.reasons import Reason
from kernelpair.releases import hubfiles
from tests import command
from tests.golden import untouched

HERE = Path(__file__).parent
UPDATE = os.environ.get("KERNELPAIR_UPDATE_GOLDEN") == "1"
UNCHANGED, REFUSED = "unchanged", "refused"
OPTIONAL = {"args.txt", "env.txt"}


class Case(NamedTuple):
    """One folder."""

    folder: Path

    @property
    def area(self) -> str:
        return self.folder.parent.name

    @property
    def result(self) -> str:
        """The name of the file that holds what comes out; "" where that is the input."""
        return {UNCHANGED: "", REFUSED: "error.txt"}.get(self.area, "expected.yaml")

    @property
    def input(self) -> bytes:
        return (self.folder / "input.yaml").read_bytes()

    @property
    def arguments(self) -> list[str]:
        return self._lines("args.txt")

    @property
    def targets(self) -> list[str]:
        """The arguments that `undo` knows."""
        return [argument for argument in self.arguments if argument.startswith("--target=")]

    @property
    def environment(self) -> dict[str, str]:
        return dict(line.split("=", 1) for line in self._lines("env.txt"))

    def _lines(self, name: str) -> list[str]:
        file = self.folder / name
        return file.read_text().splitlines() if file.exists() else []

    def render(self, data: bytes) -> command.Done:
        return command.run(["render", *self.arguments], data, self.environment)

    def explain(self, *more: str) -> command.Done:
        return command.run(["explain", *self.arguments, *more], self.input, self.environment)

    def check(self, name: str, found: bytes) -> None:
        """Compare with a file of the case, to the byte, or write it."""
        file = self.folder / name
        if UPDATE:
            file.write_bytes(found)
        assert found.decode() == file.read_bytes().decode(), f"{file.relative_to(HERE)}: review, then `make golden`"


CASES = [Case(folder) for folder in sorted(HERE.glob("*/*/")) if folder.parent.name != "__pycache__"]
NAMED = {str(case.folder.relative_to(HERE)): case for case in CASES}
PLAIN = [name for name, case in NAMED.items() if case.area == UNCHANGED and b"kernelpair/status" not in case.input]
SPLIT = [name for name, case in NAMED.items() if case.result == "expected.yaml"]


@pytest.fixture(autouse=True)
def _short_runtime_files(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {name: f"# the text of {name}\n# in full\n" for name in ("gateway.py", "gateway.sh")}
    monkeypatch.setattr(runtimefiles, "contents", lambda: texts)
    monkeypatch.setattr(hubfiles, "texts", lambda: {"load.py": "# the text of load.py\n# in full\n"})


@pytest.fixture
def case(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Case:
    found = NAMED[request.param]
    monkeypatch.chdir(found.folder)
    return found


def _objects(data: bytes) -> list[Any]:
    return [found for found in yaml.load_all(data, Loader=untouched.Loader) if found is not None]


def _is_runtime_map(found: Any) -> bool:
    annotations = (found.get("metadata") or {}).get("annotations") or {} if isinstance(found, dict) else {}
    return runtimefiles.MARK in annotations


def _without_runtime_maps(objects: list[Any]) -> Iterator[Any]:
    for found in objects:
        if _is_runtime_map(found):
            continue
        if isinstance(found, dict) and isinstance(found.get("items"), list):
            found = {**found, "items": list(_without_runtime_maps(found["items"]))}
        yield found


def test_there_is_nothing_but_cases() -> None:
    ours = {"__init__.py", "__pycache__", "test_doors.py", "test_golden.py", "untouched.py"}
    strays = {entry.name for entry in HERE.iterdir() if entry.is_file()} - ours
    assert not strays
    assert [entry for entry in HERE.glob("*/*") if entry.is_file() and "__pycache__" not in entry.parts] == []
    assert len(CASES) >= 60


@pytest.mark.parametrize("case", NAMED, indirect=True)
def test_a_case_has_its_files_and_no_others(case: Case) -> None:
    needed = {"input.yaml", "report.txt", *([case.result] if case.result else [])}
    there = {entry.name for entry in case.folder.iterdir()}
    assert there - needed - OPTIONAL - {argument.partition("=")[2] for argument in case.arguments} == set()
    assert needed - there == set() or UPDATE
    first = case.input.removeprefix(b"\xef\xbb\xbf").splitlines()[0]
    assert first.startswith(b"# ")
    assert len(first) > 30, "the first line says what the case shows and why"


@pytest.mark.parametrize("case", NAMED, indirect=True)
def test_render(case: Case) -> None:
    done = case.render(case.input)
    if case.area == REFUSED:
        assert (done.code, done.out) == (1, b"")
        case.check("error.txt", done.err.encode())
        return
    assert (done.code, done.err) == (0, "")
    if case.area == UNCHANGED:
        assert done.out == case.input
        return
    assert done.out != case.input
    case.check("expected.yaml", done.out)


@pytest.mark.parametrize("case", NAMED, indirect=True)
def test_explain(case: Case) -> None:
    done = case.explain()
    if case.area == REFUSED:
        assert done.code == 1
        assert done.err == case.render(case.input).err
    else:
        assert (done.code, done.err) == (0, "")
    case.check("report.txt", done.out)


@pytest.mark.parametrize("case", SPLIT, indirect=True)
def test_a_second_run_changes_nothing(case: Case) -> None:
    once = case.render(case.input).out
    assert case.render(once) == command.Done(0, once, "")


@pytest.mark.parametrize("case", SPLIT, indirect=True)
def test_undo_gives_the_input_back(case: Case) -> None:
    undone = command.run(["undo", *case.targets], case.render(case.input).out)
    assert (undone.code, undone.err) == (0, "")
    plain = command.run(["undo", *case.targets], case.input)
    expected = list(_without_runtime_maps(_objects(plain.out)))
    assert _objects(undone.out) == expected
    assert names.STATUS.encode() not in undone.out.replace(b"\\/", b"/")


@pytest.mark.parametrize("case", SPLIT, indirect=True)
def test_lines_that_are_not_edited_stay(case: Case) -> None:
    rendered = case.render(case.input).out
    lines = iter(rendered.splitlines(keepends=True))
    kept = untouched.lines(case.input)
    assert kept
    missing = [line for line in kept if not any(line.rstrip(b"\r\n") == other.rstrip(b"\r\n") for other in lines)]
    assert missing[:1] == []


@pytest.mark.parametrize("case", PLAIN, indirect=True)
def test_undo_leaves_what_was_never_split(case: Case) -> None:
    assert command.run(["undo", *case.targets], case.input) == command.Done(0, case.input, "")


def test_every_reason_has_a_case(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = set()
    for case in CASES:
        monkeypatch.chdir(case.folder)
        said = json.loads(case.explain("-o", "json").out or '{"pods": []}')
        for pod in said["pods"]:
            seen |= {finding["reason"] for finding in pod.get("reasons", []) + pod.get("warnings", [])}
    assert {reason.value for reason in Reason} - seen == set()
