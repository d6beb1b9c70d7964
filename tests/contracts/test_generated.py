"""What is generated is fresh, and the check that says so can fail."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ci import generate
from kernelpair.core import settings


def test_generated_files_are_fresh() -> None:
    generate.main(["--check"])


def test_a_stale_file_is_named_with_the_command_that_fixes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    schema, page = tmp_path / "chart" / "values.schema.json", tmp_path / "docs" / "settings.md"
    for file, text in ((schema, '{"properties": {"other": {}}}'), (page, f"a\n{generate.BEGIN}\n{generate.END}\nz\n")):
        file.parent.mkdir()
        file.write_text(text)
    with pytest.raises(SystemExit, match=r"values\.schema\.json, docs/settings\.md; .*: make generate"):
        generate.main(["--check"])
    generate.main([])
    generate.main(["--check"])
    assert json.loads(schema.read_text())["properties"] == {"other": {}, "kernelGateway": settings.json_schema()}
    lines = page.read_text().splitlines()
    assert lines[0] == "a"
    assert lines[-1] == "z"
    assert len(lines) == len(settings.describe()) + 6


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="it needs the lines"):
        generate.settings_page("# Settings\n")
