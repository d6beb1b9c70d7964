"""Kill -9 of everything, in random order under a page in use: what is lost is exactly what had to be.

`make e2e` runs three rounds of all deeds, `make soak` twenty. KERNELPAIR_ROUNDS is their number; KERNELPAIR_SEED makes
the order, which is printed with it.
"""

from __future__ import annotations

import datetime
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ci.cluster import state
from kernelpair.hub.coming_back import WORKED_SECONDS
from tests.cluster.deeds import ALL, DEEDS, Deed
from tests.cluster.hub import SESSION_SECONDS, Hub
from tests.cluster.kubectl import OURS, eventually, statuses
from tests.cluster.release import Release, released

ROUNDS = int(os.environ.get("KERNELPAIR_ROUNDS", "3"))
SEED = int(os.environ.get("KERNELPAIR_SEED") or random.SystemRandom().randrange(10**6))
USER = "survivor"
READY_SECONDS = 300
AWAY_SECONDS = 15
ON_THEIR_WAY = 3
LOG_LINES = 40
# The hub tells a new proxy its routes when it looks at people's activity: here more often than every minute.
LOOKING = {"hub.config.JupyterHub.last_activity_interval": 5}


class Scene:
    """A user's server in use, and the ways to kill what serves it."""

    def __init__(self, release: Release, hub: Hub) -> None:
        self.release, self.hub = release, hub
        self.image = release.image("hub", "image")
        self.spawned = ""

    def begin(self, turn: str) -> None:
        """Have a new server for each round: the kubelet backs off from a container that ended often."""
        if self.spawned != turn:
            if self.spawned:
                self.hub.stop(USER)
            self.server, self.spawned = self.hub.spawn(USER), turn

    def pod(self) -> dict[str, Any]:
        return self.release.namespace.get(f"pod/{self.server.pod}")

    def logs(self) -> str:
        """What the user's containers and the proxy said last, for a failure's message."""
        each = ("logs", "--timestamps", f"--tail={LOG_LINES}", "--prefix", "--all-containers")
        try:
            return "".join(
                self.release.namespace.run(*each, whose)
                for whose in (self.server.pod, "--selector=app.kubernetes.io/component=proxy")
            )
        except AssertionError as error:
            return str(error)

    def container(self, name: str, all_of_it: bool) -> None:
        """Kill a container of the user's pod, or its first process, once it has worked for a while.

        The hub takes a server that ends sooner for one that can't work.
        """
        status = statuses(self.pod())[name]
        began = datetime.datetime.fromisoformat(status["state"]["running"]["startedAt"])
        age = (datetime.datetime.now(datetime.UTC) - began).total_seconds()
        time.sleep(max(WORKED_SECONDS + 1 - age, 0))
        self.release.namespace.kill(status["containerID"], self.image, all_of_it)

    def part(self, component: str) -> None:
        """Kill a container of the release, and return when another is ready."""
        namespace = self.release.namespace
        (pod,) = namespace.run(
            "get", "pods", f"--selector=app.kubernetes.io/component={component}", "--output=name"
        ).split()
        ((name, before),) = statuses(namespace.get(pod)).items()
        namespace.kill(before["containerID"], self.image)
        namespace.restarted(pod, name, before, READY_SECONDS)

    def delete(self) -> None:
        """Delete the pod as by force, and spawn the next."""
        self.release.namespace.run("delete", f"pod/{self.server.pod}", "--grace-period=0", "--force")
        eventually(lambda: not self.hub.servers(USER), "the hub sees that the pod is gone", READY_SECONDS)
        self.server = self.hub.spawn(USER)

    def api_server(self) -> None:
        """Stop the API server for some time, then kill it; the node starts another."""
        node = state.node()
        assert node is not None
        (pid,) = [
            int(entry.name)
            for entry in Path("/proc").glob("[0-9]*")
            if _is_api_server(entry) and (entry / "ns/net").readlink() == Path(f"/proc/{node}/ns/net").readlink()
        ]
        os.kill(pid, signal.SIGSTOP)
        time.sleep(AWAY_SECONDS)
        os.kill(pid, signal.SIGKILL)
        eventually(self._answers, "the API server answers again", READY_SECONDS)

    def _answers(self) -> bool:
        done = subprocess.run(["kubectl", "get", "--raw=/readyz"], capture_output=True, check=False)
        return done.returncode == 0


def _is_api_server(process: Path) -> bool:
    try:
        return b"\0kube-apiserver\0" in (process / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


DO: Mapping[str, Callable[[Scene, int], object]] = {
    "a kernel": lambda scene, pid: scene.release.namespace.run(
        "exec", scene.server.pod, "--container=kernel", "--", "python3", "-c", f"import os; os.kill({pid}, 9)"
    ),
    "the gateway": lambda scene, _: scene.container("kernel", all_of_it=False),
    "the kernel container": lambda scene, _: scene.container("kernel", all_of_it=True),
    "the notebook server": lambda scene, _: scene.container("notebook", all_of_it=False),
    "the notebook container": lambda scene, _: scene.container("notebook", all_of_it=True),
    "the pod": lambda scene, _: scene.delete(),
    "the hub": lambda scene, _: scene.part("hub"),
    "the proxy": lambda scene, _: scene.part("proxy"),
    "the API server, for a while": lambda scene, _: scene.api_server(),
}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    print(f"KERNELPAIR_SEED={SEED}")
    with released("helm4", tmp_path_factory.mktemp("helm4"), LOOKING) as release, release.hub() as hub:
        yield Scene(release, hub)


def deeds() -> list[Any]:
    """Every deed once a round, in random order."""
    chance, found = random.Random(SEED), []
    for number in range(1, ROUNDS + 1):
        found += [
            pytest.param(deed, f"r{number}", f"d{place}", id=f"seed {SEED}, round {number}: {deed.name}")
            for place, deed in enumerate(chance.sample(DEEDS, len(DEEDS)))
        ]
    return found


@pytest.mark.parametrize(("deed", "turn", "place"), deeds())
def test_what_is_lost_is_what_had_to_be(scene: Scene, deed: Deed, turn: str, place: str) -> None:
    if deed.name == "the API server, for a while" and not OURS:
        pytest.skip("it is another's cluster, whose API server stays up")
    name = f"{turn}{place}"
    scene.begin(turn)
    eventually(scene.server.answers, "the server can be reached", READY_SECONDS)
    before = scene.pod()
    page = scene.server.begin("survival.through_a_deed", scene.logs, name=name)
    (pid,) = page.says()
    DO[deed.name](scene, int(pid))
    page.process.send_signal(signal.SIGUSR1)
    found = page.answer(SESSION_SECONDS)
    print(f"{deed.name}: missing {found['missing']}, a cell in both notebooks {found['seconds']:.1f} s later")
    eventually(scene.server.answers, "the server can be reached", READY_SECONDS)
    _holds(deed, found, before, eventually(lambda: _ready(scene), "both containers are ready", READY_SECONDS))
    kept = scene.server.execute("print(open('kept.txt').read())", f"{name}-files.ipynb")
    assert kept["printed"] == "kept\n"


def _ready(scene: Scene) -> dict[str, Any] | None:
    pod = scene.pod()
    return pod if all(status["ready"] for status in statuses(pod).values()) else None


def _holds(deed: Deed, found: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> None:
    containers = [{name: status["containerID"] for name, status in statuses(pod).items()} for pod in (before, after)]
    missing = found["missing"]
    assert not missing or (deed.carries and len(missing) <= ON_THEIR_WAY), found
    stays = {
        "the running cell": missing is not None,
        "other kernels' memory": found["memory"],
        "the session": found["sessions"],
        "pod": before["metadata"]["uid"] == after["metadata"]["uid"],
        **{name: containers[0][name] == containers[1][name] for name in ("notebook", "kernel")},
    }
    assert stays == {part: part not in deed.ends for part in ALL}, json.dumps(found)
    name, text = deed.told
    interrupted = deed.interrupts and found["told"] == ["KeyboardInterrupt"]
    assert interrupted or found["told"] == ([name] if name else []), found
    assert text in found["text"]
