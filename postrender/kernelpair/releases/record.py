"""Additions to an object, and the annotation that says how to take them back."""

from __future__ import annotations

from typing import Any

from .. import targets
from ..core.shapes import mismatches
from ..runtimefiles import FILE_NAME
from ..targets import Path
from .shapes import RECORD

ANNOTATION = "kernelpair/hub"
_ANNOTATIONS: Path = ("metadata", "annotations")
_ABSENT = "absent"
_VERSION = 1


class UnreadableError(ValueError):
    """The annotation isn't one that this version wrote; the message says why."""


class Addition:
    """An object that gains entries of lists and mappings, and the record of what stood where nothing stood before.

    The object that is given is never changed.
    """

    def __init__(self, object: dict[str, Any]) -> None:
        self.object = object
        self._was: dict[str, Any] = {}

    def add(self, path: Path, more: dict[str, Any] | list[Any]) -> None:
        """Extend the list or mapping at `path`, which may be empty, null or absent."""
        old = targets.get(self.object, path)
        self._note(path, old)
        new = {**(old or {}), **more} if isinstance(more, dict) else [*(old or []), *more]
        self.object = targets.replaced(self.object, path, new)

    def _note(self, path: Path, old: Any) -> None:
        if old:
            return
        written, holder = targets.get(self.object, path), targets.get(self.object, path[:-1])
        there = path[-1] in (holder or {}) and not written
        self._was[_text(path)] = written if there else _ABSENT
        self._note(path[:-1], holder)

    def recorded(self, **facts: Any) -> dict[str, Any]:
        """The object with the record, and with `facts` in it, as an annotation."""
        import json

        # Helm 4 takes its own annotation away when the renderer is done.
        lasting = {
            key: text for key, text in (targets.get(self.object, _ANNOTATIONS) or {}).items() if key != FILE_NAME
        }
        self._note(_ANNOTATIONS, lasting)
        record = json.dumps({"version": _VERSION, "was": self._was, **facts}, separators=(",", ":"), sort_keys=True)
        self.add(_ANNOTATIONS, {ANNOTATION: record})
        return self.object


class Removal:
    """The inverse of `Addition`, for an object that carries its record; reading it raises UnreadableError."""

    def __init__(self, object: dict[str, Any]) -> None:
        self.facts = _read(targets.get(object, (*_ANNOTATIONS, ANNOTATION)))
        self.object = object

    def keep(self, path: Path, kept: dict[str, Any] | list[Any]) -> None:
        """Put what is left of a list or mapping at `path`: where nothing is, what was there before."""
        was = self.facts["was"].get(_text(path), _ABSENT)
        if kept or (was is not None and was != _ABSENT):
            self.object = targets.replaced(self.object, path, kept)
        elif was is None:
            parent = targets.get(self.object, path[:-1])
            self.object = targets.replaced(self.object, path[:-1], {**parent, path[-1]: None})
        else:
            self.object = targets.replaced(self.object, path, None)
        holder = path[:-1]
        if _text(holder) in self.facts["was"] and not targets.get(self.object, holder):
            self.keep(holder, {})

    def done(self) -> dict[str, Any]:
        """The object without the record."""
        annotations = targets.get(self.object, _ANNOTATIONS)
        self.keep(_ANNOTATIONS, {key: text for key, text in annotations.items() if key != ANNOTATION})
        return self.object


def is_recorded(object: Any) -> bool:
    """Tell whether an object carries a record."""
    annotations = targets.get(object, _ANNOTATIONS)
    return isinstance(annotations, dict) and ANNOTATION in annotations


def _text(path: Path) -> str:
    return ".".join(map(str, path))


def _read(written: Any) -> dict[str, Any]:
    import json

    try:
        record: dict[str, Any] = json.loads(written)
    except (TypeError, ValueError):
        raise UnreadableError("it is not JSON") from None
    if mismatches(record, RECORD):
        raise UnreadableError("it is not a record")
    if record.get("version") != _VERSION:
        raise UnreadableError(f"a kernelpair of another version wrote it (format {record.get('version')})")
    return record
