"""What a user's code can get at from its kernel: nothing that the plain pod would not give it.

`make e2e` runs this. Whether a NetworkPolicy is enforced is the cluster's matter, and ours enforces none: what is shown
here holds without.
"""

from __future__ import annotations

import pytest

from tests.cluster.hub import Hub, Server
from tests.cluster.shared import Shared

GATEWAY_PORT, NOTEBOOK_PORT = 8889, 8888
TOKEN_FILE = "/run/kernelpair/token"
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
SEEN = """
import glob, json, os
found = {}
for name in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"):
    try:
        found[name] = open(name, errors="replace").read()
    except OSError:
        pass
found["account"] = os.path.exists(%r)
print(json.dumps(found))
"""
REACH = """
import json, urllib.error, urllib.request
found = []
for port in %r:
    try:
        found.append(urllib.request.urlopen(f"http://%s:{port}/api/kernels", timeout=10).status)
    except urllib.error.HTTPError as error:
        found.append(error.code)
    except urllib.error.URLError as error:
        found.append(str(error.reason))
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def ann(shared_hub: Hub) -> Server:
    return shared_hub.spawn("ann", "pair")


@pytest.fixture(scope="module")
def bob(shared_hub: Hub) -> Server:
    return shared_hub.spawn("bob", "pair")


def read(shared: Shared, server: Server, container: str, file: str) -> str:
    return shared.namespace.run("exec", server.pod, f"--container={container}", "--", "cat", file)


def hub_tokens(shared: Shared, server: Server) -> set[str]:
    """What the user's notebook server identifies itself with to the hub."""
    text = read(shared, server, "notebook", "/proc/1/environ")
    variables = dict(line.split("=", 1) for line in text.split("\0") if "=" in line)
    return {variables[name] for name in ("JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN") if name in variables}


def test_no_process_that_a_kernel_sees_holds_the_hubs_token(shared: Shared, ann: Server) -> None:
    tokens = hub_tokens(shared, ann)
    assert tokens
    seen = ann.value(SEEN % ACCOUNT)
    assert any("kernelpair" in text for name, text in seen.items() if name.endswith("cmdline"))
    assert not [name for name, text in seen.items() for token in tokens if token in str(text)]


def test_the_gateways_token_is_in_no_environment_argument_log_or_object(shared: Shared, ann: Server) -> None:
    token = read(shared, ann, "kernel", TOKEN_FILE).strip()
    assert len(token) >= 32
    texts = {name: str(text) for name, text in ann.value(SEEN % ACCOUNT).items()}
    texts |= {box: shared.namespace.run("logs", ann.pod, f"--container={box}") for box in ("notebook", "kernel")}
    texts["server"] = "".join(
        shared.namespace.run("exec", ann.pod, "--container=notebook", "--", "sh", "-c", f"cat /proc/[0-9]*/{file}")
        for file in ("environ", "cmdline")
    )
    texts["objects"] = shared.namespace.run("get", "pods,configmaps,events", "--output=json")
    assert all(texts.values())
    assert [name for name, text in texts.items() if token in text] == []


def test_another_users_gateway_is_out_of_reach(shared: Shared, ann: Server, bob: Server) -> None:
    address = shared.namespace.get(f"pod/{bob.pod}")["status"]["podIP"]
    gateway, notebook = ann.value(REACH % ([GATEWAY_PORT, NOTEBOOK_PORT], address))
    assert "refused" in gateway
    assert notebook == 404 or notebook == 403
    own = shared.namespace.get(f"pod/{ann.pod}")["status"]["podIP"]
    assert "refused" in ann.value(REACH % ([GATEWAY_PORT], own))[0]
    assert ann.value(REACH % ([GATEWAY_PORT], "127.0.0.1")) == [401]


def test_the_service_account_is_the_plain_pods(shared: Shared, shared_hub: Hub, ann: Server) -> None:
    plain = shared_hub.spawn("plain-account", "plain")
    pods = [shared.namespace.get(f"pod/{server.pod}")["spec"] for server in (plain, ann)]
    fields = [{key: pod.get(key) for key in ("serviceAccountName", "automountServiceAccountToken")} for pod in pods]
    assert fields[1] == fields[0]
    mounted = [
        [box["name"] for box in pod["containers"] for mount in box["volumeMounts"] if mount["mountPath"] == ACCOUNT]
        for pod in pods
    ]
    assert mounted == [[], []]
    assert [server.value(SEEN % ACCOUNT)["account"] for server in (plain, ann)] == [False, False]
    shared_hub.stop("plain-account")
