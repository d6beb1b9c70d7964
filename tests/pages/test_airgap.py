"""docs/airgap.md, executed but for what needs a cluster: real_airgap.py in tests/cluster executes all of it.

Images are of paper here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import kernelpair_bundle
import pytest
from kernelpair_settings import Failure

from ci.bundle import built
from kernelpair.hub import missing_bundle
from tests.pages import page
from tests.pages.session import ROOT, WITHOUT_NETWORK, Session, checkout, connected, disconnected

TEXT = (page.DOCS / "airgap.md").read_text()
RUNTIME = ROOT / "postrender" / "kernelpair" / "runtime"
STEPS = page.steps(TEXT)
pytestmark = pytest.mark.xdist_group("airgap")
ON_A_CLUSTER = {"cluster", "user"}


@pytest.fixture(scope="session")
def carried(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the machine with a network leaves in `carry`."""
    scratch = tmp_path_factory.mktemp("connected")
    session = Session(checkout(scratch / "checkout"), connected(scratch, "helm4", "paper"))
    for step in STEPS:
        if "connected" in step.tags:
            session.take(step)
    return scratch / "checkout" / "carry"


@pytest.fixture
def inside(carried: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Session:
    """The other machine, with the folder and one of the Helms."""
    (tmp_path / "there").mkdir()
    shutil.copytree(carried, tmp_path / "there" / "carry")
    helm = getattr(request, "param", "helm4")
    return Session(tmp_path / "there", disconnected(tmp_path, helm, "paper"))


def here(step: page.Step, helm: str) -> bool:
    """Whether a step is for the other machine, and needs no cluster."""
    helms = {"helm3", "helm4"} - {helm}
    return not step.tags & {"connected", *ON_A_CLUSTER, *helms}


@pytest.mark.parametrize("inside", ["helm3", "helm4"], indirect=True)
def test_the_other_side_needs_no_network(inside: Session, request: pytest.FixtureRequest) -> None:
    helm = request.node.callspec.params["inside"]
    taken = [step for step in STEPS if here(step, helm)]
    assert len(taken) > 8
    for step in taken:
        inside.take(step, WITHOUT_NETWORK)


def refused(session: Session, commands: str) -> str:
    """What commands print that must fail."""
    return session.run(f"! {{\n{commands}\n}}", WITHOUT_NETWORK)


def commands(heading: str, word: str) -> str:
    """The page's commands under a heading, the first with a word."""
    return next(step.commands for step in STEPS if step.heading == heading and word in step.commands)


def rendered(helm: str) -> Callable[[Session, Path], str]:
    def render(session: Session, scratch: Path) -> str:
        other = Session(session.folder, disconnected(scratch / "other", helm, "paper"))
        return refused(other, "helm template hub carry/kernelpair-0.1.0.tgz --post-renderer kernelpair")

    return render


def another_archive(session: Session, scratch: Path) -> str:
    session.run("echo >> carry/images/user.tar")
    return refused(session, commands("2. On the other side", "--check"))


def another_folder(session: Session, scratch: Path) -> str:
    session.run("mv carry/wheelhouse elsewhere")
    return refused(session, commands("The post-renderer", "pip"))


def another_python(session: Session, scratch: Path) -> str:
    session.run("rm carry/wheelhouse/[Pp]y[Yy][Aa][Mm][Ll]*")
    return refused(session, commands("The post-renderer", "pip"))


def another_commit(session: Session, scratch: Path) -> str:
    scratch.mkdir()
    folder = checkout(scratch / "checkout")
    (folder / "packages").mkdir()
    (folder / "wheelhouse").mkdir()
    build = Session(folder, connected(scratch, "helm4", "paper"))
    options = "--packages packages --wheelhouse wheelhouse --out built"
    return refused(build, f".venv/bin/python -m ci.bundle build {options}")


def damaged(session: Session, scratch: Path) -> str:
    shutil.copytree(built(), scratch / "bundle")
    (scratch / "bundle" / "lib" / "ld.so").write_bytes(b"")
    bundle = kernelpair_bundle.Bundle(scratch / "bundle", "3.0.1")
    bundle.begin_check()
    with pytest.raises(Failure) as said:
        bundle.end_check()
    return str(said.value)


def without_bundle(session: Session, scratch: Path) -> str:
    why = 'exec: "/opt/kernelpair-bundle/start": stat /opt/kernelpair-bundle/start: no such file or directory'
    state = {"waiting": {"reason": "RunContainerError", "message": why}}
    container = {"name": "kernelpair-bundle", "image": "registry.example.org/jupyter/front-end:1", "state": state}
    return missing_bundle.explanation({"status": {"initContainerStatuses": [container]}})


def without_index(session: Session, scratch: Path) -> str:
    """The launcher in an image that has no gateway, and no bundle that brings it."""
    for folder in ("kernel", "shared"):
        shutil.copytree(RUNTIME / folder, scratch / "opt", dirs_exist_ok=True)
    for folder in ("run", "packages"):
        (scratch / folder).mkdir()
    settings = {"PORT": 8889, "SOURCE": "auto", "RUN": scratch / "run", "PACKAGES": scratch / "packages"}
    settings |= {"PIP_REQUIREMENT": "jupyter-kernel-gateway==3.0.1", "START_TIMEOUT": 60}
    environment = {f"KERNELPAIR_{name}": str(value) for name, value in settings.items()}
    command = [*WITHOUT_NETWORK, sys.executable, scratch / "opt" / "gateway.py"]
    environment |= {"PATH": os.environ["PATH"], "PIP_RETRIES": "0"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stderr


SAID: dict[str, Callable[[Session, Path], str]] = {
    "images/user.tar: FAILED": another_archive,
    "No matching distribution found for kernelpair": another_folder,
    "No matching distribution found for pyyaml": another_python,
    'exec: "kernelpair": executable file not found in $PATH': rendered("helm3"),
    "plugin: {Name:kernelpair Type:postrenderer/v1} not found": rendered("helm4"),
    "no file there is": another_commit,
    "is not what its list of hashes, SHA256SUMS, says": damaged,
    "has no bundle at /opt/kernelpair-bundle": without_bundle,
    "could not install jupyter-kernel-gateway==3.0.1": without_index,
}
"""What the page says that something says -> what makes it say so."""


@pytest.mark.parametrize("words", SAID)
def test_what_goes_wrong_says_what_the_page_says(words: str, inside: Session, tmp_path: Path) -> None:
    assert words in SAID[words](inside, tmp_path / "wrong")


def test_every_row_of_what_goes_wrong_is_tried() -> None:
    _, table = TEXT.split("## What goes wrong, and what it says\n")
    rows = [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")]
    assert rows == [*SAID]
