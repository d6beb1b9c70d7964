"""The ConfigMap with the runtime files, one for each split object."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from . import __version__, targets
from .core import names
from .core.pods import mapping
from .errors import Problem, Rejected
from .targets import Found, label, owner_name
from .yamltext.documents import Document, decode, documents_mentioning
from .yamltext.nodes import Node, compose, value

MARK = "kernelpair/runtime"
FILE_NAME = "postrenderer.helm.sh/postrender-filename"
_FOLDER = os.path.join(os.path.dirname(__file__), "runtime")  # noqa: PTH118, PTH120 (pathlib costs start-up time)
_SIDES = ("kernel", "notebook", "shared")
_cache: dict[str, str] = {}


def contents() -> dict[str, str]:
    """The runtime files' texts by name, which is their key in the ConfigMap: mounted, all stand in one folder."""
    if not _cache:
        for side in _SIDES:
            for name in sorted(os.listdir(f"{_FOLDER}/{side}")):  # noqa: PTH208
                if name.endswith((".py", ".sh")):
                    with open(f"{_FOLDER}/{side}/{name}", encoding="utf-8") as file:  # noqa: PTH123
                        _cache[name] = file.read()
    return _cache


def file_name(found: Found) -> str:
    """The template that Helm 4 says an object comes from; "" where it doesn't."""
    name = mapping(mapping(found.object, "metadata"), "annotations").get(FILE_NAME)
    return name if isinstance(name, str) else ""


def config_map(found: Found) -> dict[str, Any]:
    """The ConfigMap that the pods of an object need: named after it, in its namespace, with its labels.

    What Helm attaches to the object by annotations (Helm 4's file name, hooks) is attached to the ConfigMap too: it
    stands beside the object, and exists when a hook's pod starts.
    """
    owner = mapping(found.object, "metadata")
    metadata: dict[str, Any] = {"name": names.runtime_config_map(owner_name(found))}
    metadata.update({key: owner[key] for key in ("namespace", "labels") if owner.get(key)})
    attached = {
        key: value
        for key, value in mapping(owner, "annotations").items()
        if key == FILE_NAME or key.startswith("helm.sh/hook")
    }
    metadata["annotations"] = {MARK: __version__, **attached}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": contents()}


def identity(config: dict[str, Any]) -> tuple[str, str]:
    """(namespace or "", name) of an object: two in one stream with the same would be one in the cluster."""
    metadata = mapping(config, "metadata")
    return str(metadata.get("namespace") or ""), str(metadata.get("name") or "")


def is_ours(config: Any) -> bool:
    """Tell whether an object is a runtime ConfigMap that kernelpair made."""
    if not isinstance(config, dict) or config.get("kind") != "ConfigMap":
        return False
    metadata = config.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    return isinstance(annotations, dict) and MARK in annotations


class Needed(NamedTuple):
    """A runtime ConfigMap that must be in the stream, and the object that needs it."""

    config: dict[str, Any]
    owner: str


class RuntimeMaps:
    """The runtime ConfigMaps of a stream by identity: those that are needed, and those of an earlier run.

    `others` are objects that are neither pods to split nor ours, in documents that were read anyway.
    """

    def __init__(self) -> None:
        self.needed: dict[tuple[str, str], Needed] = {}
        self.present: dict[tuple[str, str], tuple[Document, str, Node]] = {}
        self.others: list[tuple[Document, Found]] = []

    def need(self, configs: list[dict[str, Any]], found: Found) -> list[dict[str, Any]]:
        """Note that `found` needs ConfigMaps; return those that no other object needs too."""
        new = [config for config in configs if identity(config) not in self.needed]
        self.needed.update({identity(config): Needed(config, label(found)) for config in new})
        return new

    def taken(self, data: bytes, read: set[int]) -> Iterator[Problem]:
        """Problems: ConfigMaps of others that have the name of one that is needed.

        ``read`` are the numbers of the documents in which `others` were found already. A document that can't be read is
        none of our business, and nothing that a cluster would take.
        """
        if not self.needed:
            return
        for document, found in (*self.others, *_named_like_ours(data, read)):
            key = identity(found.object)
            if found.object.get("kind") == "ConfigMap" and key in self.needed:
                yield Problem(
                    "the name of the ConfigMap with the runtime files is taken",
                    document=document.index,
                    object=label(found),
                    key="metadata.name",
                    value=key[1],
                    why=f"{self.needed[key].owner} needs a ConfigMap of that name",
                    fix="rename this ConfigMap",
                )


def _named_like_ours(data: bytes, read: set[int]) -> Iterator[tuple[Document, Found]]:
    """The objects of the documents that weren't ``read`` in which a name ends as those of runtime ConfigMaps do."""
    # One pattern for all names: an alternative for each would take time by the square of their number.
    pattern = re.compile(re.escape(names.RUNTIME_SUFFIX).encode() + rb"(?:-hub)?(?![-.a-z0-9])")
    for document in documents_mentioning(data, pattern):
        if document.index in read:
            continue
        try:
            holding = value(compose(decode(data, document)))
        except Rejected:
            continue
        for found in targets.find(holding, {}):
            yield document, found
