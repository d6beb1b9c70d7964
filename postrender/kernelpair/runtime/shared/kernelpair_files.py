"""Files on the volume that both containers of a pair mount: there whole or not at all; standard library only, 3.9+."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path


def replace(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write `content` to `path` in one step, readable for all whatever the umask: the two images may run as two users.

    The folder is mounted in these two containers alone. Raises `OSError`.
    """
    new = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:  # noqa: PTH123
            os.fchmod(file.fileno(), mode)
            file.write(content)
        new.rename(path)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink()
        raise
