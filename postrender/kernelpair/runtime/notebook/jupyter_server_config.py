"""Fits the front-end's Jupyter server to the pair; found by way of JUPYTER_CONFIG_PATH.

It gets the pair's token, and a kernel manager that lets it stop when the pod does.
Without KERNELPAIR_RUN nothing is set and a line on stderr says so: the server starts, as it would without this file.
With it, a token that can't be had ends the server: one that can reach no kernel would only look alive.
"""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path
from typing import Any

from jupyter_server.gateway.managers import GatewayMappingKernelManager  # type: ignore[import-not-found]
from tornado.web import HTTPError  # type: ignore[import-not-found]

c = get_config()  # type: ignore[name-defined]  # noqa: F821  (traitlets defines it where configuration files run)


class _Secret(str):
    """A string that keeps itself out of `--debug` logs, where traitlets prints the configuration's repr."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'<kernelpair token>'"


def _token(run_dir: str) -> _Secret:
    runtime = Path(__file__).absolute().parent.parent
    pair_token = runpy.run_path(str(runtime / "pair_token.py"))
    try:
        return _Secret(pair_token["token"](run_dir))
    except pair_token["TokenError"] as error:
        sys.exit(f"kernelpair: no token for the kernel gateway: {error}")


class PairKernelManager(GatewayMappingKernelManager):  # type: ignore[misc]
    """Stops with the pod, and keeps the container's variables, tokens among them, out of the log."""

    async def start_kernel(self, **kwargs: Any) -> Any:
        """Start a kernel without handing on what the environment holds anyway: upstream logs the arguments."""
        env = kwargs.get("env")
        if env:
            kwargs["env"] = {name: value for name, value in env.items() if os.environ.get(name) != value}
        return await super().start_kernel(**kwargs)

    # Both containers are told to stop at once, and the gateway, gone first, has ended its kernels.
    async def shutdown_all(self, now: bool = False) -> Any:
        """Shut down what the gateway still knows; upstream, its silence keeps the server up until it is killed."""
        try:
            return await super().shutdown_all(now=now)
        except (HTTPError, OSError) as error:
            self.log.info("kernelpair: the kernel gateway is gone, and its kernels with it: %s", error)


if "KERNELPAIR_RUN" in os.environ:
    c.GatewayClient.auth_token = _token(os.environ["KERNELPAIR_RUN"])
    c.ServerApp.kernel_manager_class = PairKernelManager
else:
    print("kernelpair: KERNELPAIR_RUN is not set: the server starts without the pair's token", file=sys.stderr)
