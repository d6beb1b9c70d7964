"""Which lab extensions of the user's image the launcher puts before the front-end, and what it leaves alone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import kernelpair_labextensions as lab
import pytest

WIDGET = {"dependencies": {"@jupyter-widgets/base": "^6"}}
BUILT = {"_build": {"load": "static/remoteEntry.0.js", "extension": "./extension"}}


def package(name: str, version: str = "1.0.0", jupyterlab: Any = None, **fields: Any) -> dict[str, Any]:
    return {"name": name, "version": version, "jupyterlab": {**BUILT, **(jupyterlab or {})}, **fields}


def install(root: Path, content: dict[str, Any], script: str = "0") -> Path:
    """Write an extension below a data path, as pip does."""
    folder = root / "labextensions" / content["name"]
    (folder / "static").mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps(content))
    (folder / "static" / "remoteEntry.0.js").write_text(script)
    return folder


def share(packages: Path, **env: str) -> None:
    """What the launcher does in that image."""
    lab.share({"PATH": str(packages.parent / "image" / "bin"), **env}, packages)


def shared(packages: Path) -> dict[str, str]:
    """The files that were shared: path -> text."""
    top = packages / "labextensions"
    return {str(file.relative_to(top)): file.read_text() for file in sorted(top.rglob("*")) if file.is_file()}


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """Where the launcher puts them; an image whose Python has its data below image/."""
    for path in ("bin/python3.11", "lib/python3.11/os.py"):
        (tmp_path / "image" / path).parent.mkdir(parents=True)
        (tmp_path / "image" / path).touch(0o755)
    (tmp_path / "image" / "bin" / "python3").symlink_to("python3.11")
    (tmp_path / "packages").mkdir()
    return tmp_path / "packages"


@pytest.fixture
def image(tmp_path: Path, packages: Path) -> Path:
    return tmp_path / "image" / "share" / "jupyter"


OF_KERNELS = [
    (WIDGET, True),
    ({"jupyterlab": {"sharedPackages": {"@jupyter-widgets/base": {"bundled": False, "singleton": True}}}}, True),
    ({"jupyterlab": {"mimeExtension": True}}, True),
    ({"jupyterlab": {"mimeExtension": "lib/mime.js"}}, True),
    ({"jupyterlab": {"mimeExtension": False}}, False),
    # A theme, a git panel: the front-end's.
    ({"dependencies": {"@jupyterlab/application": "^4"}}, False),
    # Needed to build it, and not to run it.
    ({"devDependencies": {"@jupyter-widgets/base": "^6"}}, False),
    ({"dependencies": None, "jupyterlab": None}, False),
]


@pytest.mark.parametrize(("content", "expected"), OF_KERNELS)
def test_widgets_and_mime_renderers_are_of_kernels(content: dict[str, Any], expected: bool) -> None:
    assert lab.is_of_kernels(content) is expected


RANGES = [
    ("^4.0.0", True), ("~4.2", True), ("4", True), ("4.0.0-beta.1", True), ("^3.0.0 || ^4.0.0", True),
    (">=3", True), (">=3.1.0 <5", True), ("*", True), ("latest", True), ("", True),
    ("^3.0.0", False), ("3.6.x", False), (">=3 <4", False), ("^2 || ^3", False), ("<4.0.0-alpha", False), ("^5", False),
]  # fmt: skip


@pytest.mark.parametrize(("wanted", "expected"), RANGES)
def test_ranges_of_versions(wanted: str, expected: bool) -> None:
    assert lab.admits(wanted, 4) is expected


def test_a_widget_is_copied_whole_and_readable_for_all(packages: Path, image: Path, capfd: Any) -> None:
    install(image, package("plain-ui"), "ui")
    install(image, package("@org/mime", **WIDGET), "m")
    (install(image, package("widget", **WIDGET), "w") / "package.json").chmod(0o600)
    before = os.umask(0o077)
    try:
        share(packages)
    finally:
        os.umask(before)
    found = shared(packages)
    assert sorted(found) == [
        "@org/mime/package.json", "@org/mime/static/remoteEntry.0.js", "widget/package.json",
        "widget/static/remoteEntry.0.js",
    ]  # fmt: skip
    assert found["widget/static/remoteEntry.0.js"] == "w"
    made = [packages / "labextensions", *(packages / "labextensions").rglob("*")]
    assert {path.stat().st_mode & 0o777 for path in made} == {0o755, 0o644}
    (said,) = capfd.readouterr().err.splitlines()
    assert said.endswith("for the front-end: @org/mime 1.0.0, widget 1.0.0 (4 files, 0.0 MiB)")


LEFT_OUT = [
    ({"jupyterlab": {"discovery": {"server": {"managers": ["pip"]}}}}, "a server part"),
    ({"devDependencies": {"@jupyterlab/builder": "^3.1.0"}}, "another JupyterLab (@jupyterlab/builder ^3.1.0)"),
    ({"dependencies": {**WIDGET["dependencies"], "@jupyterlab/application": "^3"}}, "@jupyterlab/application ^3"),
]


@pytest.mark.parametrize(("content", "why"), LEFT_OUT)
def test_what_could_not_run_in_the_front_end_is_left_out(
    packages: Path, image: Path, capfd: Any, content: dict[str, Any], why: str
) -> None:
    install(image, package("widget", **{**WIDGET, **content}))
    share(packages)
    assert shared(packages) == {}
    (said,) = capfd.readouterr().err.splitlines()
    assert "lab extension widget 1.0.0 of this image is left out: " in said
    assert why in said


def test_of_two_with_one_name_the_first_folder_s_counts(packages: Path, image: Path, tmp_path: Path) -> None:
    install(image, package("widget", "1", **WIDGET), "image")
    install(tmp_path / "operator", package("widget", "2", **WIDGET), "operator")
    share(packages, JUPYTER_PATH=f"{tmp_path / 'nowhere'}:{tmp_path / 'operator'}")
    assert shared(packages)["widget/static/remoteEntry.0.js"] == "operator"


def test_symbolic_links_are_never_followed(packages: Path, image: Path, tmp_path: Path, capfd: Any) -> None:
    (tmp_path / "secret").write_text("secret")
    folder = install(image, package("widget", **WIDGET))
    (folder / "file").symlink_to(tmp_path / "secret")
    (folder / "folder").symlink_to(tmp_path)
    elsewhere = install(tmp_path / "elsewhere", package("developed", **WIDGET))
    (image / "labextensions" / "developed").symlink_to(elsewhere)
    share(packages)
    assert sorted(shared(packages)) == ["widget/package.json", "widget/static/remoteEntry.0.js"]
    assert "developed 1.0.0 of this image is left out" in capfd.readouterr().err


@pytest.mark.parametrize(("limit", "value"), [("MAX_FILES", 4), ("MAX_BYTES", 1000)])
def test_what_exceeds_the_limits_is_left_out_and_the_rest_is_there(
    packages: Path, image: Path, capfd: Any, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(lab, limit, value)
    install(image, package("a", **WIDGET))
    large = install(image, package("b", **WIDGET), "b" * 1000)
    (large / "more").write_text("more")
    install(image, package("c", **WIDGET))
    share(packages)
    assert {path.partition("/")[0] for path in shared(packages)} == {"a", "c"}
    assert "b 1.0.0 of this image is left out: all together may have" in capfd.readouterr().err


def test_another_start_replaces_what_an_earlier_one_shared(packages: Path, image: Path) -> None:
    install(image, package("old", **WIDGET))
    share(packages)
    (image / "labextensions" / "old").rename(image / "labextensions" / "new")
    (image / "labextensions" / "new" / "package.json").write_text(json.dumps(package("new", **WIDGET)))
    (packages / "labextensions.new").mkdir()  # of a start that was interrupted
    (packages / "labextensions.new" / "half").write_text("")
    share(packages)
    assert sorted(shared(packages)) == ["new/package.json", "new/static/remoteEntry.0.js"]
    assert [path.name for path in packages.iterdir()] == ["labextensions"]


BROKEN = ["", "[]", "{}", "{", '{"name": ["x"], "jupyterlab": {"_build": {}}}', '{"name": "x", "jupyterlab": "4"}']
# On these the server would answer /lab with an error.
BROKEN += [json.dumps({**package("x", **WIDGET), key: None}) for key in ("name", "version", "jupyterlab")]
BROKEN += [json.dumps(package("x", repository=1, **WIDGET))]
BROKEN += [json.dumps(package("x", jupyterlab={"_build": {}}, **WIDGET))]


def test_what_is_no_extension_is_passed_over(packages: Path, image: Path) -> None:
    for number, text in enumerate(BROKEN):
        folder = image / "labextensions" / str(number)
        folder.mkdir(parents=True)
        (folder / "package.json").write_text(text)
    (install(image, package("widget", **WIDGET)) / "install.json").write_text("{")
    share(packages)
    assert sorted(shared(packages)) == ["widget/package.json", "widget/static/remoteEntry.0.js"]


def test_a_failure_is_said_and_stops_nothing(tmp_path: Path, capfd: Any) -> None:
    (tmp_path / "file").write_text("")
    before = lab.threading.enumerate()
    lab.begin({}, tmp_path / "file")
    for thread in lab.threading.enumerate():
        if thread not in before:
            thread.join(10)
    assert "can't be shared with the front-end" in capfd.readouterr().err
