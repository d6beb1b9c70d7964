"""Fits the front-end's Jupyter server to the pair; found by way of JUPYTER_CONFIG_PATH.

It gets the pair's token, and classes (beside this file) for kernels in another container.
What the command line or ~/.jupyter says about the same classes wins, as over any other configuration.
Without KERNELPAIR_RUN nothing is set and a line on stderr says so: the server starts, as it would without this file.
With it, a token that can't be had ends the server: one that can reach no kernel would only look alive.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

c = get_config()  # type: ignore[name-defined]  # noqa: F821  (traitlets defines it where configuration files run)


class _Secret(str):
    """A string that keeps itself out of `--debug` logs, where traitlets prints the configuration's repr."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'<kernelpair token>'"


def _token(run_dir: str) -> _Secret:
    import kernelpair_token

    try:
        return _Secret(kernelpair_token.token(run_dir))
    except kernelpair_token.TokenError as error:
        sys.exit(f"kernelpair: no token for the kernel gateway: {error}")


if "KERNELPAIR_RUN" in os.environ:
    sys.path.append(str(Path(__file__).absolute().parent))
    c.GatewayClient.auth_token = _token(os.environ["KERNELPAIR_RUN"])
    c.ServerApp.jpserver_extensions.update({"kernelpair_extension": True})  # leaves the others as they are
    c.ServerApp.kernel_manager_class = "kernelpair_kernels.PairKernelManager"
    c.ServerApp.kernel_spec_manager_class = "kernelpair_specs.PairKernelSpecManager"
    c.ServerApp.session_manager_class = "kernelpair_sessions.PairSessionManager"
    c.ServerApp.kernel_websocket_connection_class = "kernelpair_channels.PairConnection"
else:
    print("kernelpair: KERNELPAIR_RUN is not set: the server starts without the pair's token", file=sys.stderr)
