"""A root that holds one static kernel and nothing else: no libc, no shell, no Python, no network."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from ci import bundle
from tests.roots.container import MAPPED, Container

pytestmark = pytest.mark.xdist_group("roots")

# What would reach into the bundle's process is the kernel's own again.
IMAGE = {"PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": "/opt/lib", "MALLOC_ARENA_MAX": "1", "OPENSSL_CONF": "/none.cnf"}
USERS = (0,) if MAPPED else (0, 1000, 1234567890)
# What Jupyter gives its kernels, and upstream's gateway to those that it starts.
JUPYTERS = {"JPY_PARENT_PID", "JPY_SESSION_NAME", "KERNEL_USERNAME", "KERNEL_GATEWAY", "KERNEL_ID", "KERNEL_LANGUAGE"}


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("read_only", [False, True])
def test_a_kernel_without_python_runs(without_python: Path, tmp_path: Path, user: int, read_only: bool) -> None:
    made = Container(without_python, IMAGE, user, f"/home/{user}", read_only)
    found = made.run(tmp_path, "echo", "environment")
    assert found["specs"] == {"echo": [["/opt/echo/echo", "{connection_file}"], "Echo"]}
    given: dict[str, Any] = json.loads(found["printed"])
    assert {name: value for name, value in given.items() if name not in JUPYTERS} == {**IMAGE, "HOME": made.home}
    assert (found["bundle"], found["code"]) == ([], 0), found["log"]
    assert "Python notebooks can't run in this image, only echo: no python3 or python on PATH" in found["log"]


def test_without_any_kernel_it_says_where_it_looked(tmp_path: Path) -> None:
    root, scratch = tmp_path / "root", tmp_path / "scratch"
    root.mkdir()
    scratch.mkdir()
    found = Container(root, {"PATH": "/bin", "JUPYTER_PATH": "/data/jupyter"}, home="/home/ann").run(scratch, "", "")
    assert found["code"] == 1
    assert found["failure"] == (
        "no kernel can run in this image: no python3 or python on PATH, and no kernelspec in /data/jupyter/kernels,"
        " /home/ann/.local/share/jupyter/kernels, /usr/local/share/jupyter/kernels, /usr/share/jupyter/kernels,"
        " /home/ann/.ipython/kernels: install ipykernel in the image (python -m pip install ipykernel), or another"
        " kernel with its kernelspec in one of these folders\n"
    )


DAMAGED = {
    "changed": (lambda folder: (folder / "lib/libz.so.1").write_bytes(b"x"), "lib/libz.so.1 has other contents"),
    "missing": (lambda folder: (folder / "lib/libexpat.so.1").unlink(), "lib/libexpat.so.1 can't be read"),
    "without a mark": (lambda folder: (folder / "bundle.json").unlink(), "the bundle is damaged"),
    "added": (lambda folder: (folder / "lib/python3.11/zlib.py").touch(), "lib/python3.11/zlib.py is not listed"),
    "without its list": (lambda folder: (folder / "SHA256SUMS").unlink(), "SHA256SUMS can't be read"),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_bundle_does_not_serve(without_python: Path, tmp_path: Path, what: str) -> None:
    damage, why = DAMAGED[what]
    scratch, damaged = tmp_path / "scratch", tmp_path / "bundle"
    scratch.mkdir()
    shutil.copytree(bundle.built(), damaged, symlinks=True)
    damage(damaged)
    found = Container(without_python, IMAGE, bundle=damaged).run(scratch, "echo", "hello")
    assert (found["code"], why in found["failure"]) == (1, True), found
    assert "specs" not in found
