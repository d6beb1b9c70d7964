# Copy of postrender/kernelpair/hub/manifest.py: make generate
"""Pods on their way through the hook: from KubeSpawner's model to the API's plain dict, and back to what it expects."""

from __future__ import annotations

import json
import re
from typing import Any


def plain(pod: Any) -> dict[str, Any]:
    """Return ``pod`` (a V1Pod of kubernetes_asyncio, or a dict) as the JSON object that the API server would get.

    Nothing is lost: what a dict inside holds goes through though the client has no model for it. Never the same object.
    Raises TypeError or ValueError for what JSON can't hold.
    """
    made = _copied(pod)
    if not isinstance(made, dict):
        raise TypeError(f"a pod is an object, not {type(pod).__name__}")
    return made


_SCALARS = frozenset({str, int, float, bool, type(None)})


def _copied(part: Any) -> Any:
    """Return ``part`` as JSON has it. What pods consist of is copied here: the client takes three times as long."""
    kind = part.__class__
    if kind in _SCALARS:
        return part
    if kind is list:
        return [_copied(item) for item in part]
    if kind is dict and all(key.__class__ is str for key in part):
        return {key: _copied(value) for key, value in part.items()}
    if not hasattr(kind, "attribute_map"):
        return _serialised(part)
    named = ((key, getattr(part, name)) for name, key in kind.attribute_map.items())
    return {key: _copied(value) for key, value in named if value is not None}


def _serialised(part: Any) -> Any:
    """Return anything else (tuples, dates, keys that are numbers) as the client sends it."""
    from kubernetes_asyncio.client import ApiClient  # type: ignore[import-not-found]

    # An ApiClient opens a connection pool when it is made, and this method needs none.
    client = ApiClient.__new__(ApiClient)
    return json.loads(json.dumps(ApiClient.sanitize_for_serialization(client, part)))


class Metadata:
    """The metadata of a `Pod` by attribute, named as in the client's V1ObjectMeta; what isn't there is None."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self._fields = fields

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._fields.get(re.sub(r"_([a-z])", lambda letter: letter.group(1).upper(), name))


class Pod(dict):  # type: ignore[type-arg]
    """A pod as a plain dict that behaves where KubeSpawner (4.2 to 7.1) looks at it after the hook.

    It reads ``pod.metadata.name`` to log what it creates, calls ``pod.to_str()`` when the API server refuses the pod,
    and hands the pod to the client, which serialises any dict whole: turned back into a V1Pod, the pod would lose every
    field that the hub's client is too old to know.
    """

    @property
    def metadata(self) -> Metadata:
        """The pod's metadata by attribute."""
        return Metadata(self.get("metadata") or {})

    def to_dict(self) -> dict[str, Any]:
        """Return a plain dict with the API's names of fields."""
        return dict(self)

    def to_str(self) -> str:
        """Return the pod as indented JSON."""
        return json.dumps(self, indent=1, sort_keys=True)
