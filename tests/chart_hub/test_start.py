"""A real JupyterHub takes the chart's configuration and its tokens, oldest and newest."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import pytest

from tests.chart_hub.rendered import hub_pod, mounted, release
from tests.hub.hubs import HUBS, program

DRIVER = Path(__file__).with_name("start_driver.py")
VALUES: dict[str, Any] = {
    "hub": {
        "baseUrl": "/team/",
        "db": {"type": "sqlite-memory"},
        "config": {"JupyterHub": {"services": [{"name": "other", "api_token": "a" * 32}]}},
        "extraConfig": {"2": "c.JupyterHub.db_url = c.JupyterHub.db_url + chosen", "1": "chosen = '/:memory:'"},
    },
    "cull": {"users": True},
}


@pytest.mark.parametrize("hub", [pytest.param(hub, marks=pytest.mark.xdist_group(hub)) for hub in HUBS])
def test_the_hub_starts_with_what_the_chart_renders(hub: str) -> None:
    objects = release(VALUES)
    names = [entry["name"] for entry in hub_pod(objects)["containers"][0]["env"]]
    environment = {name: secrets.token_hex(32) for name in names}
    environment["POD_NAMESPACE"] = "jupyter"
    answer = program(hub, str(DRIVER), {"files": mounted(objects), "environment": environment})
    assert answer == {
        "spawner": "TemplateSpawner",
        "template": "x-kernelpair-singleuser",
        "authenticator": "DummyAuthenticator",
        "cookie secret": environment["JPY_COOKIE_SECRET"],
        "proxy": [
            "ConfigurableHTTPProxy",
            "http://x-kernelpair-proxy-api:8001",
            environment["CONFIGPROXY_AUTH_TOKEN"],
            False,
        ],
        "crypt keys": 1,
        "hub url": "http://x-kernelpair-hub:8081/team/hub/",
        "base url": "/team/",
        "database": "sqlite:///:memory:",
        "services": ["jupyterhub-idle-culler", "other"],
        "culler": [
            "admin:users",
            "delete:servers",
            "list:users",
            "read:servers",
            "read:users:activity",
        ],
    }
