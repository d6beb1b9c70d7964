"""Terminals in the kernel container: the REST API of jupyter_server_terminals, served by the gateway.

What terminals need (jupyter_server_terminals, terminado) is imported when the first is asked for.
"""

from __future__ import annotations

import importlib
import json
import os
from pathlib import Path
from typing import Any

from kernelpair_personality import PairHandler
from tornado import web

MANAGER = "terminal_manager"


class Terminals(PairHandler):
    """All terminals."""

    @web.authenticated  # type: ignore[untyped-decorator]
    def get(self) -> None:
        """Answer with the terminals' models."""
        manager = self.settings.get(MANAGER)
        self.finish(json.dumps([] if manager is None else manager.list()))

    @web.authenticated  # type: ignore[untyped-decorator]
    def post(self) -> None:
        """Open a terminal and answer with its model.

        The body is what upstream's is, with an absolute ``cwd``, which counts where it can be entered in this
        container, and ``manager``: options for the manager, which the first terminal makes.
        """
        wish = dict(self.get_json_body() or {})
        options = wish.pop("manager", {})
        if "cwd" in wish and not _can_enter(wish["cwd"]):
            self.log.info("kernelpair: no folder %s in the kernel container for a terminal", wish.pop("cwd"))
        try:
            model = self._manager(options).create(**wish)
        except OSError as error:
            raise web.HTTPError(500, f"The kernel container can't start a shell: {error}") from error
        self.finish(json.dumps(model))

    def _manager(self, options: dict[str, Any]) -> Any:
        if MANAGER not in self.settings:
            try:
                shells = importlib.import_module("kernelpair_shells")
            except ImportError as error:
                fix = "install jupyter_server_terminals beside it, or set notebook.terminals: notebook"
                why = f"No terminals in the kernel container: the gateway's packages lack {error.name}: {fix}"
                raise web.HTTPError(501, why) from error
            self.settings[MANAGER] = shells.serve(self.application, options)
        return self.settings[MANAGER]


class Terminal(PairHandler):
    """One terminal."""

    @web.authenticated  # type: ignore[untyped-decorator]
    def get(self, name: str) -> None:
        """Answer with its model."""
        self.finish(json.dumps(self._manager_of(name).get(name)))

    @web.authenticated  # type: ignore[untyped-decorator]
    async def delete(self, name: str) -> None:
        """End its shell."""
        await self._manager_of(name).terminate(name, force=True)
        self.set_status(204)
        self.finish()

    def _manager_of(self, name: str) -> Any:
        manager = self.settings.get(MANAGER)
        if manager is None or name not in manager.terminals:
            raise web.HTTPError(404, f"Terminal not found: {name}")
        return manager


def _can_enter(folder: str) -> bool:
    """Upstream forks before it enters the folder; where that fails, the fork goes on as a second gateway."""
    return Path(folder).is_dir() and os.access(folder, os.X_OK)


def handlers(_gateway: Any) -> list[tuple[Any, ...]]:
    """Return the routes of the REST API; that of the terminals' websockets comes with the first terminal."""
    return [("/api/terminals", Terminals), (r"/api/terminals/(\w+)", Terminal)]


async def stop(gateway: Any) -> None:
    """End the shells of all terminals, and what they have started."""
    manager = gateway.web_app.settings.get(MANAGER)
    if manager is not None:
        await manager.hang_up()
