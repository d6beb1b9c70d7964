"""What the launcher is told, and how it tells: the container's settings, failures and log lines."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any, Callable, Mapping, NamedTuple

BEGAN = time.monotonic()
OURS = ("KERNELPAIR_", "KG_")


class Failure(Exception):
    """The gateway can't be started; the message is for whoever reads the container's log."""


class Settings(NamedTuple):
    """What the container's `KERNELPAIR_*` variables say."""

    port: int
    run: str
    source: str
    packages: Path
    requirement: str
    index_url: str
    constraints: str
    ca_certificate: str
    start_timeout: float
    memory_guard: str
    prestart: str
    cgroup: str

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


def _one_of(*values: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in values:
            raise ValueError(value)
        return value

    return read


NAMES = {
    "requirement": "KERNELPAIR_PIP_REQUIREMENT",
    "index_url": "KERNELPAIR_PIP_INDEX_URL",
    "constraints": "KERNELPAIR_PIP_CONSTRAINTS",
    "ca_certificate": "KERNELPAIR_PIP_CA_CERTIFICATE",
}
OPTIONAL = ("index_url", "constraints", "ca_certificate", "memory_guard", "prestart", "cgroup")
READ: dict[str, Any] = {
    "port": int,
    "start_timeout": float,
    "source": _one_of("auto", "image", "bundle", "pip"),
    "packages": Path,
    "memory_guard": _one_of("", "true", "false"),
    "prestart": _one_of("", "auto", "true", "false"),
}


def say(message: str) -> None:
    """Write one log line."""
    print(f"kernelpair: [{time.monotonic() - BEGAN:.1f} s] {message}", file=sys.stderr, flush=True)


def kernel_environment(env: Mapping[str, str]) -> list[str]:
    """The names of the variables that kernels inherit: the container's own, without those meant for the gateway."""
    return [name for name in env if not name.startswith(OURS)]
