"""The inverse of the post-renderer, for whoever holds only its result: pairs become plain pods again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from . import targets
from .core import names
from .core.reasons import Refused
from .core.split import undo
from .errors import Problem, Rejected
from .releases.fit import unfit
from .releases.record import ANNOTATION, UnreadableError
from .runtimefiles import is_ours
from .targets import Found, Kinds
from .yamltext.documents import decode, documents_mentioning
from .yamltext.edit import rewrite
from .yamltext.nodes import compose, value

# What a pair, a fitted hub or a ConfigMap of ours holds; JSON may write the slash as backslash and slash.
_MENTION = re.compile(rb"kernelpair(?:/(?:status|runtime|hub)|\\)|# kernelpair")


def take_back(data: bytes, kinds: Kinds = targets.KINDS) -> Iterator[bytes | memoryview]:
    """Yield the pieces of the stream with every pair and every hub taken back and our ConfigMaps gone.

    ``value(undone) == value(before)`` for every object; what kernelpair didn't change stays to the byte. Raises
    Rejected, before the first piece, with every problem of the stream.
    """
    problems: list[Problem] = []
    pieces: list[bytes | memoryview] = []
    view, position = memoryview(data), 0
    for document in documents_mentioning(data, _MENTION):
        try:
            text = decode(data, document)
            root = compose(text, document=document.index, first_line=document.line)
            old = value(root) if root else None
            new = _plain(old, kinds)
            # Only a document that changes is written anew.
            changed = "" if is_ours(old) else rewrite(text, root, new) if root and new is not old else text
        except Rejected as rejected:
            problems += rejected.within(document=document.index).problems
            continue
        pieces += [view[position : document.start], changed.encode()]
        position = document.end
    if problems:
        raise Rejected(*problems)
    return iter([*pieces, view[position:]])


def _plain(document: Any, kinds: Kinds) -> Any:
    """The document's object with its pods taken back; itself when there is none."""
    made = document
    problems: list[Problem] = []
    for found in targets.find(document, kinds):
        new = found.object
        try:
            new = unfit(new)
        except UnreadableError as error:
            said = Problem("the hub can't be taken back", object=targets.label(found), why=str(error))
            problems.append(said._replace(key=f"metadata.annotations.{ANNOTATION}"))
        for place in found.places or ():
            try:
                new = _undone(found._replace(object=new), place)
            except Refused as refused:
                label = targets.label(found)
                problems += [Problem(f.what, object=label, key=f.key, why=f.why, fix=f.fix) for f in refused.findings]
        if new is not found.object:
            made = targets.replaced(made, found.at, new)
    if problems:
        raise Rejected(*problems)
    return _without_runtime_files(made)


def _undone(found: Found, place: targets.Place) -> dict[str, Any]:
    pod = targets.pod_at(found, place)
    marks = targets.get(pod, ("metadata", "annotations"))
    if not isinstance(marks, dict) or names.STATUS not in marks:
        return found.object
    return targets.with_pod(found, place, undo(pod))


def _without_runtime_files(document: Any) -> Any:
    """A List without the runtime ConfigMaps among its items."""
    inside = document.get("items") if isinstance(document, dict) else None
    if not isinstance(inside, list) or not any(map(is_ours, inside)):
        return document
    return {**document, "items": [item for item in inside if not is_ours(item)]}
