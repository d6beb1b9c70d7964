"""The two hubs that the hook is tested with: environments made from locks, and the folder that the hub mounts."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from kernelpair.hub.files import hub_files, settings_file
from tests.hub.cases import BASE, FRONT_END, Case
from tests.localpod import images

HUBS = ("hub-oldest", "hub-newest")
RUNTIME = "hub-kernelpair"
LINE = '\nexec(open(__import__("os").environ["KERNELPAIR_HUB_DIR"] + "/load.py").read())  # kernelpair\n'
HERE = Path(__file__).parent
NAME, _, TAG = FRONT_END.rpartition(":")


def block(settings: dict[str, Any]) -> dict[str, Any]:
    """The kernelGateway block with the flag on and ``settings`` laid over it."""
    return {"enabled": True, "notebook": {"image": {"name": NAME, "tag": TAG}}, **settings}


def folder_at(place: Path) -> Path:
    """What the hub finds at /usr/local/etc/kernelpair, but for settings.json."""
    for path, text in hub_files().items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(text)
    return place


def program(hub: str, script: str, job: Any, timeout: float = 60) -> Any:
    """What a script of this folder answers to ``job``, run by the hub's Python beside our mounted files."""
    python = images.environment(hub) / "bin" / "python"
    with tempfile.TemporaryDirectory() as place:
        folder = folder_at(Path(place))
        env = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        env |= {"KUBECONFIG": f"{place}/kubeconfig", "KERNELPAIR_HUB_DIR": str(folder)}
        done = subprocess.run(
            [python, HERE / script],
            input=json.dumps(job),
            env=env,
            cwd=place,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


def spawn(hub: str, cases: list[Case]) -> dict[str, dict[str, Any]]:
    """Case name -> what the driver found out about its spawn."""
    job = [
        {
            **case._asdict(),
            "config": BASE + case.config + LINE,
            "settings": settings_file(block(case.settings), RUNTIME, ""),
        }
        for case in cases
    ]
    return dict(zip((case.name for case in cases), program(hub, "driver.py", job), strict=True))
