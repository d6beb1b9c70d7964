"""Spawns of the chart's hub, one table: values, what happened to the PodTemplate since, what the user chose."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

Object = dict[str, Any]

NAME, TAG = "example.org/front-end", "1.0"
FLAG: Object = {"kernelGateway": {"enabled": True, "notebook": {"image": {"name": NAME, "tag": TAG}}}}


class Case(NamedTuple):
    """One spawn. ``edit`` changes the PodTemplate's object in place, as `kubectl edit` does; None: it is gone.

    ``hook``: "" (the hub's part of the release did not go through the post-renderer), good, or bad (settings that can't
    be used). ``pair``: the PodTemplate went through it. ``busy``: how often the API server says so before it gives the
    PodTemplate; the first time it takes longer to say it than the hub waits.
    """

    name: str
    values: Object = {}  # noqa: RUF012 (never changed)
    edit: Callable[[Object], None] | None = lambda document: None
    hook: str = ""
    pair: bool = False
    options: Object = {}  # noqa: RUF012
    server: str = ""
    status: int = 201
    busy: int = 0


def notebook(document: Object) -> Object:
    """The user's container of a PodTemplate."""
    [found] = [box for box in document["template"]["spec"]["containers"] if box["name"] == "notebook"]
    result: Object = found
    return result


def edited(document: Object) -> None:
    spec = document["template"]["spec"]
    spec["restartPolicy"] = "Never"
    spec["priorityClassName"] = "users"
    spec["fromTheFuture"] = {"a": [1, None]}
    box = notebook(document)
    box["image"] = "example.org/edited:3"
    box["imagePullPolicy"] = "Always"
    box["args"] = ["start.sh", "jupyterhub-singleuser"]
    box["securityContext"]["allowPrivilegeEscalation"] = True
    box["ports"] = [{"name": "notebook-port", "containerPort": 9999}, {"name": "more", "containerPort": 7000}]
    box["env"].insert(0, {"name": "WHO", "value": "$(JUPYTERHUB_USER) at $(JUPYTER_PORT)"})
    box["resources"] = {"limits": {"memory": "3Gi"}}


def renamed(document: Object) -> None:
    notebook(document)["name"] = "jupyter"


def wrong_field(document: Object) -> None:
    notebook(document)["volumeMounts"][0]["subPath"] = "{nobody}"


def torn(document: Object) -> None:
    spec = document["template"]["spec"]
    spec["containers"] = [box for box in spec["containers"] if box["name"] != "kernel"]


PROFILES: Object = {
    "singleuser": {
        "image": {"pullSecrets": ["pull"]},
        "extraTolerations": [{"key": "a", "operator": "Exists"}],
        "extraEnv": {"SHARED": "template", "OWN": "template"},
        "profileList": [
            {"display_name": "As it is", "slug": "plain"},
            {
                "display_name": "Large",
                "slug": "large",
                "kubespawner_override": {
                    "image": "example.org/large:1",
                    "image_pull_policy": "Never",
                    "mem_limit": "8G",
                    "extra_resource_limits": {"nvidia.com/gpu": "1"},
                    "environment": {"SHARED": "profile", "EMPTY": "", "LATER": "$(OWN)"},
                    "tolerations": [{"key": "b", "operator": "Exists"}],
                    "volumes": [{"name": "scratch", "emptyDir": {}}],
                    "volume_mounts": [{"name": "scratch", "mountPath": "/scratch"}],
                    "cmd": ["start-large"],
                    "default_url": "/tree",
                    "extra_pod_config": {"restart_policy": "Always"},
                    "service_account": "large",
                    "allow_privilege_escalation": True,
                },
            },
        ],
    }
}
HOOK_CODE = """
async def hook(spawner, pod):
    pod["metadata"]["labels"]["hook"] = pod.metadata.name
    pod["spec"]["containers"][0]["image"] = "example.org/hooked:1"
    return pod
c.KubeSpawner.modify_pod_hook = hook
"""
HOOKED: Object = {"hub": {"extraConfig": {"20-hook": HOOK_CODE}}}
STATIC: Object = {
    "singleuser": {"storage": {"type": "static", "static": {"pvcName": "homes", "subPath": "h/{username}"}}}
}
IMPATIENT: Object = {
    "hub": {"config": {"KubeSpawner": {"k8s_api_request_timeout": 1, "k8s_api_request_retry_timeout": 4}}}
}
NO_STORAGE: Object = {"singleuser": {"storage": {"type": "none"}}}


def both(one: Object, other: Object) -> Object:
    """Values laid over values."""
    made = copy.deepcopy(one)
    for key, value in other.items():
        made[key] = both(made[key], value) if isinstance(value, dict) and isinstance(made.get(key), dict) else value
    return made


CASES = (
    Case("default"),
    Case("named server", server="second"),
    Case("static storage", STATIC),
    Case("no storage", NO_STORAGE),
    Case("edited", edit=edited),
    Case("profile that says nothing", PROFILES, options={"profile": "plain"}),
    Case("profile", PROFILES, options={"profile": "large"}),
    Case("operator's hook", HOOKED),
    Case("over quota", status=403),
    Case("busy API server", IMPATIENT, busy=2),
    Case("busy for too long", IMPATIENT, busy=1000),
    Case("gone", edit=None),
    Case("no notebook", edit=renamed),
    Case("unknown field in a folder", edit=wrong_field),
    Case("flag on without hook", FLAG),
    Case("pair without hook", FLAG, pair=True),
    Case("flag on, hook unusable", FLAG, hook="bad", pair=True),
    Case("pair", FLAG, hook="good", pair=True),
    Case("pair, profile", both(FLAG, PROFILES), hook="good", pair=True, options={"profile": "large"}),
    Case("pair, operator's hook", both(FLAG, HOOKED), hook="good", pair=True),
    Case("hook, PodTemplate plain", FLAG, hook="good"),
    Case("torn pair", FLAG, edit=torn, hook="good", pair=True),
)
