"""The contests of the pair itself: a plain server and a pair from the chart, as local processes side by side."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from .contests import MEGA, Contest, Goal, Sizes, ratio
from .measure import Command, Round

CELL_P50, CELL_P99, OUTPUT = "a cell, median", "a cell, 99th percentile", "an output of 100 MB"
LAB, CELL = "JupyterLab ready", "first cell"
GATEWAY, KERNEL = "gateway ready", "an ipykernel's start"


def of(kind: str, what: str) -> str:
    """The name of the measurement `what` on a `plain` server or a `pair`."""
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
    """(h) From the start of the containers, the gateway preinstalled in the user's image."""
    del folder, environment, sizes
    names = [of(kind, what) for what in (LAB, CELL) for kind in ("plain", "pair")] + [GATEWAY, KERNEL]
    pair, plain = of("pair", LAB), of("plain", LAB)
    return Contest(
        "h",
        "from the start of the containers, the gateway in the user's image",
        tuple(Command(name, ()) for name in names),
        {},
        (
            Goal(f"{LAB}, pair / plain", ratio(pair, plain), 1.0),
            Goal(f"{CELL}, pair / plain", ratio(of("pair", CELL), of("plain", CELL)), 1.15),
            Goal(f"{GATEWAY} / {KERNEL}", ratio(GATEWAY, KERNEL), 0.9),
            Goal("the gateway's memory before its first kernel", _megabytes(GATEWAY), 45, unit=" MB"),
            Goal("the notebook server's memory, plain", _megabytes(plain), unit=" MB"),
            Goal("the notebook server's memory, pair", _megabytes(pair), unit=" MB"),
            Goal("both in the pair over a plain server", _more(pair, GATEWAY, plain), unit=" MB"),
        ),
        rounds=7,
        inside=_program("starting"),
    )


def _program(what: str) -> Command:
    return Command("pair", (sys.executable, "-m", "bench.pair_rounds", what))


def _megabytes(name: str) -> Callable[[Round], float]:
    return lambda one: one[name].peak_bytes / MEGA


def _more(first: str, second: str, than: str) -> Callable[[Round], float]:
    return lambda one: (one[first].peak_bytes + one[second].peak_bytes - one[than].peak_bytes) / MEGA


CONTESTS = {"g": running, "h": starting}
