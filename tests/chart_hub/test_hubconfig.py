"""What the values mean to JupyterHub: from the files that the chart renders to traits, pure."""

from __future__ import annotations

import copy
import json
import sys
from typing import Any

import pytest

from tests.chart_hub.modules import load
from tests.chart_hub.rendered import mounted, one, release
from tests.helm.helms import CHART

hubconfig = load("hubconfig")


def facts(**values: Any) -> Any:
    """hub.json of a release, as the chart renders it."""
    return json.loads(mounted(release(values))["jupyterhub/hub.json"])


def own(**values: Any) -> Any:
    return hubconfig.own(facts(**values), "postgresql://db/hub", "jupyter")


def test_the_hub_mounts_the_charts_files_as_they_are() -> None:
    files = {path: text for path, text in mounted(release({})).items() if path.endswith(".py")}
    folder = CHART / "files" / "hub"
    assert files == {f"jupyterhub/{file.name}": file.read_text() for file in folder.glob("*.py")}


def test_the_default_configuration() -> None:
    made = own()
    hub = made["JupyterHub"]
    culler, role = hub.pop("services"), hub.pop("load_roles")
    assert hub == {
        "spawner_class": "spawner.TemplateSpawner",
        "base_url": "/",
        "hub_bind_url": "http://:8081",
        "hub_connect_url": "http://x-kernelpair-hub:8081",
        "db_url": "sqlite:////srv/jupyterhub/jupyterhub.sqlite",
        "cleanup_servers": False,
        "last_activity_interval": 60,
        "tornado_settings": {"slow_spawn_timeout": 0},
    }
    options = ["timeout=3600", "cull-every=600", "concurrency=10", "max-age=0", "cull-users=false"]
    options += ["cull-admin-users=true", "remove-named-servers=false"]
    command = [sys.executable, "-m", "jupyterhub_idle_culler", "--url=http://localhost:8081/hub/api"]
    assert culler == [{"name": "jupyterhub-idle-culler", "command": [*command, *(f"--{each}" for each in options)]}]
    scopes = ["list:users", "read:users:activity", "read:servers", "delete:servers"]
    assert role == [{"name": "jupyterhub-idle-culler", "scopes": scopes, "services": ["jupyterhub-idle-culler"]}]
    assert made["ConfigurableHTTPProxy"] == {"should_start": False, "api_url": "http://x-kernelpair-proxy-api:8001"}
    assert made["TemplateSpawner"] == {"pod_template": "x-kernelpair-singleuser"}
    labels = {"app.kubernetes.io/name": "kernelpair", "app.kubernetes.io/instance": "x"}
    assert made["KubeSpawner"] == {
        "namespace": "jupyter",
        "common_labels": {**labels, "app.kubernetes.io/managed-by": "kubespawner"},
        "port": 8888,
        "start_timeout": 300,
        "profile_list": [],
        "storage_pvc_ensure": True,
        "storage_capacity": "10Gi",
        "storage_access_modes": ["ReadWriteOnce"],
        "pvc_name_template": "claim-{username}",
    }


def test_what_users_get_is_left_to_the_pod_template() -> None:
    """KubeSpawner is told nothing of what the PodTemplate says, however much of it the values set."""
    user = {
        "image": {"name": "example.org/user", "tag": "1"},
        "cmd": ["start.sh"],
        "defaultUrl": "/tree",
        "uid": 5,
        "fsGid": 6,
        "extraEnv": {"A": "b"},
        "memory": {"limit": "2G"},
        "nodeSelector": {"a": "b"},
        "extraTolerations": [{"key": "a"}],
        "initContainers": [{"name": "a", "image": "b"}],
        "serviceAccountName": "me",
        "lifecycleHooks": {"postStart": {}},
    }
    assert own(singleuser=user) == own()


@pytest.mark.parametrize(
    ("db", "url"),
    [
        ({"type": "sqlite-memory"}, "sqlite://"),
        ({"type": "postgres", "url": "postgresql://db/hub"}, "postgresql://db/hub"),
        ({"type": "mysql", "url": "postgresql://db/hub"}, "postgresql://db/hub"),
    ],
)
def test_databases(db: dict[str, str], url: str) -> None:
    assert own(hub={"db": db})["JupyterHub"]["db_url"] == url


def test_users_have_claims_of_their_own_only_with_dynamic_storage() -> None:
    dynamic = {"storageClass": "fast", "storageAccessModes": ["ReadWriteMany"]}
    made = own(singleuser={"storage": {"capacity": 1000000000000, "dynamic": dynamic}})["KubeSpawner"]
    assert (made["storage_class"], made["storage_access_modes"]) == ("fast", ["ReadWriteMany"])
    assert made["storage_capacity"] == "1000000000000"
    for storage in ({"type": "none"}, {"type": "static", "static": {"pvcName": "homes"}}):
        assert not [
            key for key in own(singleuser={"storage": storage})["KubeSpawner"] if "storage" in key or "pvc" in key
        ]


def test_culling_under_a_base_url_of_users_too() -> None:
    hub = own(hub={"baseUrl": "/team/"}, cull={"users": True, "maxAge": 5, "adminUsers": False})["JupyterHub"]
    command = hub["services"][0]["command"]
    assert {"--url=http://localhost:8081/team/hub/api", "--cull-users=true", "--max-age=5"} <= set(command)
    assert "--cull-admin-users=false" in command
    assert hub["load_roles"][0]["scopes"][-1] == "admin:users"


def test_nothing_is_culled_unless_asked_for() -> None:
    assert not {"services", "load_roles"} & own(cull={"enabled": False})["JupyterHub"].keys()


def test_hub_config_wins_and_adds_services() -> None:
    ours = own()
    before = copy.deepcopy(ours)
    service, role = {"name": "a"}, {"name": "r", "scopes": []}
    operator = {
        "config": {
            "JupyterHub": {"services": [service], "load_roles": [role], "cleanup_servers": True},
            "KubeSpawner": {"port": 1},
            "MyAuthenticator": {"services": [service]},
        }
    }
    made = hubconfig.combined(ours, operator)
    assert made["JupyterHub"]["services"] == [*before["JupyterHub"]["services"], service]
    assert made["JupyterHub"]["load_roles"] == [*before["JupyterHub"]["load_roles"], role]
    assert made["JupyterHub"]["cleanup_servers"] is True
    assert made["KubeSpawner"] == {**before["KubeSpawner"], "port": 1}
    assert made["MyAuthenticator"] == {"services": [service]}
    assert ours == before


def test_passwords_are_in_the_secret_alone() -> None:
    config = {"JupyterHub": {"authenticator_class": "x"}, "X": {"client_secret": "hush-1"}}
    hub = {"config": config, "extraConfig": {"a": "hush-2"}, "db": {"type": "mysql", "url": "mysql://hush-3"}}
    objects = release({"hub": hub})
    held = mounted(objects)["jupyterhub-secret/operator.json"]
    assert json.loads(held) == {"config": config, "extraConfig": {"a": "hush-2"}, "dbUrl": "mysql://hush-3"}
    assert "hush" not in json.dumps([each for each in objects if each["kind"] != "Secret"])
    assert "data" not in one(objects, "Secret", "-hub")
