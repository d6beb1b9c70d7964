"""What a bundle's gateway imports: nothing that no request needs, and no answer tells what stands in for the rest."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.localpod import images
from tests.localpod.containers import free_ports

HERE = Path(__file__).parent
RUNTIME = images.RUNTIME / "kernel"
NEEDED = {
    *("jupyter_client", "jupyter_core", "jupyter_server", "kernel_gateway", "tornado", "traitlets", "zmq"),
    *("packaging", "platformdirs", "typing_extensions"),  # theirs
    "dateutil",  # without its modules
}
"""What a gateway imports of the bundle's packages until it answers."""

FROM_MESSAGES = {"dateutil.parser", "dateutil.tz"}
"""What the times in a kernel's messages are read by."""

LACKING = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
from kernelpair_standins import GIVEN
real = {name: importlib.import_module(name) for name in GIVEN}
print(json.dumps([f"{name}.{given}" for name in GIVEN for given in GIVEN[name] if not hasattr(real[name], given)]))
"""


def serve(bundle: Path, scratch: Path, kind: str) -> dict[str, Any]:
    """Have a gateway asked for everything that it can be asked for; return what it says of itself."""
    (port,) = free_ports(1)
    program = [HERE / "inside_gateway.py", images.RUNTIME, scratch, port, kind]
    command = [str(word) for word in (bundle / "start", *program)]
    path = f"{images.environment('user')}/bin:/usr/bin:/bin"
    done = subprocess.run(
        command,
        env={"PATH": path, "HOME": str(scratch), "SHELL": "/bin/sh"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    assert (said["result"], said["terminal"]) == (True, True)
    return said


@pytest.fixture(scope="module")
def said(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return serve(bundle, tmp_path_factory.mktemp("gateway"), "stand-ins")


def test_until_it_answers_it_imports_nothing_that_no_request_needs(said: dict[str, Any], bundle: Path) -> None:
    """A package more costs every spawn time and memory: see whether something can stand in for it."""
    packages = {path.name.partition(".")[0] for path in (bundle / "lib/python3.11/site-packages").iterdir()}
    stood_in = {name.partition(".")[0] for name in said["stand_ins"]["ready"]}
    assert packages & {name.partition(".")[0] for name in said["modules"]} == NEEDED | stood_in


def test_what_stands_in_is_enough(said: dict[str, Any]) -> None:
    """Where it isn't, the real module is imported: nothing breaks, but it takes its time and memory."""
    ready, kernel, after_all = (set(said["stand_ins"][when]) for when in ("ready", "kernel", "after all"))
    assert len(ready) > 5
    assert ready - kernel == FROM_MESSAGES
    assert after_all == kernel


def test_every_answer_is_as_it_is_without_stand_ins(said: dict[str, Any], bundle: Path, tmp_path: Path) -> None:
    plain = serve(bundle, tmp_path, "all")
    assert plain["stand_ins"]["ready"] == []
    assert len(said["answers"]) > 15
    assert said["answers"] == plain["answers"]


def test_the_real_modules_have_the_names_too(bundle: Path, tmp_path: Path) -> None:
    """What a stand-in has and the pinned version hasn't is of no use any more."""
    (tmp_path / "lacking.py").write_text(LACKING)
    done = subprocess.run(
        [str(bundle / "start"), str(tmp_path / "lacking.py"), str(RUNTIME)], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_the_launcher_uses_them(bundle: Path, tmp_path: Path) -> None:
    """Told by what is mapped into its process: of what it can do without, some is compiled."""
    (port,) = free_ports(1)
    for side in images.SIDES:
        shutil.copytree(images.RUNTIME / side, tmp_path / "kernelpair", dirs_exist_ok=True)
    given = {"RUN": tmp_path, "PACKAGES": tmp_path, "PORT": port, "START_TIMEOUT": 60, "SOURCE": "bundle"}
    env = {f"KERNELPAIR_{name}": str(value) for name, value in {**given, "PIP_REQUIREMENT": "none"}.items()}
    env |= {"PATH": f"{images.environment('user')}/bin:/usr/bin:/bin", "HOME": str(tmp_path)}
    command = [str(bundle / "start"), str(tmp_path / "kernelpair" / "gateway.py")]
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as launcher:
        assert launcher.stderr is not None
        said = next((line for line in launcher.stderr if "the gateway answers" in line), "")
        maps = Path(f"/proc/{launcher.pid}/maps").read_text() if said else ""
        launcher.terminate()
        rest = launcher.stderr.read()
    assert (bool(said), launcher.returncode) == (True, 0), rest
    compiled = set(re.findall(rf"{re.escape(str(bundle))}/lib/python3\.11/site-packages/([\w.]+)/", maps))
    assert compiled == {"pyzmq.libs", "tornado", "zmq"}


def test_who_connects_hears_the_kernel_and_loses_nothing_that_it_said(bundle: Path) -> None:
    """One that has just answered isn't taken for a busy one, whose first cell would run unheard."""
    command = [str(bundle / "start"), str(HERE / "inside_nudge.py"), str(images.RUNTIME)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found.pop("connects anew") == ["kept", "end", "idle", "idle again"]
    assert found == {"idle": ["idle"], "has just answered": ["idle"], "runs a cell": [], "gone": []}
