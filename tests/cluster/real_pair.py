"""The chart on a real cluster: it installs, users' pods are pairs, and a killed kernel container costs no notebook.

`make e2e` runs this; KUBECONFIG names the cluster.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cluster.hub import Hub, Server
from tests.cluster.kubectl import statuses
from tests.cluster.release import NAME, Release

RESTART_SECONDS = 300

WHERE = "import json, os, sys; print(json.dumps([sys.version, sys.prefix, os.stat('/').st_dev]))"
"""What tells a container: its Python, and the device that its root is on."""


@pytest.fixture(scope="module")
def server(hub: Hub) -> Server:
    return hub.spawn("alice")


def test_helm_test_is_green(release: Release) -> None:
    assert "all of it works" in release.run("test", NAME, "--logs", "--timeout", "15m")


def test_the_users_pod_is_a_pair(release: Release, server: Server) -> None:
    pod = release.namespace.get(f"pod/{server.pod}")
    boxes = {box["name"]: box for box in pod["spec"]["containers"]}
    user, front_end = release.image("singleuser", "image"), release.image("kernelGateway", "notebook", "image")
    assert {name: box["image"] for name, box in boxes.items()} == {"notebook": front_end, "kernel": user}
    assert pod["metadata"]["annotations"]["auditing.image"] == user
    assert boxes["notebook"]["resources"] == {}
    assert boxes["kernel"]["resources"] == {
        "limits": {"cpu": "1", "memory": "1Gi"},
        "requests": {"cpu": "50m", "memory": "256Mi"},
    }
    assert {name: status["ready"] for name, status in statuses(pod).items()} == {"notebook": True, "kernel": True}


def test_a_cell_runs_in_the_users_image(release: Release, server: Server) -> None:
    def inside(container: str) -> Any:
        return json.loads(
            release.namespace.run("exec", server.pod, f"--container={container}", "--", "python3", "-c", WHERE)
        )

    cell = json.loads(server.execute(WHERE)["printed"])
    assert cell == inside("kernel")
    assert cell != inside("notebook")


def test_a_killed_kernel_container_costs_no_notebook(release: Release, server: Server) -> None:
    pod = f"pod/{server.pod}"
    first = server.execute("kept = 6 * 7; open('kept.txt', 'w').write(str(kept)); print(kept)")
    assert first["printed"] == "42\n"
    before = statuses(release.namespace.get(pod))
    release.namespace.kill(before["kernel"]["containerID"], release.image("hub", "image"))
    assert server.answers()
    after = release.namespace.restarted(pod, "kernel", before["kernel"], RESTART_SECONDS)
    assert after["kernel"]["lastState"]["terminated"]["exitCode"] == 137
    assert after["notebook"] == before["notebook"]
    # The same notebook and session; the kernel is new, and says so.
    assert server.execute("print(kept)")["error"] == "NameError"
    again = server.execute("print(open('kept.txt').read())")
    assert (again["printed"], again["session"]) == ("42\n", first["session"])
