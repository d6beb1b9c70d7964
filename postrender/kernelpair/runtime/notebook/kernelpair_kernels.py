"""Kernels behind the gateway that keep their identity when the kernel container or the notebook server starts anew."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import os
from typing import Any

import kernelpair_kept as kept
import kernelpair_remote as remote
from jupyter_server.gateway.gateway_client import GatewayClient
from jupyter_server.gateway.managers import GatewayKernelManager, GatewayMappingKernelManager
from jupyter_server.utils import url_path_join
from kernelpair_explain import Requests
from tornado.ioloop import IOLoop
from tornado.web import HTTPError
from traitlets import default

WATCH_SECONDS = 5.0
_GONE = 404


class PairKernel(GatewayKernelManager):  # type: ignore[misc]
    """One kernel. Its id, which sessions and browsers know, stays; the gateway's may change behind it.

    ``available`` is set while the gateway has the kernel, ``gone`` once it is none any more, and never will be.
    """

    kernel_id: Any
    kernel: Any

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.asked: dict[str, Any] = {}
        self.requests = Requests()
        self.gateway_started = ""
        self.remote_id = ""
        self.available = asyncio.Event()
        self.gone = asyncio.Event()

    async def start_kernel(self, **kwargs: Any) -> None:
        """Start it; with a ``kernel_id`` adopt the one that the gateway has under it, or start it under that id."""
        await super().start_kernel(**kwargs)
        self.asked = {name: value for name, value in kwargs.items() if name != "kernel_id"}
        if self.kernel is None:
            await self.start_again()
        else:
            self._is_there()

    def record(self) -> dict[str, Any]:
        """Return what a later notebook server needs to find it again, for JSON; no variable of the server itself."""
        names = GatewayClient.instance().allowed_envs.split(",")
        env = self.asked.get("env") or {}
        asked: dict[str, Any] = {name: self.asked[name] for name in ("kernel_name", "cwd") if name in self.asked}
        asked["env"] = {name: env[name] for name in env if name.startswith("KERNEL_") or name in names}
        return {
            "id": self.kernel_id,
            "remote_id": self.remote_id,
            "gateway_started": self.gateway_started,
            "asked": asked,
            "model": self.kernel,
        }

    def recall(self, record: dict[str, Any]) -> None:
        """Be the kernel of an earlier server's `record`; whether the gateway still has it, only a look can tell."""
        self.kernel_id, self.remote_id = record["id"], record["remote_id"]
        self.kernel_url = url_path_join(self.kernels_url, self.remote_id)
        self.gateway_started, self.asked = record["gateway_started"], record["asked"]
        self.kernel = {**record["model"], "execution_state": self.execution_state, "connections": 0}

    async def start_again(self) -> None:
        """Start it anew, as it was started first, under the id that it has."""
        known = self.kernel_id
        try:
            await super().start_kernel(**self.asked)
        finally:
            self.kernel_id, started = known, self.kernel_id
        self.kernel = {**self.kernel, "id": known}
        self._is_there(started)
        self.log.warning("kernelpair: kernel %s was started anew: the kernel container had lost it", known)

    def _is_there(self, remote_id: str = "") -> None:
        self.remote_id = remote_id or self.kernel_id
        self.gateway_started = remote.started()
        self.available.set()

    def lost(self) -> None:
        """Note that the gateway doesn't have it now."""
        self.available.clear()
        self.execution_state = "restarting"
        self.kernel = {**self.kernel, "execution_state": self.execution_state}

    @property
    def channels_path(self) -> str:
        """Where its channels are, below the gateway's kernels."""
        return f"{self.remote_id}/channels"

    async def refresh_model(self, model: dict[str, Any] | None = None) -> Any:
        """Return the gateway's model of it, under the id that is known here; the last one where there is none."""
        last = self.kernel
        try:
            found = await super().refresh_model(model)
        except HTTPError:
            found = None
        self.kernel = last if found is None else {**found, "id": self.kernel_id}
        return self.kernel

    async def restart_kernel(self, **kwargs: Any) -> None:
        """Restart it; one that the gateway has lost is started anew."""
        self.requests.clear()
        try:
            await remote.patiently(lambda: super(PairKernel, self).restart_kernel(**kwargs), self.log)
        except HTTPError as error:
            if error.status_code != _GONE:
                raise
            await self.parent.look()
            if not self.available.is_set():
                raise


class PairKernelManager(GatewayMappingKernelManager):  # type: ignore[misc]
    """The kernels of the pair: watched, so that their work counts as activity and their loss is noticed."""

    last_kernel_activity: Any
    keeps_kernels = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._kernels: dict[str, PairKernel] = {}
        self._looking = asyncio.Lock()
        self._settled = False
        self._watch: asyncio.Task[None] | None = None
        self._recall()

    def _recall(self) -> None:
        """Have the kernels that an earlier server of this pod had."""
        for record in kept.read(kept.KERNELS):
            kernel = self.kernel_manager_factory(parent=self, log=self.log)
            try:
                kernel.recall(record)
            except (AttributeError, KeyError, TypeError) as error:
                self.log.warning("kernelpair: a kernel's record makes no sense: %r", error)
                continue
            self._kernels[kernel.kernel_id] = kernel
        if self._kernels:
            IOLoop.current().add_callback(self._begin_watch)

    def _keep(self) -> None:
        kept.write(kept.KERNELS, (kernel.record() for kernel in self._kernels.values()), self.log)

    async def _begin_watch(self) -> None:
        if self._watch is None:
            self._watch = asyncio.create_task(self._watching())
        if not self._initialized_culler:
            self.initialize_culler()

    async def settled(self) -> None:
        """Return once the gateway has been asked about the kernels of an earlier server."""
        if not self._settled:
            await self.look()

    async def kernel_model(self, kernel_id: str) -> Any:
        """Return the kernel's model."""
        await self.settled()
        return await super().kernel_model(kernel_id)

    def remove_kernel(self, kernel_id: str) -> Any:
        """Forget the kernel."""
        removed = super().remove_kernel(kernel_id)
        if removed is not None:
            removed.gone.set()
        self._keep()
        return removed

    @default("kernel_manager_class")  # type: ignore[untyped-decorator]
    def _default_kernel_manager_class(self) -> str:
        return f"{PairKernel.__module__}.{PairKernel.__name__}"

    async def start_kernel(self, **kwargs: Any) -> Any:
        """Start a kernel, once the gateway answers.

        What the environment holds anyway isn't handed on: upstream logs the arguments.
        """
        env = kwargs.get("env")
        if env:
            kwargs["env"] = {name: value for name, value in env.items() if os.environ.get(name) != value}
        kernel_id = await remote.patiently(lambda: super(PairKernelManager, self).start_kernel(**kwargs), self.log)
        self._keep()
        await self._begin_watch()
        return kernel_id

    async def _watching(self) -> None:
        while True:
            try:
                await self.look()
            except Exception:
                self.log.exception("kernelpair: looking after the kernels failed; trying again")
            await asyncio.sleep(WATCH_SECONDS)

    async def look(self) -> None:
        """Ask the gateway for its kernels: note their activity, and start anew those that a new gateway hasn't got."""
        async with self._looking:
            found = await remote.models(self.kernels_url)
            for kernel_id, kernel in list(self._kernels.items()):
                model = None if found is None else found.get(kernel.remote_id)
                if model is not None:
                    await kernel.refresh_model(model)
                    kernel.available.set()
                elif found is None:
                    kernel.lost()
                elif kernel.gateway_started == remote.started():
                    self.log.warning("kernelpair: kernel %s died, and the gateway gave it up", kernel_id)
                    self.remove_kernel(kernel_id)
                else:
                    await self._start_again(kernel)
            self._settled = True
            self._count_activity()

    async def _start_again(self, kernel: PairKernel) -> None:
        kernel.lost()
        try:
            await kernel.start_again()
            self._keep()
        except (HTTPError, OSError) as error:
            self.log.warning("kernelpair: kernel %s can't be started anew yet: %s", kernel.kernel_id, error)

    def _count_activity(self) -> None:
        """A busy kernel is active now, whatever it prints."""
        for kernel in self._kernels.values():
            if kernel.execution_state == "busy":
                kernel.last_activity = datetime.datetime.now(kernel.last_activity.tzinfo)
            self.last_kernel_activity = max(self.last_kernel_activity, kernel.last_activity)

    async def list_kernels(self, **kwargs: Any) -> list[dict[str, Any]]:
        """Return the models of the kernels; while the gateway is away, the last that is known of them."""
        await self.look()
        return [kernel.kernel for kernel in self._kernels.values()]

    async def shutdown_all(self, now: bool = False) -> Any:
        """Let the kernels go on at the server's end, unless somebody shut down the server itself.

        A notebook container that is stopped is one that is replaced, or restarted by its probe: the next server of the
        pod finds the kernels. When the pod ends (the hub's stop, a deletion, a Job whose notebook is done) the kernel
        container is told to stop too, and its gateway ends the kernels; a second request from here would come too late
        or reach nobody. Idle shutdown waits until no kernel is left. "File > Shut Down" is somebody's wish that all
        of it ends, and the pod may go on for a while (`keeps_kernels`).
        """
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        if self.keeps_kernels:
            self.log.info("kernelpair: no, the kernels go on: the next notebook server of this pod finds them")
            return
        try:
            await super().shutdown_all(now=now)
        except (HTTPError, OSError) as error:
            self.log.info("kernelpair: the kernel gateway is gone, and its kernels with it: %s", error)
