"""Core needs nothing but itself and the standard library; core and the runtime files keep to Python 3.9."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "postrender" / "kernelpair"

LOAD = """
import importlib, json, pkgutil, sys
before = set(sys.modules)
sys.path.append(sys.argv[1])
core = importlib.import_module("hubcore")
for module in pkgutil.walk_packages(core.__path__, "hubcore."):
    importlib.import_module(module.name)
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_core_loads_alone(tmp_path: Path) -> None:
    """As in the hub: under another name, without site-packages and without the rest of the package."""
    shutil.copytree(PACKAGE / "core", tmp_path / "hubcore")
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", LOAD, tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = json.loads(done.stdout)
    own = {name for name in loaded if name.split(".")[0] == "hubcore"}
    files = {file.stem for file in (PACKAGE / "core").glob("*.py")} - {"__init__"}
    assert own == {"hubcore", *(f"hubcore.{name}" for name in files)}
    assert {name.split(".")[0] for name in set(loaded) - own} <= sys.stdlib_module_names


def test_core_and_runtime_keep_to_python_3_9() -> None:
    """Syntax, and annotations that an older Python would try to evaluate."""
    rules = ("--isolated", "--no-cache", "--target-version", "py39", "--select", "E9,F,FA102")
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", *rules, PACKAGE / "core", PACKAGE / "runtime"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_imports_go_one_way() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=PACKAGE.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 kept, 0 broken" in done.stdout
