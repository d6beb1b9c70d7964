from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ci import tools

KERNEL = "/opt/echo/echo"
SPEC = {"argv": [KERNEL, "{connection_file}"], "display_name": "Echo", "language": "echo"}


@pytest.fixture(scope="session")
def without_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root that holds one static executable, a kernel, and its kernelspec: no libc, no shell, no Python."""
    root = tmp_path_factory.mktemp("without-python")
    kernel = root / KERNEL.lstrip("/")
    kernel.parent.mkdir(parents=True)
    shutil.copy(tools.path("echo-kernel"), kernel)
    spec = root / "usr/share/jupyter/kernels/echo/kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text(json.dumps(SPEC))
    for folder in (root, *(entry for entry in root.rglob("*") if entry.is_dir())):
        folder.chmod(0o755)
    return root
