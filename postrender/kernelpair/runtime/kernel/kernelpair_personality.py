"""What the gateway serves: kernels, as upstream, and what else the notebook server asks the kernel container for."""

from __future__ import annotations

import importlib
from typing import Any

import kernelpair_orphans
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from kernel_gateway.jupyter_websocket import JupyterWebsocketPersonality
from kernel_gateway.mixins import CORSMixin, JSONErrorsMixin, TokenAuthorizationMixin

# Modules with a function ``handlers(gateway)``, which returns tornado's (pattern, class, arguments), and a coroutine
# function ``stop(gateway)``, which ends what the module has started.
PARTS = ("kernelpair_terminals",)


class Guarded(TokenAuthorizationMixin, CORSMixin, JSONErrorsMixin):  # type: ignore[misc]
    """What makes a handler ask for the gateway's token and tell errors as JSON, as all of the gateway's do."""


class PairHandler(Guarded, APIHandler):  # type: ignore[misc]
    """The base of our handlers for the REST API, which refuses other origins too."""


class PairPersonality(JupyterWebsocketPersonality):  # type: ignore[misc]
    """Upstream's, with our parts."""

    def create_request_handlers(self) -> list[tuple[Any, ...]]:
        """Return the handlers of all parts and then upstream's, the last of which takes every path."""
        parts = [importlib.import_module(part) for part in PARTS]
        ours = [handler for part in parts for handler in part.handlers(self.parent)]
        return [*ours, *map(_with_json_errors, super().create_request_handlers())]

    async def shutdown(self) -> None:
        """End what the parts have started, the kernels as a plain server does at its end, and what they left running.

        Each kernel is asked, all at once, so that it runs its atexit handlers; told by SIGTERM after half of
        `KernelManager.shutdown_wait_time` (5 s), and killed after all of it: within Kubernetes' 30 s and, where
        the hub gives its pods less, begun at once. Upstream kills kernels one by one without a word.
        """
        self.parent.kernel_manager.prestart.drop()
        for part in PARTS:
            await importlib.import_module(part).stop(self.parent)
        try:
            await self.parent.kernel_manager.shutdown_all()
        except Exception:
            self.log.exception("kernelpair: a kernel could not be shut down; it is killed")
        await super().shutdown()
        await kernelpair_orphans.end_the_rest()


def _with_json_errors(handler: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return one of upstream's handlers; its websockets would answer errors with pages, which a gateway hasn't got."""
    pattern, kind, *arguments = handler
    if issubclass(kind, JSONErrorsMixin) or not issubclass(kind, JupyterHandler):
        return handler
    return (pattern, type(kind.__name__, (JSONErrorsMixin, kind), {}), *arguments)


def create_personality(*args: Any, **kwargs: Any) -> PairPersonality:
    """Return what the gateway asks a module for that its option ``api`` names."""
    return PairPersonality(*args, **kwargs)
