"""Runs jupyter-kernel-gateway in the user's container, in a bundle's Python or the image's own; standard library, 3.9+.

Guarantees:
- The gateway's packages are on `sys.path` of this process only; kernels get the container's whole environment without
  our part of it (`KERNELPAIR_*`, `KG_*`, the token) and start in the notebook's folder when it exists here.
- Nothing is written to the user's home or environment on behalf of the gateway, and a finished installation is reused
  when the container restarts.
- A bundle that isn't what its list of hashes says doesn't serve.
- Exit code 0 only after SIGTERM or SIGINT; else 1, so that restartPolicy OnFailure starts the container again.

Settings come from the environment (kernelpair_settings); log lines go to stderr, with the seconds since the start.
"""

from __future__ import annotations

import gc
import importlib.util
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).absolute().parent))  # not there under PYTHONSAFEPATH
if __name__ == "__main__":
    gc.disable()  # until the gateway answers: what it imports stays, and isn't looked through for garbage
import kernelpair_bundle
import kernelpair_cgroup
import kernelpair_labextensions
import kernelpair_memory
import kernelpair_prestart
import kernelpair_standins
import kernelpair_token
from kernelpair_deaths import Deaths
from kernelpair_image import Image
from kernelpair_orphans import Reaper, of_kernels
from kernelpair_packages import ADVICE, provide
from kernelpair_settings import OURS, Failure, Settings, say
from kernelpair_state import State

PYTHON = "python3"  # the name of Python's kernelspec

LATE = {
    "install": f"pip was still installing the gateway: {ADVICE}",
    "serve": "the gateway did not answer: raise gateway.timeouts.start, or see its log for what it was doing",
}


class OutOfTime(BaseException):
    """The start took longer than it may; not an `Exception`, so that no library takes it for one of its own."""


def stop_early(_signum: int, _frame: object) -> NoReturn:
    """End when told to before the gateway has its own handler; without one, process 1 would ignore SIGTERM."""
    say("told to stop while starting")
    sys.exit(0)


def out_of_time(_signum: int, _frame: object) -> NoReturn:
    """End the start from wherever it is."""
    raise OutOfTime


def lacking(bundle: kernelpair_bundle.Bundle | None) -> str:
    """Return why no ipykernel can run in this image; "" if one can. Before the gateway's packages are on `sys.path`."""
    if bundle is None:
        return "" if importlib.util.find_spec("ipykernel") else f"{sys.executable} has no ipykernel"
    image = Image(os.environ)
    if image.ipykernel():
        return ""
    pythons = ", ".join(str(python.executable) for python in image.pythons)
    return f"no ipykernel in the packages of {pythons}" if pythons else "no python3 or python on PATH"


def check_kernels(specs: Any, lacks: str) -> None:
    """Raise `Failure` if this image can run no kernel, say so if it can't run Python ones."""
    names = sorted(specs.find_kernel_specs())
    if not names:
        places = ", ".join(specs.kernel_dirs)
        raise Failure(
            f"no kernel can run in this image: {lacks}, and no kernelspec in {places}: install ipykernel in the image"
            " (python -m pip install ipykernel), or another kernel with its kernelspec in one of these folders"
        )
    if lacks and PYTHON not in names:
        say(f"Python notebooks can't run in this image, only {', '.join(names)}: {lacks}")


def begin(settings: Settings, state: State, deaths: Deaths) -> Any:
    """Make the gateway, listening; raises `Failure` if it can't be or mustn't serve."""
    stage = "install"
    bundle = kernelpair_bundle.running()
    kept = kernelpair_bundle.kept(os.environ)
    for name in [name for name in os.environ if name.startswith(OURS)]:
        del os.environ[name]
    try:
        if bundle is not None:
            bundle.begin_check()
        say(f"Python {sys.version.split()[0]} at {sys.executable}")
        state.doing("starting the gateway")
        kernelpair_labextensions.begin(dict(os.environ), settings.packages)
        lacks = lacking(bundle)
        provide(settings, state, bundle)
        state.doing("starting the gateway")
        state.started(str(time.time_ns()))
        stage = "serve"
        if bundle is not None:
            kernelpair_standins.put()
        from kernelpair_app import gateway

        kernelpair_bundle.give_back(kept, os.environ)  # not before, for what was imported reads some of them
        connections = Path(settings.run) / f"connections-{os.getuid()}"  # an earlier image's user may have its own
        token = kernelpair_token.token(settings.run)
        app = gateway(settings.port, token, connections, deaths.died, images_own=bundle is None)
        if bundle is not None:
            bundle.end_check()
        check_kernels(app.kernel_spec_manager, lacks)
    except OutOfTime:
        raise Failure(f"not ready within {settings.start_timeout:g} s: {LATE[stage]}") from None
    except Exception:
        if bundle is not None:
            bundle.end_check()  # a damaged one fails in any way, and this says the reason
        raise
    return app


def run(state: State) -> int:
    """Start the gateway, wait for its end; returns the exit code."""
    signal.signal(signal.SIGTERM, stop_early)
    signal.signal(signal.SIGINT, stop_early)
    signal.signal(signal.SIGALRM, out_of_time)
    settings = Settings.read(os.environ)
    signal.setitimer(signal.ITIMER_REAL, settings.start_timeout)
    deaths = Deaths(settings.run)
    deaths.previous_run()  # before this one leaves its mark, by which the notebook server knows it
    app = begin(settings, state, deaths)
    signal.setitimer(signal.ITIMER_REAL, 0)
    state.ready()
    gc.freeze()
    gc.enable()
    manager = app.kernel_manager
    cgroup = kernelpair_cgroup.find(settings.cgroup)
    unwatch = kernelpair_memory.watch(settings, cgroup, deaths, manager.leaders, manager.prestart.drop)
    app.io_loop.add_callback(say, f"the gateway answers on 127.0.0.1:{settings.port}")
    if kernelpair_prestart.wanted(settings.prestart, cgroup):
        app.io_loop.add_callback(manager.start_early)
    app.io_loop.add_callback(Reaper(lambda: of_kernels(manager)).run)
    app.start()
    unwatch()
    say("stopped, as told" if app.told else "the gateway ended by itself")
    return 0 if app.told else 1


def main() -> NoReturn:
    """Run, turn whatever ends it into an exit code, and leave the reason of a failure to the notebook server."""
    state = State(os.environ.get("KERNELPAIR_RUN") or os.devnull)  # which holds no files, as there is nobody to tell
    try:
        code = run(state)
    except (Failure, kernelpair_token.TokenError, OSError) as error:
        say(str(error))
        state.failed(str(error))
        code = 1
    except Exception as error:
        state.failed(f"the gateway failed: {type(error).__name__}: {error}")
        raise
    except SystemExit as end:
        if end.code:
            state.failed(f"the gateway ended with exit code {end.code}; the container's log says why")
        raise
    finally:
        state.stopped()
    sys.exit(code)


if __name__ == "__main__":
    main()
