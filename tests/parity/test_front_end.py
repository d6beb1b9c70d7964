"""What the front-end's own programs and pages take from the user's image: its kernels, and its widgets' JavaScript."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.parity.servers import Server

pytestmark = pytest.mark.xdist_group("parity")

CLIENT = Path(__file__).with_name("kernel_client.py")
SECONDS = 180
CODE = (
    "import humanize, os, sys\nprint(humanize.naturalsize(10**6), sys.prefix, os.getcwd())\n"
    "from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'))"
)
NOTEBOOK = {
    "cells": [
        {
            "cell_type": "code",
            "id": str(number),
            "execution_count": None,
            "metadata": {},
            "outputs": [],
            "source": source,
        }
        for number, source in enumerate((CODE, "1 + 1"))
    ],
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}
NBCLIENT = (
    "import json, nbformat, nbclient\nfound = nbformat.read('n.ipynb', 4)\n"
    "print(nbformat.writes(nbclient.execute(found, cwd='.')))"
)
PROGRAMS = {
    "nbconvert": ["jupyter", "nbconvert", "--to", "notebook", "--execute", "--stdout", "n.ipynb"],
    "papermill": ["papermill", "n.ipynb", "-"],
    "nbclient": ["python", "-c", NBCLIENT],
    "run": ["jupyter", "run", "code.py"],
}


def environment(server: Server, **changed: str) -> dict[str, str]:
    return {**server.running.containers["notebook"].container.env, **changed}


def execute(server: Server, *command: str, **changed: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder of the home, as a terminal of the notebook container would."""
    folder = server.home / "some where"
    folder.mkdir(exist_ok=True)
    (folder / "n.ipynb").write_text(json.dumps(NOTEBOOK))
    (folder / "code.py").write_text(CODE)
    program = server.running.containers["notebook"].container.image.prefix / "bin" / command[0]
    env = environment(server, **changed)
    return subprocess.run([program, *command[1:]], env=env, cwd=folder, capture_output=True, text=True, timeout=SECONDS)


def said(server: Server, done: subprocess.CompletedProcess[str]) -> Any:
    """What a program printed, or the outputs in the notebook that it printed; without the places of image and home."""
    assert done.returncode == 0, f"{done.stderr}\n{server.running.tails()}"
    image = server.running.containers["kernel" if server.kind == "pair" else "notebook"].container.image
    text = done.stdout.replace(str(image.prefix), "IMAGE").replace(str(server.home), "HOME")
    if not text.startswith("{"):
        return text
    return [[cell["execution_count"], cell["outputs"]] for cell in json.loads(text)["cells"]]


def kernels(server: Server) -> set[str]:
    """The ids of the gateway's kernels."""
    token = (server.pair.pod.volumes["kernelpair-run"] / "token").read_text()
    url = f"http://127.0.0.1:{server.pair.ports[1]}/api/kernels"
    request = urllib.request.Request(url, headers={"Authorization": f"token {token}"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
        return {model["id"] for model in json.load(answer)}


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs_that_start_kernels_reach_the_users_image(plain: Server, pair: Server, program: str) -> None:
    before = kernels(pair)
    found = [said(server, execute(server, *PROGRAMS[program])) for server in (plain, pair)]
    assert "1.0 MB IMAGE HOME/some where" in json.dumps(found[1])
    assert found[1] == found[0]
    assert kernels(pair) <= before


@pytest.mark.parametrize("talk", ["conversation", "volume", "death"])
def test_a_program_s_own_kernel_is_one_like_any_other(plain: Server, pair: Server, talk: str) -> None:
    before = kernels(pair)
    found = [said_json(server, execute(server, "python", str(CLIENT), talk)) for server in (plain, pair)]
    assert found[1] == found[0]
    assert kernels(pair) <= before


def said_json(server: Server, done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, f"{done.stderr}\n{server.running.tails()}"
    return json.loads(done.stdout)


@pytest.mark.parametrize("end", ["SIGTERM", "SIGKILL", "parent"])
def test_a_program_s_kernel_ends_with_it_however_that_ends(pair: Server, end: str) -> None:
    before = kernels(pair)
    python = pair.running.containers["notebook"].container.image.python
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    program = subprocess.Popen([python, CLIENT, "wait"], env=environment(pair), text=True, **pipes)
    assert program.stdout is not None
    bridge = int(program.stdout.readline())
    assert len(kernels(pair) - before) == 1
    os.kill(*((program.pid, signal.SIGKILL) if end == "parent" else (bridge, getattr(signal, end))))
    until = time.monotonic() + SECONDS
    while kernels(pair) - before:
        assert time.monotonic() < until, pair.running.tails()
        time.sleep(0.2)
    program.kill()
    program.communicate()


def test_without_a_gateway_the_program_says_why(pair: Server) -> None:
    nowhere = {"JUPYTER_GATEWAY_URL": "http://127.0.0.1:1", "KERNELPAIR_START_TIMEOUT": "1"}
    done = execute(pair, *PROGRAMS["nbconvert"], **nowhere)
    assert done.returncode != 0
    assert "kernelpair: no kernel python3: the kernel container has not answered at http://127.0.0.1:1" in done.stderr


def test_the_kernelspecs_of_programs_hold_no_secret(pair: Server) -> None:
    run = pair.pair.pod.volumes["kernelpair-run"]
    token = (run / "token").read_text()
    names = pair.ask("kernels.kernelspecs")["kernelspecs"]
    assert "python3" in names
    files = [file for file in (run / "jupyter").rglob("*") if not file.is_dir()]
    assert sorted(files) == sorted(run / "jupyter" / "kernels" / name / "kernel.json" for name in names)
    for spec in files:
        assert token not in spec.read_text()
        assert json.loads(spec.read_text()).keys() == {"argv", "display_name", "interrupt_mode", "language"}


WIDGETS = {"dependencies": {"@jupyter-widgets/base": "^6"}}
SERVER = {"jupyterlab": {"discovery": {"server": {"managers": ["pip"]}}}}
# Name -> what its package.json says besides, and whether the front-end loads it from the user's image.
EXTENSIONS: dict[str, tuple[dict[str, Any], bool]] = {
    "widgets-test": (WIDGETS, True),
    "@kernelpair-test/mime": ({"jupyterlab": {"mimeExtension": True}}, True),
    "served-test": ({**WIDGETS, **SERVER}, False),
    "theme-test": ({}, False),
}


def install(folder: Path, name: str, version: str) -> None:
    place = folder / "labextensions" / name
    (place / "static").mkdir(parents=True)
    more = EXTENSIONS[name][0]
    built = {"load": "static/remoteEntry.js", "extension": f"./extension-{version}"}
    lab = {**more.get("jupyterlab", {}), "_build": built}
    (place / "package.json").write_text(json.dumps({**more, "name": name, "version": version, "jupyterlab": lab}))
    (place / "static" / "remoteEntry.js").write_text(f"// {name} {version}")


def test_widgets_load_in_the_version_of_the_users_image(tmp_path: Path) -> None:
    """In a plain pod all of the image's extensions load; in the pair those that its kernels need, before any other."""
    for name in EXTENSIONS:
        install(tmp_path, name, "2.0.0")
    found = []
    given = {"plain": "singleuser.extraEnv.JUPYTER_PATH", "pair": "kernelGateway.kernel.env.JUPYTER_PATH"}
    for kind, key in given.items():
        with Server(kind, until="notebook", values=[f"{key}={tmp_path}"]) as server:
            install(server.home / ".local" / "share" / "jupyter", "widgets-test", "1.0.0")
            if kind == "pair":  # before anything that needs the gateway was asked of the notebook server
                assert "IMAGE" in said(server, execute(server, *PROGRAMS["run"]))
            found.append([server.ask("front_end.extensions", names=list(EXTENSIONS)) for _ in range(2)])
    plain, pair = found
    assert plain[0]["widgets-test"]["file"] == "// widgets-test 2.0.0"
    for page in pair:
        assert page == {
            name: plain[0][name] if loads else {"listed": None, "file": None} for name, (_, loads) in EXTENSIONS.items()
        }
