"""Times programs beside each other: rounds of A B A B, and what each process cost by the kernel's own account."""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

# Linux counts a process's peak in KiB, macOS in bytes.
_PEAK_UNIT = 1024 if os.uname().sysname == "Linux" else 1
POLL_SECONDS = 0.005


class Command(NamedTuple):
    """One program of a contest; `stdin` is fed to it through a pipe, as Helm does."""

    name: str
    argv: tuple[str, ...]
    stdin: Path | None = None


class Sample(NamedTuple):
    """What one run of a command cost."""

    seconds: float
    """From the start of the process to its end."""
    cpu_seconds: float = 0
    """User and system time, all threads; 0 where it isn't measured."""
    peak_bytes: int = 0
    """The most memory that was resident at once; 0 where it isn't measured."""


Round = Mapping[str, Sample]
"""One run of every command of a contest, by the command's name."""


class Spread(NamedTuple):
    """A figure over all rounds."""

    median: float
    low: float
    high: float


class Failed(Exception):
    """A command that is measured ended with an error, or its output is wrong."""


def run(command: Command, environment: Mapping[str, str], output: Path | None = None) -> Sample:
    """Run a command once, its standard output into the file `output` or dropped.

    Raises Failed when it exits with another code than 0. A child's peak begins with that of the process that starts
    it, so this process must stay smaller than what it measures.
    """
    target = os.devnull if output is None else output
    with Path(target).open("wb") as out, tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(
            command.argv,
            stdin=subprocess.PIPE if command.stdin else subprocess.DEVNULL,
            stdout=out,
            stderr=errors,
            env=environment,
        )
        feeder = threading.Thread(target=_feed, args=(command.stdin, process.stdin))
        feeder.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        feeder.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            errors.seek(0)
            raise Failed(f"{command.name}: exit code {process.returncode}: {errors.read().decode(errors='replace')}")
    return Sample(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _PEAK_UNIT)


def _feed(source: Path | None, pipe: IO[bytes] | None) -> None:
    """Copy a file into a pipe, a little at a time: this process must not hold what it feeds."""
    if source is None or pipe is None:
        return
    try:
        with source.open("rb") as file, pipe:
            shutil.copyfileobj(file, pipe)
    except BrokenPipeError:
        # The reader ended early; its exit code says why.
        return


def inside(program: Command, names: Sequence[str], count: int, environment: Mapping[str, str]) -> list[Round]:
    """Have a program run `count` rounds in itself, where starting a process would be most of the time.

    It gets the number as its last argument and prints a JSON list: for each round a mapping of every one of `names` to
    a `Sample`'s fields, of which the last two may be missing. Raises Failed when it exits with another code than 0 or
    prints anything else.
    """
    command = program._replace(argv=(*program.argv, str(count)))
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "rounds.json"
        run(command, environment, output)
        try:
            made = [{name: Sample(*one[name]) for name in names} for one in json.loads(output.read_text())]
        except (ValueError, KeyError, TypeError) as error:
            raise Failed(f"{program.name}: its output can't be read: {error!r}") from None
    if len(made) != count:
        raise Failed(f"{program.name}: {len(made)} rounds instead of {count}")
    return made


def spent(pid: int) -> tuple[float, int]:
    """Processor time in seconds, with that of children that ended, and resident bytes of a process (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK"), int(fields[21]) * os.sysconf("SC_PAGE_SIZE")


def answers_at(port: int, process: subprocess.Popen[bytes] | None = None) -> float:
    """The time of day at which something answers requests at a port of this machine, whatever it says.

    Raises Failed when `process`, which is to answer, has ended.
    """
    while process is None or process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api", timeout=10).close()
        except urllib.error.HTTPError:
            return time.time()
        except OSError:
            time.sleep(POLL_SECONDS)
        else:
            return time.time()
    raise Failed(f"nothing answers at port {port}: exit code {process.returncode}")


def own_peak_bytes() -> int:
    """The most memory that this process had resident at once; no child's peak is seen below it."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _PEAK_UNIT


def rounds(commands: Sequence[Command], count: int, environment: Mapping[str, str]) -> Iterator[Round]:
    """Yield `count` rounds; in each every command runs once, in the given order, nothing beside it."""
    for _ in range(count):
        yield {command.name: run(command, environment) for command in commands}


def spread(figure: Callable[[Round], float], measured: Sequence[Round]) -> Spread:
    """The median, the lowest and the highest of a figure that is worked out round by round."""
    figures = [figure(one) for one in measured]
    return Spread(statistics.median(figures), min(figures), max(figures))
