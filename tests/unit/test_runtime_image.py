"""The image seen with the eyes of its own Pythons, which are never run: here they are empty files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import kernelpair_image
import kernelpair_pythons
import pytest
from kernelpair_image import Image
from kernelpair_pythons import packages, pythons


class Layout(NamedTuple):
    """A tree: its files (executable where in bin/ or shims/), links, the environment, and what shall be found.

    `{}` is the tree's folder. `found`: executable, prefix ("" for none) and version of each Python.
    """

    files: Mapping[str, str]
    links: Mapping[str, str]
    env: Mapping[str, str]
    found: list[tuple[str, str, str]]


USUAL = {"usr/bin/python3.11": "", "usr/lib/python3.11/os.py": ""}
VENV = {"venv/pyvenv.cfg": "home = {}/usr/bin\n", "venv/lib/python3.11/site-packages/x": ""}
PYENV = {
    "pyenv/shims/python3": "#!/bin/sh\n",
    "pyenv/versions/3.12.1/bin/python3": "",
    "pyenv/versions/3.12.1/lib/python3.12/os.py": "",
    "pyenv/versions/mine/bin/python3": "",
    "pyenv/versions/mine/pyvenv.cfg": "home = {}/usr/bin\n",
    "pyenv/versions/mine/lib/python3.11/site-packages/x": "",
}
LAYOUTS = {
    "the system's": Layout(
        USUAL,
        {"usr/bin/python3": "python3.11"},
        {"PATH": "{}/usr/bin"},
        [("usr/bin/python3", "usr", "3.11")],
    ),
    "one of two versions": Layout(
        {**USUAL, "usr/lib/python3.9/os.py": "", "usr/bin/python3.9": ""},
        {"usr/bin/python3": "python3.9"},
        {"PATH": "{}/usr/bin"},
        [("usr/bin/python3", "usr", "3.9")],
    ),
    "a virtual environment before the system's": Layout(
        {**USUAL, **VENV},
        {"usr/bin/python3": "python3.11", "venv/bin/python": "{}/usr/bin/python3.11", "venv/bin/python3": "python"},
        {"PATH": "{}/nowhere:{}/venv/bin:{}/usr/bin"},
        [("venv/bin/python3", "venv", "3.11"), ("usr/bin/python3", "usr", "3.11")],
    ),
    "a link to a Python elsewhere": Layout(
        {"conda/bin/python3.12": "", "conda/lib/python3.12/os.pyc": ""},
        {"local/bin/python": "{}/conda/bin/python3.12"},
        {"PATH": "{}/local/bin"},
        [("local/bin/python", "conda", "3.12")],
    ),
    "pyenv's shim, by its version file": Layout(
        {**PYENV, "pyenv/version": "3.12.1\n"},
        {},
        {"PATH": "{}/pyenv/shims"},
        [("pyenv/shims/python3", "pyenv/versions/3.12.1", "3.12")],
    ),
    "by the variable, which wins": Layout(
        {**PYENV, "pyenv/version": "3.12.1\n"},
        {},
        {"PATH": "{}/pyenv/shims", "PYENV_VERSION": "mine:3.12.1"},
        [("pyenv/shims/python3", "pyenv/versions/mine", "3.11")],
    ),
    "by the file in the home, which wins": Layout(
        {**PYENV, "pyenv/version": "3.12.1\n", "home/.python-version": "mine\n"},
        {},
        {"PATH": "{}/pyenv/shims", "HOME": "{}/home"},
        [("pyenv/shims/python3", "pyenv/versions/mine", "3.11")],
    ),
    "a shim that passes on": Layout(
        {**PYENV, **USUAL, "pyenv/version": "system\n"},
        {"usr/bin/python3": "python3.11"},
        {"PATH": "{}/pyenv/shims:{}/usr/bin"},
        [("usr/bin/python3", "usr", "3.11")],
    ),
    "a free-threaded one, beside another": Layout(
        {"opt/bin/python3.13t": "", "opt/lib/python3.13t/os.py": "", "opt/lib/python3.12/os.py": ""},
        {"opt/bin/python3": "python3.13t"},
        {"PATH": "{}/opt/bin"},
        [("opt/bin/python3", "opt", "3.13t")],
    ),
    "two names of one, in two folders": Layout(
        USUAL,
        {"usr/bin/python3": "python3.11", "bin": "usr/bin"},
        {"PATH": "{}/usr/bin:{}/bin"},
        [("usr/bin/python3", "usr", "3.11")],
    ),
    "a script of whoever made the image": Layout(
        {"wrapper/bin/python3": "#!/bin/sh\n"}, {}, {"PATH": "{}/wrapper/bin"}, [("wrapper/bin/python3", "", "")]
    ),
    "none, and a folder of that name": Layout({"usr/bin/python3/x": ""}, {}, {"PATH": "{}/usr/bin:relative:"}, []),
}


def make(tree: Path, layout: Layout) -> dict[str, str]:
    """Write a layout below `tree`; returns the environment."""
    for name, text in layout.files.items():
        file = tree / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace("{}", str(tree)))
        file.chmod(0o755 if file.parent.name in ("bin", "shims") else 0o644)
    for name, target in layout.links.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).symlink_to(target.replace("{}", str(tree)))
    return {name: value.replace("{}", str(tree)) for name, value in layout.env.items()}


@pytest.mark.parametrize("name", LAYOUTS)
def test_pythons_are_found_without_being_run(tmp_path: Path, name: str) -> None:
    found = pythons(make(tmp_path, LAYOUTS[name]))

    def below(path: Path | None) -> str:
        return "" if path is None else str(path.relative_to(tmp_path))

    assert [(below(one.executable), below(one.prefix), one.version) for one in found] == LAYOUTS[name].found


SHARED = {**VENV, "venv/pyvenv.cfg": "home = {}/usr/bin\ninclude-system-site-packages = true\n"}
HOME, OWN = "home/.local/lib/python3.11/site-packages", "venv/lib/python3.11/site-packages"
SYSTEM = "usr/lib/python3.11/site-packages"
# Files, environment -> folders that packages come from, of those in lib/.
SOURCES = [
    (VENV, {}, [OWN]),
    (SHARED, {}, [HOME, OWN, SYSTEM]),
    (SHARED, {"PYTHONNOUSERSITE": "1"}, [OWN, SYSTEM]),
    (SHARED, {"PYTHONUSERBASE": "{}/base"}, ["base/lib/python3.11/site-packages", OWN, SYSTEM]),
    (VENV, {"PYTHONPATH": "{}/mine:"}, ["mine", OWN]),
]


@pytest.mark.parametrize(("files", "env", "wanted"), SOURCES)
def test_where_packages_come_from(
    tmp_path: Path, files: dict[str, str], env: dict[str, str], wanted: list[str]
) -> None:
    links = {"usr/bin/python3": "python3.11", "venv/bin/python3": "{}/usr/bin/python3.11"}
    layout = Layout({**USUAL, **files}, links, {"PATH": "{}/venv/bin", "HOME": "{}/home", **env}, [])
    given = make(tmp_path, layout)
    found = [str(folder.relative_to(tmp_path)) for folder in packages(pythons(given)[0], given)]
    assert [folder for folder in found if "/lib64/" not in folder] == wanted


DATA, USER = "venv/share/jupyter", "home/.local/share/jupyter"
ENDS = ["/usr/local/share/jupyter", "/usr/share/jupyter"]
# Environment -> folders with Jupyter's data; those of the system come after.
ORDERS = [
    ({}, [DATA, USER]),
    ({"JUPYTER_PREFER_ENV_PATH": "0"}, [USER, DATA]),
    ({"JUPYTER_PREFER_ENV_PATH": "No"}, [USER, DATA]),
    ({"JUPYTER_PATH": "{}/a:{}/b/"}, ["a", "b", DATA, USER]),
    ({"JUPYTER_DATA_DIR": "{}/data"}, [DATA, "data"]),
    ({"XDG_DATA_HOME": "{}/xdg"}, [DATA, "xdg/jupyter"]),
]


@pytest.mark.parametrize(("env", "wanted"), ORDERS)
def test_the_order_of_jupyters_folders(tmp_path: Path, env: dict[str, str], wanted: list[str]) -> None:
    links = {"venv/bin/python3": "{}/usr/bin/python3.11"}
    layout = Layout({**USUAL, **VENV}, links, {"PATH": "{}/venv/bin", "HOME": "{}/home", **env}, [])
    image = Image(make(tmp_path, layout))
    assert [str(path).removeprefix(f"{tmp_path}/") for path in image.data()] == [*wanted, *ENDS]
    homeless = [path for path in wanted if path.startswith(("venv", "a", "b"))]
    assert [str(path).removeprefix(f"{tmp_path}/") for path in image.data(home=False)] == [*homeless, *ENDS]


def test_an_environment_that_is_not_ones_own_comes_after_ones_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernelpair_image, "_owns", lambda folder: False)
    links = {"venv/bin/python3": "{}/usr/bin/python3.11"}
    layout = Layout({**USUAL, **VENV}, links, {"PATH": "{}/venv/bin", "HOME": "{}/home"}, [])
    assert Image(make(tmp_path, layout)).data()[:2] == [tmp_path / USER, tmp_path / DATA]


CONDA = {"conda/bin/python3.12": "", "conda/lib/python3.12/os.py": ""}
# What conda's activation says, and whether the environment comes before the home.
ACTIVATED = [
    ({"CONDA_PREFIX": "{}/conda", "CONDA_DEFAULT_ENV": "science"}, True),
    ({"CONDA_PREFIX": "{}/conda", "CONDA_DEFAULT_ENV": "base"}, False),
    ({"CONDA_PREFIX": "{}/conda"}, False),
    ({"CONDA_PREFIX": "{}/other", "CONDA_DEFAULT_ENV": "science"}, False),
    ({}, False),
    ({"JUPYTER_PREFER_ENV_PATH": "1"}, True),
]


@pytest.mark.parametrize(("env", "first"), ACTIVATED)
def test_an_activated_conda_environment_comes_before_the_home(tmp_path: Path, env: dict[str, str], first: bool) -> None:
    given = {"PATH": "{}/conda/bin", "HOME": "{}/home", **env}
    found = Image(make(tmp_path, Layout(CONDA, {"conda/bin/python3": "python3.12"}, given, []))).data()
    assert (found.index(tmp_path / "conda/share/jupyter") < found.index(tmp_path / USER)) == first


def test_who_may_write_an_environment_is_not_its_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with conda's images whose folders belong to a group; jupyter_core's rule."""
    layout = Layout({**USUAL, **VENV}, {"venv/bin/python3": "{}/usr/bin/python3.11"}, {"PATH": "{}/venv/bin"}, [])
    env = {**make(tmp_path, layout), "HOME": f"{tmp_path}/home"}
    (tmp_path / "venv").chmod(0o777)
    monkeypatch.setattr("os.geteuid", lambda: os.getuid() + 1)
    assert Image(env).data()[:2] == [tmp_path / USER, tmp_path / DATA]


def test_debians_own_packages_stand_beside_its_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernelpair_pythons, "_SYSTEM", tmp_path / "usr")
    layout = Layout(USUAL, {"usr/bin/python3": "python3.11"}, {"PATH": "{}/usr/bin", "PYTHONNOUSERSITE": "1"}, [])
    env = make(tmp_path, layout)
    found = [str(path) for path in packages(pythons(env)[0], env)]
    assert found[-2:] == ["/usr/local/lib/python3.11/dist-packages", "/usr/lib/python3/dist-packages"]


def test_a_conda_environment_counts_although_it_is_on_no_path(tmp_path: Path) -> None:
    given = {"PATH": "{}/none", "CONDA_PREFIX": "{}/conda", "IPYTHONDIR": "{}/i", "HOME": "{}/home"}
    found = Image(make(tmp_path, Layout({}, {}, given, []))).kernels()
    wanted = [USER, "conda/share/jupyter", *ENDS]
    assert found == [*(tmp_path / folder / "kernels" for folder in wanted), tmp_path / "i/kernels"]


def installed(tree: Path, folder: str) -> None:
    (tree / folder).mkdir(parents=True, exist_ok=True)
    (tree / folder / "ipykernel_launcher.py").touch()


@pytest.mark.parametrize(("folder", "python"), [(OWN, "venv/bin/python3"), (SYSTEM, "usr/bin/python3"), ("x", None)])
def test_the_ipykernel_is_that_of_the_first_python_which_has_one(
    tmp_path: Path, folder: str, python: str | None
) -> None:
    links = {"usr/bin/python3": "python3.11", "venv/bin/python3": "{}/usr/bin/python3.11"}
    layout = Layout({**USUAL, **VENV}, links, {"PATH": "{}/venv/bin:{}/usr/bin", "HOME": "{}/home"}, [])
    image = Image(make(tmp_path, layout))
    installed(tmp_path, folder)
    found = image.ipykernel()
    assert (found and (found.python.executable, found.folder)) == (python and (tmp_path / python, tmp_path / folder))


def test_a_kernelspec_s_python_is_its_own_environment_s(tmp_path: Path) -> None:
    links = {"usr/bin/python3": "python3.11", "venv/bin/python3": "{}/usr/bin/python3.11"}
    layout = Layout({**USUAL, **VENV}, links, {"PATH": "{}/venv/bin:{}/usr/bin"}, [])
    image = Image(make(tmp_path, layout))

    def python(kernelspec: str) -> Path:
        found = image.python_for(tmp_path / kernelspec)
        assert found is not None
        return found.executable.relative_to(tmp_path)

    assert python("usr/share/jupyter/kernels/python3") == Path("usr/bin/python3")
    assert python("venv/share/jupyter/kernels/python3") == Path("venv/bin/python3")
    assert python("home/.local/share/jupyter/kernels/mine") == Path("venv/bin/python3")


@pytest.mark.parametrize(
    ("version", "names"), [("3.11", ("3", "3.11")), ("3.13t", ("3", "3.13", "3.13t")), ("", ("3",))]
)
def test_the_names_of_a_python(version: str, names: tuple[str, ...]) -> None:
    assert kernelpair_pythons.Python(Path("/p"), None, version).numbers == names
