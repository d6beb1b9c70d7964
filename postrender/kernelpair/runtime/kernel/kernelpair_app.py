"""The gateway itself: jupyter-kernel-gateway, fitted to a container that is one user's alone."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, Mapping

from kernelpair_settings import OURS


def kernel_environment(env: Mapping[str, str]) -> list[str]:
    """The names of the variables that kernels inherit: the container's own, without those meant for the gateway."""
    return [name for name in env if not name.startswith(OURS)]


def gateway(port: int, token: str, connections: Path) -> Any:
    """Make the gateway, configured and listening on 127.0.0.1; `start()` runs it until it is told to stop.

    The kernels' connection files go to the folder `connections`, which is made anew. Upstream's is in the user's home,
    which two pods may share and which may be full or read-only.
    """
    from kernel_gateway.gatewayapp import KernelGatewayApp
    from kernel_gateway.services.kernels.manager import SeedingMappingKernelManager
    from traitlets.config import Config

    class PairKernelManager(SeedingMappingKernelManager):  # type: ignore[misc]
        """Starts each kernel in the folder that the notebook server names."""

        async def start_kernel(self, *args: Any, **kwargs: Any) -> Any:
            env = kwargs.get("env") or {}
            folder = env.pop("KERNEL_WORKING_DIR", "")
            env.pop("KERNEL_LAUNCH_TIMEOUT", None)  # the gateway client's own
            if folder and Path(folder).is_dir():
                kwargs["cwd"] = folder
            return await super().start_kernel(*args, **kwargs)

    class PairGateway(KernelGatewayApp):  # type: ignore[misc]
        """Knows whether it was told to stop."""

        told = False

        def init_configurables(self) -> None:
            self.auth_token = token  # here rather than in the configuration, which debug logs print
            self.cookie_secret = os.urandom(32)  # else it shares a file in the home with the notebook server
            super().init_configurables()

        def stop(self, from_signal: bool = False) -> None:
            self.told = self.told or from_signal
            super().stop(from_signal)

    # As if given on the command line: what configuration files in the image or the home say doesn't count.
    config = Config()
    config.KernelGatewayApp.update(
        ip="127.0.0.1", port=port, port_retries=0, base_url="/", kernel_manager_class=PairKernelManager
    )
    config.KernelGatewayApp.api = "kernelpair_personality"
    config.KernelGatewayApp.env_process_whitelist = kernel_environment(os.environ)
    config.JupyterWebsocketPersonality.list_kernels = True
    shutil.rmtree(connections, ignore_errors=True)
    connections.mkdir(mode=0o700)
    app = PairGateway.instance(config=config, runtime_dir=str(connections))
    app.initialize(argv=[])
    return app
