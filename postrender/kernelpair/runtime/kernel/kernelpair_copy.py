"""Copies the bundle that runs this into a folder: `start kernelpair_copy.py TARGET`, in an init container.

Guarantees:
- The copy is the whole tree: contents, links, times, who may execute; everybody may read it, whatever the umask is.
- What else is in TARGET goes, such as what an interrupted copy left. `start` comes last: what can be started is
  complete.
- Exit code 0 only then; else 1, and one line on stderr says what is wrong and what to do.

Standard library only, Python 3.9+.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
from pathlib import Path

START = "start"
MARK = "bundle.json"
ADVICE = {
    errno.ENOSPC: "make room on the node's disk, ",
    errno.EDQUOT: "raise the quota on the node's disk, ",
    errno.EROFS: "it must be a volume that can be written, as the emptyDir that kernelpair adds is, ",
    errno.EACCES: "this container's user must be able to write there, as everybody is in an emptyDir, ",
}
OTHERWISE = "or mount the bundle instead of copying it (gateway.bundle.mount: imageVolume or pvc)"


def copy(source: Path, target: Path) -> None:
    """Make `target`, a folder that exists, a copy of the folder `source`. Raises OSError at the first problem."""
    _remove(target / START)
    for entry in target.iterdir():
        _remove(entry)
    for entry in source.iterdir():
        if entry.name != START:
            _copy(entry, target / entry.name)
    unfinished = target / f".{START}"
    _copy(source / START, unfinished)
    unfinished.rename(target / START)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    found = source.lstat()
    if stat.S_ISLNK(found.st_mode):
        target.symlink_to(source.readlink())
    elif stat.S_ISDIR(found.st_mode):
        target.mkdir()
        for entry in source.iterdir():
            _copy(entry, target / entry.name)
        target.chmod(0o755)
    else:
        shutil.copyfile(source, target)
        target.chmod(0o755 if found.st_mode & 0o111 else 0o644)
        os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns))  # by it Python knows what is compiled to be fresh


def problem(error: OSError, target: Path) -> str:
    """What is wrong and what to do, in one line."""
    advice = ADVICE.get(error.errno or 0, "") + OTHERWISE
    return f"the bundle can't be copied to {target}: {error.strerror} ({error.filename}): {advice}"


def main(arguments: list[str]) -> int:
    """Copy the bundle whose Python runs this; returns the exit code."""
    bundle = Path(sys.prefix)
    if len(arguments) != 1 or not (bundle / MARK).is_file():
        usage = "run `start kernelpair_copy.py TARGET` with the start program of a bundle"
        print(f"kernelpair: {bundle} is no bundle, or not one TARGET is given: {usage}", file=sys.stderr)
        return 1
    target = Path(arguments[0])
    try:
        copy(bundle, target)
    except OSError as error:
        print(f"kernelpair: {problem(error, target)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
