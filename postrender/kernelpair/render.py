"""The post-renderer: a byte stream of manifests in, the same stream with its pod templates split out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .errors import Rejected
from .plan import Change, Plan
from .yamltext import emit

_ENDS_EXPLICITLY = re.compile(r"(?:^|[\r\n])\.\.\.[ \t]*(?:#[^\r\n]*)?[\r\n]*\Z")


def render(data: bytes, made: Plan) -> list[bytes | memoryview]:
    """Return the pieces of the rendered stream, which joined are the output.

    With nothing to change they are ``data`` itself. Bytes outside the edited spans are those of ``data``. Raises
    Rejected with every problem of the plan.
    """
    if made.problems:
        raise Rejected(*made.problems)
    # All of them before the first is given away: an error must not leave half a stream.
    return list(_pieces(memoryview(data), made.changes))


def _pieces(view: memoryview, changes: list[Change]) -> Iterator[bytes | memoryview]:
    position = 0
    for change in changes:
        yield view[position : change.document.start]
        yield _changed(change).encode()
        position = change.document.end
    yield view[position:]


def _changed(change: Change) -> str:
    """The text of a changed document, with the ConfigMaps that it needs behind it."""
    text = change.text
    if not change.added:
        return text
    newline = "\r\n" if "\r\n" in text else "\n"
    # Whatever follows an explicit end may lack a `---` of its own.
    closing = f"...{newline}" if _ENDS_EXPLICITLY.search(text) else ""
    start = "" if text.endswith(("\n", "\r")) else newline
    documents = "".join(_document(config, change.source, newline) for config in change.added)
    return f"{text}{start}{documents}{closing}"


def _document(config: dict[str, Any], source: str, newline: str) -> str:
    """A new document; Helm 3 finds the template that it belongs to in the comment (``--show-only``)."""
    comment = f"# Source: {source}{newline}" if source else ""
    return f"---{newline}{comment}{emit.block(config, newline=newline, layout=emit.Layout(literal=True))}{newline}"
