"""The hub releases of a stream: a verdict on each, and the objects that change."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from .. import flags, hubvalues, targets
from ..core.gateway import Taken, taken
from ..core.settings import InvalidSettings, Settings
from ..errors import Problem, Rejected
from ..runtimefiles import file_name
from ..targets import Path
from ..yamltext.documents import decode, documents_mentioning, source_comment
from ..yamltext.nodes import compose, value
from . import ourchart, z2jh
from .fit import Refused, fit, problem, unfit
from .hubs import Hub, Item, Kind, UnreadableError, label
from .notes import Note, Said
from .record import ANNOTATION
from .record import UnreadableError as UnreadableRecord

MENTION = re.compile(rb"jupyterhub_config\.py|values\.yaml|Deployment|DaemonSet|PodTemplate")
"""What a document must hold to be a part of a hub release."""

KINDS = (z2jh.KIND, ourchart.KIND)

At = tuple[int, Path]
"""Where an object stands: its document's number, and its path there."""


class Verdict(NamedTuple):
    """What becomes of one hub: fitted, skipped or refused. `said` are warnings, or the reasons.

    `settings` names where the settings were read, `pulls` the image pullers that pull the front-end image too, and
    `gateway` how the gateway gets into a fitted hub's pairs.
    """

    document: int
    source: str
    object: str
    verdict: str
    settings: str
    pulls: tuple[str, ...]
    said: tuple[Said, ...]
    gateway: Taken | None = None


class Fitting(NamedTuple):
    """Everything that is to happen to the hubs of a stream.

    `objects` are the objects of fitted hubs as they should be, which they may be already; `configs` the ConfigMaps
    that must be in the stream, by the Deployment behind which they belong.
    """

    verdicts: list[Verdict]
    problems: list[Problem]
    objects: dict[At, dict[str, Any]]
    configs: dict[At, list[dict[str, Any]]]


def fitting(data: bytes, flag: bool | None) -> Fitting:
    """Read the hub releases of a stream and fit those whose values ask for it; problems are gathered, not raised.

    `flag` is what the environment says of the feature flag. No YAML is read where no hub can be concerned.
    """
    made = Fitting([], [], {}, {})
    if hubvalues.concerns(data, flag):
        _Reader(made, flag).read(data)
    return made


class _Reader:
    """Reads the objects of a stream that make hubs, and decides about each hub."""

    def __init__(self, made: Fitting, flag: bool | None) -> None:
        self.made, self.flag = made, flag
        self.objects: list[Item] = []
        self.broken: dict[At, Said] = {}
        self.unreadable: list[Problem] = []

    def read(self, data: bytes) -> None:
        self.collect(data)
        found = {kind: kind.find(self.objects) for kind in KINDS}
        each = [(kind, hub) for kind, hubs in found.items() for hub in hubs]
        for kind, hub in sorted(each, key=lambda pair: _at(pair[1].deployment)):
            self.hub(kind, hub)
        for secret, written in z2jh.unused(self.objects, found[z2jh.KIND]):
            if self.is_on(written):
                self.made.problems.append(problem(secret, Said(Note.NO_HUB, z2jh.key(""))))
                # The hub may be in one of these.
                self.made.problems.extend(self.unreadable)

    def collect(self, data: bytes) -> None:
        """Gather the objects as they were before any earlier run."""
        for document in documents_mentioning(data, MENTION):
            try:
                text = decode(data, document)
                source = source_comment(text)
                read = value(compose(text, document=document.index, first_line=document.line))
            except Rejected as rejected:
                self.unreadable += rejected.within(document=document.index).problems
                continue
            for found in targets.find(read, {}):
                item = Item(document.index, source or file_name(found), found)
                try:
                    item = item._replace(found=found._replace(object=unfit(found.object)))
                except UnreadableRecord as error:
                    key = f"metadata.annotations.{ANNOTATION}"
                    self.broken[_at(item)] = Said(Note.RECORD_UNREADABLE, key, ANNOTATION, str(error))
                self.objects.append(item)

    def is_on(self, written: Any) -> bool:
        """Whether settings that no hub uses turn the flag on, or could."""
        try:
            return bool(flags.for_stream(written, self.flag)["enabled"])
        except InvalidSettings:
            return True

    def hub(self, kind: Kind, hub: Hub) -> None:
        if hub.settings is None:
            self.unknown(hub, kind.missing(hub))
            return
        where = f"{label(hub.settings)}: {kind.key('')}"
        try:
            written = kind.read(hub)
            settings = None if written.settings is None else flags.for_stream(written.settings, self.flag)
        except UnreadableError as error:
            self.unknown(hub, Said(Note.VALUES_UNREADABLE, "", label(hub.settings), str(error)))
        except InvalidSettings as invalid:
            self.invalid(kind, hub.settings, invalid)
        else:
            if settings is None:
                self.verdict(hub, "skipped", [Said(Note.NO_SETTINGS, "", where)])
            elif not settings["enabled"]:
                self.verdict(hub, "skipped", [Said(Note.OFF)], where)
            else:
                self.fit(hub, {**written.settings, "enabled": True}, settings, where, list(written.warnings))

    def unknown(self, hub: Hub, said: Said) -> None:
        """The flag can't be known: nothing changes, unless the environment says that it is on."""
        if self.flag:
            self.refuse(hub, [(hub.deployment, said)])
        else:
            self.verdict(hub, "skipped", [said])

    def invalid(self, kind: Kind, item: Item, invalid: InvalidSettings) -> None:
        """Note the problems of one hub's settings, which stand in `item`."""
        for wrong in flags.problems(invalid):
            place = wrong._replace(document=item.document, source=item.source, object=label(item))
            self.made.problems.append(place._replace(key=kind.key(wrong.key)))

    def fit(self, hub: Hub, written: dict[str, Any], settings: Settings, where: str, warnings: list[Said]) -> None:
        parts = (hub.config, hub.deployment, *hub.pullers)
        broken = [(item, self.broken[_at(item)]) for item in parts if item and _at(item) in self.broken]
        if broken:
            self.refuse(hub, broken, where)
            return
        try:
            fitted = fit(hub, written, settings)
        except Refused as refused:
            self.refuse(hub, refused.notes, where)
            return
        self.made.objects.update({_at(item): new for item, new in fitted.objects})
        self.made.configs[_at(hub.deployment)] = fitted.configs
        self.verdict(hub, "fitted", warnings + fitted.said, where, tuple(map(label, fitted.pulls)), taken(settings))

    def refuse(self, hub: Hub, notes: list[tuple[Item, Said]], where: str = "") -> None:
        self.made.problems.extend(problem(item, said) for item, said in notes)
        self.verdict(hub, "refused", [said for _, said in notes], where)

    def verdict(
        self,
        hub: Hub,
        verdict: str,
        said: list[Said],
        where: str = "",
        pulls: tuple[str, ...] = (),
        gateway: Taken | None = None,
    ) -> None:
        item = hub.deployment
        place = (item.document, item.source, label(item))
        self.made.verdicts.append(Verdict(*place, verdict, where, pulls, tuple(said), gateway))


def _at(item: Item) -> At:
    return item.document, item.found.at
