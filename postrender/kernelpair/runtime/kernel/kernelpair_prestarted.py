"""A Python kernel's process before there is a kernel: it has imported what an ipykernel imports, and waits.

It is started as kernels are, `python -m ipykernel_launcher -f FILE`, in a folder in which this file has that name
(kernelpair_prestart). One line on stdin, JSON with "cwd" and "env" (variables to add), makes a kernel of it.

Guarantees:
- The kernel is what it would be if it were started only now: command line, folder, variables, arguments, `sys.path`,
  modules, open files. (/proc/PID/environ lacks the added variables; `inspect.stack()` ends in a few frames more.)
- If anything has changed since in the places that modules come from, nothing that was imported is used: the program is
  run anew, in the same process.
- It ends without a word when stdin does, and when what an ipykernel imports can't be imported.

Standard library only, any Python 3.6+, as the user's image has it.
"""

import contextlib
import importlib
import json
import os
import runpy
import site
import sys
from pathlib import Path
from typing import Any, Dict

NEEDED = "ipykernel.kernelapp"
# What an ipykernel imports once it starts; which of these there are depends on its version.
LATER = ("ipykernel.ipkernel", "ipykernel.zmqshell", "IPython.core.completerlib")


def import_early() -> None:
    """Import what an ipykernel imports."""
    importlib.import_module(NEEDED)
    for name in LATER:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def seen() -> Dict[str, Any]:
    """What the places that modules come from look like: folders on `sys.path`, or that would be, and modules' files."""
    files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    found: Dict[str, Any] = {}
    for place in [*sys.path, site.getusersitepackages(), *files]:
        if isinstance(place, str):
            try:
                look = os.stat(place)  # noqa: PTH116 (hundreds of them)
                found[place] = (look.st_mtime_ns, look.st_size, look.st_ino)
            except OSError:
                found[place] = None
    return found


def line() -> bytes:
    """Return the line on stdin, of which nothing more is read; ends the process where there is none."""
    read = b""
    while not read.endswith(b"\n"):
        more = os.read(0, 4096)
        if not more:
            os._exit(0)
        read += more
    return read


def run_anew() -> None:
    """Run the program as if nothing had been imported."""
    words = Path("/proc/self/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    os.execv(sys.executable, words)  # noqa: S606 (the command that this process was started with)


def main() -> None:
    """Wait, and be the kernel."""
    Path(__file__).unlink()  # by which the gateway knows that this is it, and not the program
    sys.path_importer_cache.pop(sys.path.pop(0), None)
    try:
        import_early()
        before = seen()
    except BaseException:
        os._exit(1)  # as a kernel it will say why
    told = json.loads(line().decode())
    os.chdir(told["cwd"])
    os.environ.update(told["env"])
    if seen() != before:
        run_anew()
    sys.path.insert(0, str(Path.cwd()))
    runpy.run_module(__spec__.name, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
