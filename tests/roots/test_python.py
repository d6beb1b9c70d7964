"""Roots with a Python of the user's: a kernel is what it is without a gateway, and sees nothing of the bundle.

Each but pyenv's is loaded before it is asked for.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from ci.cluster.state import ROOT
from tests.localpod import images
from tests.roots import debian
from tests.roots.container import IMAGE, USERS, Container, both

FACTS = Path(__file__).with_name("facts.py").read_text()
ALONE = ("python3", "-c", FACTS)
# The second has a tornado, pyzmq and jupyter_client with which no gateway runs.
ENVIRONMENTS = ("user", "user-oldest")
SUITES = {"bullseye": "3.9", "bookworm": "3.11", "trixie": "3.13"}
LAST = USERS[-1]
HOME = "/home/jovyan"


def compared(found: dict[str, Any], ordered: bool = True, early: bool = True) -> dict[str, Any]:
    """Compare a kernel with its Python alone; returns the facts.

    Not `early`: it can't have been loaded before it was asked for. Not `ordered`: that one's Jupyter is of before the
    rule that an environment of somebody else comes after the home.
    """
    started_with = json.loads(found["printed"])["env"]
    assert ("KERNEL_USERNAME" not in started_with) is early, "whether it was loaded before it was asked for"
    alone, facts = both(found)
    assert {name: facts[name] for name in facts if facts[name] != alone[name]} == {}, alone
    assert facts.keys() == alone.keys()
    assert facts["prefix_here"] == facts["prefix"]
    # What else there is comes after.
    places = found["places"][: len(facts["places"])]
    assert places == facts["places"] if ordered else sorted(places) == sorted(facts["places"])
    assert found["specs"].keys() == facts["specs"].keys()
    for name, (argv, _) in found["specs"].items():
        assert argv[1:] == facts["specs"][name][1:]
    assert [line for line in found["log"].splitlines() if "Traceback" in line or "rror" in line] == []
    return facts


def machines_root(root: Path) -> tuple[Path, list[Path]]:
    """Make `root` one with this machine's links of the system; returns it, and the folders that it needs besides."""
    root.mkdir()
    root.chmod(0o755)
    needed = [Path("/usr"), Path("/etc")]
    for name in ("bin", "sbin", "lib", "lib64"):
        folder = Path("/", name)
        if folder.is_symlink():
            (root / name).symlink_to(folder.readlink())
        elif folder.exists():
            needed.append(folder)
    return root, needed if sys.base_prefix == "/usr" else [*needed, Path(sys.base_prefix)]


@pytest.mark.parametrize(("environment", "user"), [(name, user) for name in ENVIRONMENTS for user in USERS])
def test_a_kernel_is_the_virtual_environments(tmp_path: Path, environment: str, user: int) -> None:
    prefix = images.environment(environment)
    root, needed = machines_root(tmp_path / "root")
    env = {**IMAGE, "PATH": f"{prefix}/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
    container = Container(root, env, user, image=[*needed, prefix], read_only=user == LAST)
    found = container.run(scratch(tmp_path), "python3", FACTS, ALONE, early=True)
    assert compared(found, ordered=environment == "user")["prefix"] == str(prefix)


@pytest.mark.parametrize(("suite", "user"), [*((suite, LAST) for suite in SUITES), ("bookworm", 0)])
def test_a_kernel_is_debians(tmp_path: Path, suite: str, user: int) -> None:
    root = debian.unpacked(debian.Recipe(suite, ("python3-ipykernel",)))
    found = Container(root, IMAGE, user, read_only=user == LAST).run(
        scratch(tmp_path), "python3", FACTS, ALONE, early=True
    )
    facts = compared(found)
    assert (facts["prefix"], facts["version"].startswith(SUITES[suite])) == ("/usr", True)


def test_a_conda_like_image_is_activated_by_its_entrypoint(tmp_path: Path) -> None:
    root, needed = machines_root(tmp_path / "root")
    environment = images.environment("user")
    conda = root / "opt" / "conda"
    (conda / "envs" / "science" / "etc" / "conda" / "activate.d").mkdir(parents=True)
    for entry in environment.iterdir():
        (conda / "envs" / "science" / entry.name).symlink_to(entry)
    (conda / "envs" / "science" / "etc" / "conda" / "activate.d" / "data.sh").write_text("export SCIENCE_DATA=/data\n")
    shutil.copy(ROOT / "ci" / "images" / "conda-entrypoint.sh", conda / "entrypoint.sh")
    container = Container(
        root, IMAGE, LAST, image=[*needed, environment], entrypoint=("sh", "/opt/conda/entrypoint.sh")
    )
    facts = compared(container.run(scratch(tmp_path), "python3", FACTS, ALONE, early=True))
    assert facts["prefix"] == facts["env"]["CONDA_PREFIX"] == "/opt/conda/envs/science"


PYENV = debian.Recipe("trixie", ("pyenv",), alone=True)


@pytest.mark.parametrize("chosen", ["file", "variable"])
def test_pyenvs_shims_start_the_version_that_is_chosen(tmp_path: Path, chosen: str) -> None:
    root, needed = machines_root(tmp_path / "root")
    environment = images.environment("user")
    pyenv = root / "opt" / "pyenv"
    shutil.copytree(debian.unpacked(PYENV) / "usr" / "share" / "pyenv" / "libexec", pyenv / "libexec")
    (pyenv / "bin").mkdir()
    (pyenv / "bin" / "pyenv").symlink_to("../libexec/pyenv")
    (pyenv / "versions").mkdir()
    (pyenv / "versions" / "science").symlink_to(environment)
    env = {**IMAGE, "PATH": "/opt/pyenv/shims:/opt/pyenv/bin:/usr/bin:/bin", "PYENV_ROOT": "/opt/pyenv"}
    (pyenv / "version").write_text("science\n" if chosen == "file" else "system\n")
    if chosen == "variable":
        env["PYENV_VERSION"] = "science"
    rehash = ("sh", "-c", 'test -e /opt/pyenv/shims/python3 || pyenv rehash; exec "$@"', "sh")
    container = Container(root, env, 0, image=[*needed, environment], entrypoint=rehash)
    found = container.run(scratch(tmp_path), "python3", FACTS, ALONE)
    assert compared(found, early=False)["prefix"] == "/opt/pyenv/versions/science"


IN_HOME = ("tornado", "zmq", "jupyter_client", "jupyter_server", "kernel_gateway", "traitlets")


def test_what_is_in_the_users_home_reaches_neither_gateway_nor_the_environment(tmp_path: Path) -> None:
    """Of no use to anybody: each fails when imported, wherever Python looks for packages of a user or a project."""
    root, needed = machines_root(tmp_path / "root")
    prefix, home = images.environment("user"), scratch(tmp_path) / HOME.strip("/").replace("/", "-")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for folder in (home, home / ".local" / "lib" / version / "site-packages"):
        folder.mkdir(parents=True)
        for name in IN_HOME:
            (folder / f"{name}.py").write_text("raise ImportError('not this one')\n")
    env = {**IMAGE, "PATH": f"{prefix}/bin:/usr/bin:/bin"}
    container = Container(root, env, LAST, image=[*needed, prefix])
    assert compared(container.run(scratch(tmp_path), "python3", FACTS, ALONE, early=True))["prefix"] == str(prefix)


def test_a_kernel_needs_no_kernelspec(tmp_path: Path) -> None:
    """An ipykernel that can be imported is one, as for Jupyter itself."""
    root = debian.unpacked(debian.Recipe("bookworm", ("python3-ipykernel",)))
    container = Container(root, {**IMAGE, "PATH": "/usr/bin"}, LAST, volumes=["/usr/share/jupyter"])
    facts = compared(container.run(scratch(tmp_path), "python3", FACTS, ALONE, early=True))
    assert facts["specs"]["python3"][1:] == ["-m", "ipykernel_launcher", "-f", "{connection_file}"]


def test_kernelspecs_of_everywhere(tmp_path: Path) -> None:
    """Those of JUPYTER_PATH come before the home's, and those before Debian's; numbered Pythons are the image's."""
    root = debian.unpacked(debian.Recipe("trixie", ("python3-ipykernel",)))
    folder = scratch(tmp_path)
    for place, argv in {"tmp": ["python", "one"], "home-jovyan/.local/share/jupyter": ["python3.13", "two"]}.items():
        for name in ("python3", argv[1]) if place == "tmp" else ("one", argv[1]):
            spec = folder / place / "kernels" / name / "kernel.json"
            spec.parent.mkdir(parents=True)
            spec.write_text(json.dumps({"argv": argv, "display_name": f"{name} of {place}", "language": "python"}))
    env = {**IMAGE, "JUPYTER_PATH": "/tmp/nowhere:/tmp"}
    found = Container(root, env, LAST).run(folder, "", "")
    assert found["specs"] == {
        "python3": [["/usr/bin/python3", "one"], "python3 of tmp"],
        "one": [["/usr/bin/python3", "one"], "one of tmp"],
        "two": [["/usr/bin/python3.13", "two"], "two of home-jovyan/.local/share/jupyter"],
    }


def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir(exist_ok=True)
    return folder
