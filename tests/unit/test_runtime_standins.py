"""Stand-ins for modules: what they have is there at once, and what they lack is the real module's."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import kernelpair_standins
import pytest
from kernelpair_standins import StandIn, late, put

FILES = {
    "heavy_package/__init__.py": "from heavy_package.part import WORD\nTOLD = 'real'\n",
    "heavy_package/part.py": "WORD = 'a word'\n",
    "heavy_package/other.py": "import heavy_module\n",
    "heavy_module.py": "TOLD = 'real'\n\n\ndef twice(number):\n    return 2 * number\n",
}
HEAVY = ("heavy_package", "heavy_module")


@pytest.fixture(autouse=True)
def standing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two modules that can be imported, with stand-ins in their places."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    given = {"heavy_package": {"GIVEN": "given"}, "heavy_module": {"twice": late("heavy_module", "twice")}}
    monkeypatch.setattr(kernelpair_standins, "GIVEN", given)
    put()
    yield
    for name in [name for name in sys.modules if name.startswith(HEAVY)]:
        del sys.modules[name]


def imported() -> list[str]:
    return sorted(
        name for name, module in sys.modules.items() if name.startswith(HEAVY) and not isinstance(module, StandIn)
    )


def run(program: str) -> dict[str, object]:
    names: dict[str, object] = {}
    exec(program, names)
    return names


def test_an_import_and_what_a_stand_in_has_import_nothing() -> None:
    names = run("import heavy_package, heavy_module\nfrom heavy_package import GIVEN\nfrom heavy_module import twice\n")
    assert (names["GIVEN"], imported()) == ("given", [])


def test_another_name_is_the_real_module_s() -> None:
    names = run("import heavy_package as before\nfrom heavy_package import TOLD\nimport heavy_package as after")
    assert names["TOLD"] == "real"
    assert imported() == ["heavy_package", "heavy_package.part"]
    assert names["after"] is sys.modules["heavy_package"]
    assert run("import heavy_package")["heavy_package"] is names["after"]
    assert getattr(names["before"], "WORD") == "a word", "who has the stand-in still gets what is real"  # noqa: B009


def test_a_late_function_brings_its_module_in() -> None:
    names = run("from heavy_module import twice")
    assert imported() == []
    assert names["twice"](21) == 42  # type: ignore[operator]
    assert imported() == ["heavy_module"]


def test_a_module_in_a_package_comes_alone() -> None:
    names = run("from heavy_package.part import WORD\nimport heavy_package.other")
    assert (names["WORD"], imported()) == ("a word", ["heavy_package.other", "heavy_package.part"])


def test_what_the_real_module_lacks_too_is_told_as_ever() -> None:
    with pytest.raises(ImportError, match="cannot import name 'nothing' from 'heavy_module'"):
        run("from heavy_module import nothing")
    with pytest.raises(
        ModuleNotFoundError, match=r"No module named 'heavy_module\.part'; 'heavy_module' is not a pack"
    ):
        importlib.import_module("heavy_module.part")


def test_looking_at_all_modules_imports_none() -> None:
    """As inspect and warnings do, by names that every module has."""
    assert [getattr(sys.modules[name], "__file__", None) for name in HEAVY] == [None, None]
    assert imported() == []
