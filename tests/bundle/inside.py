"""Runs in the bundle: imports every compiled module that it has and the gateway, and prints what it sees, as JSON."""

import importlib
import importlib.metadata
import json
import os
import sys
from pathlib import Path

packages = [Path(folder) for folder in sys.path if Path(folder).is_dir()]
compiled = [(folder, file) for folder in packages for file in folder.rglob("*.so") if ".libs" not in str(file)]
names = {".".join(file.relative_to(folder).with_name(file.name.split(".")[0]).parts) for folder, file in compiled}
names -= {name for name in names if name.startswith(("site-packages", "lib-dynload", "dist-packages"))}
for name in sorted(names):
    importlib.import_module(name)

import kernel_gateway.gatewayapp  # noqa: E402

maps = Path("/proc/self/maps").read_text() if Path("/proc/self/maps").exists() else ""
said = {
    "compiled": sorted(names),
    "file": kernel_gateway.gatewayapp.__file__,
    "prefix": sys.prefix,
    "executable": sys.executable,
    "arguments": sys.argv,
    "path": sys.path,
    "gateway": importlib.metadata.version("jupyter-kernel-gateway"),
    "provisioners": [
        entry.name for entry in importlib.metadata.entry_points(group="jupyter_client.kernel_provisioners")
    ],
    "environment": dict(os.environ),
    "libraries": sorted({line.split()[-1] for line in maps.splitlines() if ".so" in line}),
}
print(json.dumps(said))
