"""The server extension of the pair: its routes stand in front of all others, and messages have no limit of size."""

from __future__ import annotations

import importlib
from typing import Any

from jupyter_server.utils import url_path_join
from kernelpair_sockets import MAX_MESSAGE_BYTES

# Modules with a function ``handlers(serverapp)``, which returns tornado's (pattern, class, arguments) with patterns
# that begin behind the base URL; [] where the module has nothing to serve.
PARTS = ("kernelpair_shutdown", "kernelpair_terminal_proxy", "kernelpair_usage")


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(serverapp: Any) -> None:
    serverapp.web_app.settings.setdefault("websocket_max_message_size", MAX_MESSAGE_BYTES)
    for part in PARTS:
        serve_first(serverapp.web_app, importlib.import_module(part).handlers(serverapp))


def serve_first(web_app: Any, handlers: list[tuple[Any, ...]]) -> None:
    """Make ``web_app`` answer with ``handlers``, below its base URL, whoever else serves the same paths.

    `Application.add_handlers` puts them behind those of extensions that were loaded earlier, the rule before the last.
    """
    base = web_app.settings["base_url"]
    web_app.add_handlers(".*$", [(url_path_join(base, pattern), *rest) for pattern, *rest in handlers])
    rules = web_app.default_router.rules
    rules.insert(0, rules.pop(-2))
