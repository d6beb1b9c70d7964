"""The program of `helm test` against a real JupyterHub on loopback, and its judgement of what ran the cell."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.helm.helms import CHART
from tests.hub.hubs import program
from tests.localpod import images
from tests.localpod.containers import free_ports

HERE = Path(__file__).parent
PROGRAM = CHART / "files" / "tests" / "run_a_cell.py"
START_SECONDS = 60
pytestmark = pytest.mark.xdist_group("the local hub")


class Hub(NamedTuple):
    url: str
    place: Path


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    place = tmp_path_factory.mktemp("hub")
    port, hub_port = free_ports(2)
    env = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ} | {
        "HOME": str(place),
        "LOCAL_PORT": str(port),
        "LOCAL_HUB_PORT": str(hub_port),
        "LOCAL_HOME": str(place),
        "LOCAL_FRONT_END": str(images.environment("front-end")),
    }
    command = [images.environment("hub-newest") / "bin" / "jupyterhub", "--config", HERE / "local_hub.py"]
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(command, env=env, cwd=place, stdout=log, stderr=subprocess.STDOUT)
        try:
            url = f"http://127.0.0.1:{port}/"
            wait_for(f"{url}hub/health", process, place / "log")
            yield Hub(url, place)
        finally:
            process.terminate()
            process.wait(30)


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            alive = process.poll() is None and time.monotonic() < until
            assert alive, log.read_text()[-4000:]
            time.sleep(0.2)


def run(hub: Hub, expected: str = "plain", user: str = "helm-test", password: str = "open sesame") -> tuple[int, str]:
    """Exit code and output of the program as the test's pod runs it."""
    operator = hub.place / "operator.json"
    operator.write_text(json.dumps({"config": {"DummyAuthenticator": {"password": password}}}))
    env = {
        "HUB_URL": hub.url,
        "TEST_USER": user,
        "OPERATOR": str(operator),
        "EXPECTED": expected,
        "AUDIT": "auditing.image",
        "TIMEOUT": "60",
        "POD_API": f"{hub.url}pods",
    }
    command = [images.environment("hub-newest") / "bin" / "python", PROGRAM]
    done = subprocess.run(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=120
    )
    return done.returncode, done.stdout


def test_it_logs_in_runs_a_cell_and_stops_the_server(hub: Hub) -> None:
    code, said = run(hub)
    assert code == 0, said
    steps = [line for line in said.splitlines() if line.startswith("[")]
    assert [line[:5] for line in steps] == ["[1/5]", "[2/5]", "[3/5]", "[4/5]", "[5/5]"]
    assert "container notebook, image example.org/user:2" in said
    assert said.splitlines()[-1] == "all of it works"
    log = (hub.place / "log").read_text()
    assert "Removing token" in log or "DELETE /hub/api/users/helm-test/tokens" in log


def test_a_plain_pod_where_a_pair_is_expected_is_a_failure_and_the_server_is_stopped(hub: Hub) -> None:
    """The same user again: nothing is left of the run before."""
    before = len((hub.place / "log").read_text())
    code, said = run(hub, expected="pair")
    assert code == 1
    assert said.splitlines()[-1].startswith("FAILED: step 4 (check who ran it: a pair pod is expected) failed: ")
    assert "did the release go through the post-renderer?" in said
    assert "DELETE /hub/api/users/helm-test/server" in (hub.place / "log").read_text()[before:]


def test_a_wrong_password_is_told(hub: Hub) -> None:
    code, said = run(hub, password="no")
    assert code == 1
    assert "FAILED: step 1 (log in at" in said
    assert "the hub doesn't let helm-test in (403)" in said


def test_why_a_server_did_not_start_is_told(hub: Hub) -> None:
    code, said = run(hub, user="unlucky")
    assert code == 1
    assert "FAILED: step 2 (start a server) failed: " in said
    assert "no room for this server" in said.splitlines()[-1]


def box(name: str, image: str) -> dict[str, str]:
    return {"name": name, "image": image}


PAIR = {
    "metadata": {"annotations": {"auditing.image": "user:2"}},
    "spec": {"containers": [box("notebook", "front-end:1"), box("kernel", "user:2")]},
}
SIDECAR = {
    "metadata": {"annotations": {"auditing.image": "user:2"}},
    "spec": {"containers": [box("notebook", "front-end:1")], "initContainers": [box("kernel", "user:2")]},
}
WRONG_AUDIT = {**PAIR, "metadata": {"annotations": {"auditing.image": "user:1"}}}
PLAIN = {"metadata": {}, "spec": {"containers": [box("notebook", "user:2")]}}
GATEWAY = "python3 -s /opt/kernelpair/gateway.py"
SERVER = "tini -- jupyterhub-singleuser"
JUDGEMENTS = {
    "pair": (GATEWAY, PAIR, "pair", "container kernel, image user:2 "),
    "native sidecar": (f"tini -g -- {GATEWAY}", SIDECAR, "pair", "container kernel, image user:2 "),
    "plain": (SERVER, PLAIN, "plain", "container notebook, image user:2 "),
    "plain, a pair expected": (SERVER, PLAIN, "pair", "!container notebook, image user:2 "),
    "pair, plain expected": (GATEWAY, PAIR, "plain", "!container kernel, image user:2 "),
    "pair whose kernel runs in the notebook": (SERVER, PAIR, "pair", "!the pod is a pair, and the cell did not run"),
    "pair with another image in the annotation": (GATEWAY, WRONG_AUDIT, "pair", "!container kernel, image user:2 "),
}


def test_its_judgement() -> None:
    asked = [[*case[:3]] for case in JUDGEMENTS.values()]
    answers = program("hub-newest", str(HERE / "judge_driver.py"), {"program": str(PROGRAM), "cases": asked})
    for (name, (_, _, _, wanted)), answer in zip(JUDGEMENTS.items(), answers, strict=True):
        assert answer.startswith(wanted), (name, answer)
