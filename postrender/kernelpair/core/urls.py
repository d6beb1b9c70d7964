"""The page that a user's server opens, as the pod says it: some pages only the user's image can serve."""

from __future__ import annotations

import re
from typing import Any

from .pods import items, literal, user_container
from .reasons import Finding, Reason
from .settings import Settings

VARIABLE = "JUPYTERHUB_DEFAULT_URL"
# --ServerApp.default_url=/x, --NotebookApp.default_url /x, and the same inside a script.
_ARGUMENT = re.compile(r"\.default_url(?:=|\s+)[\"']?([^\s\"']+)")


def plain_page(pod: dict[str, Any], settings: Settings, of_spawner: str = "", hint: str = "") -> Finding | None:
    """Return why ``pod``, which is no pair, stays plain: it opens a page of the user's image. None for other pages.

    ``of_spawner`` is the page that the hub's spawner says, ``hint`` as for `user_container`.
    """
    index, _ = user_container(pod, hint)
    if index < 0:
        return None
    url = plain_url(default_urls(pod["spec"]["containers"][index], of_spawner), settings["plainUrls"])
    return Finding(Reason.PLAIN_URL, f"spec.containers[{index}]", url) if url else None


def default_urls(container: dict[str, Any], of_spawner: str) -> list[str]:
    """Return every default URL that the user's ``container`` is started with, each with a leading slash.

    They stand in its arguments and in its variable; where that isn't a literal, what the spawner says counts. [] means
    the server's own default.
    """
    started = " ".join(str(word) for word in items(container, "command") + items(container, "args"))
    found = [*_ARGUMENT.findall(started), literal(container, VARIABLE) or of_spawner]
    return [f"/{url.lstrip('/')}" for url in found if url]


def plain_url(urls: list[str], plain: list[str]) -> str:
    """Return the first of ``urls`` that one of the prefixes ``plain`` matches, or "".

    A prefix ends where a part of the path ends: /rstudio matches /rstudio, /rstudio/ and /rstudio?x=1, not /rstudios.
    """
    prefixes = [f"/{prefix.strip('/')}" for prefix in plain]
    return next((url for url in urls if any(_starts(url, prefix) for prefix in prefixes)), "")


def _starts(url: str, prefix: str) -> bool:
    return url.startswith(prefix) and (prefix == "/" or url[len(prefix) : len(prefix) + 1] in ("", "/", "?", "#"))
