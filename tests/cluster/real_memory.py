"""Memory limits of a real kubelet: a pair's JupyterLab stays and says why, a plain pod takes it along.

On cgroup v1 the kernel ends one process of a container that reaches its limit, on v2 all of them: there, the tests kill
the container besides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.cluster.hub import Hub, Server
from tests.cluster.kubectl import eventually, statuses
from tests.cluster.release import Release, released
from tests.parity.servers import Asking

MEMORY = {"singleuser.memory": {"limit": "400M", "guarantee": "256M"}}
NEARLY_ALL_MIB, MUCH_MIB = 262, 100
"""What a cell holds: the first, with the gateway and two kernels, is between 90% of the limit and the limit."""
RESTART_SECONDS = 300
WHOLE = "The kernel container was killed, with all kernels in it, because its memory ran out"
ENDED = ["error", "execute_reply", "idle", "restarting"]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    with released("helm4", tmp_path_factory.mktemp("helm4"), MEMORY) as release:
        yield release


class User:
    """A user's server and pod."""

    def __init__(self, release: Release, server: Server) -> None:
        self.release, self.server = release, server
        self.pod = f"pod/{server.pod}"
        self.before = self.statuses()

    def statuses(self) -> dict[str, dict[str, Any]]:
        return statuses(self.release.namespace.get(self.pod))

    def limited(self, container: str) -> bool:
        """Whether a container's limit is a limit of cgroup v2."""
        looking = ("exec", self.server.pod, f"--container={container}", "--", "ls", "/sys/fs/cgroup")
        return "memory.max" in self.release.namespace.run(*looking).split()

    def kill(self, container: str) -> None:
        """Kill a container whole, as its limit does on cgroup v2; return when it runs again."""
        before, namespace = self.before[container], self.release.namespace
        namespace.kill(before["containerID"], self.release.image("hub", "image"))
        namespace.restarted(self.pod, container, before, RESTART_SECONDS)


def told(found: Mapping[str, Any], sentence: str) -> None:
    """The cell ended in the error that says why its kernel is gone."""
    assert (found["kinds"], found["error"]) == (ENDED, ["KernelKilled"]), found["text"]
    assert sentence in found["text"]
    assert "of its 400 MiB" in found["text"]
    assert "Use less memory at a time" in found["text"]


def test_the_guard_stops_the_largest_kernel_before_the_limit_does(release: Release, hub: Hub) -> None:
    user = User(release, hub.spawn("guarded"))
    found = user.server.ask("memory.grows")
    told(found, "This kernel was stopped just before the memory of the kernel container ran out")
    assert (found["large"], found["small"]) == ("False\n", "42\n")
    assert user.statuses() == user.before


def test_a_kernel_container_that_is_killed_for_memory_costs_no_notebook(release: Release, hub: Hub) -> None:
    release.upgrade({**MEMORY, "kernelGateway.kernel.memoryGuard": False})
    user = User(release, hub.spawn("unguarded"))
    found = user.server.ask("memory.grows")
    if user.limited("kernel"):
        told(found, WHOLE)
        assert (found["large"], found["small"]) == ("False\n", "None\n")
    else:
        told(found, "This kernel was killed because the memory of the kernel container ran out")
        assert (found["large"], found["small"]) == ("False\n", "42\n")
        assert user.statuses() == user.before
        asking = _holding(user.server, NEARLY_ALL_MIB)
        user.kill("kernel")
        told(asking.answer(RESTART_SECONDS), WHOLE)
    assert user.statuses()["notebook"] == user.before["notebook"]
    assert user.server.execute("print(6 * 7)")["printed"] == "42\n"


def test_a_plain_pod_takes_the_notebook_along(release: Release, hub: Hub) -> None:
    """The same work, in an image that holds the notebook server as well: nothing is left, and nothing says why."""
    name, _, tag = release.image("kernelGateway", "notebook", "image").rpartition(":")
    plain = {"kernelGateway.enabled": False, "singleuser.image.name": name, "singleuser.image.tag": tag}
    release.upgrade({**MEMORY, **plain})
    user = User(release, hub.spawn("plain"))
    asking = _holding(user.server, MUCH_MIB)
    user.kill("notebook")
    _, err = asking.process.communicate(timeout=RESTART_SECONDS)
    assert asking.process.returncode != 0
    assert "the server closed the kernel's channel" in err
    eventually(user.server.answers, "the server is back", RESTART_SECONDS)
    assert user.server.ask("restarts.look") == {"sessions": [], "kernels": []}


def _holding(server: Server, mib: int) -> Asking:
    """A cell that holds memory, and runs."""
    asking = server.begin("memory.dies_holding", mib=mib)
    asking.says()
    return asking
