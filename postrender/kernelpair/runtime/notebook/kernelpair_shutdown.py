"""The server's own route for "File > Shut Down": the one end of a notebook server that ends its kernels too."""

from __future__ import annotations

from typing import Any

from jupyter_server.services.shutdown import ShutdownHandler


class PairShutdownHandler(ShutdownHandler):  # type: ignore[misc]
    """Upstream's, after telling the kernels' manager that somebody wants all of it to end."""

    async def post(self) -> None:
        """Shut down the kernels and the server; upstream asks for authorization."""
        self.kernel_manager.keeps_kernels = False
        try:
            await super().post()
        finally:
            self.kernel_manager.keeps_kernels = True  # it was refused


def handlers(_serverapp: Any) -> list[tuple[Any, ...]]:
    """Return tornado's handlers for the extension."""
    return [(r"/api/shutdown", PairShutdownHandler)]
