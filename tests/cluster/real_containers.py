"""What only a kubelet can show of a pair: users and groups, roots that can't be written, ends, live changes.

`make e2e` runs this. What processes alone show is in tests/parity.
"""

from __future__ import annotations

import json
import time

import pytest

from tests.cluster.hub import Hub, Server
from tests.cluster.kubectl import eventually, statuses
from tests.cluster.shared import Shared

KINDS = ("plain", "pair")
CHANGE_SECONDS = 120
CLEANING_SECONDS = 1
GRACE_SECONDS = 60

WHO = """
import json, os, pathlib
pathlib.Path("written").write_text("by the kernel")
print(json.dumps([os.getuid(), os.getgid(), sorted(os.getgroups()), oct(os.umask(0o22)), os.environ["HOME"]]))
"""
ROOT = """
import json, pathlib
def writable(folder):
    try:
        pathlib.Path(folder, "x").write_text("")
    except OSError:
        return False
    return True
print(json.dumps([writable(folder) for folder in ("/opt", "/var/tmp", "/tmp", ".")]))
"""
CLEANS = f"""
import atexit, pathlib, time
def clean():
    time.sleep({CLEANING_SECONDS})
    pathlib.Path("cleaned").write_text("yes")
atexit.register(clean)
"""
LIMIT = """
import pathlib
files = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
print(next(pathlib.Path(file).read_text() for file in files if pathlib.Path(file).exists()))
"""


@pytest.fixture(scope="module")
def kay(shared_hub: Hub) -> Server:
    return shared_hub.spawn("kay", "pair")


def test_users_groups_and_files_are_the_plain_pods(shared: Shared, shared_hub: Hub, kay: Server) -> None:
    plain = shared_hub.spawn("kay-plain", "plain")
    assert kay.value(WHO) == plain.value(WHO)
    shared_hub.stop("kay-plain")
    groups = [
        shared.namespace.run("exec", kay.pod, f"--container={box}", "--", "id", "--groups")
        for box in ("notebook", "kernel")
    ]
    assert groups[0] == groups[1]
    # Each side reads and changes what the other wrote.
    path = f"{kay.path}/api/contents/written"
    assert shared_hub.call("GET", path)["content"] == "by the kernel"
    shared_hub.call("PUT", path, {"type": "file", "format": "text", "content": "by the notebook"})
    assert kay.execute("f = open('written', 'r+'); print(f.read()); f.write('.'); f.close()")["error"] == ""


@pytest.mark.parametrize("kind", KINDS)
def test_a_root_that_can_not_be_written(shared_hub: Hub, kind: str) -> None:
    user = f"read-only-{kind}"
    server = shared_hub.spawn(user, f"{kind}-read-only")
    assert server.value(ROOT) == [False, False, True, True]
    shared_hub.stop(user)


@pytest.mark.parametrize("kind", KINDS)
def test_told_to_stop_kernels_clean_up_and_the_home_comes_back(shared: Shared, shared_hub: Hub, kind: str) -> None:
    user = f"stopped-{kind}"
    server = shared_hub.spawn(user, kind)
    assert server.execute(CLEANS)["error"] == ""
    began = time.monotonic()
    shared.namespace.run("delete", f"pod/{server.pod}", f"--grace-period={GRACE_SECONDS}")
    assert time.monotonic() - began < GRACE_SECONDS / 2
    if shared_hub.servers(user):  # it looks now and then
        shared_hub.stop(user)
    again = shared_hub.spawn(user, kind)
    assert again.execute("print(open('cleaned').read())")["printed"] == "yes\n"
    shared_hub.stop(user)


def test_the_kernels_memory_is_changed_without_a_restart(shared: Shared, kay: Server) -> None:
    before = statuses(shared.namespace.get(f"pod/{kay.pod}"))
    assert kay.value(f"kept = 6 * 7{LIMIT}") == 1 << 30
    change = {"spec": {"containers": [{"name": "kernel", "resources": {"limits": {"memory": "1536Mi"}}}]}}
    shared.namespace.run("patch", f"pod/{kay.pod}", "--subresource=resize", f"--patch={json.dumps(change)}")
    eventually(lambda: kay.value(LIMIT) == 1536 << 20, "the kernel container has more memory", CHANGE_SECONDS)
    after = statuses(shared.namespace.get(f"pod/{kay.pod}"))
    assert [after[box]["containerID"] for box in after] == [before[box]["containerID"] for box in before]
    assert kay.execute("print(kept)")["printed"] == "42\n"


def test_the_front_end_is_replaced_under_running_kernels(shared: Shared, kay: Server) -> None:
    first = kay.execute("kept = 6 * 7; print(kept)")
    before = statuses(shared.namespace.get(f"pod/{kay.pod}"))
    # The same image by its digest: another name, and so another container.
    image = before["notebook"]["imageID"].rpartition("//")[2]
    change = {"spec": {"containers": [{"name": "notebook", "image": image}]}}
    shared.namespace.run("patch", f"pod/{kay.pod}", f"--patch={json.dumps(change)}")
    after = shared.namespace.restarted(f"pod/{kay.pod}", "notebook", before["notebook"], CHANGE_SECONDS)
    assert after["kernel"] == before["kernel"]
    again = kay.execute("print(kept)")
    assert (again["printed"], again["kernel"], again["session"]) == ("42\n", first["kernel"], first["session"])
