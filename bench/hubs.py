"""The contests of the hub's door: the hook beside KubeSpawner's own work, and the renderer on a hub's release."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
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
    Limits,
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


def chart_release(folder: Path, environment: Mapping[str, str], sizes: Sizes) -> Contest:
    """(a) The release of chart/, rendered by Helm with the flag on and off: its PodTemplate split, its hub fitted."""
    del sizes
    helm = (str(tools.path("helm3")), "template", "x", str(ROOT / "chart"), "--set")
    templates = {flag: Command("helm template", (*helm, f"kernelGateway.enabled={flag}")) for flag in ("true", "false")}
    for flag, template in templates.items():
        run(template, environment, folder / f"{flag}.yaml")
    return _beside_kustomize("a", "the chart's release", folder, environment, templates["true"], (None, None))


def fitted_release(folder: Path, environment: Mapping[str, str], sizes: Sizes) -> Contest:
    """(f) A release as zero-to-jupyterhub renders it, fitted with the hook."""
    del sizes
    for flag in (True, False):
        (folder / f"{flag}.yaml".lower()).write_text(workloads.z2jh_release(flag))
    title = "zero-to-jupyterhub's release of 150 KB, fitted"
    return _beside_kustomize("f", title, folder, environment, helm_of(folder), (0.8, 0.4))


def _beside_kustomize(
    key: str, title: str, folder: Path, environment: Mapping[str, str], helm: Command, limits: Limits
) -> Contest:
    """The contest on a hub's release that is fitted; kustomize makes the same of it by hand."""
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
    return release(key, title, folder, (kustomize, helm), right, limits)


def _is_fitted(before: Objects, after: Objects) -> None:
    """Raise Failed unless the hub loads the hook, pullers pull, PodTemplates are pairs, and all else is as it was."""
    changed = [after[key] for key in _changed(before, after)]
    expect({one["kind"] for one in changed} >= {"ConfigMap", "Deployment", "DaemonSet"}, "the hub isn't fitted")
    for one in changed:
        expect(_RIGHT[one["kind"]](one), f"{one['kind']} {one['metadata']['name']} is not as it should be")
    added = {kind for kind, _ in after.keys() - before.keys()}
    expect(added == {"ConfigMap"} and len(after) == len(before) + 2, f"added: {sorted(added)}")


def _pulls_the_front_end(puller: Any) -> bool:
    return any(one["image"].startswith(workloads.FRONT_END) for one in _pod(puller)["initContainers"])


def _mounts_the_hook(deployment: Any) -> bool:
    return any(one["name"] == "kernelpair-hub" for one in _pod(deployment)["containers"][0]["volumeMounts"])


_RIGHT: Mapping[str, Callable[[Any], bool]] = {
    "ConfigMap": lambda config: config["data"]["jupyterhub_config.py"].endswith(f"{LINE}\n"),
    "Deployment": _mounts_the_hook,
    "DaemonSet": _pulls_the_front_end,
    "PodTemplate": lambda one: (
        [each["name"] for each in one["template"]["spec"]["containers"]] == ["notebook", "kernel"]
    ),
}
"""What has to be true of a changed object of each kind; no other kinds may change."""


def _changed(before: Objects, after: Objects) -> list[tuple[str, str]]:
    return [key for key in before if after.get(key) != before[key]]


def _pod(workload: Any) -> Any:
    return workload["spec"]["template"]["spec"]


def _kustomization(folder: Path, release: Path, before: Objects, after: Objects) -> None:
    """What an operator would have to write: JSON patches on the changed objects, and both ConfigMaps as they are."""
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


def _of_template(template: Any) -> list[dict[str, Any]]:
    return [_operation("replace", "/template", template["template"])]


_OPERATIONS = {
    "ConfigMap": _of_config,
    "Deployment": _of_deployment,
    "DaemonSet": _of_puller,
    "PodTemplate": _of_template,
}
