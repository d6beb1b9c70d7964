"""The contests of the hub's door: the hook beside KubeSpawner's own work, and the renderer on a hub's release."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ci import tools
from kernelpair.hub.files import LINE, hub_files, settings_file

from . import workloads
from .contests import (
    KERNELPAIR,
    KERNELPAIR_ON,
    ROOT,
    Contest,
    Goal,
    Sizes,
    expect,
    helm_of,
    objects,
    ratio,
    release,
)
from .measure import Command, run

HUB = "hub-newest"
"""The lock that the hub's environment is made from."""
MANIFEST, HOOK, SERIALISE, CREATE = (
    "get_pod_manifest",
    "the hook",
    "serialising KubeSpawner's pod",
    "get_pod_manifest and the API request",
)
_HERE = Path(__file__).resolve().parent
Objects = Mapping[tuple[str, str], Any]


def hook(folder: Path, environment: Mapping[str, str], sizes: Sizes) -> Contest:
    """(e) The hook beside KubeSpawner's own making of the pod, in one process of a real hub's environment."""
    del environment, sizes
    from tests.localpod.images import environment as hub

    for path, text in hub_files().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    block = {"enabled": True, "notebook": {"image": {"name": workloads.FRONT_END, "tag": "4.3.2"}}}
    (folder / "settings.json").write_text(settings_file(block, "hub-kernelpair", "hub"))
    program = (str(hub(HUB) / "bin" / "python"), str(_HERE / "hub_hook.py"), str(folder), str(ROOT / "tests" / "hub"))
    return Contest(
        "e",
        "the hook at a spawn, in a hub",
        tuple(Command(name, ()) for name in (MANIFEST, HOOK, SERIALISE, CREATE)),
        {},
        (
            Goal(f"{HOOK} / {MANIFEST}", ratio(HOOK, MANIFEST), 0.1),
            Goal(f"{SERIALISE} / {MANIFEST}", ratio(SERIALISE, MANIFEST)),
            Goal(f"{HOOK} / {CREATE}", ratio(HOOK, CREATE)),
        ),
        rounds=21,
        inside=Command("hub", program),
    )


def fitted_release(folder: Path, environment: Mapping[str, str], sizes: Sizes) -> Contest:
    """(f) A release as zero-to-jupyterhub renders it, fitted with the hook; kustomize makes the same of it by hand."""
    del sizes
    for flag in (True, False):
        (folder / f"{flag}.yaml".lower()).write_text(workloads.z2jh_release(flag))
    on, fitted = folder / "true.yaml", folder / "fitted.yaml"
    run(Command(KERNELPAIR_ON, (KERNELPAIR,), on), environment, fitted)
    before, after = objects(on), objects(fitted)
    _is_fitted(before, after)
    kustomize = Command("kustomize build", (str(tools.path("kustomize")), "build", str(folder / "kustomization")))
    _kustomization(folder / "kustomization", on, before, after)
    right = {
        name: lambda output: expect(objects(output) == after, "the output isn't the fitted release")
        for name in (KERNELPAIR_ON, kustomize.name)
    }
    title = "zero-to-jupyterhub's release of 150 KB, fitted"
    return release("f", title, folder, (kustomize, helm_of(folder)), right, (0.8, 0.4))


def _is_fitted(before: Objects, after: Objects) -> None:
    """Raise Failed unless the hub loads the hook, the pullers pull, and all else is as it was."""
    changed = {kind for kind, _ in _changed(before, after)}
    expect(changed == {"ConfigMap", "Deployment", "DaemonSet"}, f"changed: {sorted(changed)}")
    expect(len(_changed(before, after)) == 4, "not one hub and two pullers changed")
    added = {kind for kind, _ in after.keys() - before.keys()}
    expect(added == {"ConfigMap"} and len(after) == len(before) + 2, f"added: {sorted(added)}")
    config = after["ConfigMap", "hub-hub-config"]["data"]["jupyterhub_config.py"]
    expect(config.endswith(f"{LINE}\n"), "the hub's configuration doesn't load the hook")
    mounted = [one["name"] for one in _pod(after["Deployment", "hub-hub"])["containers"][0]["volumeMounts"]]
    expect("kernelpair-hub" in mounted, "the hub doesn't mount the hook")
    for name in ("hub-continuous-image-puller", "hub-hook-image-puller"):
        image = _pod(after["DaemonSet", name])["initContainers"][-1]["image"]
        expect(image.startswith(workloads.FRONT_END), f"DaemonSet {name} pulls {image}")


def _changed(before: Objects, after: Objects) -> list[tuple[str, str]]:
    return [key for key in before if after.get(key) != before[key]]


def _pod(workload: Any) -> Any:
    return workload["spec"]["template"]["spec"]


def _kustomization(folder: Path, release: Path, before: Objects, after: Objects) -> None:
    """What an operator would have to write: JSON patches on the four objects, and both ConfigMaps as they are."""
    folder.mkdir()
    (folder / "release.yaml").write_bytes(release.read_bytes())
    added = [after[key] for key in after if key not in before]
    (folder / "config-maps.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": added}))
    patches = [
        {"target": {"kind": kind, "name": name}, "patch": json.dumps(_OPERATIONS[kind](after[kind, name]))}
        for kind, name in _changed(before, after)
    ]
    written = {"resources": ["release.yaml", "config-maps.json"], "patches": patches}
    (folder / "kustomization.yaml").write_text(json.dumps(written))


def _operation(op: str, path: str, value: Any) -> dict[str, Any]:
    return {"op": op, "path": path, "value": value}


def _of_config(config: Any) -> list[dict[str, Any]]:
    return [_operation("replace", "/data/jupyterhub_config.py", config["data"]["jupyterhub_config.py"])]


def _of_deployment(deployment: Any) -> list[dict[str, Any]]:
    template, pod = deployment["spec"]["template"], _pod(deployment)
    return [
        _operation("add", "/metadata/annotations", deployment["metadata"]["annotations"]),
        _operation("replace", "/spec/template/metadata/annotations", template["metadata"]["annotations"]),
        _operation("add", "/spec/template/spec/volumes/-", pod["volumes"][-1]),
        _operation("add", "/spec/template/spec/containers/0/volumeMounts/-", pod["containers"][0]["volumeMounts"][-1]),
    ]


def _of_puller(puller: Any) -> list[dict[str, Any]]:
    return [
        _operation("add", "/metadata/annotations", puller["metadata"]["annotations"]),
        _operation("add", "/spec/template/spec/initContainers/-", _pod(puller)["initContainers"][-1]),
    ]


_OPERATIONS = {"ConfigMap": _of_config, "Deployment": _of_deployment, "DaemonSet": _of_puller}
