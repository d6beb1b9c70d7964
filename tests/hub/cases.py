"""What operators configure, as hub configurations to spawn with: one table. What every spawn adds stands in `BASE`."""

from __future__ import annotations

from typing import Any, NamedTuple

FRONT_END = "example.org/front-end:1.0"
IMAGE = "example.org/user:2.0"
NAMESPACE = "hub"

BASE = f"""
c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
c.KubeSpawner.namespace = "{NAMESPACE}"
c.KubeSpawner.cmd = ["jupyterhub-singleuser"]
c.KubeSpawner.image = "{IMAGE}"
c.KubeSpawner.uid = 1000
c.KubeSpawner.fs_gid = 100
c.KubeSpawner.mem_guarantee = "1G"
c.KubeSpawner.mem_limit = "2G"
c.KubeSpawner.cpu_guarantee = 0.5
c.KubeSpawner.cpu_limit = 2
c.KubeSpawner.volumes = [{{"name": "home", "persistentVolumeClaim": {{"claimName": "claim-{{username}}"}}}}]
c.KubeSpawner.volume_mounts = [{{"name": "home", "mountPath": "/home/jovyan", "subPath": "{{username}}"}}]
"""
NO_STORAGE = "c.KubeSpawner.volumes = []\nc.KubeSpawner.volume_mounts = []\n"


class Case(NamedTuple):
    """One spawn: what the operator adds to `BASE`, the settings, and what the user chose.

    ``settings`` are laid over those that turn the flag on. ``options`` come from the form, ``api`` from the hub's API.
    ``result`` is split, plain, refused, unexpected (an error of ours) or failed. ``said`` is what the annotation
    kernelpair/split says because of the user's choice. ``only`` names the one hub that knows what is configured.
    """

    name: str
    config: str = ""
    result: str = "split"
    settings: dict[str, Any] = {}  # noqa: RUF012 (never changed)
    options: dict[str, Any] = {}  # noqa: RUF012
    api: dict[str, Any] = {}  # noqa: RUF012
    said: str = ""
    server: str = ""
    user: str = "ann@example.org"
    internal_ssl: bool = False
    api_status: int = 201
    hub_namespace: str = NAMESPACE
    only: str = ""


PROFILES = """
c.KubeSpawner.profile_list = [
    {"display_name": "Small", "slug": "small", "default": True},
    {"display_name": "GPU", "slug": "gpu", "kubespawner_override": {
        "image": "example.org/cuda:12", "extra_resource_limits": {"nvidia.com/gpu": "1"}, "mem_limit": "8G"}},
    {"display_name": "RStudio", "slug": "rstudio", "kubespawner_override": {
        "image": "example.org/rstudio:4", "default_url": "/rstudio"}},
    {"display_name": "Plain", "slug": "plain", "kubespawner_override": {
        "extra_annotations": {"kernelpair/split": "false"}}},
    {"display_name": "Pair", "slug": "pair", "kubespawner_override": {
        "extra_annotations": {"kernelpair/split": "true"}}},
    {"display_name": "Hook", "slug": "hook", "kubespawner_override": {"modify_pod_hook": lambda spawner: labelled}},
]
def labelled(spawner, pod):
    pod.metadata.labels["hook"] = "ran"
    return pod
"""
OPTIONS = """
c.KubeSpawner.profile_list = [{"display_name": "All", "slug": "all", "profile_options": {
    "image": {"display_name": "Image", "choices": {
        "r": {"display_name": "R", "kubespawner_override": {"image": "example.org/r:4"}},
        "old": {"display_name": "Old", "default": True, "kubespawner_override": {
            "image": "example.org/old:1", "extra_annotations": {"kernelpair/split": "false"}}},
    }},
    "dir": {"display_name": "Folder", "choices": {"a": {"display_name": "a", "default": True, "kubespawner_override": {
        "working_dir": "/home/jovyan/a"}}}},
}}]
"""
UNLISTED = (
    OPTIONS
    + """
c.KubeSpawner.profile_list[0]["profile_options"]["image"]["unlisted_choice"] = {
    "enabled": True, "display_name": "Other", "validation_regex": "^.+:.+$", "validation_message": "no",
    "kubespawner_override": {"image": "{value}"}}
"""
)
SYNC = """
def hook(spawner, pod):
    pod.metadata.labels["hook"] = "sync"
    return pod
"""
ASYNC = """
async def hook(spawner, pod):
    import asyncio
    await asyncio.sleep(0)
    pod.metadata.labels["hook"] = "async"
    return pod
"""
SUBCLASS = """
import kubespawner
class LabSpawner(kubespawner.KubeSpawner):
    pass
c.JupyterHub.spawner_class = LabSpawner
"""

SUBCLASS_DEFAULT = (
    SYNC
    + """
import kubespawner, traitlets
class LabSpawner(kubespawner.KubeSpawner):
    @traitlets.default("modify_pod_hook")
    def _default_hook(self):
        return hook
c.JupyterHub.spawner_class = LabSpawner
"""
)
DICT_HOOK = """
def hook(spawner, pod):
    made = spawner.api.api_client.sanitize_for_serialization(pod)
    made["spec"]["fromTheFuture"] = {"a": [1, None]}
    return made
c.KubeSpawner.modify_pod_hook = hook
"""
BROKEN = """
import kubespawner
class LabSpawner(kubespawner.KubeSpawner):
    broken = False
    @property
    def enable_user_namespaces(self):
        if self.broken:
            raise RuntimeError("broken on purpose")
        return False
def hook(spawner, pod):
    spawner.broken = True
    return pod
c.JupyterHub.spawner_class = LabSpawner
c.LabSpawner.modify_pod_hook = hook
"""
TO_FAIL = {"onRefusal": "fail"}
HOST_NETWORK = 'c.KubeSpawner.extra_pod_config = {"hostNetwork": True}'
UNSET = "".join(
    f"c.KubeSpawner.{name} = None\n" for name in ("mem_guarantee", "mem_limit", "cpu_guarantee", "cpu_limit")
)
EXTRA_RESOURCES = """
c.KubeSpawner.extra_resource_limits = {"example.com/fpga": "2"}
c.KubeSpawner.extra_resource_guarantees = {"ephemeral-storage": "1Gi", "example.com/fpga": "2"}
"""
EXTRA_POD_CONFIG = """
c.KubeSpawner.extra_pod_config = {
    "terminationGracePeriodSeconds": 5,
    "dnsPolicy": "ClusterFirst",
    "securityContext": {"fsGroup": 7, "fsGroupChangePolicy": "OnRootMismatch"},
}
"""
POD_RESOURCES = 'c.KubeSpawner.extra_pod_config = {"resources": {"limits": {"memory": "4Gi"}}}'
EXTRA_CONTAINERS = """
c.KubeSpawner.extra_containers = [
    {"name": "side", "image": "example.org/side:1", "resources": {"limits": {"memory": "1Gi"}}}]
"""
INIT_CONTAINERS = """
c.KubeSpawner.init_containers = [{"name": "prepare", "image": "example.org/prepare:1", "command": ["true"],
    "volumeMounts": [{"name": "home", "mountPath": "/h"}]}]
"""
SUB_PATH = """
c.KubeSpawner.volume_mounts = [{"name": "home", "mountPath": "/home/jovyan", "subPathExpr": "$(JUPYTERHUB_USER)/x"}]
"""
LIFECYCLE = """
c.KubeSpawner.lifecycle_hooks = {"postStart": {"exec": {"command": ["git", "pull"]}},
    "preStop": {"httpGet": {"port": 8888, "path": "/"}}}
"""
VARIABLES = """
c.KubeSpawner.environment = {
    "WHO": "$(JUPYTERHUB_USER)",
    "CALLED": lambda spawner: spawner.user.name,
    "FROM": {"name": "FROM", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
}
"""
DASK = """
c.KubeSpawner.environment.update({
    "DASK_GATEWAY__ADDRESS": "http://proxy/services/dask-gateway/", "DASK_GATEWAY__AUTH__TYPE": "jupyterhub"})
"""
PAGES = """
c.KubeSpawner.profile_list = [{"display_name": "All", "slug": "all", "profile_options": {"dir": {
    "display_name": "Page", "choices": {
        "a": {"display_name": "Lab", "default": True, "kubespawner_override": {"default_url": "/lab"}},
        "r": {"display_name": "RStudio", "kubespawner_override": {"default_url": "/rstudio/?u={username}"}},
        "e": {"display_name": "Desktop", "kubespawner_override": {
            "environment": {"JUPYTERHUB_DEFAULT_URL": "/desktop"}}}}}}}]
"""
LATE_PAGE = """
def hook(spawner, pod):
    [variable] = [v for v in pod.spec.containers[0].env if v.name == "JUPYTERHUB_DEFAULT_URL"]
    variable.value = "/lab"
    return pod
c.KubeSpawner.default_url = "/rstudio"
c.KubeSpawner.modify_pod_hook = hook
"""
TWICE = 'exec(open(__import__("os").environ["KERNELPAIR_HUB_DIR"] + "/load.py").read())'


def form(**chosen: str) -> dict[str, str]:
    """The form of profile "all"; KubeSpawner before 5 names its fields with one dash, and wants every option."""
    fields = {"dir": "a", **chosen}
    options = {f"profile-option-all{dash}{name}": value for dash in ("-", "--") for name, value in fields.items()}
    return {"profile": "all", **options}


OTHER_IMAGE = {"image": "unlisted-choice", "image--unlisted-choice": "example.org/mine:1"}

SPLIT = (
    Case("as z2jh has it"),
    Case("the image's own command", "c.KubeSpawner.cmd = None"),
    Case("spawner as a class", "import kubespawner\nc.JupyterHub.spawner_class = kubespawner.KubeSpawner"),
    Case("no storage", NO_STORAGE + 'c.KubeSpawner.working_dir = "/home/jovyan"'),
    Case("no resources", UNSET),
    Case("default profile", PROFILES),
    Case("GPU profile", PROFILES, options={"profile": "gpu"}),
    Case("option choice", OPTIONS, options=form(image="r")),
    Case("unlisted image", UNLISTED, options=form(**OTHER_IMAGE), only="hub-newest"),
    Case("opted in by a profile", PROFILES, settings={"optIn": True}, options={"profile": "pair"}),
    Case("hook set by a profile", PROFILES, options={"profile": "hook"}),
    Case("extra resources", EXTRA_RESOURCES),
    Case("extra pod config", EXTRA_POD_CONFIG),
    Case("a tuple", 'c.KubeSpawner.extra_pod_config = {"tolerations": ({"key": "gpu", "operator": "Exists"},)}'),
    Case("pod-level resources", POD_RESOURCES, only="hub-newest"),
    Case("extra containers", EXTRA_CONTAINERS),
    Case("init containers", INIT_CONTAINERS),
    Case("sub path expression", SUB_PATH),
    Case("working dir", 'c.KubeSpawner.working_dir = "/home/jovyan/{username}"'),
    Case("lifecycle hooks", LIFECYCLE),
    Case("references and callables in variables", VARIABLES),
    Case("dask-gateway", DASK),
    Case("named server", server="second"),
    Case("internal SSL", internal_ssl=True),
    Case("sync hook", SYNC + "c.KubeSpawner.modify_pod_hook = hook"),
    Case("async hook", ASYNC + "c.KubeSpawner.modify_pod_hook = hook"),
    Case("hook of a subclass", SUBCLASS + ASYNC + "c.LabSpawner.modify_pod_hook = hook"),
    Case("hook as a subclass's default", SUBCLASS_DEFAULT),
    Case("hook that returns a dict, with a field of a newer API", DICT_HOOK),
    Case("our line twice", TWICE),
    Case("refused by the API server", api_status=403),
    Case("page chosen by the user", PAGES, options=form(dir="a")),
    Case("page that an earlier hook changes", LATE_PAGE),
    Case("another port", settings={"kernel": {"port": 9000}}),
)
PLAIN = (
    Case("flag off", "", "plain", settings={"enabled": False}),
    Case("opted out by a profile", PROFILES, "plain", options={"profile": "plain"}),
    Case("not opted in", PROFILES, "plain", settings={"optIn": True}),
    Case("opted out by an option choice", OPTIONS, "plain", options=form(image="old")),
    Case("page of the user's image", PROFILES, "plain", options={"profile": "rstudio"}),
    Case("page of the user's image, chosen", PAGES, "plain", options=form(dir="r")),
    Case("page in a variable, chosen", PAGES, "plain", options=form(dir="e")),
    Case("page in the arguments", 'c.KubeSpawner.args = ["--ServerApp.default_url=/desktop/"]', "plain"),
    Case("page in a variable", 'c.KubeSpawner.environment = {"JUPYTERHUB_DEFAULT_URL": "/rstudio/"}', "plain"),
    Case(
        "sync hook, plain page",
        SYNC + 'c.KubeSpawner.default_url = "/rstudio"\nc.KubeSpawner.modify_pod_hook = hook',
        "plain",
    ),
)
REFUSED = (
    Case("host network", HOST_NETWORK, "refused"),
    Case("unknown home", NO_STORAGE, "refused"),
    Case("bad opt-in", 'c.KubeSpawner.extra_annotations = {"kernelpair/split": "yes"}', "refused"),
    Case("user namespaces", "c.KubeSpawner.enable_user_namespaces = True", "refused"),
    Case("another namespace", 'c.KubeSpawner.namespace = "elsewhere"', "refused"),
    Case("an unexpected error, though refusals fail", BROKEN, "unexpected", settings=TO_FAIL),
)
FAILED = (Case("host network, to fail", HOST_NETWORK, "failed", settings=TO_FAIL),)
ALL = (*SPLIT, *PLAIN, *REFUSED, *FAILED)
