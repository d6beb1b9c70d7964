"""Runs a program without the privileges of root, so that the permissions of files hold; where there are none, as it is.

usage: python unprivileged.py PROGRAM ARGUMENT...; Linux's SECBIT_NOROOT (capabilities(7)) outlives exec.
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_SECUREBITS, SECBIT_NOROOT = 28, 1

if __name__ == "__main__":
    if os.geteuid() == 0 and ctypes.CDLL(None, use_errno=True).prctl(PR_SET_SECUREBITS, SECBIT_NOROOT, 0, 0, 0) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    os.execvp(sys.argv[1], sys.argv[1:])
