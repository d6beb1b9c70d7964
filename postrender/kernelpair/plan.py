"""What is to happen to a stream: a verdict on every pod template that concerns us, and the documents that change."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from . import flags, hubvalues, targets
from .errors import Problem, Rejected
from .judge import Judge, Verdict
from .runtimefiles import RuntimeMaps, config_map, identity, is_ours
from .targets import Found, Kinds
from .yamltext.documents import Document, decode, documents_mentioning, source_comment, split_stream
from .yamltext.edit import rewrite
from .yamltext.nodes import Node, compose, value

if TYPE_CHECKING:
    from .releases.stream import Fitting
    from .releases.stream import Verdict as HubVerdict

MENTION = re.compile(rb"kernelpair(?:/(?:settings|split|runtime)|\\)")
"""What a document must hold to concern us; JSON may write the slash as backslash and slash."""


class Options(NamedTuple):
    """How a stream is read: settings for all of it (as written, or None), the flag's override, and the kinds."""

    settings: Any = None
    flag: bool | None = None
    kinds: Kinds = targets.KINDS


class Change(NamedTuple):
    """A document that changes: its new text, and ConfigMaps to put behind it. `source` is Helm 3's comment."""

    document: Document
    source: str
    text: str
    added: list[dict[str, Any]]


class Plan(NamedTuple):
    """Everything that is to happen; nothing of it may happen when there are problems."""

    verdicts: list[Verdict]
    changes: list[Change]
    problems: list[Problem]
    hubs: Sequence[HubVerdict] = ()


def plan(data: bytes, options: Options) -> Plan:
    """Read a stream and decide about every pod template and every hub in it.

    Documents that neither mention kernelpair nor can be parts of a hub that asks for it are not parsed. Problems of all
    documents, and of writing those that change, are gathered in the stream's order, not raised; there are none where
    the flag is off, whatever the documents hold.
    """
    hubs = _hubs(data, options.flag)
    made = Plan([], [], list(hubs.problems) if hubs else [], hubs.verdicts if hubs else ())
    runtime, read = RuntimeMaps(), set()
    for document in _documents(data, hubs):
        read.add(document.index)
        source = ""
        try:
            text = decode(data, document)
            source = source_comment(text)
            root = compose(text, document=document.index, first_line=document.line)
            if root is not None:
                _Reader(made, options, runtime, hubs, document, source).read(text, root)
        except Rejected as rejected:
            made.problems.extend(rejected.within(document=document.index, source=source).problems)
    changes = _with_runtime_files(made, runtime)
    made.problems.extend(runtime.taken(data, read))
    all_off = made.problems and flags.all_off(data, options.settings, options.flag)
    problems = [] if all_off else sorted(dict.fromkeys(made.problems), key=_place)
    return Plan(made.verdicts, changes, problems, made.hubs)


def _hubs(data: bytes, flag: bool | None) -> Fitting | None:
    """The hub releases of the stream, where there can be one that concerns us."""
    if not hubvalues.concerns(data, flag):
        return None
    from .releases.stream import fitting

    return fitting(data, flag)


def _documents(data: bytes, hubs: Fitting | None) -> Iterator[Document]:
    """The documents that mention kernelpair or hold a part of a fitted hub."""
    if hubs is None or not hubs.objects:
        return documents_mentioning(data, MENTION)
    parts = {index for index, _ in hubs.objects}
    whole = split_stream(data)
    return (one for one in whole if one.index in parts or MENTION.search(data, one.start, one.end))


def _place(problem: Problem) -> tuple[int, int]:
    return problem.document, problem.line


def _with_runtime_files(plan: Plan, runtime: RuntimeMaps) -> list[Change]:
    """The changes, in the stream's order, with every needed ConfigMap: an earlier run's is renewed, not added again."""
    made = []
    for change in plan.changes:
        added = [config for config in change.added if identity(config) not in runtime.present]
        made.append(change._replace(added=added))
    for key, needed in runtime.needed.items():
        if key in runtime.present:
            document, text, root = runtime.present[key]
            try:
                made.append(Change(document, "", rewrite(text, root, needed.config), []))
            except Rejected as rejected:
                label = f"ConfigMap {key[1]}"
                plan.problems.extend(rejected.within(document=document.index, object=label).problems)
    return sorted(made, key=lambda change: change.document.index)


class _Reader:
    """Reads one document into the plan."""

    def __init__(
        self,
        made: Plan,
        options: Options,
        runtime: RuntimeMaps,
        hubs: Fitting | None,
        document: Document,
        source: str,
    ) -> None:
        self.made, self.kinds, self.runtime, self.hubs = made, options.kinds, runtime, hubs
        self.document, self.source = document, source
        self.judge = Judge(document.index, source, options.settings, options.flag)

    def read(self, text: str, root: Node) -> None:
        """Judge every pod template of the document; a document that changes becomes a `Change`."""
        old = value(root)
        new, added, labels = old, [], []
        for found in targets.find(old, self.kinds):
            changed, configs = self.wanted(found)
            if changed is None:
                if not is_ours(found.object):
                    self.runtime.others.append((self.document, found))
                elif not found.at:
                    self.runtime.present[identity(found.object)] = (self.document, text, root)
                continue
            new = targets.replaced(new, found.at, changed)
            labels.append(targets.label(found))
            for config in self.runtime.need(configs, found):
                if found.at:
                    new = _placed_in_list(new, found.at[:-1], config)
                else:
                    added.append(config)
        self.made.verdicts.extend(self.judge.verdicts)
        self.made.problems.extend(self.judge.problems)
        if new is not old:
            written = self.rewritten(text, root, new, ", ".join(labels))
            self.made.changes.append(Change(self.document, self.source, written, added))

    def rewritten(self, text: str, root: Node, new: Any, label: str) -> str:
        try:
            return rewrite(text, root, new)
        except Rejected as rejected:
            self.made.problems.extend(
                rejected.within(document=self.document.index, source=self.judge.source, object=label).problems
            )
            return text

    def wanted(self, found: Found) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
        """The object as it should be, None where it stays, and the ConfigMaps that it needs."""
        at = (self.document.index, found.at)
        fitted = self.hubs.objects.get(at) if self.hubs else None
        changed = self.judge.object(found if fitted is None else found._replace(object=fitted))
        configs = [] if changed is None else [config_map(found)]
        if self.hubs and fitted is not None:
            configs += self.hubs.configs.get(at, [])
        return changed or fitted, configs


def _placed_in_list(document: Any, at: targets.Path, config: dict[str, Any]) -> Any:
    """The List with a runtime ConfigMap: in place of an earlier one of that name, else at its end."""
    old = targets.get(document, at)
    place = next((i for i, item in enumerate(old) if is_ours(item) and identity(item) == identity(config)), len(old))
    return targets.replaced(document, at, [*old[:place], config, *old[place + 1 :]])
