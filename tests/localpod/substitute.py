"""Text substitutions: `$(VAR)` as Kubernetes does it, and mount paths for a pod without a mount namespace."""

from __future__ import annotations

import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"\$(?:(?P<dollar>\$)|\((?P<name>[^)]*)\))")


def expand(text: str, values: Mapping[str, str]) -> str:
    """Replace `$(NAME)` by its value; `$$` is a dollar sign, so `$$(NAME)` stays `$(NAME)`.

    An unknown name is left as it is, and any other dollar sign too
    (k8s.io/kubernetes/third_party/forked/golang/expansion).
    """

    def one(match: re.Match[str]) -> str:
        return "$" if match["dollar"] else values.get(match["name"], match[0])

    return _REFERENCE.sub(one, text)


class Paths:
    """Maps paths in the container to folders on this machine.

    There is no root and no mount namespace here, so a text that names a mounted path is changed instead: wherever a
    mount path stands as a whole or as the head of a longer path (`/run/x`, `--dir=/run/x/y`, `/a:/run/x`), but not
    inside another path or word (`/opt/run/x`, `/run/xy`, `http://host/run/x`). The longest mount path wins. A program
    that has such a path built in does not see the mount: that is this harness's limit.
    """

    def __init__(self, folders: Mapping[str, str]) -> None:
        self._folders = {path.rstrip("/"): folder for path, folder in folders.items()}
        longest_first = sorted(self._folders, key=len, reverse=True)
        inside = "|".join(map(re.escape, longest_first))
        self._pattern = re.compile(rf"(?<![\w./~-])(?:{inside})(?![\w.-])") if inside else None

    def __call__(self, text: str) -> str:
        """Return `text` with the mount paths in it replaced."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda match: self._folders[match[0]], text)
