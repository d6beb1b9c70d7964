"""How the gateway starts kernels' processes, the first before anybody asks for it; imports the gateway's packages."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Mapping

from jupyter_client.launcher import launch_kernel
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner
from kernel_gateway.services.kernels.manager import KernelGatewayIOLoopKernelManager
from kernelpair_prestart import Prestart, can_wait


class PairProvisioner(LocalProvisioner):  # type: ignore[misc]
    """Starts kernels' processes; ``early``: one that waits."""

    early = False

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Start the kernel, or let the process that waits become it."""
        prestart: Prestart = self.parent.parent.prestart
        arguments = self._scrub_kwargs(kwargs)
        if self.early:
            folder = Path(self.parent.connection_file).with_suffix(".waiting")
            self.process = prestart.begin(launch_kernel, folder, cmd, arguments)
            return self.connection_info
        process = prestart.become(cmd, arguments)
        if process is None:
            return await super().launch_kernel(cmd, **kwargs)
        self.process, self.pid, self.pgid = process, process.pid, os.getpgid(process.pid)
        self.cwd = arguments.get("cwd", Path.cwd())
        return self.connection_info


class PairKernel(KernelGatewayIOLoopKernelManager):  # type: ignore[misc]
    """Upstream's, with our provisioner where it would take its own local one."""

    provisioner: Any

    async def _async_pre_start_kernel(self, **kwargs: Any) -> Any:
        if self.provisioner is None and self._starts_processes_here():
            self.provisioner = PairProvisioner(
                kernel_id=kwargs.get("kernel_id", ""), kernel_spec=self.kernel_spec, parent=self
            )
        return await super()._async_pre_start_kernel(**kwargs)

    pre_start_kernel = _async_pre_start_kernel

    def _starts_processes_here(self) -> bool:
        named = (self.kernel_spec.metadata or {}).get("kernel_provisioner")
        default = KernelProvisionerFactory.instance(parent=self.parent).default_provisioner_name
        return not named and default == "local-provisioner"

    async def start_early(self, kernel_id: str, env: Mapping[str, str]) -> bool:
        """Have a process wait for a kernel with this id and these variables; returns whether one does."""
        command, arguments = await self._async_pre_start_kernel(kernel_id=kernel_id, env=dict(env))
        try:
            if not isinstance(self.provisioner, PairProvisioner) or not can_wait(command, arguments["env"]):
                return False
            self.provisioner.early = True
            await self._async_launch_kernel(command, **arguments)
            return True
        finally:
            self.cleanup_connection_file()  # the kernel will have its own
            await self.provisioner.cleanup()
