"""Every test of this folder stands behind a line of the README's table, and every line has its tests."""

from __future__ import annotations

import re
from pathlib import Path

from tests.parity.promises import PROMISES
from tests.parity.test_parity import ROWS

HERE = Path(__file__).parent


def test_every_test_stands_behind_a_line_and_every_line_has_its_tests() -> None:
    functions = {
        name
        for file in HERE.glob("test_*.py")
        if file != Path(__file__)
        for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)
    }
    named = [name for promise in PROMISES for name in promise.tests]
    assert sorted(named) == sorted({*ROWS, *functions} - {"test_row"})
    assert all(promise.tests for promise in PROMISES)
