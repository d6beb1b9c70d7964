"""Fits the front-end's Jupyter server to the pair; found by way of JUPYTER_CONFIG_PATH.

It gets the pair's token, classes (beside this file) for kernels in another container, and the lab extensions that the
launcher found in the user's image.
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


def _check_version() -> None:
    """End the server where it lacks what the pair builds on: jupyter_server.gateway.connections, there since 2.6."""
    from jupyter_server import __version__, version_info

    if tuple(version_info[:2]) < (2, 6):
        sys.exit(
            f"kernelpair: the front-end image has jupyter_server {__version__}, which can't use a kernel container: "
            "install jupyter_server 2.6 or newer there (notebook.image)"
        )


def _announce_kernels(run_dir: str) -> None:
    """Lead nbconvert and its like to the gateway; a server that can't do that is still worth having."""
    import kernelpair_kernelspecs

    try:
        kernelpair_kernelspecs.announce(run_dir)
    except OSError as error:
        print(f"kernelpair: nbconvert and its like run in the front-end image: {error}", file=sys.stderr)


if "KERNELPAIR_RUN" in os.environ:
    _check_version()
    sys.path.append(str(Path(__file__).absolute().parent))
    _announce_kernels(os.environ["KERNELPAIR_RUN"])
    c.GatewayClient.auth_token = _token(os.environ["KERNELPAIR_RUN"])
    c.ServerApp.jpserver_extensions.update({"kernelpair_extension": True})  # leaves the others as they are
    if os.environ.get("KERNELPAIR_TERMINALS") == "off":
        c.ServerApp.terminals_enabled = False
    c.ServerApp.kernel_manager_class = "kernelpair_kernels.PairKernelManager"
    c.ServerApp.kernel_spec_manager_class = "kernelpair_kernelspecs.PairKernelSpecManager"
    c.ServerApp.session_manager_class = "kernelpair_sessions.PairSessionManager"
    c.ServerApp.kernel_websocket_connection_class = "kernelpair_channels.PairConnection"
    # Of two extensions of one name the server takes the one of the earlier folder: the operator's extra ones, those of
    # the user's image, its own. Not by LabServerApp, the base of both: what is set for either would replace that.
    for app in ("LabApp", "JupyterNotebookApp"):
        c[app].extra_labextensions_path.append(str(Path(os.environ["KERNELPAIR_PACKAGES"]) / "labextensions"))
else:
    print("kernelpair: KERNELPAIR_RUN is not set: the server starts without the pair's token", file=sys.stderr)
