"""The hub releases of a stream: a verdict on each, and the objects that change."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from .. import flags, hubvalues, targets
from ..core.settings import InvalidSettings, Settings
from ..errors import Problem, Rejected
from ..runtimefiles import FILE_NAME
from ..targets import Found, Path, label
from ..yamltext.documents import decode, documents_mentioning, source_comment
from ..yamltext.nodes import compose, value
from . import z2jh
from .fit import Refused, fit, problem, unfit
from .notes import Note, Said
from .record import ANNOTATION, UnreadableError
from .z2jh import Hub, Item

MENTION = re.compile(rb"z2jh\.py|values\.yaml|Deployment|DaemonSet")
"""What a document must hold to be a part of a hub release."""

_UNKNOWN = {Note.NO_SETTINGS, Note.VALUES_MISSING, Note.VALUES_UNREADABLE}
"""With these there are no settings to point at."""

At = tuple[int, Path]
"""Where an object stands: its document's number, and its path there."""


class Verdict(NamedTuple):
    """What becomes of one hub: fitted, skipped or refused. `said` are warnings, or the reasons.

    `settings` names where the settings were read, and `pulls` the image pullers that pull the front-end image too.
    """

    document: int
    source: str
    object: str
    verdict: str
    settings: str
    pulls: tuple[str, ...]
    said: tuple[Said, ...]


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
        found = z2jh.hubs(self.objects)
        for hub in found:
            self.hub(hub)
        used = [_at(hub.secret) for hub in found if hub.secret is not None]
        for secret in z2jh.value_secrets(self.objects):
            if _at(secret) not in used and self.is_on(secret):
                self.made.problems.append(problem(secret, Said(Note.NO_HUB, _key())))
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
                item = Item(document.index, source or _file_name(found), found)
                try:
                    item = item._replace(found=found._replace(object=unfit(found.object)))
                except UnreadableError as error:
                    key = f"metadata.annotations.{ANNOTATION}"
                    self.broken[_at(item)] = Said(Note.RECORD_UNREADABLE, key, ANNOTATION, str(error))
                self.objects.append(item)

    def is_on(self, secret: Item) -> bool:
        """Whether values that no hub uses turn the flag on."""
        try:
            written = targets.get(z2jh.values(secret), z2jh.SETTINGS)
            return written is not None and bool(flags.for_stream(written, self.flag)["enabled"])
        except z2jh.UnreadableError:
            return False
        except InvalidSettings:
            return True

    def hub(self, hub: Hub) -> None:
        if hub.secret is None:
            self.unknown(hub, Said(Note.VALUES_MISSING))
            return
        try:
            values = z2jh.values(hub.secret)
        except z2jh.UnreadableError as error:
            self.unknown(hub, Said(Note.VALUES_UNREADABLE, "", label(hub.secret.found), str(error)))
            return
        written = targets.get(values, z2jh.SETTINGS)
        if written is None:
            self.verdict(hub, "skipped", [Said(Note.NO_SETTINGS)])
            return
        settings = self.settings(hub.secret, written)
        if settings is None:
            return
        if not settings["enabled"]:
            self.verdict(hub, "skipped", [Said(Note.OFF)])
            return
        self.fit(hub, {**written, "enabled": True}, settings, _existing_secret(values))

    def unknown(self, hub: Hub, said: Said) -> None:
        """The flag can't be known: nothing changes, unless the environment says that it is on."""
        if self.flag:
            self.refuse(hub, [(hub.deployment, said)])
        else:
            self.verdict(hub, "skipped", [said])

    def settings(self, secret: Item, written: Any) -> Settings | None:
        """The settings of one hub; None after their problems were noted."""
        try:
            return flags.for_stream(written, self.flag)
        except InvalidSettings as invalid:
            place = Problem("", document=secret.document, source=secret.source, object=label(secret.found))
            for wrong in flags.problems(invalid):
                said = wrong._replace(document=place.document, source=place.source, object=place.object)
                self.made.problems.append(said._replace(key=_key(wrong.key)))
            return None

    def fit(self, hub: Hub, written: dict[str, Any], settings: Settings, warnings: list[Said]) -> None:
        parts = (hub.config, hub.deployment, *hub.pullers)
        broken = [(item, self.broken[_at(item)]) for item in parts if _at(item) in self.broken]
        if broken:
            self.refuse(hub, broken)
            return
        try:
            fitted = fit(hub, written, settings)
        except Refused as refused:
            self.refuse(hub, refused.notes)
            return
        self.made.objects.update({_at(item): new for item, new in fitted.objects})
        self.made.configs[_at(hub.deployment)] = fitted.configs
        self.verdict(hub, "fitted", warnings + fitted.said, tuple(label(item.found) for item in fitted.pulls))

    def refuse(self, hub: Hub, notes: list[tuple[Item, Said]]) -> None:
        self.made.problems.extend(problem(item, said) for item, said in notes)
        self.verdict(hub, "refused", [said for _, said in notes])

    def verdict(self, hub: Hub, verdict: str, said: list[Said], pulls: tuple[str, ...] = ()) -> None:
        item = hub.deployment
        known = hub.secret is not None and not {note.note for note in said} & _UNKNOWN
        settings = f"{label(hub.secret.found)}: {_key()}" if hub.secret and known else ""
        self.made.verdicts.append(
            Verdict(item.document, item.source, label(item.found), verdict, settings, pulls, tuple(said))
        )


def _file_name(found: Found) -> str:
    """The template that Helm 4 says the object comes from."""
    return str(targets.get(found.object, ("metadata", "annotations", FILE_NAME)) or "")


def _at(item: Item) -> At:
    return item.document, item.found.at


def _key(setting: str = "") -> str:
    """Where a setting is written, for messages."""
    path = ".".join(z2jh.SETTINGS) + (f".{setting}" if setting else "")
    return f"data[{hubvalues.KEY}]: {path}"


def _existing_secret(values: dict[str, Any]) -> list[Said]:
    name = targets.get(values, ("hub", "existingSecret"))
    return [Said(Note.EXISTING_SECRET, "hub.existingSecret", str(name))] if name else []
