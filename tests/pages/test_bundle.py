"""docs/bundle.md, executed: with and without a network the same bytes, which is what the page promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from ci.bundle import archive, build, built, debian
from tests.pages import page
from tests.pages.session import WITHOUT_NETWORK, Session, checkout, connected

STEPS = page.steps((page.DOCS / "bundle.md").read_text())
pytestmark = pytest.mark.xdist_group("bundle-page")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which all of the page was executed."""
    scratch = tmp_path_factory.mktemp("bundle")
    session = Session(checkout(scratch / "checkout"), connected(scratch, "helm4", "paper"))
    for step in STEPS:
        session.take(step, () if "connected" in step.tags else WITHOUT_NETWORK)
    return scratch / "checkout"


@pytest.mark.parametrize("made", ["made", "built"])
def test_every_build_makes_the_bytes_of_the_one_in_the_cache(folder: Path, made: str) -> None:
    assert (folder / made / build.TREE / "SHA256SUMS").read_text() == (built() / "SHA256SUMS").read_text()
    assert debian.sha256(folder / made / build.ARCHIVE) == debian.sha256(archive())
