"""The kernelspecs of the user's image, and what stands in their place while the gateway doesn't answer."""

from __future__ import annotations

from typing import Any

import kernelpair_remote as remote
from jupyter_server.gateway.managers import GatewayKernelSpecManager

# JupyterLab shows no document and no folder before its first list of kernelspecs, and asks for the next after a minute.
PATIENCE_SECONDS = 10.0


def stand_in(name: str, title: str) -> dict[str, Any]:
    """Return a list of kernelspecs that lets JupyterLab open: one, called ``name``, that says ``title``.

    Who starts it waits for the gateway like everybody else, and gets the kernel of that name or the reason why not.
    """
    spec = {"argv": [], "display_name": title, "language": "python", "env": {}, "metadata": {}}
    return {"default": name, "kernelspecs": {name: {"name": name, "spec": spec, "resources": {}}}}


class PairKernelSpecManager(GatewayKernelSpecManager):  # type: ignore[misc]
    """The gateway's kernelspecs; the last ones while it is away."""

    _last: dict[str, Any] | None = None
    _said = ""

    async def list_kernel_specs(self) -> Any:
        """Return the gateway's answer, the last one, or a `stand_in` that says what is the matter; never an error."""
        patience = PATIENCE_SECONDS if self._last is None else 0
        try:
            self._last = await remote.patiently(super().list_kernel_specs, self.log, patience)
        except remote.Away as away:
            if away.reason != self._said:
                self._said = away.reason
                self.log.error("kernelpair: %s", away)
            name = self.parent.kernel_manager.default_kernel_name
            return self._last or stand_in(name, f"Kernel container: {away.title}")
        return self._last
