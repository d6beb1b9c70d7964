"""No file names a machine of ours or the host of a package registry."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Written so that they don't match themselves.
FORBIDDEN = re.compile(
    rb"/(work|root|farm)/[.\w]|/home/(?!jovyan)[a-z]+/[.\w]"
    rb"|pypi[.]org|pythonhosted[.]org|proxy[.]golang|sum[.]golang|registry[.]npmjs|deb[.]debian|crates[.]io"
    rb"|repo\d?[.]maven"
)


@pytest.mark.parametrize("text", [b"x /work" + b"/main", b"/root" + b"/.cache", b"https://pypi" + b".org/simple"])
def test_the_pattern_finds_them(text: bytes) -> None:
    assert FORBIDDEN.search(text)


def test_no_file_names_a_machine_or_a_registry() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    files = [ROOT / name.decode() for name in listed.split(b"\0") if name]
    assert len(files) > 50
    found = [
        f"{file.relative_to(ROOT)}:{number}: {line[:120]!r}"
        for file in files
        if file.is_file()
        for number, line in enumerate(file.read_bytes().splitlines(), 1)
        if FORBIDDEN.search(line)
    ]
    assert found == []
