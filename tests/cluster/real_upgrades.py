"""The flag is turned off and on under running servers: they stay as they are, and the next spawn is what the flag says.

`make e2e` runs this; KUBECONFIG names the cluster.
"""

from __future__ import annotations

import pytest

from tests.cluster.hub import Hub, Server
from tests.cluster.release import NAME, Release


class Users:
    """Those who have a server, each with what it was when it started."""

    def __init__(self, release: Release, hub: Hub) -> None:
        self.release = release
        self.hub = hub
        self.servers: dict[str, tuple[Server, str]] = {}

    def spawn(self, name: str) -> list[str]:
        """The containers of a new user's pod, whose kernel remembers the user."""
        server = self.hub.spawn(name)
        assert server.execute(f"me = {name!r}; print(me)")["printed"] == f"{name}\n"
        pod = self.release.namespace.get(f"pod/{server.pod}")
        self.servers[name] = (server, pod["metadata"]["uid"])
        return [box["name"] for box in pod["spec"]["containers"]]

    def all_work_on(self) -> None:
        """Nobody's pod was replaced, nobody's kernel forgot."""
        for name, (server, uid) in self.servers.items():
            assert self.release.namespace.get(f"pod/{server.pod}")["metadata"]["uid"] == uid
            assert server.execute("print(me)")["printed"] == f"{name}\n"


@pytest.fixture(scope="module")
def users(release: Release, hub: Hub) -> Users:
    return Users(release, hub)


def test_upgrades_and_rollbacks_are_for_the_next_spawn(release: Release, users: Users) -> None:
    # With the flag off the user's image must hold the notebook server itself.
    name, _, tag = release.image("kernelGateway", "notebook", "image").rpartition(":")
    off = {"kernelGateway.enabled": False, "singleuser.image.name": name, "singleuser.image.tag": tag}
    assert users.spawn("paired") == ["notebook", "kernel"]
    release.upgrade({"hub.extraEnv.CHANGED": "yes"})
    users.all_work_on()
    release.upgrade(off)
    assert users.spawn("plain") == ["notebook"]
    users.all_work_on()
    release.upgrade()
    assert users.spawn("again") == ["notebook", "kernel"]
    users.all_work_on()
    # Post-renderers don't run here: what was stored comes back.
    release.run("rollback", NAME, "3", "--wait", "--timeout", "15m")
    assert users.spawn("back") == ["notebook"]
    users.all_work_on()
    release.run("rollback", NAME, "1", "--wait", "--timeout", "15m")
    assert users.spawn("first") == ["notebook", "kernel"]
    users.all_work_on()
