# Configures the hub from the values that the release mounts.
import os
import sys
from pathlib import Path

c = get_config()

sys.path.insert(0, str(Path(__file__).resolve().parent))
from kubernetes_asyncio import client
from tornado.httpclient import AsyncHTTPClient
from z2jh import get_config as value
from z2jh import get_name, get_name_env, get_secret_value

AsyncHTTPClient.configure("tornado.curl_httpclient.CurlAsyncHTTPClient")
c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
c.JupyterHub.hub_bind_url = "http://:8081"
c.JupyterHub.hub_connect_url = f"http://{get_name('hub')}:{get_name_env('hub', '_SERVICE_PORT')}"
c.JupyterHub.cleanup_servers = False
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0}
c.JupyterHub.cookie_secret = bytes.fromhex(get_secret_value("hub.config.JupyterHub.cookie_secret"))
c.KubeSpawner.namespace = os.environ["POD_NAMESPACE"]
c.KubeSpawner.common_labels = {"app": "jupyterhub", "release": os.environ["HELM_RELEASE_NAME"]}

# Trait -> the key below singleuser that sets it.
SINGLEUSER = {
    "image_pull_policy": "image.pullPolicy",
    "image_pull_secrets": "image.pullSecrets",
    "start_timeout": "startTimeout",
    "events_enabled": "events",
    "extra_labels": "extraLabels",
    "extra_annotations": "extraAnnotations",
    "uid": "uid",
    "fs_gid": "fsGid",
    "allow_privilege_escalation": "allowPrivilegeEscalation",
    "service_account": "serviceAccountName",
    "node_selector": "nodeSelector",
    "tolerations": "extraTolerations",
    "node_affinity_required": "extraNodeAffinity.required",
    "lifecycle_hooks": "lifecycleHooks",
    "init_containers": "initContainers",
    "extra_containers": "extraContainers",
    "mem_limit": "memory.limit",
    "mem_guarantee": "memory.guarantee",
    "cpu_limit": "cpu.limit",
    "cpu_guarantee": "cpu.guarantee",
    "extra_resource_limits": "extraResource.limits",
    "extra_resource_guarantees": "extraResource.guarantees",
    "environment": "extraEnv",
    "profile_list": "profileList",
    "extra_pod_config": "extraPodConfig",
    "storage_capacity": "storage.capacity",
    "default_url": "defaultUrl",
}
HUB = {"base_url": "baseUrl", "allow_named_servers": "allowNamedServers"}
for section, block, keys in ((c.JupyterHub, "hub", HUB), (c.KubeSpawner, "singleuser", SINGLEUSER)):
    for trait, key in keys.items():
        if value(f"{block}.{key}") is not None:
            setattr(section, trait, value(f"{block}.{key}"))
c.KubeSpawner.image = f"{value('singleuser.image.name')}:{value('singleuser.image.tag')}"
c.Spawner.cmd = value("singleuser.cmd", "jupyterhub-singleuser")  # null is the image's own command

CLAIMS = {
    "dynamic": ("volume-{username}", "claim-{username}{servername}", "storage.dynamic.subPath"),
    "static": ("home", value("singleuser.storage.static.pvcName"), "storage.static.subPath"),
}
volumes, mounts = [], []
storage = value("singleuser.storage.type", "dynamic")
if storage in CLAIMS:
    name, claim, sub_path = CLAIMS[storage]
    volumes.append({"name": name, "persistentVolumeClaim": {"claimName": claim}})
    mounts.append({"name": name, "mountPath": value("singleuser.storage.homeMountPath", "/home/jovyan")})
    if value(f"singleuser.{sub_path}"):
        mounts[-1]["subPath"] = value(f"singleuser.{sub_path}")
c.KubeSpawner.storage_pvc_ensure = storage == "dynamic"
c.KubeSpawner.pvc_name_template = CLAIMS["dynamic"][1]
files = value("singleuser.extraFiles") or {}
if files:
    items = [{"key": key, "path": key} for key in files]
    volumes.append({"name": "files", "secret": {"secretName": get_name("singleuser"), "items": items}})
    mounts += [{"name": "files", "mountPath": file["mountPath"], "subPath": key} for key, file in files.items()]
c.KubeSpawner.volumes = volumes + (value("singleuser.storage.extraVolumes") or [])
c.KubeSpawner.volume_mounts = mounts + (value("singleuser.storage.extraVolumeMounts") or [])

if value("singleuser.cloudMetadata.blockWithIptables", True):
    tools = value("singleuser.networkTools.image", {"name": "example.org/network-tools", "tag": "1"})
    c.KubeSpawner.init_containers.append(
        client.V1Container(
            name="block-metadata",
            image=f"{tools['name']}:{tools['tag']}",
            command=["iptables", "-A", "OUTPUT", "-d", "169.254.169.254", "-j", "DROP"],
            security_context=client.V1SecurityContext(
                privileged=True, run_as_user=0, capabilities=client.V1Capabilities(add=["NET_ADMIN"])
            ),
        )
    )

c.JupyterHub.services = [
    {
        **{field: said for field, said in service.items() if field != "apiToken"},
        "name": key,
        "api_token": get_secret_value(f"hub.services.{key}.apiToken"),
    }
    for key, service in (value("hub.services") or {}).items()
]
for section, block in (value("hub.config") or {}).items():
    c[section].update({key: set_to for key, set_to in block.items() if key != "cookie_secret"})
for file in sorted(Path("/usr/local/etc/jupyterhub/jupyterhub_config.d").glob("*.py")):
    exec(compile(file.read_text(), file.name, "exec"))
for key, code in sorted((value("hub.extraConfig") or {}).items()):
    print(f"extra configuration: {key}")
    exec(code)
