"""Entry point of the console script and of `python -m kernelpair`."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    # A run is short and drops everything at its end: collecting garbage on the way, imports included, and taking the
    # interpreter apart afterwards would cost a fifth of its time.
    gc.disable()
    from .cli import main as run

    code = run()
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except OSError:
        sys.exit(code)
    os._exit(code)


if __name__ == "__main__":
    main()
