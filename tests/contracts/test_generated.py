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
    pages = [tmp_path / name for name in generate.GENERATED if name.endswith(".md")]
    twins = [tmp_path / name for name in generate.GENERATED if name.endswith(".py")]
    empty = f"a\n{generate.BEGIN}\n{generate.END}\nz\n"
    texts = {schema: '{"properties": {"other": {}}}', **dict.fromkeys(pages, empty), **dict.fromkeys(twins, "")}
    for file, text in texts.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    stale = (
        r"values\.schema\.json, docs/settings\.md, README\.md, docs/operators\.md, chart/.*/merge\.py, .*/manifest\.py;"
        r" .*: make generate"
    )
    with pytest.raises(SystemExit, match=stale):
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
        generate.page(generate.settings_table)("# Settings\n")


@pytest.mark.parametrize(
    ("copy", "source"), [("merge.py", "core/merge.py"), ("manifest.py", "hub/manifest.py")], ids=lambda name: name
)
def test_the_hubs_copies_are_the_packages_bytes_below_one_line(copy: str, source: str) -> None:
    first, _, rest = (generate.ROOT / "chart" / "files" / "hub" / copy).read_bytes().partition(b"\n")
    assert first == f"# Copy of postrender/kernelpair/{source}: make generate".encode()
    assert rest == (generate.PACKAGE / source).read_bytes()
