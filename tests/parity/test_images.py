"""User images as people build them: each runs kernels, or JupyterLab and the pod's log say why not."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from kernelpair.core import gateway, settings
from tests.localpod import images, layouts
from tests.parity.servers import REQUIREMENT, START_SECONDS, Server

pytestmark = pytest.mark.xdist_group("parity-images")

UNPRIVILEGED = str(Path(__file__).with_name("unprivileged.py"))
SYSTEM = "/usr/bin:/bin"
LAUNCHER = gateway.launcher(settings.parse({}))
NAMES = {"python3": "Python 3 (ipykernel) | user"}
FACTS = """
import getpass, json, os, pwd, sys
from ipykernel.connect import get_connection_file
from IPython import get_ipython
def known():
    try:
        return bool(pwd.getpwuid(os.getuid()))
    except KeyError:
        return False
def writable(folder):
    try:
        open(os.path.join(folder, "x"), "w").close()
        os.remove(os.path.join(folder, "x"))
    except OSError:
        return False
    return True
print(json.dumps({
    "prefix": sys.prefix,
    "prepared": os.environ.get("PREPARED", ""),
    "known": known(),
    "home": writable(os.path.expanduser("~")),
    "root": writable("/var/tmp"),
    "connections": os.path.dirname(get_connection_file()),
    "history": get_ipython().history_manager is not None,
}))
"""


class Made(NamedTuple):
    """An image: the Python that its kernels shall run in, what is on PATH, what is set besides, what runs first."""

    prefix: Path
    path: str
    env: dict[str, str]
    first: tuple[str, ...] = ()
    facts: dict[str, Any] = {}  # noqa: RUF012 (never changed)


Maker = Callable[[Path, Server], Made]


def packages(*, gateway: bool = True) -> list[Path]:
    """The site-packages folders of the user image, and of the gateway where it is preinstalled."""
    user = images.environment("user")
    (site,) = user.glob("lib/python*/site-packages")
    return [site, images.gateway(REQUIREMENT, user / "bin" / "python3")] if gateway else [site]


def venv(folder: Path, _server: Server) -> Made:
    made = layouts.environment(folder / "opt" / "venv", packages())
    return Made(made, f"{made}/bin:{SYSTEM}", {})


def pyenv(folder: Path, _server: Server) -> Made:
    made = layouts.environment(folder / "versions" / "3", packages())
    (folder / "version").write_text("3\n")
    return Made(made, f"{layouts.shims(folder / 'shims', made / 'bin' / 'python3')}:{SYSTEM}", {})


def entrypoint(folder: Path, _server: Server) -> Made:
    """As conda's images: what is on PATH, and more, is up to the image's entrypoint."""
    made = layouts.environment(folder / "opt" / "conda", packages())
    text = f'export PATH="{made}/bin:$PATH" PREPARED=yes\nexec "$@"'
    return Made(made, SYSTEM, {}, (str(layouts.script(folder / "entrypoint.sh", text)),), {"prepared": "yes"})


def random_user(folder: Path, _server: Server) -> Made:
    """A user id that no one knows, and with it no home that could be written."""
    made = layouts.environment(folder / "opt" / "venv", packages(), enforce=layouts.NOBODY)
    home = folder / "home"
    home.mkdir(mode=0o555)
    without = {"known": False, "home": False}
    return Made(made, f"{made}/bin:{SYSTEM}", {"HOME": str(home)}, (sys.executable, UNPRIVILEGED), without)


def read_only_root(folder: Path, server: Server) -> Made:
    enforce = layouts.read_only(server.sandbox / "volumes")
    made = layouts.environment(folder / "opt" / "venv", packages(), enforce=enforce)
    return Made(made, f"{made}/bin:{SYSTEM}", {}, facts={"root": False})


def without_pip(folder: Path, _server: Server) -> Made:
    made = layouts.environment(folder / "opt" / "venv", packages(gateway=False), without=["pip"])
    return Made(made, f"{made}/bin:{SYSTEM}", {})


def without_ipykernel(folder: Path, _server: Server) -> Made:
    made = layouts.environment(folder / "opt" / "venv", packages()[1:], without=["ipykernel"])
    return Made(made, f"{made}/bin:{SYSTEM}", {})


def without_python(folder: Path, _server: Server) -> Made:
    (folder / "bin").mkdir()
    (folder / "bin" / "sh").symlink_to("/bin/sh")
    return Made(folder, f"{folder}/bin", {})


def without_kernelspec(folder: Path, server: Server) -> Made:
    made = without_pip(folder, server)
    (made.prefix / "share" / "jupyter" / "kernels").unlink()
    return made


# The source of the gateway -> images that run kernels.
RUN = {
    "pip": [venv, pyenv, entrypoint, random_user, read_only_root],
    "bundle": [venv, pyenv, entrypoint, random_user, read_only_root, without_pip, without_kernelspec],
}
REFUSE = {
    "pip": {
        without_pip: "has no pip to install the gateway with: preinstall jupyter-kernel-gateway>=3",
        without_ipykernel: "no kernel can run in this image: ",
        without_python: "no Python 3.9 or newer on PATH in this image",
    },
    "bundle": {
        without_ipykernel: "no kernel can run in this image: no ipykernel in the packages of ",
        without_python: "no kernel can run in this image: no python3 or python on PATH, and no kernelspec in ",
    },
}


@pytest.fixture(scope="module")
def pairs() -> Iterator[dict[str, Server]]:
    with Server("pair", source="pip") as pip, Server("pair") as bundle:
        yield {"pip": pip, "bundle": bundle}


def swap(server: Server, folder: Path, make: Maker) -> Made:
    """Have the kernel container run another image."""
    server.end("kernel", signal.SIGKILL)
    made, old = make(folder, server), server.running.containers["kernel"].container
    words = old.argv[-len(LAUNCHER) :]
    env = {**old.env, "HOME": str(server.home), "KERNELPAIR_SOURCE": "auto", "PATH": made.path, **made.env}
    server.running.start(old._replace(argv=[*made.first, *words], env=env))
    return made


@pytest.mark.parametrize(("source", "make"), [(source, make) for source, makers in RUN.items() for make in makers])
def test_an_image_runs_kernels(pairs: dict[str, Server], tmp_path: Path, source: str, make: Maker) -> None:
    pair = pairs[source]
    made = swap(pair, tmp_path, make)
    pair.pair.wait(START_SECONDS)
    private = pair.pair.pod.volumes["kernelpair-run"] / f"connections-{os.getuid()}"
    assert pair.ask("images.facts", code=FACTS) == {
        "prefix": str(made.prefix),
        "prepared": "",
        "known": True,
        "home": True,
        "root": True,
        "connections": str(private),
        "history": True,
        "names": NAMES,
        **made.facts,
    }
    assert private.stat().st_mode & 0o777 == 0o700
    assert list(pair.home.glob(".local/share/jupyter/runtime/kernel-*")) == []


@pytest.mark.parametrize(("source", "make"), [(source, make) for source, makers in REFUSE.items() for make in makers])
def test_an_image_that_runs_none_says_why(pairs: dict[str, Server], tmp_path: Path, source: str, make: Maker) -> None:
    pair, why = pairs[source], REFUSE[source][make]
    swap(pair, tmp_path, make)
    kernel = pair.running.containers["kernel"]
    assert kernel.process.wait(START_SECONDS) == 1
    told = pair.ask("images.refused")
    assert (told["status"], told["names"]) == (500, NAMES)
    assert told["message"].startswith("The kernel container can't start: ")
    assert why in told["message"]
    assert why in kernel.log.read_text()


def test_what_can_not_be_had_is_said_where_kernels_are_picked_and_mended_without_a_new_page() -> None:
    """From the start on: the page opens, the launcher's card and the dialog say why, and the log."""
    values = ["singleuser.image.name=example.org/user"]
    with Server("pair", until="notebook", values=values, source="image") as server:
        kernel = server.running.containers["kernel"]
        assert kernel.process.wait(START_SECONDS) == 1
        told = server.ask("images.refused")
        why = "has no jupyter-kernel-gateway >= 3, and source is image"
        assert (told["status"], told["names"]) == (500, {"python3": "Kernel container: can't start"})
        assert why in told["message"]
        assert why in server.running.containers["notebook"].log.read_text()
        kernel.health.stop()
        env = {**kernel.container.env, "PYTHONPATH": str(packages()[1])}
        server.running.start(kernel.container._replace(env=env))
        assert server.ask("images.facts", code=FACTS)["names"] == NAMES
        assert not (server.pair.pod.volumes["kernelpair-run"] / "failure").exists()
