"""Manifests, the many ways in which people write them down as YAML, and changes to them.

A `Rendered` is a text and the object in it. Texts use only scalars that every YAML reader understands alike, so that
PyYAML, ruamel.yaml and Go's rules can all be asked what an edit has made of them.
"""

from __future__ import annotations

import copy
import json
from random import Random
from typing import Any, NamedTuple

import yaml
from hypothesis import strategies as st

from kernelpair.yamltext import emit

_KEYS = ["name", "image", "args", "env", "kind", "data", "y", "on", "1", "a b", "nvidia.com/gpu", "key: x", "ünï", "<<"]
_TEXTS = [
    "", "x", "notebook", "quay.io/jupyter/x:1", "yes", "1e3", "0o17", "12:30:45", "2001-01-01", "null", "~", "=",
    "a: b",
    "a #b", "- a", "'", '"', "\\", "--- x", "{}", "[a", "*a", "&a", "!a", "|", "a\tb", "ünï", "😀", "1Gi", "trail ",
    " lead",
    "\u0085", "\u2028", "\ufeff", "\x07", "line\nline\n", "---\n# no comment\n...\n", "a\n\n  b\nc", "keep\n\n",
    "x\n---",
]  # fmt: skip

keys = st.sampled_from(_KEYS)
scalars = st.one_of(
    st.sampled_from(_TEXTS),
    st.integers(-(2**63), 2**63),
    st.sampled_from([None, True, False, 0, 1, 1.5, -0.25]),
)


def _collections(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    named = st.lists(st.sampled_from("abcd"), unique=True, max_size=3).flatmap(
        lambda names: st.tuples(*(children.map(lambda v, n=n: {"name": n, "value": v}) for n in names)).map(list)
    )
    return st.one_of(st.dictionaries(keys, children, max_size=4), st.lists(children, max_size=3), named)


values = st.recursive(scalars, _collections, max_leaves=10)

_containers = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["notebook", "side", "kernel"])},
        optional={
            "image": st.just("quay.io/jupyter/base-notebook:1"),
            "args": st.lists(st.sampled_from(["--ip=0.0.0.0", "sh", "-c", "a\nb\n"]), max_size=3),
            "env": st.lists(st.fixed_dictionaries({"name": st.sampled_from("ABC"),
            "value": st.sampled_from(_TEXTS)}), max_size=3),
            "resources": st.fixed_dictionaries({}, optional={"limits": st.just({"cpu": "1", "memory": "1Gi"})}),
        },
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda container: container["name"],
)  # fmt: skip

manifests = st.fixed_dictionaries(
    {
        "apiVersion": st.just("v1"),
        "kind": st.just("Pod"),
        "metadata": st.fixed_dictionaries(
            {"name": st.just("jupyter")}, optional={"annotations": st.dictionaries(keys, st.sampled_from(_TEXTS),
            max_size=3)}
        ),
        "spec": st.fixed_dictionaries({"containers": _containers},
        optional={"volumes": values, "nodeSelector": values}),
    },
    optional={"extra": values},
)  # fmt: skip


class Rendered(NamedTuple):
    """A text and what it says."""

    text: str
    object: Any
    comments: tuple[tuple[str, tuple[str, ...]], ...]
    """Each comment on a line of its own, with the path of its mapping (in mappings of mappings only)."""


@st.composite
def rendered(draw: st.DrawFn, objects: st.SearchStrategy[Any] = manifests) -> Rendered:
    """A document in a random layout: block, flow or JSON, any indentation, quotes, comments, line ends, a mark."""
    found = draw(objects)
    # A seed: drawn choice by choice, nearly all layouts would be the simplest one.
    return Writer(Random(draw(st.integers(0, 2**32)))).document(found)


@st.composite
def changed(draw: st.DrawFn, found: Any) -> Any:
    """`found` with one to four changes somewhere in it."""
    made = copy.deepcopy(found)
    for _ in range(draw(st.integers(1, 4))):
        _change(draw, made)
    return made


def _change(draw: st.DrawFn, made: Any) -> None:
    places = [place for place in _places(made) if place]
    if not places:
        made["added"] = draw(values)
        return
    place = draw(st.sampled_from(places))
    what = draw(st.sampled_from(["set", "add", "remove", "clear"]))
    if what == "clear":
        place.clear()
    elif isinstance(place, dict):
        key = draw(keys) if what == "add" else draw(st.sampled_from(sorted(place)))
        if what == "remove":
            del place[key]
        else:
            place[key] = draw(values)
    elif what == "add":
        place.insert(draw(st.integers(0, len(place))), draw(values))
    else:
        at = draw(st.integers(0, len(place) - 1))
        if what == "remove":
            del place[at]
        else:
            place[at] = draw(values)


def _places(value: Any) -> list[Any]:
    if not isinstance(value, (dict, list)):
        return []
    children = value.values() if isinstance(value, dict) else value
    return [value, *(place for child in children for place in _places(child))]


class Writer:
    """Writes an object as a person in a random mood would."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.step = random.choice([2, 2, 2, 4, 1, 3])
        self.sequence = random.choice([0, 2, 2, 4])
        self.newline = random.choice(["\n", "\n", "\n", "\r\n"])
        self.mood = random.choice([0.0, 0.1, 0.3, 0.5])  # how often something unusual is done
        self.comments: list[tuple[str, tuple[str, ...]]] = []
        self.count = 0
        self.literals = False

    def document(self, found: Any) -> Rendered:
        """The whole document."""
        if self.random.random() < 0.15:
            indent = self.random.choice([None, 2])
            lines = json.dumps(found, indent=indent, ensure_ascii=False).split("\n")
            lines = [
                line.replace("\u0085", "\\u0085").replace("\u2028", "\\u2028").replace("\ufeff", "\\ufeff")
                for line in lines
            ]
        else:
            lines = self.block(found, 0, ())
        head = self.random.choice([[], ["---"], ["--- # Source: a/b.yaml"], ["# head", "---"]])
        tail = self.random.choice([[], [], ["..."]])
        text = self.newline.join([*head, *lines, *tail])
        if tail or self.random.random() < 0.8 or yaml.load(text, yaml.CSafeLoader) != found:
            text += self.newline
        mark = "\ufeff" if self.random.random() < 0.1 else ""
        return Rendered(mark + text, found, tuple(self.comments))

    def odd(self) -> bool:
        """Whether to do something unusual."""
        return self.random.random() < self.mood

    def block(self, value: Any, indent: int, path: tuple[str, ...] | None) -> list[str]:
        """The lines of a collection in block style; of anything else, one line."""
        if isinstance(value, dict) and value:
            lines = []
            for key, item in value.items():
                lines += self.comment(indent, path)
                lines += self.entry(key, item, indent, path)
            return lines
        if isinstance(value, list) and value:
            lines = []
            for item in value:
                lines += self.comment(indent, None)
                lines += self.item(item, indent)
            return lines
        return [" " * indent + self.flow(value)]

    def comment(self, indent: int, path: tuple[str, ...] | None) -> list[str]:
        """Perhaps a comment or a blank line."""
        if not self.odd():
            return []
        if self.random.random() < 0.3 and not self.literals:
            return [""]
        self.count += 1
        comment = f"# c{self.count} 'it''s' - {{a: b"
        if path is not None:
            self.comments.append((comment, path))
        return [" " * indent + comment]

    def anchor(self) -> str:
        """An anchor that nothing uses."""
        self.count += 1
        return f" &unused{self.count}"

    def trailing(self) -> str:
        """Perhaps a comment at the end of a line."""
        return "   # trailing: [" if self.odd() else ""

    def entry(self, key: str, item: Any, indent: int, path: tuple[str, ...] | None) -> list[str]:
        """One key and its value."""
        margin = " " * indent
        head = f"{margin}{self.text(key, True)}:"
        explicit = self.odd() and self.odd()
        if explicit:
            head = f"{margin}? {self.text(key, True)}{self.newline}{margin}:"
        if isinstance(item, (dict, list)) and item and not self.odd():
            deeper = self.step if isinstance(item, dict) or explicit else self.sequence
            below = None if path is None or isinstance(item, list) else (*path, key)
            anchor = self.anchor() if self.odd() and self.odd() else ""
            return [head + anchor + self.trailing(), *self.block(item, indent + deeper, below)]
        if item is None and self.random.random() < 0.5:
            return [head + self.trailing()]
        scalar = self.literal(item, indent + self.step)
        if scalar:
            return [f"{head} {scalar[0]}", *scalar[1:]]
        if self.odd() and self.odd() and not explicit:
            return [head, " " * (indent + self.step) + self.flow(item) + self.trailing()]
        return [f"{head} {self.flow(item)}{self.trailing()}"]

    def item(self, item: Any, indent: int) -> list[str]:
        """One item of a sequence."""
        margin = " " * indent
        if isinstance(item, (dict, list)) and item and not self.odd():
            gap = self.random.choice([1, 1, 1, 3]) if self.odd() else 1
            if self.odd() and self.odd():
                return [f"{margin}-{self.trailing()}", *self.block(item, indent + 2, None)]
            first, *rest = self.block(item, indent + 1 + gap, None)
            while not first.strip() or first.strip().startswith("#"):
                first, *rest = rest
            return [f"{margin}-{' ' * gap}{first.lstrip(' ')}", *rest]
        if item is None and self.random.random() < 0.3:
            return [f"{margin}-"]
        scalar = self.literal(item, indent + 2)
        if scalar:
            return [f"{margin}- {scalar[0]}", *scalar[1:]]
        return [f"{margin}- {self.flow(item)}{self.trailing()}"]

    def literal(self, value: Any, indent: int) -> list[str]:
        """A block scalar for a text that can be one and should, else nothing."""
        if not isinstance(value, str) or "\n" not in value or not value.replace("\n", "").isprintable():
            return []
        if self.random.random() < 0.3:
            return []
        self.literals = True
        chomp = "-" if not value.endswith("\n") else "+" if value.endswith("\n\n") else self.random.choice(["", "+"])
        body = value if not value.endswith("\n") else value[:-1]
        return [
            "|" + chomp + (" # header" if self.odd() else ""),
            *(" " * indent + line if line else "" for line in body.split("\n")),
        ]

    def flow(self, value: Any) -> str:
        """A value on one line (or, between brackets, on several)."""
        if isinstance(value, dict):
            return "{" + self.comma().join(f"{self.text(k)}: {self.flow(v)}" for k, v in value.items()) + "}"
        if isinstance(value, list):
            return "[" + self.comma().join(self.flow(item) for item in value) + "]"
        if isinstance(value, str):
            return self.text(value)
        return emit.scalar(value)

    def comma(self) -> str:
        """What stands between entries in brackets; line ends, too, indented deeper than anything around them."""
        if self.odd() and self.odd():
            return self.random.choice([",", ", # flow", " # flow\n" + " " * 40 + ","]).replace("\n", self.newline) + (
                self.newline + " " * 40
            )
        return self.random.choice([", ", ", ", " , "])

    def text(self, text: str, block: bool = False) -> str:
        """A text in some quotes, or in none where that is safe."""
        plain = emit.scalar(text)
        if plain == text and self.random.random() < 0.7 and (block or ":" not in text):
            return text
        if text.isprintable() and self.random.random() < 0.5:
            return "'" + text.replace("'", "''") + "'"
        return emit.quoted(text)
