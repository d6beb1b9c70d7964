"""What the chart's values mean to JupyterHub: a pure table of traits, and the little that puts it into effect.

The chart renders two files: hub.json, in a ConfigMap, and operator.json, in a Secret, because passwords may be in it:

    hub.json       baseUrl, hubUrl, proxyApiUrl, podTemplate, labels, dbType, flag, cull, singleuser
    operator.json  config {class: {trait: value}}, extraConfig {name: code}, dbUrl
"""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

Traits = dict[str, dict[str, Any]]

PORT = 8081
"""Where the hub listens."""

OPERATOR_FOLDER = "-secret"
"""What follows the configuration's folder in the name of the one where the Secret is mounted."""

LISTS = ("services", "load_roles")
"""Traits of JupyterHub to which the operator adds: replacing them would lose the idle culler."""

CULLER = "jupyterhub-idle-culler"

_CULL_OPTIONS = {
    "timeout": "--timeout",
    "every": "--cull-every",
    "concurrency": "--concurrency",
    "maxAge": "--max-age",
    "users": "--cull-users",
    "adminUsers": "--cull-admin-users",
    "removeNamedServers": "--remove-named-servers",
}
_SQLITE = {"sqlite-pvc": "sqlite:////srv/jupyterhub/jupyterhub.sqlite", "sqlite-memory": "sqlite://"}
_FIX = (
    "upgrade the release with --post-renderer kernelpair (a rollback never runs it), or turn kernelGateway.enabled off"
)
NOT_RENDERED = f"kernelGateway.enabled is on, but this release did not go through the post-renderer. Fix: {_FIX}"
"""What operators read where the flag is on and nothing splits pods."""

_LOG = logging.getLogger("JupyterHub")


def configure(c: Any, folder: str) -> list[tuple[str, str]]:
    """Set what the files in ``folder`` say in the configuration ``c``; return hub.extraConfig, sorted by name.

    Logs an error where the flag is on and the hook isn't mounted.
    """
    facts = json.loads(Path(folder, "hub.json").read_text(encoding="utf-8"))
    operator = json.loads(Path(folder + OPERATOR_FOLDER, "operator.json").read_text(encoding="utf-8"))
    for name, traits in combined(own(facts, operator["dbUrl"], os.environ.get("POD_NAMESPACE", "")), operator).items():
        c[name].update(traits)
    if facts["flag"] and not hook_is_mounted():
        _LOG.error("kernelpair: USER PODS ARE NOT SPLIT: %s", NOT_RENDERED)
    return sorted(operator["extraConfig"].items())


def hook_is_mounted() -> bool:
    """Tell whether the post-renderer gave this hub its hook: it mounts it at a place of its own."""
    return Path(os.environ.get("KERNELPAIR_HUB_DIR", "/usr/local/etc/kernelpair"), "load.py").is_file()


def own(facts: dict[str, Any], db_url: str, namespace: str) -> Traits:
    """Return the chart's own traits by class."""
    user = facts["singleuser"]
    hub: dict[str, Any] = {
        "spawner_class": "spawner.TemplateSpawner",
        "base_url": facts["baseUrl"],
        "hub_bind_url": f"http://:{PORT}",
        "hub_connect_url": facts["hubUrl"],
        "db_url": _SQLITE.get(facts["dbType"]) or db_url,
        # Users' servers outlive a restart of the hub.
        "cleanup_servers": False,
        "last_activity_interval": 60,
        # Users see the progress page at once.
        "tornado_settings": {"slow_spawn_timeout": 0},
        **culling(facts["cull"], facts["baseUrl"]),
    }
    spawner: dict[str, Any] = {
        "namespace": namespace,
        "common_labels": {**facts["labels"], "app.kubernetes.io/managed-by": "kubespawner"},
        "port": user["port"],
        "start_timeout": user["startTimeout"],
        "profile_list": user["profileList"],
        **claims(user["storage"]),
    }
    return {
        "JupyterHub": hub,
        "ConfigurableHTTPProxy": {"should_start": False, "api_url": facts["proxyApiUrl"]},
        "KubeSpawner": spawner,
        "TemplateSpawner": {"pod_template": facts["podTemplate"]},
    }


def claims(storage: dict[str, Any]) -> dict[str, Any]:
    """Return what KubeSpawner needs to make each user's claim; nothing where users have none of their own."""
    if storage["type"] != "dynamic":
        return {}
    dynamic = storage["dynamic"]
    made = {
        "storage_pvc_ensure": True,
        "storage_capacity": str(storage["capacity"]),
        "storage_access_modes": dynamic["storageAccessModes"],
        "pvc_name_template": dynamic["pvcNameTemplate"],
    }
    if dynamic.get("storageClass") is not None:
        made["storage_class"] = dynamic["storageClass"]
    return made


def culling(cull: dict[str, Any], base_url: str) -> dict[str, Any]:
    """Return the service that stops idle servers, and the role that lets it; nothing where it is off."""
    if not cull["enabled"]:
        return {}
    options = [f"{option}={json.dumps(cull[key])}" for key, option in _CULL_OPTIONS.items()]
    url = f"--url=http://localhost:{PORT}{base_url.rstrip('/')}/hub/api"
    scopes = ["list:users", "read:users:activity", "read:servers", "delete:servers"]
    return {
        "services": [{"name": CULLER, "command": [sys.executable, "-m", "jupyterhub_idle_culler", url, *options]}],
        "load_roles": [
            {"name": CULLER, "scopes": scopes + ["admin:users"] * cull["users"], "services": [CULLER]},
        ],
    }


def combined(ours: Traits, operator: dict[str, Any]) -> Traits:
    """Return the chart's traits with hub.config laid over them; `LISTS` are joined. Neither is changed."""
    made = {name: dict(traits) for name, traits in ours.items()}
    for name, traits in operator["config"].items():
        into = made.setdefault(name, {})
        for trait, value in traits.items():
            into[trait] = [*into.get(trait, []), *value] if name == "JupyterHub" and trait in LISTS else value
    return made
