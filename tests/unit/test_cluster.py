"""The test cluster, as far as it shows without one: which process is ours, and what images are made from."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ci.cluster import images, state


def test_a_process_is_known_by_id_and_start() -> None:
    itself = state.process(os.getpid())
    assert itself is not None
    assert itself.pid == os.getpid()
    assert state.process(os.getpid()) == itself


def test_what_ended_is_no_process() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    child.communicate()
    assert state.process(child.pid) is None
    unreaped = os.posix_spawn(sys.executable, [sys.executable, "-c", ""], os.environ)
    os.waitid(os.P_PID, unreaped, os.WEXITED | os.WNOWAIT)
    assert state.process(unreaped) is None
    os.waitpid(unreaped, 0)


@pytest.mark.parametrize(("later", "found"), [(0, True), (1, False)])
def test_another_process_under_the_nodes_id_is_not_the_node(
    later: int, found: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "_RECORD", tmp_path / "node.json")
    assert state.node() is None
    itself = state.process(os.getpid())
    assert itself is not None
    state.record(itself._replace(started=itself.started + later))
    assert (state.node() == itself.pid) is found


@pytest.mark.parametrize("recipe", images.WORKLOADS.values())
def test_what_an_image_copies_is_there_and_decides_its_hash(recipe: images.Recipe) -> None:
    copied = images._copied(images.FILES / f"{recipe.file}.Containerfile", state.ROOT / "ci")
    assert copied or recipe.file in ("user-r", "bundle")
    assert all(file.is_file() for file in copied)


def test_users_pick_from_images_that_are_made() -> None:
    profiles = images.values()["singleuser"]["profileList"]
    assert [profile["slug"] for profile in profiles] == [name for name in images.WORKLOADS if name.startswith("user")]
