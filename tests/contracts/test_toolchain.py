"""The pins: every requirement is locked with hashes, and a tool that can't be had fails with its reason."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from ci import tools

REQUIREMENTS = Path(tools.__file__).parent / "requirements"
WANTED = sorted(REQUIREMENTS.glob("*.in"))


def names(text: str) -> set[str]:
    """Return the normalised names that a requirements file asks for."""
    found = re.findall(r"(?m)^([A-Za-z0-9][\w.-]*)(?:\[.*\])?\s*(?:[=<>~!;].*)?(?:\\)?$", text)
    return {re.sub(r"[-_.]+", "-", name).lower() for name in found}


@pytest.mark.parametrize("wanted", WANTED, ids=lambda file: file.stem)
def test_every_requirement_is_locked_with_hashes(wanted: Path) -> None:
    lock = wanted.with_suffix(".txt").read_text()
    assert names(wanted.read_text()) <= names(lock)
    assert "://" not in lock
    for entry in re.split(r"(?m)^(?=[A-Za-z0-9])", re.sub(r"(?m)^\s*#.*\n", "", lock)):
        if entry.strip():
            assert re.match(r"\S+==\S+ .*\\\n(    --hash=sha256:[0-9a-f]{64}( \\)?\n)+$", entry), entry


def test_every_lock_has_its_source() -> None:
    assert {file.stem for file in REQUIREMENTS.glob("*.txt")} == {file.stem for file in WANTED}


def pinned_by_its_module(folder: Path, version: str) -> None:
    """A main program of ours: everything that its go.mod requires has a hash.

    The version is another's, that of a module named there, or our own number.
    """
    wanted = re.findall(r"(?m)^(?:require )?\t?(\S+) (v\S+)", (folder / "go.mod").read_text())
    hashes = (folder / "go.sum").read_text() if wanted else ""
    replaced = dict(re.findall(r"(?m)^\t(\S+) => \S+ (v\S+)$", (folder / "go.mod").read_text()))
    assert all(f"{module} {replaced.get(module, pin)}" in hashes for module, pin in wanted)
    assert version in dict(wanted).values() or re.fullmatch(r"v\d+", version)


def test_every_tool_is_pinned() -> None:
    for name, tool in tools.table().items():
        # helm-unittest can't say its version.
        assert name == "helm-unittest" or tool["version"].removeprefix("v") in tool["shows"], name
        if "module" in tool:
            assert re.fullmatch(r"h1:[A-Za-z0-9+/]{43}=", tool["sum"]), name
        elif "source" in tool:
            pinned_by_its_module(tools.CI / tool["source"], tool["version"])
        else:
            assert f"=={tool['version']} " in (REQUIREMENTS / tool["requirements"]).read_text(), name


def test_a_module_with_another_hash_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERNELPAIR_CACHE", str(tmp_path))
    monkeypatch.setattr(tools, "_go", lambda needed: Path("go"))
    monkeypatch.setattr(tools.Steps, "run", lambda *_: json.dumps({"Sum": "h1:other", "Dir": str(tmp_path)}))
    with pytest.raises(tools.ToolError, match=r"helm4 v\S+: the module's hash is h1:other, ci/tools.toml pins h1:"):
        tools.path("helm4")
    assert [file.name for file in (tmp_path / "tools").iterdir() if not file.name.endswith(".lock")] == []


def test_a_failing_step_shows_the_end_of_its_log(tmp_path: Path) -> None:
    noisy = "import sys; print(*range(1000), sep='\\n', file=sys.stderr); sys.exit(3)"
    with pytest.raises(
        tools.ToolError, match=r"(?s)^a tool: building failed with exit code 3:\n.* 998\n *999$"
    ) as error:
        tools.Steps("a tool", tmp_path).run("building", [sys.executable, "-c", noisy])
    assert len(str(error.value).splitlines()) == tools.LOG_TAIL_LINES + 1


def test_an_unknown_tool_is_refused() -> None:
    with pytest.raises(tools.ToolError, match="helm5: no such tool"):
        tools.path("helm5")


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"KERNELPAIR_CACHE": "/a"}, "/a"),
        ({"KERNELPAIR_CACHE": "", "XDG_CACHE_HOME": "/b"}, "/b/kernelpair"),
        ({"KERNELPAIR_CACHE": "", "XDG_CACHE_HOME": "", "HOME": "/c"}, "/c/.cache/kernelpair"),
    ],
)
def test_the_cache_is_outside_the_checkout(
    environment: dict[str, str], folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert tools.cache_folder() == Path(folder)
