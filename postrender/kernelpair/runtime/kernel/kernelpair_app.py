"""The gateway itself: jupyter-kernel-gateway, fitted to a container that is one user's alone."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import Any, Callable, Mapping, Optional

from kernelpair_settings import OURS


def kernel_environment(env: Mapping[str, str]) -> list[str]:
    """The names of the variables that kernels inherit: the container's own, without those meant for the gateway."""
    return [name for name in env if not name.startswith(OURS)]


def gateway(port: int, token: str, connections: Path, died: Callable[[str, Optional[int]], None]) -> Any:
    """Make the gateway, configured and listening on 127.0.0.1; `start()` runs it until it is told to stop.

    The kernels' connection files go to the folder `connections`, which is made anew. Upstream's is in the user's home,
    which two pods may share and which may be full or read-only.

    ``died`` is called with the id of a kernel whose process has ended by itself, and with its exit code (below 0: a
    signal; None: not known), before the browsers learn that the kernel restarts.
    """
    from kernel_gateway.gatewayapp import KernelGatewayApp
    from kernel_gateway.services.kernels.manager import SeedingMappingKernelManager
    from tornado.web import HTTPError
    from traitlets.config import Config

    class PairKernelManager(SeedingMappingKernelManager):  # type: ignore[misc]
        """Starts each kernel in the folder that the notebook server names, and tells of its death."""

        async def start_kernel(self, *args: Any, **kwargs: Any) -> Any:
            env = kwargs.get("env") or {}
            folder = env.pop("KERNEL_WORKING_DIR", "")
            env.pop("KERNEL_LAUNCH_TIMEOUT", None)  # the gateway client's own
            if folder and Path(folder).is_dir():
                kwargs["cwd"] = folder
            kernel_id = await super().start_kernel(*args, **kwargs)
            for event in ("restart", "dead"):  # the connections' own callbacks come after these
                self.add_restart_callback(kernel_id, lambda: died(kernel_id, self._end_of(kernel_id)), event)
            return kernel_id

        def _end_of(self, kernel_id: str) -> Optional[int]:
            process = getattr(self.get_kernel(kernel_id).provisioner, "process", None)
            return None if process is None else process.returncode

        def leaders(self) -> dict[str, int]:
            """Return the process id of each kernel that has one."""
            found = {}
            for kernel_id in self.list_kernel_ids():
                with contextlib.suppress(HTTPError, KeyError):  # gone meanwhile: this is asked from another thread
                    found[kernel_id] = getattr(self.get_kernel(kernel_id).provisioner, "pid", None)
            return {kernel_id: pid for kernel_id, pid in found.items() if pid}

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
