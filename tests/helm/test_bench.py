"""The bench runs, and its outputs are right; how fast it is isn't asked here."""

from __future__ import annotations

import re

import pytest

from bench.__main__ import main


def test_every_contest_on_a_release_or_a_spawn_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """Not the two on big streams, which take minutes."""
    main(["--quick", "--rounds", "1", "--only", "a", "b", "e", "f"])
    assert re.findall(r"^\((\w)\) ", capsys.readouterr().out, re.MULTILINE) == ["a", "b", "e", "f"]
