"""The gateway itself: jupyter-kernel-gateway, fitted to a container that is one user's alone.

To be imported once the gateway's packages are on `sys.path` (kernelpair_packages).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any, Callable, Optional

import zmq
from kernel_gateway.gatewayapp import KernelGatewayApp
from kernel_gateway.services.kernels.manager import SeedingMappingKernelManager
from kernelpair_connections import PairConnection
from kernelpair_launch import PairKernel
from kernelpair_prestart import WAIT_SECONDS, Prestart
from kernelpair_settings import kernel_environment
from kernelpair_sockets import MAX_MESSAGE_BYTES
from tornado.web import HTTPError
from traitlets.config import Config

READY_SECONDS = 10.0
Died = Callable[[str, Optional[int]], None]


class PairKernelManager(SeedingMappingKernelManager):  # type: ignore[misc]
    """Starts each kernel in the folder that the notebook server names, and tells of its death by ``died``."""

    died: Died

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.prestart = Prestart()
        self._starting: set[str] = set()

    def _kernel_manager_class_default(self) -> str:
        return f"{PairKernel.__module__}.{PairKernel.__name__}"

    async def start_early(self) -> None:
        """Have a process wait for the first kernel of the default kernelspec, where that is Python's."""
        if self.default_kernel_name not in self.kernel_spec_manager.find_kernel_specs():
            return
        kernel, name, kernel_id = self.pre_start_kernel(None, {})
        env = {"PATH": "", **{name: os.environ[name] for name in kernel_environment(os.environ)}}
        try:
            waits = await kernel.start_early(kernel_id, env)
        except Exception as error:  # whatever it is, a kernel that is asked for will say it
            self.log.warning("kernelpair: no kernel could be loaded ahead: %r", error)
            return
        if waits:
            self.prestart.offer(name, kernel_id)
            asyncio.get_running_loop().call_later(WAIT_SECONDS, self.prestart.drop)

    async def start_kernel(self, *args: Any, **kwargs: Any) -> Any:
        """Start a kernel; return its id."""
        env = kwargs.get("env") or {}
        folder = env.pop("KERNEL_WORKING_DIR", "")
        env.pop("KERNEL_LAUNCH_TIMEOUT", None)  # the gateway client's own
        if folder and Path(folder).is_dir():
            kwargs["cwd"] = folder
        if not kwargs.get("kernel_id"):
            kwargs["kernel_id"] = self.prestart.claim(kwargs.get("kernel_name") or self.default_kernel_name)
        kernel_id = await super().start_kernel(*args, **kwargs)
        for event in ("restart", "dead"):  # the connections' own callbacks come after these
            self.add_restart_callback(kernel_id, lambda: self.died(kernel_id, self._end_of(kernel_id)), event)
        self.add_restart_callback(kernel_id, lambda: self._starts_anew(kernel_id))
        return kernel_id

    def _starts_anew(self, kernel_id: str) -> None:
        """Take the kernel for one that starts.

        Upstream goes on calling it busy, as it was when it died, and for a busy kernel a new connection doesn't make
        sure that it hears the kernel (``nudge``): the outputs of the next cell may be lost.
        """
        self.get_kernel(kernel_id).execution_state = "starting"
        self._starting.add(kernel_id)

    async def shutdown_kernel(self, kernel_id: str, now: bool = False, restart: bool = False) -> Any:
        """Shut a kernel down; one that is being started anew comes up first: upstream fails in between, half done."""
        kernel, until = self.get_kernel(kernel_id), time.monotonic() + READY_SECONDS
        while kernel_id in self._starting and time.monotonic() < until:
            if await kernel.is_alive() and kernel.ready.done():
                break
            await asyncio.sleep(0.05)
        self._starting.discard(kernel_id)
        return await super().shutdown_kernel(kernel_id, now=now, restart=restart)

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
    """Has the pair's ``secret``, and knows whether it was told to stop."""

    secret = ""
    told = False

    def init_configurables(self) -> None:
        """Make the parts."""
        self.auth_token = self.secret  # here rather than in the configuration, which debug logs print
        self.cookie_secret = os.urandom(32)  # else it shares a file in the home with the notebook server
        super().init_configurables()

    def init_webapp(self) -> None:
        """Make the application that answers."""
        super().init_webapp()
        self.web_app.settings["websocket_max_message_size"] = MAX_MESSAGE_BYTES

    def init_http_server(self) -> None:
        """Listen."""
        super().init_http_server()
        self.http_server.max_buffer_size = MAX_MESSAGE_BYTES

    def start(self) -> None:
        """Run until told to stop."""
        signal.signal(signal.SIGINT, self._signal_stop)
        # Upstream ignores SIGHUP, and what it starts would inherit that; it doesn't inherit a handler.
        self.io_loop.add_callback(signal.signal, signal.SIGHUP, lambda _signum, _frame: None)
        super().start()

    def _signal_stop(self, signum: int, _frame: object) -> None:
        # Upstream writes a log line, which fails where the signal comes in the middle of another, and nothing stops.
        # The loop's own method, for tornado's doesn't wake a loop that waits: it stops seconds later.
        self.io_loop.asyncio_loop.call_soon_threadsafe(super()._signal_stop, signum, None)

    def stop(self, from_signal: bool = False) -> None:
        """End."""
        self.told = self.told or from_signal
        super().stop(from_signal)


def gateway(port: int, token: str, connections: Path, died: Died, images_own: bool) -> PairGateway:
    """Make the gateway, configured and listening on 127.0.0.1; `start()` runs it until it is told to stop.

    The kernels' connection files go to the folder `connections`, which is made anew. Upstream's is in the user's home,
    which two pods may share and which may be full or read-only.

    ``died`` is called with the id of a kernel whose process has ended by itself, and with its exit code (below 0: a
    signal; None: not known), before the browsers learn that the kernel restarts.

    ``images_own`` says that the Python that runs this is the image's, as upstream takes for granted.
    """
    # As if given on the command line: what configuration files in the image or the home say doesn't count.
    config = Config()
    config.KernelGatewayApp.update(
        ip="127.0.0.1", port=port, port_retries=0, base_url="/", kernel_manager_class=PairKernelManager
    )
    config.KernelGatewayApp.api = "kernelpair_personality"
    config.KernelGatewayApp.kernel_websocket_connection_class = PairConnection
    config.KernelGatewayApp.env_process_whitelist = kernel_environment(os.environ)
    if not images_own:
        config.KernelGatewayApp.kernel_spec_manager_class = "kernelpair_imagespecs.ImageKernelSpecs"
    config.JupyterWebsocketPersonality.list_kernels = True
    shutil.rmtree(connections, ignore_errors=True)
    connections.mkdir(mode=0o700)
    app = PairGateway.instance(config=config, runtime_dir=str(connections))
    app.secret = token
    app.initialize(argv=[])
    app.kernel_manager.died = died
    # Kernels drop what nobody takes at once; the gateway takes all of it, however busy it is.
    app.kernel_manager.context.setsockopt(zmq.RCVHWM, 0)
    return app  # type: ignore[no-any-return]
