"""What a Python is: runs in a kernel, and in the same container without a gateway; the same facts shall come of both.

Text rather than an import, for neither has this folder. JSON on stdout.
"""

import json
import subprocess
import sys

LIST = """
import json, os, sys
try:
    from importlib import metadata
    found = {one.metadata["Name"]: one.version for one in metadata.distributions()}
except ImportError:
    found = {}
try:
    from jupyter_client.kernelspec import KernelSpecManager
    manager = KernelSpecManager()
    specs = {name: spec["spec"]["argv"] for name, spec in manager.get_all_specs().items()}
    places = manager.kernel_dirs
except ImportError:
    specs, places = {}, []
print(json.dumps({
    "packages": found, "specs": specs, "places": places, "path": sys.path[1:], "prefix": sys.prefix,
    "version": sys.version, "base": sys.base_prefix,
}))
"""
with open("/proc/self/environ") as variables:  # noqa: PTH123 (without what ipykernel sets for itself)
    env = dict(one.split("=", 1) for one in variables.read().rstrip("\0").split("\0"))
listed = subprocess.run([sys.executable, "-c", LIST], stdout=subprocess.PIPE, check=True, env=env)
print(json.dumps({"env": env, "prefix_here": sys.prefix, **json.loads(listed.stdout)}))
