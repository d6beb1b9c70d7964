"""What a user reads of a spawn that fails, and failing one without the hub counting it as a failure of its own."""

from __future__ import annotations

from typing import Any

STATUS = 422


def sentence(what: str) -> str:
    """Return what the user reads of a pair that can't start because of ``what``."""
    return f"This server can't start with a separate kernel container: {what}."


def show(error: BaseException, message: str) -> None:
    """Have the hub show ``message`` instead of the text of ``error``, on the progress page and in its API's answer."""
    error.jupyterhub_message = message  # type: ignore[attr-defined]


def refusal(spawner: Any, message: str) -> Exception:
    """Return the exception to raise so that ``spawner``'s spawn fails and the user reads ``message``.

    A web error below 500. It never counts towards ``consecutive_failure_limit``, at which the hub exits (found in
    jupyterhub/handlers/base.py, `spawn_single_user`, `_track_failure_count`): JupyterHub 6.1 counts what isn't a
    SpawnException or a web error below 500; before, it counts every exception, so there the count is taken back (see
    `_uncount`).
    """
    from tornado.web import HTTPError

    if not _spares_web_errors():
        _uncount(spawner)
    error: Exception = HTTPError(STATUS, "%s", message)
    show(error, message)
    return error


def _spares_web_errors() -> bool:
    """Tell whether this JupyterHub tells refusals from failures: it came with the class SpawnException (6.1)."""
    import jupyterhub.spawner  # type: ignore[import-not-found]

    return hasattr(jupyterhub.spawner, "SpawnException")


def _uncount(spawner: Any) -> None:
    """Have the hub's failure count as it was once this spawn has failed.

    The hub adds one in a callback of ``spawner._spawn_future``, and compares with the limit of this very spawner there.
    Callbacks run in the order in which they were added, without anything in between: the hub's, then ours.
    """
    future, handler = getattr(spawner, "_spawn_future", None), getattr(spawner, "handler", None)
    if future is None or handler is None:  # not spawned by a request of the hub's: nobody counts
        return
    limit, settings = spawner.consecutive_failure_limit, handler.settings
    spawner.consecutive_failure_limit = 0

    def take_back(_: Any) -> None:
        spawner.consecutive_failure_limit = limit
        settings["failure_count"] = max(0, settings.get("failure_count", 0) - 1)

    future.add_done_callback(take_back)
