"""Where the gateway's packages come from: the image, or pip into a folder of its own."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Mapping, Optional

from kernelpair_bundle import Bundle
from kernelpair_settings import OURS, Failure, Settings, say
from kernelpair_state import WIDTH, State

OLDEST_GATEWAY = 3
# jsonschema uses these only if they are there, for formats that no notebook has. The first takes three quarters of the
# gateway's start, the second 3 MB, the third a twentieth.
NEEDLESS = ("rfc3987_syntax", "isoduration", "rfc3986_validator", "webcolors", "jsonpointer", "fqdn", "uri_template")
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


def installed(settings: Settings, state: State) -> Path:
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
    state.doing(f"installing {settings.requirement} with pip")
    _pip(settings, work / "site", scratch, state)
    (work / "site").rename(target)
    shutil.rmtree(work, ignore_errors=True)
    state.lines.clear()
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
    if settings.ca_certificate:
        kept["PIP_CERT"] = settings.ca_certificate
    return kept


def _pip(settings: Settings, target: Path, scratch: Path, state: State) -> None:
    if importlib.util.find_spec("pip") is None:
        raise Failure(f"{sys.executable} has no pip to install the gateway with: {ADVICE}")
    if settings.ca_certificate and not Path(settings.ca_certificate).is_file():
        raise Failure(f"this image has no file {settings.ca_certificate}, which gateway.pip.caCertificate names")
    command = [sys.executable, "-I", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    # Not compiled beforehand: the gateway imports a fraction of it, and the next start finds that part compiled.
    command += ["--no-compile", "--target", str(target), settings.requirement]
    if settings.constraints:
        command += ["--constraint", settings.constraints]
    pip = subprocess.Popen(
        command,
        env=pip_environment(settings, os.environ, scratch),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        for line in pip.stdout or ():
            print(line, end="", file=sys.stderr, flush=True)
            state.lines.append(line.rstrip()[:WIDTH])
        code = pip.wait()
    finally:
        if pip.poll() is None:
            os.killpg(pip.pid, signal.SIGKILL)
            pip.wait()
    if code != 0:
        raise Failure(f"pip could not install {settings.requirement} (exit code {code}): {ADVICE}")


def provide(settings: Settings, state: State, bundle: Optional[Bundle]) -> None:
    """Make `import kernel_gateway` work in this process, from the source that the settings name."""
    if bundle is not None:
        say(f"the bundle has jupyter-kernel-gateway {bundle.gateway}")
        return
    version = in_image() if settings.source != "pip" else None
    if version is not None:
        say(f"the image has jupyter-kernel-gateway {version}")
    elif settings.source == "image":
        raise Failure(f"{sys.executable} has no jupyter-kernel-gateway >= {OLDEST_GATEWAY}, and source is image")
    else:
        sys.path.insert(0, str(installed(settings, state)))
        importlib.invalidate_caches()
    for name in NEEDLESS:
        sys.modules[name] = None  # type: ignore[assignment]
