"""The contests of the pair itself: a plain server and a pair from the chart, as local processes side by side."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from .contests import MEGA, Contest, Goal, Sizes, megabytes, ratio
from .measure import Command, Round

CELL_P50, CELL_P99, OUTPUT = "a cell, median", "a cell, 99th percentile", "an output of 100 MB"
LAB, CELL = "JupyterLab ready", "first cell"
GATEWAY = "gateway ready"
PREINSTALLED = "pair, preinstalled"
SOURCES = {"pair": "bundle", PREINSTALLED: "image"}
"""Where the gateway of each kind of pair comes from."""
LEAN = "plain, lean"
"""A plain server without the packages that our front-end image leaves out."""


def of(kind: str, what: str) -> str:
    """The name of the measurement `what` on a `plain` server or a kind of pair."""
    return f"{kind}: {what}"


def running(folder: Path, environment: Mapping[str, str], sizes: Sizes) -> Contest:
    """(g) Cells and a large output on servers that run."""
    del folder, environment, sizes
    names = [of(kind, what) for what in (CELL_P50, CELL_P99, OUTPUT) for kind in ("plain", "pair")]
    return Contest(
        "g",
        "cells and outputs, on a plain server and on a pair",
        tuple(Command(name, ()) for name in names),
        {},
        (
            Goal(f"{CELL_P50}, pair / plain", ratio(of("pair", CELL_P50), of("plain", CELL_P50)), 1.05),
            Goal(f"{CELL_P99}, pair / plain", ratio(of("pair", CELL_P99), of("plain", CELL_P99)), 1.05),
            Goal(
                f"{OUTPUT}, throughput, pair / plain",
                ratio(of("plain", OUTPUT), of("pair", OUTPUT)),
                0.9,
                at_least=True,
            ),
        ),
        rounds=7,
        inside=_program("running"),
    )


def starting(folder: Path, environment: Mapping[str, str], sizes: Sizes) -> Contest:
    """(h) From the start of the containers: plain, the gateway in a bundle that is there, the gateway in the image."""
    del folder, environment, sizes
    names = [of(kind, what) for what in (LAB, CELL) for kind in ("plain", LEAN, *SOURCES)]
    names += [of(kind, GATEWAY) for kind in SOURCES]
    pair, plain, lean = of("pair", LAB), of("plain", LAB), of(LEAN, LAB)
    return Contest(
        "h",
        "from the start of the containers, the bundle mounted; and the gateway in the user's image",
        tuple(Command(name, ()) for name in names),
        {},
        (
            Goal(f"{LAB}, pair / {LEAN}", ratio(pair, lean), 1.0),
            Goal(f"{LAB}, pair / plain", ratio(pair, plain)),
            Goal(f"{CELL}, pair / {LEAN}", ratio(of("pair", CELL), of(LEAN, CELL)), 1.0),
            Goal(f"{CELL}, pair / plain", ratio(of("pair", CELL), of("plain", CELL))),
            Goal(f"{CELL}, {PREINSTALLED} / {LEAN}", ratio(of(PREINSTALLED, CELL), of(LEAN, CELL)), 1.15),
            Goal("the notebook server's memory, plain", megabytes(plain), unit=" MB"),
            Goal(f"the notebook server's memory, {LEAN}", megabytes(lean), unit=" MB"),
            Goal("the notebook server's memory, pair", megabytes(pair), unit=" MB"),
            Goal(
                f"both in the pair over a server that is {LEAN}", _more(pair, of("pair", GATEWAY), lean), 45, unit=" MB"
            ),
        ),
        rounds=7,
        inside=_program("starting"),
    )


def _program(what: str) -> Command:
    return Command("pair", (sys.executable, "-m", "bench.pair_rounds", what))


def _more(first: str, second: str, than: str) -> Callable[[Round], float]:
    return lambda one: (one[first].peak_bytes + one[second].peak_bytes - one[than].peak_bytes) / MEGA


CONTESTS = {"g": running, "h": starting}
