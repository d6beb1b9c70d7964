"""Sessions that a notebook server which starts anew finds again."""

from __future__ import annotations

from typing import Any

import kernelpair_kept as kept
from jupyter_server.gateway.managers import GatewaySessionManager

_COLUMNS = ("session_id", "path", "name", "type", "kernel_id")


class PairSessionManager(GatewaySessionManager):  # type: ignore[misc]
    """Upstream's, whose sessions outlive the server as long as their kernels do.

    They are kept beside the database, not in it: one that is full or somebody else's would keep notebooks from opening.
    An operator's own `SessionManager.database_filepath` works as ever.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for record in kept.read(kept.SESSIONS):
            values = [record.get(column) for column in _COLUMNS]
            if not self.cursor.execute("SELECT 1 FROM session WHERE session_id=?", values[:1]).fetchone():
                self.cursor.execute("INSERT INTO session VALUES (?,?,?,?,?)", values)

    async def kernel_culled(self, kernel_id: str) -> bool:
        """Return whether the kernel is gone, upon which upstream drops its session."""
        if hasattr(self.kernel_manager, "settled"):  # an operator's own manager has nothing to settle
            await self.kernel_manager.settled()
        return kernel_id not in self.kernel_manager

    async def save_session(self, *args: Any, **kwargs: Any) -> Any:
        """Save it, for the next server too."""
        model = await super().save_session(*args, **kwargs)
        self._keep()
        return model

    async def update_session(self, *args: Any, **kwargs: Any) -> None:
        """Change it, for the next server too."""
        await super().update_session(*args, **kwargs)
        self._keep()

    async def delete_session(self, *args: Any, **kwargs: Any) -> None:
        """Delete it, for the next server too."""
        await super().delete_session(*args, **kwargs)
        self._keep()

    def _keep(self) -> None:
        rows = self.cursor.execute("SELECT * FROM session").fetchall()
        kept.write(kept.SESSIONS, ({column: row[column] for column in _COLUMNS} for row in rows), self.log)
