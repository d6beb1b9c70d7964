"""The contest of the bundle: how long a gateway takes alone until it answers, beside an ipykernel of the same image."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from .contests import Contest, Goal, Sizes, megabytes, ratio, seconds
from .measure import Command

KERNEL, BUNDLE, IMAGE = "an ipykernel's start", "gateway ready, in the bundle", "gateway ready, in the user's image"
CHECK, COPY = "the bundle's hashes, compared", "the bundle, copied"


def on_one_core(name: str) -> str:
    """The name of a measurement where only one core may be used."""
    return f"{name}, one core"


ON_ONE_CORE = (KERNEL, BUNDLE, CHECK)
NAMES = (KERNEL, BUNDLE, IMAGE, CHECK, COPY, *map(on_one_core, ON_ONE_CORE))


def alone(folder: Path, environment: Mapping[str, str], sizes: Sizes) -> Contest:
    """(i) Each of them alone, from the start of its process; its files have been read before."""
    del folder, environment, sizes
    return Contest(
        "i",
        "the gateway alone, in the bundle and in the user's image",
        tuple(Command(name, ()) for name in NAMES),
        {},
        (
            Goal(f"{BUNDLE} / {KERNEL}", ratio(BUNDLE, KERNEL), 0.8),
            Goal(f"{IMAGE} / {KERNEL}", ratio(IMAGE, KERNEL)),
            Goal(f"{BUNDLE} / {KERNEL}, one core", ratio(on_one_core(BUNDLE), on_one_core(KERNEL))),
            Goal("memory before the first kernel, in the bundle", megabytes(BUNDLE), 40, unit=" MB"),
            Goal("memory before the first kernel, in the user's image", megabytes(IMAGE), unit=" MB"),
            Goal(f"{COPY}, into an empty folder", seconds(COPY), 0.5, unit=" s"),
            Goal(f"{CHECK}, alone", seconds(CHECK), unit=" s"),
        ),
        rounds=11,
        inside=Command("bundle", (sys.executable, "-m", "bench.bundle_rounds")),
    )


CONTESTS = {"i": alone}
