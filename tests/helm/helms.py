"""The pinned Helm 3 and Helm 4, each with folders of its own, and the ways to hand them the post-renderer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from ci import tools

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "chart"
LEAKING = ("HELM_", "KUBE", "PRIMEHUB_", "PYTHONPATH", "PYTHONHOME")


class Helm:
    """One pinned Helm whose configuration, cache and plugins are in a scratch folder.

    Both find `kernelpair` on PATH; Helm 4 also has the plugins `kernelpair` (the folder postrender/) and `noop` (cat).
    """

    def __init__(self, name: str, scratch: Path) -> None:
        self.name = name
        self.binary = tools.path(name)
        self.scratch = scratch
        plugins = scratch / "plugins"
        if name == "helm4":
            _plugin(plugins / "noop", "noop", "cat")
            (plugins / "kernelpair").symlink_to(ROOT / "postrender")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(LEAKING)}
        self.environment = {
            **kept,
            "PATH": f"{Path(sys.executable).parent}:{kept['PATH']}",
            "HELM_CONFIG_HOME": str(scratch / "config"),
            "HELM_CACHE_HOME": str(scratch / "cache"),
            "HELM_DATA_HOME": str(scratch / "data"),
            "HELM_PLUGINS": str(plugins),
        }

    def run(self, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [self.binary, *arguments],
            env={**self.environment, **environment},
            cwd=self.scratch,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )

    def template(self, *arguments: str | Path, renderer: str | None = None, chart: Path = CHART) -> bytes:
        """Return the rendered release `x`; `renderer` is the post-renderer's name."""
        through = ("--post-renderer", renderer) if renderer else ()
        done = self.run("template", "x", chart, "--namespace", "jupyter", *arguments, *through)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    @property
    def noop(self) -> str | None:
        """The renderer that changes nothing: Helm 4 re-serialises whatever a renderer returns, Helm 3 doesn't."""
        return "noop" if self.name == "helm4" else None


def laid_over(values: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Values as Helm merges files: mappings key by key, the rest replaced."""
    both = [key for key in other if isinstance(values.get(key), dict) and isinstance(other[key], dict)]
    return {**values, **other, **{key: laid_over(values[key], other[key]) for key in both}}


def _plugin(folder: Path, name: str, command: str) -> None:
    folder.mkdir(parents=True)
    manifest = {
        "apiVersion": "v1",
        "type": "postrenderer/v1",
        "name": name,
        "version": "0.1.0",
        "runtime": "subprocess",
        "runtimeConfig": {"platformCommand": [{"command": command}]},
    }
    (folder / "plugin.yaml").write_text(yaml.safe_dump(manifest))
