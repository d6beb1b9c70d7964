"""Runs jupyter-kernel-gateway in the user's container, in the user image's own Python; standard library only, 3.9+.

Guarantees:
- The gateway's packages are on `sys.path` of this process only; kernels get the container's whole environment without
  our part of it (`KERNELPAIR_*`, `KG_*`, the token) and start in the notebook's folder when it exists here.
- Nothing is written to the user's home or environment on behalf of the gateway, and a finished installation is reused
  when the container restarts.
- Exit code 0 only after SIGTERM or SIGINT; else 1, so that restartPolicy OnFailure starts the container again.

Settings come from the environment (`Settings`); log lines go to stderr, with the seconds since the start.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Mapping, NamedTuple, NoReturn

sys.path.insert(0, str(Path(__file__).absolute().parent))  # not there under PYTHONSAFEPATH
import pair_token

del sys.path[0]

BEGAN = time.monotonic()
OURS = ("KERNELPAIR_", "KG_")
OLDEST_GATEWAY = 3
# What pip may take from the container's environment: where packages come from and how to get there.
PIP_KEEPS = (
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_CONSTRAINT", "PIP_CONFIG_FILE"),
    *("PIP_TRUSTED_HOST", "PIP_CERT", "PIP_CLIENT_CERT", "PIP_PROXY", "PIP_KEYRING_PROVIDER"),
    *("PIP_TIMEOUT", "PIP_DEFAULT_TIMEOUT", "PIP_RETRIES"),
)
PIP_ALWAYS = {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "PIP_NO_INPUT": "1", "PIP_NO_CACHE_DIR": "1"}
ADVICE = (
    "preinstall jupyter-kernel-gateway>=3 in the image (source: image), use the bundle, which needs no network, or"
    " check gateway.pip.indexUrl and gateway.timeouts.start"
)
LATE = {
    "install": f"pip was still installing the gateway: {ADVICE}",
    "serve": "the gateway did not answer: raise gateway.timeouts.start, or look above for what it was doing",
}


class Failure(Exception):
    """The gateway can't be started; the message is for whoever reads the container's log."""


class OutOfTime(BaseException):
    """The start took longer than it may; not an `Exception`, so that no library takes it for one of its own."""


class Settings(NamedTuple):
    """What the container's `KERNELPAIR_*` variables say."""

    port: int
    run: str
    source: str
    packages: Path
    requirement: str
    index_url: str
    constraints: str
    start_timeout: float

    @classmethod
    def read(cls, env: Mapping[str, str]) -> Settings:
        """Read them from `env`; raises `Failure` naming the first that is missing or wrong."""
        name = "?"
        try:
            values = []
            for field in cls._fields:
                name = NAMES.get(field, f"KERNELPAIR_{field.upper()}")
                text = env.get(name, "") if field in OPTIONAL else env[name]
                values.append(READ.get(field, str)(text))
        except KeyError:
            raise Failure(f"{name} is not set: this container was not made by kernelpair") from None
        except ValueError:
            raise Failure(f"{name}={env[name]!r} makes no sense here") from None
        return cls(*values)


def _source(value: str) -> str:
    if value not in ("auto", "image", "pip"):
        raise ValueError(value)
    return value


NAMES = {
    "requirement": "KERNELPAIR_PIP_REQUIREMENT",
    "index_url": "KERNELPAIR_PIP_INDEX_URL",
    "constraints": "KERNELPAIR_PIP_CONSTRAINTS",
}
OPTIONAL = ("index_url", "constraints")
READ: dict[str, Any] = {"port": int, "start_timeout": float, "source": _source, "packages": Path}


def say(message: str) -> None:
    """Write one log line."""
    print(f"kernelpair: [{time.monotonic() - BEGAN:.1f} s] {message}", file=sys.stderr, flush=True)


def stop_early(_signum: int, _frame: object) -> NoReturn:
    """End when told to before the gateway has its own handler; without one, process 1 would ignore SIGTERM."""
    say("told to stop while starting")
    sys.exit(0)


def out_of_time(_signum: int, _frame: object) -> NoReturn:
    """End the start from wherever it is."""
    raise OutOfTime


def in_image() -> str | None:
    """The version of a jupyter-kernel-gateway that the image has and that is new enough, or None."""
    if importlib.util.find_spec("kernel_gateway") is None:
        return None
    try:
        version = importlib.metadata.version("jupyter-kernel-gateway")
    except importlib.metadata.PackageNotFoundError:
        return None
    major = version.partition(".")[0]
    return version if major.isdigit() and int(major) >= OLDEST_GATEWAY else None


def installed(settings: Settings) -> Path:
    """The folder with the gateway's packages, installed by pip unless an earlier start of this pod finished that.

    The folder's name says what is in it and for which Python; it appears under that name only once complete.
    """
    key = repr((sys.version, sys.executable, settings.requirement, settings.constraints, settings.index_url))
    target = settings.packages / f"site-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    if target.is_dir():
        say(f"the gateway's packages are there from an earlier start: {target}")
        return target
    work = settings.packages / "unfinished"
    shutil.rmtree(work, ignore_errors=True)
    scratch = work / "tmp"
    scratch.mkdir(parents=True)
    say(f"installing {settings.requirement} into {settings.packages} with pip")
    _pip(settings, work / "site", scratch)
    (work / "site").rename(target)
    shutil.rmtree(work, ignore_errors=True)
    say("installed")
    return target


def pip_environment(settings: Settings, env: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """The environment for pip: the user's home, cache and pip options can't change what is installed or where.

    The image's and the operator's configuration still say where packages come from; `settings` wins over them.
    """
    kept = {
        name: value for name, value in env.items() if name in PIP_KEEPS or not name.startswith(("PIP_", "XDG_", *OURS))
    }
    kept.update(PIP_ALWAYS, HOME=str(scratch), TMPDIR=str(scratch))
    if settings.index_url:  # by environment, for it may hold a password and arguments are for all to see
        kept["PIP_INDEX_URL"] = settings.index_url
    return kept


def _pip(settings: Settings, target: Path, scratch: Path) -> None:
    if importlib.util.find_spec("pip") is None:
        raise Failure(f"{sys.executable} has no pip to install the gateway with: {ADVICE}")
    command = [sys.executable, "-I", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    # Not compiled beforehand: the gateway imports a fraction of it, and the next start finds that part compiled.
    command += ["--no-compile", "--target", str(target), settings.requirement]
    if settings.constraints:
        command += ["--constraint", settings.constraints]
    pip = subprocess.Popen(
        command, env=pip_environment(settings, os.environ, scratch), stdout=sys.stderr, start_new_session=True
    )
    try:
        code = pip.wait()
    finally:
        if pip.poll() is None:
            os.killpg(pip.pid, signal.SIGKILL)
            pip.wait()
    if code != 0:
        raise Failure(f"pip could not install {settings.requirement} (exit code {code}, its words are above): {ADVICE}")


def provide(settings: Settings) -> None:
    """Make `import kernel_gateway` work in this process, from the source that the settings name."""
    version = in_image() if settings.source != "pip" else None
    if version is not None:
        say(f"the image has jupyter-kernel-gateway {version}")
    elif settings.source == "image":
        raise Failure(f"{sys.executable} has no jupyter-kernel-gateway >= {OLDEST_GATEWAY}, and source is image")
    else:
        sys.path.insert(0, str(installed(settings)))
        importlib.invalidate_caches()
    # jsonschema uses this package only if it is there, and importing it takes three quarters of the gateway's start.
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]


def kernel_environment(env: Mapping[str, str]) -> list[str]:
    """The names of the variables that kernels inherit: the container's own, without those meant for the gateway."""
    return [name for name in env if not name.startswith(OURS)]


def gateway(port: int, token: str) -> Any:
    """Make the gateway, configured and listening on 127.0.0.1; `start()` runs it until it is told to stop."""
    from kernel_gateway.gatewayapp import KernelGatewayApp
    from kernel_gateway.services.kernels.manager import SeedingMappingKernelManager
    from traitlets.config import Config

    class PairKernelManager(SeedingMappingKernelManager):  # type: ignore[misc]
        """Starts each kernel in the folder that the notebook server names."""

        async def start_kernel(self, *args: Any, **kwargs: Any) -> Any:
            env = kwargs.get("env") or {}
            folder = env.pop("KERNEL_WORKING_DIR", "")
            env.pop("KERNEL_LAUNCH_TIMEOUT", None)  # the gateway client's own
            if folder and Path(folder).is_dir():
                kwargs["cwd"] = folder
            return await super().start_kernel(*args, **kwargs)

    class PairGateway(KernelGatewayApp):  # type: ignore[misc]
        """Knows whether it was told to stop."""

        told = False

        def init_configurables(self) -> None:
            self.auth_token = token  # here rather than in the configuration, which debug logs print
            self.cookie_secret = os.urandom(32)  # else it shares a file in the home with the notebook server
            super().init_configurables()

        def stop(self, from_signal: bool = False) -> None:
            self.told = self.told or from_signal
            super().stop(from_signal)

    # As if given on the command line: what configuration files in the image or the home say doesn't count.
    config = Config()
    config.KernelGatewayApp.update(
        ip="127.0.0.1", port=port, port_retries=0, base_url="/", kernel_manager_class=PairKernelManager
    )
    config.KernelGatewayApp.env_process_whitelist = kernel_environment(os.environ)
    config.JupyterWebsocketPersonality.list_kernels = True
    app = PairGateway.instance(config=config)
    app.initialize(argv=[])
    return app


def check_kernels(app: Any, ipykernel: bool) -> None:
    """Raise `Failure` if this image can run no kernel, say so if it can't run Python ones."""
    if ipykernel:
        return
    missing = f"{sys.executable} has no ipykernel: install it in the image (python -m pip install ipykernel)"
    names = sorted(app.kernel_spec_manager.find_kernel_specs())
    if not names:
        raise Failure(f"no kernel can run in this image: {missing}")
    say(f"Python notebooks can't run in this image, only {', '.join(names)}: {missing}")


def run() -> int:
    """Start the gateway, wait for its end; returns the exit code."""
    signal.signal(signal.SIGTERM, stop_early)
    signal.signal(signal.SIGINT, stop_early)
    signal.signal(signal.SIGALRM, out_of_time)
    settings = Settings.read(os.environ)
    signal.setitimer(signal.ITIMER_REAL, settings.start_timeout)
    stage = "install"
    try:
        say(f"Python {sys.version.split()[0]} at {sys.executable}")
        for name in [name for name in os.environ if name.startswith(OURS)]:
            del os.environ[name]
        ipykernel = importlib.util.find_spec("ipykernel") is not None
        provide(settings)
        (Path(settings.run) / "started").write_text(str(time.time_ns()))
        stage = "serve"
        app = gateway(settings.port, pair_token.token(settings.run))
        check_kernels(app, ipykernel)
        signal.setitimer(signal.ITIMER_REAL, 0)
    except OutOfTime:
        raise Failure(f"not ready within {settings.start_timeout:g} s: {LATE[stage]}") from None
    app.io_loop.add_callback(say, f"the gateway answers on 127.0.0.1:{settings.port}")
    signal.signal(signal.SIGINT, lambda _signum, _frame: app.stop(from_signal=True))
    app.start()
    say("stopped, as told" if app.told else "the gateway ended by itself")
    return 0 if app.told else 1


def main() -> NoReturn:
    """Run, and turn whatever ends it into an exit code."""
    try:
        code = run()
    except (Failure, pair_token.TokenError, OSError) as error:
        say(str(error))
        code = 1
    sys.exit(code)


if __name__ == "__main__":
    main()
