"""Hubs as rendered manifests describe them: laid out on this machine, and made to spawn by real hub code.

`lay_out` does what the kubelet does for the hub's container: every volume that it mounts, and its whole environment.
There is no root and no mount namespace here, so everything stands below a scratch folder, and in each text that is laid
out, in variables too, paths that the container mounts, and the folder of its configuration, get that folder in front.
What comes back has it taken off again. Init containers of the hub's pod don't run. One spawner's answers come from
rendered_driver.py, which runs inside a hub environment.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.localpod import images
from tests.localpod.kubelet import Kubelet, service_variables
from tests.localpod.substitute import Paths

HERE = Path(__file__).parent
SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_CONFIG = re.compile(r"(?:--config|-f)[= ]+(\S+)")
Object = dict[str, Any]


class Spawn(NamedTuple):
    """What a user does: the fields of the spawn page's form, as the newest KubeSpawner names them, and the server."""

    form: Mapping[str, str] = {}
    server: str = ""
    user: str = "ann@example.org"


class HubPod(NamedTuple):
    """A hub's container, laid out below ``root``: its variables, its configuration file as the container names it."""

    name: str
    namespace: str
    root: Path
    env: dict[str, str]
    config: str


def choose(profile: str = "", **options: str) -> dict[str, str]:
    """The form of the profile with that slug and a choice of each option; `image__unlisted` is the text of "other"."""
    if not profile:
        return {}
    fields = {
        f"profile-option-{profile}--{key.replace('__unlisted', '--unlisted-choice')}": options[key] for key in options
    }
    return {"profile": profile, **fields}


def hubs(objects: Iterable[Object]) -> list[Object]:
    """The Deployments of ``objects`` that run a hub: a container is told the file of its configuration."""
    return [one for one in objects if one.get("kind") == "Deployment" and _hub_container(one) is not None]


def lay_out(objects: list[Object], root: Path, namespace: str, hub: str = "") -> HubPod:
    """Lay out the only hub of ``objects``, or the one whose Deployment is called ``hub``, below the folder ``root``.

    ``namespace`` is the release's, where objects go that name none. ConfigMaps and Secrets that the pod needs must be
    among the objects, but for optional ones; raises PodError where one isn't.
    """
    found = [one for one in hubs(objects) if hub in ("", one["metadata"]["name"])]
    if len(found) != 1:
        raise ValueError(f"expected one hub{f' called {hub}' if hub else ''} in the manifests, found {len(found)}")
    metadata, template = found[0]["metadata"], found[0]["spec"]["template"]
    own = metadata.get("namespace", namespace)
    beside = [one for one in objects if one.get("metadata", {}).get("namespace", namespace) == own]
    about = {**template.get("metadata", {}), "name": metadata["name"], "namespace": own}
    kubelet = Kubelet(beside, about, template["spec"], root / "volumes")
    container = _hub_container(found[0])
    assert container is not None
    services = service_variables(beside, own) if template["spec"].get("enableServiceLinks", True) else {}
    env = kubelet.environment(container, services)
    mounts = kubelet.mounts(container, env)
    if template["spec"].get("automountServiceAccountToken", True):
        account = root / "volumes" / "service-account"
        account.mkdir()
        (account / "namespace").write_text(own)
        mounts.setdefault(SERVICE_ACCOUNT, str(account))
    config = _config_file(container)
    scratch = root / "container"
    paths = Paths({path: f"{scratch}{path.rstrip('/')}" for path in (*mounts, str(Path(config).parent))})
    for path in sorted(mounts, key=lambda path: path.rstrip("/").count("/")):
        _mount(Path(mounts[path]), Path(f"{scratch}{path}"), paths)
    scratch.mkdir(exist_ok=True)
    return HubPod(metadata["name"], own, scratch, {name: paths(value) for name, value in env.items()}, config)


def _hub_container(deployment: Object) -> Object | None:
    containers = deployment["spec"]["template"]["spec"]["containers"]
    return next((container for container in containers if _config_file(container)), None)


def _config_file(container: Object) -> str:
    """The path after `--config` in what the container runs, or ""."""
    words = " ".join([*(container.get("command") or []), *(container.get("args") or [])])
    found = _CONFIG.search(words)
    return found[1].strip("'\"") if found and "jupyterhub" in words else ""


def _mount(source: Path, target: Path, paths: Paths) -> None:
    """Copy a file or a folder to where it is mounted, over what is there, with the paths in its texts replaced."""
    for file in [source] if source.is_file() else [one for one in source.rglob("*") if one.is_file()]:
        copy = target / file.relative_to(source) if file != source else target
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            copy.write_text(paths(file.read_text(encoding="utf-8")), encoding="utf-8")
        except UnicodeDecodeError:
            shutil.copy(file, copy)
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)


def run(environment: str, jobs: Mapping[str, tuple[HubPod, Mapping[str, Spawn]]]) -> dict[str, dict[str, Any]]:
    """Job name -> what rendered_driver.py says of that hub and its spawns, run in a hub ``environment``.

    Each hub has a process of its own, forked after the imports, with exactly its container's variables.
    """
    python = images.environment(environment) / "bin" / "python"
    wanted = [_job(pod, spawns, python) for pod, spawns in jobs.values()]
    with tempfile.TemporaryDirectory() as place:
        # The client looks at KUBECONFIG when it is imported; each hub's process has a folder of its own.
        env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "KUBECONFIG": "kubeconfig"}
        done = subprocess.run(
            [python, HERE / "rendered_driver.py"],
            input=json.dumps(wanted),
            env=env,
            cwd=place,
            capture_output=True,
            text=True,
            check=False,
            timeout=60 + 30 * len(jobs),
        )
    assert done.returncode == 0, done.stderr[-4000:]
    answers = json.loads(done.stdout)
    for answer in answers:
        assert "crashed" not in answer, f"{answer['crashed']}\n{done.stderr[-2000:]}"
    return {
        name: json.loads(json.dumps(answer).replace(str(jobs[name][0].root), ""))
        for name, answer in zip(jobs, answers, strict=True)
    }


def _job(pod: HubPod, spawns: Mapping[str, Spawn], python: Path) -> dict[str, Any]:
    env = {"PATH": f"{python.parent}:{os.environ['PATH']}", "HOME": str(pod.root), "LANG": "C.UTF-8", **pod.env}
    return {
        "root": str(pod.root),
        "env": env,
        "config": f"{pod.root}{pod.config}",
        "spawns": {name: spawn._asdict() for name, spawn in spawns.items()},
    }
