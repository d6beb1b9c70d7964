"""The post-renderer: a byte stream of manifests in, the same stream with its pod templates split out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .errors import Problem, Rejected
from .plan import Change, Plan
from .yamltext import emit
from .yamltext.edit import rewrite

_ENDS_EXPLICITLY = re.compile(r"(?:^|[\r\n])\.\.\.[ \t]*(?:#[^\r\n]*)?[\r\n]*\Z")


def render(data: bytes, made: Plan) -> Iterator[bytes | memoryview]:
    """Yield the pieces of the rendered stream, which joined are the output.

    With nothing to change they are ``data`` itself. Bytes outside the edited spans are those of ``data``. Raises
    Rejected, before the first piece, with every problem of the stream.
    """
    problems = list(made.problems)
    pieces: list[bytes | memoryview] = []
    view, position = memoryview(data), 0
    for change in made.changes:
        try:
            text = _changed(change)
        except Rejected as rejected:
            document, source, label = change.document.index, change.source, change.object
            problems += rejected.within(document=document, source=source, object=label).problems
            continue
        pieces += [view[position : change.document.start], text.encode()]
        position = change.document.end
    if problems:
        raise Rejected(*sorted(problems, key=_place))
    return iter([*pieces, view[position:]])


def _place(problem: Problem) -> tuple[int, int]:
    return problem.document, problem.line


def _changed(change: Change) -> str:
    """The text of a changed document, with the ConfigMaps that it needs behind it."""
    text = rewrite(change.text, change.root, change.new)
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
