"""The kernelspecs of the user's image: for the notebook server, and for programs that start kernels themselves.

The latter (nbconvert, papermill, `jupyter run`, schedulers) look for them below JUPYTER_PATH; there stand specs of the
same names, whose kernels are bridges (kernelpair_bridge) to the gateway. They hold no secret.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any, Mapping

import kernelpair_remote as remote
from jupyter_server.gateway.managers import GatewayKernelSpecManager
from tornado.ioloop import IOLoop
from tornado.web import HTTPError

# Before the gateway has named its kernels, Jupyter's default leads there; else it would be the front-end's own.
DEFAULT = "python3"
_FIRST = {"display_name": "Python 3 (ipykernel)", "language": "python"}
# JupyterLab shows no document and no folder before its first list of kernelspecs, and asks for the next after a minute.
PATIENCE_SECONDS = 10.0
_VALID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")  # a name becomes a folder's


def folder(run_dir: str) -> Path:
    """Return where the specs stand (core/names.py: JUPYTER_DIR)."""
    return Path(run_dir) / "jupyter" / "kernels"


def announce(run_dir: str) -> None:
    """Write the default's spec, whose bridge waits for the gateway; an earlier one may name another image's Python."""
    _write(folder(run_dir), DEFAULT, _FIRST)


def publish(run_dir: str, specs: Mapping[str, Mapping[str, Any]]) -> None:
    """Write a spec for each of the gateway's (name -> spec), and remove those of names that it hasn't got any more.

    The default's stays: its bridge says that there is no such kernel, where the front-end's own would run unasked.
    """
    place = folder(run_dir)
    names = {name for name in specs if _VALID.fullmatch(name)}
    for name in names:
        _write(place, name, specs[name])
    for found in place.iterdir():
        if found.name not in names | {DEFAULT}:
            shutil.rmtree(found, ignore_errors=True)


def _write(place: Path, name: str, spec: Mapping[str, Any]) -> None:
    """Write one spec in one step: a reader sees none, the old or the new one.

    The spec's metadata stays behind: encryption, provisioners and debuggers are matters of the gateway's own kernel.
    """
    bridge = str(Path(__file__).absolute().with_name("kernelpair_bridge.py"))
    kept = {key: spec[key] for key in ("display_name", "language") if key in spec}
    argv = [sys.executable, bridge, "-f", "{connection_file}", "--kernel", name]
    target = place / name / "kernel.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    new = target.with_name(f"kernel.json.{os.getpid()}")
    new.write_text(json.dumps({**kept, "argv": argv, "interrupt_mode": "message"}))
    new.replace(target)


def image_name(reference: str) -> str:
    """Return the last part of an image's name, without tag and digest: example.org/a/scipy:2026 -> scipy."""
    return reference.partition("@")[0].rpartition("/")[2].partition(":")[0]


def labelled(model: dict[str, Any]) -> dict[str, Any]:
    """Return a kernelspec's model whose display name says which image the kernel runs in."""
    # Not the tag: JupyterLab writes the display name into every notebook it opens, and a new tag would change them all.
    image = image_name(os.environ.get("KERNEL_IMAGE", ""))
    spec = model["spec"]
    return {**model, "spec": {**spec, "display_name": f"{spec['display_name']} | {image}"}} if image else model


def stand_in(name: str, title: str) -> dict[str, Any]:
    """Return a list of kernelspecs that lets JupyterLab open: one, called ``name``, that says ``title``.

    Who starts it waits for the gateway like everybody else, and gets the kernel of that name or the reason why not.
    """
    spec = {"argv": [], "display_name": title, "language": "python", "env": {}, "metadata": {}}
    return {"default": name, "kernelspecs": {name: {"name": name, "spec": spec, "resources": {}}}}


class PairKernelSpecManager(GatewayKernelSpecManager):  # type: ignore[misc]
    """The kernelspecs of the user's image; the last ones while the gateway is away."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._last: dict[str, Any] = {}
        self._published: dict[str, Any] = {}
        self._said = ""
        IOLoop.current().add_callback(self._learn)

    async def _learn(self) -> None:
        """Learn the kernelspecs as soon as there are any, so that what starts kernels itself finds them all."""
        await remote.listening()
        try:
            await self.list_kernel_specs()
        except (HTTPError, OSError) as error:
            self.log.warning("kernelpair: the kernelspecs of the kernel container are not known: %s", error)

    async def list_kernel_specs(self) -> Any:
        """Return the gateway's, labelled with the image; else the last ones, or a `stand_in` that says what is up."""
        try:
            found = await remote.patiently(super().list_kernel_specs, self.log, 0 if self._last else PATIENCE_SECONDS)
        except remote.Away as away:
            if away.reason != self._said:
                self._said = away.reason
                self.log.error("kernelpair: %s", away)
            name = self.parent.kernel_manager.default_kernel_name
            return self._last or stand_in(name, f"Kernel container: {away.title}")
        models = found["kernelspecs"]
        specs = {name: model["spec"] for name, model in models.items()}
        if specs != self._published:
            self._published = specs
            asyncio.get_running_loop().run_in_executor(None, self._publish, specs)
        self._last = {**found, "kernelspecs": {name: labelled(model) for name, model in models.items()}}
        return self._last

    def _publish(self, specs: dict[str, Any]) -> None:
        try:
            publish(os.environ["KERNELPAIR_RUN"], specs)
        except OSError as error:
            self.log.warning("kernelpair: nbconvert and its like can't find the kernels: %s", error)

    async def get_kernel_spec(self, kernel_name: str, **kwargs: Any) -> Any:
        """Return one, labelled with the image; raises KeyError for a name that the gateway doesn't know."""
        ask = super().get_kernel_spec
        return labelled(await remote.patiently(lambda: ask(kernel_name, **kwargs), self.log))
