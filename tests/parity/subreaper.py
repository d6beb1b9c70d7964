"""Runs a program as the process that orphans are left to, as process 1 of a container is; without any privilege.

usage: python subreaper.py PROGRAM ARGUMENT...; Linux's PR_SET_CHILD_SUBREAPER outlives exec.
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_CHILD_SUBREAPER = 36

if __name__ == "__main__":
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    os.execvp(sys.argv[1], sys.argv[1:])
