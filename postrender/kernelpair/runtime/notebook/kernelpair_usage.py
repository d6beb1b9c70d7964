"""The kernel container's use of memory and CPU, where jupyter-resource-usage asks for this server's own.

The routes and the form of the answers are its (1.x); the figures are the launcher's samples. Its configuration counts
as before: thresholds, whether CPU and disk are shown, the limit (MEM_LIMIT) where the container has none.
"""

from __future__ import annotations

import os
from typing import Any

import kernelpair_reports as reports
from jupyter_server.base.handlers import APIHandler
from kernelpair_figures import container_metrics, kernel_usage
from tornado import web

_SETTINGS = "jupyter_resource_usage_display_config"


class UsageHandler(APIHandler):  # type: ignore[misc]
    """What both have in common."""

    def sample(self) -> Any:
        """Return the last sample; 503 where there is none."""
        found = reports.read(os.environ["KERNELPAIR_RUN"], reports.SAMPLE)
        if found is None:
            raise web.HTTPError(503, "the kernel container tells no usage figures now")
        return found

    @property
    def usage_config(self) -> Any:
        """jupyter-resource-usage's configuration, if this server has it."""
        return self.settings.get(_SETTINGS)


class ContainerUsageHandler(UsageHandler):
    """The container's usage."""

    @web.authenticated  # type: ignore[untyped-decorator]
    async def get(self) -> None:
        """Answer with it."""
        self.finish(container_metrics(self.sample(), self.usage_config))


class KernelUsageHandler(UsageHandler):
    """One kernel's usage."""

    @web.authenticated  # type: ignore[untyped-decorator]
    async def get(self, kernel_id: str) -> None:
        """Answer with it, in the form of the kernel's own message."""
        kernel = self.kernel_manager.get_kernel(kernel_id)
        content = kernel_usage(self.sample(), kernel.remote_id, self.usage_config)
        message = kernel.session.msg("usage_reply", content)
        message["header"]["date"] = message["header"]["date"].isoformat()
        self.finish({**message, "buffers": [], "kernel_id": kernel_id})


def handlers(_serverapp: Any) -> list[tuple[Any, ...]]:
    """Return the routes of jupyter-resource-usage's server part."""
    return [
        (r"/api/metrics/v1", ContainerUsageHandler),
        (r"/api/metrics/v1/kernel_usage/get_usage/([^/]+)", KernelUsageHandler),
    ]
