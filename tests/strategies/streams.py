"""Streams of manifests: objects of every kind with a pod template and settings, other documents, and broken ones."""

from __future__ import annotations

import copy
import json
from typing import Any, NamedTuple

from hypothesis import strategies as st

from kernelpair import targets
from kernelpair.core import names

from . import pair_settings, pods
from .yaml_layouts import rendered

# Whatever others put into a release; none of it concerns kernelpair, valid or not.
OTHERS = st.sampled_from(
    [
        "---\n# only a comment\n",
        "---\napiVersion: v1\nkind: Service\nmetadata: {name:   x}   # odd spacing\n",
        "---\nkind: ConfigMap\ndata:\n  a: |\n    text: kernelpair\n    ----\n",
        "---\r\nkind: A\r\nkind: B\r\n",
        '---\n"never closed\n',
        "---\n{{ .Values.oops }}\n\ttab\n",
        "--- &a [*b, !!binary x, = , 12:30:45]\n...\n",
        '---\nmetadata: {annotations: {example.org/note: "\\"}}\n',
    ]
)


class Manifest(NamedTuple):
    """An object with settings that split its pod, and what went into it."""

    object: dict[str, Any]
    place: targets.Place
    pod: dict[str, Any]
    settings: dict[str, Any]


@st.composite
def manifests(draw: st.DrawFn, settings: st.SearchStrategy[Any] = pair_settings.valid) -> Manifest:
    """One object of one kind of the table; its pod may be one that is refused."""
    (group, kind), (place, *_) = draw(st.sampled_from(sorted(targets.KINDS.items())))
    block = {**draw(settings), "optIn": False}
    base = {"apiVersion": f"{group}/v1".lstrip("/"), "kind": kind, "metadata": {"name": "lab"}}
    found = targets.Found((), base, (place,))
    pod = draw(pods.pods())
    made = targets.with_pod(found, place, {key: pod[key] for key in ("metadata", "spec") if key in pod})
    metadata = {"name": "lab", **(made.get("metadata") or {})}
    metadata["annotations"] = {**(metadata.get("annotations") or {}), names.SETTINGS: json.dumps(block)}
    made = {**made, "metadata": metadata}
    pod = copy.deepcopy(targets.pod_at(found._replace(object=made), place))
    return Manifest(made, place, pod, block)


class Stream(NamedTuple):
    """A stream with one manifest of ours in it, and the texts before and behind it.

    `object` is what its document holds: the manifest's own object, or a List with that as its second item.
    """

    data: bytes
    manifest: Manifest
    object: dict[str, Any]
    before: bytes
    behind: bytes


@st.composite
def streams(draw: st.DrawFn, settings: st.SearchStrategy[Any] = pair_settings.valid) -> Stream:
    """A manifest in a random layout between documents of others."""
    manifest = draw(manifests(settings))
    document = manifest.object
    if draw(st.integers(0, 3)) == 0:
        document = {"apiVersion": "v1", "kind": "List", "items": [{"kind": "Other"}, manifest.object]}
    text = draw(rendered(st.just(document))).text
    before, behind = ("".join(draw(st.lists(OTHERS, max_size=2))) for _ in range(2))
    if before:
        text = text.removeprefix("\ufeff")
        text = text if text.startswith("---") else f"---\n{text}"
    if behind and not text.endswith("\n"):
        text += "\n"
    parts = before.encode(), text.encode(), behind.encode()
    return Stream(b"".join(parts), manifest, document, before.encode(), behind.encode())


_INSERTED = st.sampled_from(
    [b"\x00", b"\xff", b"\t", b"\n", b"\r", b"---\n", b"...\n", b"{", b"]", b'"', b"'", b": ", b"- ", b"&a ", b"*a",
     b"|", b"<<: ", b"#", b"\xe2\x80\xa8", b"kernelpair/settings", b"kernelpair/status: x\n", b"  "]
)  # fmt: skip


@st.composite
def broken(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """A stream of `whole` with bytes put in, taken out, doubled, or cut off."""
    data = draw(whole)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.sampled_from([0, 1, 2, 10, 80]))
        how = draw(st.integers(0, 3))
        if how == 0:
            data = data[:at] + draw(_INSERTED) + data[at:]
        elif how == 1:
            data = data[:at] + data[at + length :]
        elif how == 2:
            data = data[:at] + data[at : at + length] + data[at:]
        else:
            data = data[:at]
    return data
