"""What a hub of zero-to-jupyterhub is configured with, and what operators add: the pod that (e) makes and splits."""

c = get_config()  # noqa: F821 (JupyterHub gives it)

c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
c.KubeSpawner.namespace = "hub"
c.KubeSpawner.image = "quay.io/jupyter/scipy-notebook:2026-04-20"
c.KubeSpawner.cmd = ["jupyterhub-singleuser"]
c.KubeSpawner.default_url = "/lab"
c.KubeSpawner.uid = 1000
c.KubeSpawner.fs_gid = 100
c.KubeSpawner.automount_service_account_token = False
c.KubeSpawner.mem_guarantee, c.KubeSpawner.mem_limit = "1G", "4G"
c.KubeSpawner.cpu_guarantee, c.KubeSpawner.cpu_limit = 0.5, 4
c.KubeSpawner.extra_resource_limits = {"nvidia.com/gpu": "1"}
c.KubeSpawner.extra_labels = {"hub.jupyter.org/network-access-hub": "true"}
c.KubeSpawner.extra_annotations = {"example.org/cost-centre": "teaching"}
c.KubeSpawner.environment = {f"VARIABLE_{number}": "of {username}" for number in range(12)}
c.KubeSpawner.environment["DATA"] = "/data/$(JUPYTERHUB_USER)"
c.KubeSpawner.volumes = [
    {"name": "home", "persistentVolumeClaim": {"claimName": "claim-{username}"}},
    {"name": "shared", "persistentVolumeClaim": {"claimName": "shared"}},
    {"name": "shm", "emptyDir": {"medium": "Memory"}},
]
c.KubeSpawner.volume_mounts = [
    {"name": "home", "mountPath": "/home/jovyan", "subPath": "{username}"},
    {"name": "shared", "mountPath": "/shared", "readOnly": True},
    {"name": "shm", "mountPath": "/dev/shm"},
]
c.KubeSpawner.init_containers = [
    {
        "name": "block-cloud-metadata",
        "image": "quay.io/jupyterhub/k8s-network-tools:4.3.5",
        "command": ["iptables", "-A", "OUTPUT", "-d", "169.254.169.254", "-j", "DROP"],
        "securityContext": {"runAsUser": 0, "capabilities": {"add": ["NET_ADMIN"]}},
    }
]
c.KubeSpawner.extra_containers = [{"name": "metrics", "image": "quay.io/example/metrics:1"}]
c.KubeSpawner.tolerations = [
    {"key": "hub.jupyter.org/dedicated", "operator": "Equal", "value": "user", "effect": "NoSchedule"},
    {"key": "hub.jupyter.org_dedicated", "operator": "Equal", "value": "user", "effect": "NoSchedule"},
]
c.KubeSpawner.node_affinity_preferred = [
    {
        "weight": 100,
        "preference": {
            "matchExpressions": [{"key": "hub.jupyter.org/node-purpose", "operator": "In", "values": ["user"]}]
        },
    }
]
