"""A root that holds one static kernel and nothing else: no libc, no shell, no Python, no network."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ci import bundle
from tests.roots.container import IMAGE, USERS, Container, of_image

# Between what it takes, a tenth of a second, and the five between two looks.
STOPPING_SECONDS = 2.5
# What an image may set for its own programs. Read by the gateway's process, each would break it, or lead it out of its
# bundle.
HOSTILE = {
    "LD_PRELOAD": "/nowhere/hook.so",
    "LD_AUDIT": "/nowhere/audit.so",
    "GLIBC_TUNABLES": "glibc.malloc.check=3",
    "MALLOC_PERTURB_": "85",
    "SSL_CERT_FILE": "/nowhere/certificates.pem",
    "PYTHONHOME": "/nowhere",
    "PYTHONPATH": "/nowhere",
    "PYTHONSAFEPATH": "1",
    "PYTHONVERBOSE": "1",
}


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("read_only", [False, True])
def test_a_kernel_without_python_runs(without_python: Path, tmp_path: Path, user: int, read_only: bool) -> None:
    made = Container(without_python, IMAGE, user, f"/home/{user}", read_only)
    found = made.run(tmp_path, "echo", "environment")
    assert found["specs"] == {"echo": [["/opt/echo/echo", "{connection_file}"], "Echo"]}
    assert of_image(json.loads(found["printed"])) == {**IMAGE, "HOME": made.home}
    assert (found["bundle"], found["code"]) == ([], 0), found["log"]
    assert found["processes"] > 0, found
    assert "Python notebooks can't run in this image, only echo: no python3 or python on PATH" in found["log"]


def test_what_an_image_sets_for_its_programs_is_the_kernels_alone(without_python: Path, tmp_path: Path) -> None:
    found = Container(without_python, {**IMAGE, **HOSTILE}).run(tmp_path, "echo", "environment")
    assert (found["bundle"], found["code"]) == ([], 0), found["log"]
    assert of_image(json.loads(found["printed"])) == {**IMAGE, **HOSTILE, "HOME": "/home/jovyan"}


def test_told_to_stop_while_nothing_happens_it_stops_at_once(without_python: Path, tmp_path: Path) -> None:
    """Not at its next look around, seconds later: a pod that ends takes as long as its slowest container."""
    found = Container(without_python, IMAGE).run(tmp_path, "", "")
    assert found["code"] == 0, found
    assert found["stopping"] < STOPPING_SECONDS


def test_without_any_kernel_it_says_where_it_looked(tmp_path: Path) -> None:
    root, scratch = tmp_path / "root", tmp_path / "scratch"
    root.mkdir()
    scratch.mkdir()
    found = Container(root, {"PATH": "/bin", "JUPYTER_PATH": "/data/jupyter"}).run(scratch, "", "")
    assert found["code"] == 1
    assert found["failure"] == (
        "no kernel can run in this image: no python3 or python on PATH, and no kernelspec in /data/jupyter/kernels,"
        " /home/jovyan/.local/share/jupyter/kernels, /usr/local/share/jupyter/kernels, /usr/share/jupyter/kernels,"
        " /home/jovyan/.ipython/kernels: install ipykernel in the image (python -m pip install ipykernel), or another"
        " kernel with its kernelspec in one of these folders\n"
    )


MODULE = "lib/python3.11/site-packages/tornado/util.pyc"
DAMAGED = {
    "changed": (lambda folder: (folder / MODULE).write_bytes(b"x"), f"{MODULE} has other contents"),
    "missing": (lambda folder: (folder / "lib/libsqlite3.so.0").unlink(), "lib/libsqlite3.so.0 can't be read"),
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
