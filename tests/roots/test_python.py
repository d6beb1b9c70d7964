"""Roots with a Python of the user's: kernels are its own, and see nothing of the bundle."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.localpod import images
from tests.roots.container import IMAGE, USERS, Container, of_image

pytestmark = pytest.mark.xdist_group("roots")

PACKAGES = """
import importlib.metadata, json
print(json.dumps({found.metadata["Name"]: found.version for found in importlib.metadata.distributions()}))
"""
FACTS = (
    f"PACKAGES = {PACKAGES!r}"
    + """
import json, subprocess, sys
with open("/proc/self/environ") as variables:  # without what ipykernel sets for itself
    given = dict(one.split("=", 1) for one in variables.read().rstrip("\\0").split("\\0"))
listed = [sys.executable, "-m", "jupyter_client.kernelspecapp", "list", "--json"]
specs = json.loads(subprocess.run(listed, capture_output=True, text=True).stdout)["kernelspecs"]
print(json.dumps({
    "prefix": sys.prefix, "path": sys.path, "env": given,
    "packages": json.loads(subprocess.run([sys.executable, "-c", PACKAGES], capture_output=True).stdout),
    "specs": {name: spec["spec"]["argv"][1:] for name, spec in specs.items()},
}))
"""
)
# The second has a tornado, pyzmq and jupyter_client with which no gateway runs.
ENVIRONMENTS = ("user", "user-oldest")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What this machine has of the system's folders and links, as a root."""
    root = tmp_path_factory.mktemp("root")
    root.chmod(0o755)
    for name in ("bin", "sbin", "lib", "lib64"):
        if Path("/", name).is_symlink():
            (root / name).symlink_to(Path("/", name).readlink())
    return root


@pytest.mark.parametrize(("environment", "user"), [(name, user) for name in ENVIRONMENTS for user in USERS])
def test_a_kernel_is_the_images_own(root: Path, tmp_path: Path, environment: str, user: int) -> None:
    prefix = images.environment(environment)
    system = [Path("/", name) for name in ("bin", "sbin", "lib", "lib64") if not (root / name).is_symlink()]
    base = Path(sys.base_prefix) if sys.base_prefix != "/usr" else prefix
    folders = list(dict.fromkeys([Path("/usr"), Path("/etc"), *filter(Path.exists, system), base, prefix]))
    env = {**IMAGE, "PATH": f"{prefix}/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
    found = Container(root, env, user, image=folders).run(tmp_path, "python3", FACTS)
    assert found["code"] == 0, found["log"]
    facts: dict[str, Any] = json.loads(found["printed"])
    assert facts["prefix"] == str(prefix)
    assert [path for path in facts["path"] if "kernelpair" in path.removeprefix(str(images.cache_folder()))] == []
    assert of_image(facts["env"]) == {**env, "HOME": "/home/ann"}
    alone = subprocess.run([prefix / "bin/python3", "-c", PACKAGES], capture_output=True, check=True)
    assert facts["packages"] == json.loads(alone.stdout)
    assert found["specs"].keys() == facts["specs"].keys()
    for name, (argv, _) in found["specs"].items():
        assert argv[0] == f"{prefix}/bin/python"
        assert argv[1:] == facts["specs"][name]
    assert (found["bundle"], found["terminal"]) == ([], "1")
