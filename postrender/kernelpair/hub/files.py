"""The files that a hub needs: the loader, and the package as far as it runs in hubs."""

from __future__ import annotations

import os

FOLDER = "/usr/local/etc/kernelpair"
"""Where the hub's ConfigMap is mounted."""

_LOADER = f"{FOLDER}/load.py"
_MISSING = f"print('kernelpair: USER PODS ARE NOT SPLIT: {FOLDER} is not mounted')"

LINE = f'exec(open("{_LOADER}").read() if __import__("os").path.isfile("{_LOADER}") else "{_MISSING}")  # kernelpair'
"""The line at the end of jupyterhub_config.py, after extraConfig, that loads the hook.

Where the files aren't there (a pod of the old Deployment that starts anew in the middle of an upgrade), the hub starts
all the same, and says it. Any Python 3 can read the line.
"""

SETTINGS = "settings.json"
VERSION = 1
"""Of settings.json: {"version", "settings", "runtime", "namespace"}."""

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 (start-up time)


def hub_files() -> dict[str, str]:
    """Return path below `FOLDER` -> text of everything that goes there but settings.json, sorted by path."""
    package = {"kernelpair/__init__.py": "__init__.py"}
    for folder in ("core", "hub"):
        names = sorted(name for name in os.listdir(os.path.join(_PACKAGE, folder)) if name.endswith(".py"))  # noqa: PTH118, PTH208
        package.update({f"kernelpair/{folder}/{name}": f"{folder}/{name}" for name in names})
    del package["kernelpair/hub/load.py"]
    return {path: _text(source) for path, source in sorted({**package, "load.py": "hub/load.py"}.items())}


def settings_file(settings: object, runtime: str, namespace: str) -> str:
    """Return the text of settings.json.

    ``settings`` is the kernelGateway block as written, ``runtime`` the name of the runtime ConfigMap, ``namespace`` the
    one that the manifests give it, "" where they leave it to the release. The order of keys stays: a variable in
    ``kernel.env`` may refer to those before it.
    """
    import json

    held = {"version": VERSION, "settings": settings, "runtime": runtime, "namespace": namespace}
    return json.dumps(held, indent=1, ensure_ascii=True) + "\n"


def _text(source: str) -> str:
    with open(os.path.join(_PACKAGE, source), encoding="utf-8") as file:  # noqa: PTH118, PTH123
        return file.read()
