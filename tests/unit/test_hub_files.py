"""What goes into the hub's ConfigMap: complete, loadable by old Pythons, and quick to list."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import kernelpair
from kernelpair.hub.files import FOLDER, LINE, hub_files, settings_file

PACKAGE = Path(kernelpair.__file__).parent


def test_every_module_of_core_and_hub_is_there() -> None:
    modules = {
        f"kernelpair/{file.relative_to(PACKAGE)}" for part in ("core", "hub") for file in PACKAGE.glob(f"{part}/*.py")
    }
    assert set(hub_files()) == (modules - {"kernelpair/hub/load.py"}) | {"kernelpair/__init__.py", "load.py"}
    assert hub_files()["kernelpair/core/split.py"] == (PACKAGE / "core" / "split.py").read_text()
    assert list(hub_files()) == sorted(hub_files())


def test_they_fit_a_config_map() -> None:
    assert sum(map(len, hub_files().values())) < 500_000
    assert all(text.isascii() for text in hub_files().values())


def run_line(line: str) -> str:
    ast.parse(line, feature_version=(3, 6))
    done = subprocess.run([sys.executable, "-S", "-c", line], capture_output=True, text=True, check=True)
    return done.stdout


def test_the_line_runs_the_loader_where_it_is_mounted(tmp_path: Path) -> None:
    assert LINE.startswith(f'exec(open("{FOLDER}/load.py").read() if ')
    assert LINE.endswith("  # kernelpair")
    (tmp_path / "load.py").write_text("print('loaded')\n")
    assert run_line(LINE.replace(FOLDER, str(tmp_path))) == "loaded\n"


def test_without_its_files_the_line_says_so_and_the_hub_starts(tmp_path: Path) -> None:
    said = f"kernelpair: USER PODS ARE NOT SPLIT: {tmp_path} is not mounted\n"
    assert run_line(LINE.replace(FOLDER, str(tmp_path))) == said


def test_old_pythons_can_read_them() -> None:
    for path, text in hub_files().items():
        ast.parse(text, path, feature_version=(3, 6) if path == "load.py" else (3, 9))


def test_hub_files_keep_to_python_3_9() -> None:
    """Syntax, and annotations that an older Python would try to evaluate."""
    rules = ("--isolated", "--no-cache", "--target-version", "py39", "--select", "E9,F,FA102")
    command = [sys.executable, "-m", "ruff", "check", *rules, PACKAGE / "hub"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_settings_file() -> None:
    text = settings_file({"enabled": True}, "hub-kernelpair", "")
    assert json.loads(text) == {
        "version": 1,
        "settings": {"enabled": True},
        "runtime": "hub-kernelpair",
        "namespace": "",
    }
    assert text.endswith("}\n")


def test_the_order_of_settings_stays() -> None:
    text = settings_file({"kernel": {"env": {"REFERRED": "1", "A": "$(REFERRED)"}}}, "hub-kernelpair", "")
    assert list(json.loads(text)["settings"]["kernel"]["env"]) == ["REFERRED", "A"]


IMPORTED = """
import sys
import kernelpair.hub.files
kernelpair.hub.files.hub_files()
print(*[name for name in sys.modules if name.startswith("kernelpair")])
print(*[name for name in ("asyncio", "json", "logging", "yaml", "inspect") if name in sys.modules])
"""


def test_listing_them_imports_nothing_heavy() -> None:
    command = [sys.executable, "-S", "-c", IMPORTED]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(PACKAGE.parent)})
    assert done.stdout.splitlines() == ["kernelpair kernelpair.hub kernelpair.hub.files", ""]


def run_loader(tmp_path: Path, before: str) -> subprocess.CompletedProcess[str]:
    """Run load.py as jupyterhub_config.py does, with a folder that holds nothing else."""
    (tmp_path / "load.py").write_text(hub_files()["load.py"])
    run = f"exec(open({str(tmp_path / 'load.py')!r}).read())"
    script = f"{before}\nc = object()\n{run}\nprint('the hub starts', '_load_kernelpair' in globals())"
    env = {"KERNELPAIR_HUB_DIR": str(tmp_path)}
    return subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, text=True, check=False, env=env)


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("", "the hook could not be loaded"),
        ("import sys; sys.version_info = (3, 8, 10)", "kernelpair needs 3.9 or newer"),
    ],
)
def test_the_loader_never_keeps_the_hub_from_starting(tmp_path: Path, before: str, said: str) -> None:
    done = run_loader(tmp_path, before)
    assert (done.returncode, done.stdout) == (0, "the hub starts False\n")
    assert "kernelpair: USER PODS ARE NOT SPLIT: " in done.stderr
    assert said in done.stderr
    assert "Fix: " in done.stderr
