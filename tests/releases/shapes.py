"""Releases in the shapes that operators have, with the spawns that each must give: one table.

The values are the chart's keys; `test_spawns.py` renders each, with and without kernelpair, and runs both hubs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.hub.rendered import Spawn, choose
from tests.releases.z2jh import Object

USER = "example.org/user:1"
NEWEST = "hub-newest"


class Wanted(NamedTuple):
    """One spawn and what must come of it: split, plain, refused (spawned plain) or failed.

    ``image`` is the kernel's; ``only`` names the one hub environment that knows what is configured.
    """

    result: str = "split"
    spawn: Spawn = Spawn()
    image: str = USER
    only: str = ""


class Shape(NamedTuple):
    """One release: values laid over `z2jh.VALUES` block by block, names, how it is written, and its spawns.

    ``own`` are objects that the operator has made beside the release. ``namespace`` is the one given to Helm.
    """

    singleuser: Mapping[str, Any] = {}
    hub: Mapping[str, Any] = {}
    settings: Mapping[str, Any] = {}
    names: Mapping[str, str] = {}
    way: str = "helm3"
    own: tuple[Object, ...] = ()
    namespace: str = "jupyter"
    wanted: Mapping[str, Wanted] = {"default": Wanted()}


def code(*texts: str) -> dict[str, Any]:
    """`hub.extraConfig` with those entries."""
    return {"extraConfig": {f"{number:02}": text for number, text in enumerate(texts)}}


EVERYTHING = {
    "memory": {"limit": "4G", "guarantee": "2G"},
    "cpu": {"limit": 2, "guarantee": 0.5},
    "extraResource": {
        "limits": {"nvidia.com/gpu": "1"},
        "guarantees": {"nvidia.com/gpu": "1", "ephemeral-storage": "1Gi"},
    },
    "image": {"name": "example.org/user", "tag": "1", "pullPolicy": "Always", "pullSecrets": [{"name": "registry"}]},
    "extraLabels": {"team": "blue"},
    "extraAnnotations": {"example.org/cost": "7"},
    "extraEnv": {
        "SCRATCH": "gs://scratch/$(JUPYTERHUB_USER)",
        "NODE": {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
        "LD_LIBRARY_PATH": "/opt/lib",
    },
    "uid": 1000,
    "fsGid": 100,
    "allowPrivilegeEscalation": True,
    "nodeSelector": {"pool": "user"},
    "extraTolerations": [{"key": "user", "operator": "Exists", "effect": "NoSchedule"}],
    "extraNodeAffinity": {"required": [{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}]},
    "initContainers": [
        {"name": "own", "image": "example.org/tools:1", "command": ["chown", "1000:100", "/home/jovyan"],
         "securityContext": {"runAsUser": 0},
         "volumeMounts": [{"name": "home", "mountPath": "/home/jovyan", "subPath": "{username}"}]},
    ],
    "extraContainers": [
        {"name": "database", "image": "example.org/database:1", "resources": {"limits": {"memory": "1Gi"}}},
    ],
    "extraPodConfig": {"terminationGracePeriodSeconds": 5, "dnsPolicy": "ClusterFirst"},
    "lifecycleHooks": {
        "postStart": {"exec": {"command": ["gitpuller", "https://example.org/course"]}},
        "preStop": {"httpGet": {"port": 8888, "path": "/"}},
    },
    "storage": {
        "type": "static",
        "static": {"pvcName": "homes", "subPath": "home/{username}"},
        "extraVolumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}, {"name": "shm", "emptyDir": {
            "medium": "Memory"}}],
        "extraVolumeMounts": [
            {"name": "data", "mountPath": "/data", "subPathExpr": "$(JUPYTERHUB_USER)/data"},
            {"name": "shm", "mountPath": "/dev/shm"},
        ],
    },
    "extraFiles": {"notes": {"mountPath": "/etc/notes.txt", "stringData": "read me"}},
    "serviceAccountName": "user",
}  # fmt: skip
OPTIONS = {
    "image": {
        "display_name": "Image",
        "choices": {
            "r": {"display_name": "R", "default": True, "kubespawner_override": {"image": "example.org/r:4"}},
            "rstudio": {"display_name": "RStudio", "kubespawner_override": {
                "image": "example.org/rstudio:4", "default_url": "/rstudio"}},
            "old": {"display_name": "Old", "kubespawner_override": {
                "image": "example.org/old:1", "extra_annotations": {"kernelpair/split": "false"}}},
        },
        "unlisted_choice": {
            "enabled": True, "display_name": "Other", "validation_regex": "^.+:.+$", "validation_message": "name:tag",
            "kubespawner_override": {"image": "{value}"}},
    },
    "folder": {
        "display_name": "Folder",
        "choices": {
            "home": {"display_name": "Home", "default": True, "kubespawner_override": {"working_dir": "/home/jovyan"}},
            "course": {"display_name": "Course", "kubespawner_override": {"working_dir": "/home/jovyan/course"}},
        },
    },
}  # fmt: skip
PROFILES = [
    {"display_name": "Small", "slug": "small", "default": True, "kubespawner_override": {"mem_limit": "1G"}},
    {"display_name": "GPU", "slug": "gpu", "kubespawner_override": {
        "image": "example.org/cuda:12", "mem_limit": "8G", "extra_resource_limits": {"nvidia.com/gpu": "1"}}},
    {"display_name": "Desktop", "slug": "desktop", "kubespawner_override": {
        "image": "example.org/desktop:1", "default_url": "/desktop"}},
    {"display_name": "Plain", "slug": "plain", "kubespawner_override": {
        "extra_annotations": {"kernelpair/split": "false"}}},
    {"display_name": "Choose", "slug": "choose", "profile_options": OPTIONS},
]  # fmt: skip
MINE = {"image": "unlisted-choice", "image__unlisted": "example.org/mine:1", "folder": "home"}
PAIR = {"extra_annotations": {"kernelpair/split": "true"}}
STARTS = {
    "the image's own": None,
    "a script": ["/usr/local/bin/start-singleuser.sh"],
    "lab by a module": ["python3", "-c", "from jupyterlab.labapp import main; main()"],
    "a shell": ["sh", "-c", "exec jupyterhub-singleuser --ServerApp.root_dir=/home/jovyan"],
}
HOOK = """def hook(spawner, pod):
    pod.metadata.labels = {**pod.metadata.labels, "hook": "ran"}
    return pod
"""
SUBCLASS = """
import kubespawner
class LabSpawner(kubespawner.KubeSpawner):
    pass
c.JupyterHub.spawner_class = LabSpawner
"""
ON_SUBCLASS = """
from z2jh import get_config
assert get_config("singleuser.uid") == 1000
c.LabSpawner.modify_pod_hook = hook
"""
ON_ASYNC = "c.LabSpawner.modify_pod_hook = hook"
CALLABLES = """
def profiles(spawner):
    image = f"example.org/{spawner.user.name[:3]}:1"
    return [{"display_name": "Own", "slug": "own", "kubespawner_override": {"image": image}}]
c.KubeSpawner.profile_list = profiles
c.KubeSpawner.environment = {"CALLED": lambda spawner: spawner.user.name, "WHO": "$(JUPYTERHUB_USER)"}
"""
DASK = {"DASK_GATEWAY__ADDRESS": "http://proxy/services/dask-gateway", "DASK_GATEWAY__AUTH__TYPE": "jupyterhub"}
MINE_SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "mine"},
    "stringData": {"values.yaml": '{"singleuser": {"image": {"tag": "2"}}}'},
}
OWN_FILE = "c.KubeSpawner.extra_labels = {'from': 'jupyterhub_config.d'}\n"
IN_FOLDER = {"own": {"mountPath": "/usr/local/etc/jupyterhub/jupyterhub_config.d/own.py", "stringData": OWN_FILE}}

BY_CLASS = {"working_dir": "/home/jovyan/w", "extra_labels": {"by": "class"}}
ANNS = "example.org/ann:1"

SHAPES: dict[str, Shape] = {
    "as it comes": Shape(hub={"allowNamedServers": True}, wanted={
        "default": Wanted(), "named server": Wanted(spawn=Spawn(server="second"))}),
    "everything": Shape(EVERYTHING, names={"release": "prod", "fullname": "prod-jhub", "namespace": "hubs"}),
    "profiles": Shape({"profileList": PROFILES}, names={"release": "binder", "fullname": "binder"}, way="helm4",
        wanted={
        "default": Wanted(),
        "GPU": Wanted(spawn=Spawn(choose("gpu")), image="example.org/cuda:12"),
        "page of the image": Wanted("plain", Spawn(choose("desktop"))),
        "opted out": Wanted("plain", Spawn(choose("plain"))),
        "choices": Wanted(spawn=Spawn(choose("choose", image="r", folder="course")), image="example.org/r:4"),
        "choice of a page": Wanted("plain", Spawn(choose("choose", image="rstudio", folder="home"))),
        "choice that opts out": Wanted("plain", Spawn(choose("choose", image="old", folder="home"))),
        "unlisted image": Wanted(spawn=Spawn(choose("choose", **MINE)), image="example.org/mine:1", only=NEWEST),
    }),
    "opt-in": Shape(
        {"profileList": [PROFILES[0], {"display_name": "Pair", "slug": "pair", "kubespawner_override": PAIR}]},
        settings={"optIn": True}, way="flow",
        wanted={"default": Wanted("plain"), "opted in": Wanted(spawn=Spawn(choose("pair")))}),
    "no storage": Shape(
        {"storage": {"type": "none"}, "cloudMetadata": {"blockWithIptables": False}, "profileList": [
            PROFILES[0],
            {"display_name": "Folder", "slug": "folder", "kubespawner_override": {"working_dir": "/home/jovyan"}}]},
        names={"release": "umbrella", "app": "teaching", "fullname": "teaching"}, way="list",
        wanted={"home unknown": Wanted("refused"), "home known": Wanted(spawn=Spawn(choose("folder")))}),
    "refusals fail": Shape({"extraPodConfig": {"hostNetwork": True}}, settings={"onRefusal": "fail"},
        wanted={"default": Wanted("failed")}),
    "hook": Shape(hub=code(HOOK + "c.KubeSpawner.modify_pod_hook = hook"), way="json"),
    "hook of a subclass": Shape({"uid": 1000}, hub=code(SUBCLASS, HOOK, ON_SUBCLASS), way="crlf"),
    "async hook and profiles": Shape(hub=code(SUBCLASS, f"async {HOOK}async {CALLABLES.lstrip()}", ON_ASYNC),
        wanted={"default": Wanted(image=ANNS, only=NEWEST)}),
    "callables": Shape(hub=code(CALLABLES), wanted={"default": Wanted(image=ANNS)}),
    "by class": Shape(hub={"config": {"KubeSpawner": BY_CLASS}}),
    "file in the folder": Shape(hub={"extraFiles": IN_FOLDER}),
    "Secret of the operator": Shape(hub={"existingSecret": "mine"}, own=(MINE_SECRET,),
        wanted={"default": Wanted(image="example.org/user:2")}),
    "internal SSL": Shape(hub={"config": {"JupyterHub": {"internal_ssl": True}}}),
    "dask-gateway": Shape({"extraEnv": DASK}, hub={"services": {"dask-gateway": {"apiToken": "ab" * 16}}}),
    "ways of starting": Shape(
        {"profileList": [
            {"display_name": name, "slug": f"start-{number}", "kubespawner_override": {"cmd": cmd}}
            for number, (name, cmd) in enumerate(STARTS.items())]},
        wanted={name: Wanted(spawn=Spawn(choose(f"start-{number}"))) for number, name in enumerate(STARTS)}),
    "appended to lists": Shape(hub=code('c.KubeSpawner.args.append("--debug")')),
    "other port": Shape({"cmd": None}, settings={"kernel": {"port": 9000}}, names={"namespace": "elsewhere"}),
}  # fmt: skip
