"""The verdict on the pod templates of one object: split, left as they are, or refused."""

from __future__ import annotations

from typing import Any, NamedTuple

from . import flags, targets
from .core import gateway, names
from .core import settings as core_settings
from .core.pods import decide, mapping
from .core.reasons import Finding, Reason, Refused
from .core.settings import Settings
from .core.split import build, undo
from .core.urls import plain_page
from .errors import Problem, short
from .runtimefiles import file_name
from .targets import Found, Place


class Verdict(NamedTuple):
    """What becomes of one pod template.

    `after` is None unless it is split; `findings` say why not, or hold the warnings. `gateway` says of a pair how the
    gateway gets there.
    """

    document: int
    source: str
    object: str
    where: str
    namespace: str
    before: dict[str, Any]
    after: dict[str, Any] | None
    findings: tuple[Finding, ...]
    refused: bool = False
    gateway: gateway.Taken | None = None


class Judge:
    """Judges the objects of one document.

    `document` is its index and `source` the file that it says it is from; `settings` are the stream's, as written, or
    None, `flag` overrides theirs. What it finds is added to `verdicts` and `problems`.
    """

    def __init__(self, document: int, source: str, settings: Any, flag: bool | None) -> None:
        self.document, self.source = document, source
        self._settings, self._flag = settings, flag
        self.verdicts: list[Verdict] = []
        self.problems: list[Problem] = []

    def object(self, found: Found) -> dict[str, Any] | None:
        """Return the object with its pods split; None when none is."""
        self.source = self.source or file_name(found)
        if found.places is None:
            self._unknown_kind(found)
            return None
        made = None
        for place in found.places:
            pair = self._pod(found._replace(object=made or found.object), place)
            if pair is not None:
                made = targets.with_pod(found._replace(object=made or found.object), place, pair)
        return made

    def _unknown_kind(self, found: Found) -> None:
        annotations = targets.get(found.object, ("metadata", "annotations"))
        if not isinstance(annotations, dict) or names.SETTINGS not in annotations:
            return
        settings = self._settings_of(annotations[names.SETTINGS], found)
        if settings is None or decide({"metadata": {"annotations": annotations}}, settings):
            return
        kind = f"{found.object.get('kind')} of {found.object.get('apiVersion')}"
        self._problem(
            found,
            Problem(
                "the object carries settings, and kernelpair doesn't know where its pod template is",
                key=f"metadata.annotations.{names.SETTINGS}",
                value=short(kind),
                why="the flag is on, and nothing would be split",
                fix=f"pass --target {found.object.get('kind')}=path.to.template, or remove the annotation",
            ),
        )

    def _problem(self, found: Found, problem: Problem) -> None:
        label = targets.label(found)
        self.problems.append(problem._replace(document=self.document, source=self.source, object=label))

    def _settings_of(self, written: Any, found: Found, key: str = "metadata") -> Settings | None:
        """The settings of one object; None after their problems were noted."""
        path = f"{key}.annotations.{names.SETTINGS}"
        try:
            return flags.read(written, self._flag)
        except core_settings.InvalidSettings as invalid:
            for problem in flags.problems(invalid):
                self._problem(found, problem._replace(key=f"{path}: {problem.key}" if problem.key else path))
            return None

    def _pod(self, found: Found, place: Place) -> dict[str, Any] | None:
        """Judge one pod template; the pair when it is split into another than it was."""
        pod = targets.pod_at(found, place)
        of_pod = targets.get(pod, ("metadata", "annotations"))
        of_object = targets.get(found.object, ("metadata", "annotations"))
        of_pod, of_object = (given if isinstance(given, dict) else {} for given in (of_pod, of_object))
        ours = {key: mark for key, mark in {**of_object, **of_pod}.items() if key.startswith("kernelpair/")}
        if names.SETTINGS in ours:
            key = ".".join(map(str, place.metadata)) if names.SETTINGS in of_pod else "metadata"
            settings = self._settings_of(ours[names.SETTINGS], found, key)
        elif self._settings is not None and names.SPLIT in ours:
            settings = flags.for_stream(self._settings, self._flag)
        else:
            if names.SPLIT in ours:
                self._verdict(found, place, pod, None, [Finding(Reason.NO_SETTINGS)])
            return None
        if settings is None:
            return None
        skip = decide({"metadata": {"annotations": ours}}, settings)
        if skip is not None:
            self._verdict(found, place, pod, None, [skip], refused=skip.reason is Reason.BAD_OPT_IN)
            return None
        return self._pair(found, place, pod, settings, str(ours.get(names.CONTAINER, "")))

    def _pair(
        self, found: Found, place: Place, pod: dict[str, Any], settings: Settings, hint: str
    ) -> dict[str, Any] | None:
        owner = targets.owner_name(found)
        try:
            plain = undo(pod)
            page = plain_page(plain, settings, hint=hint or owner)
            if page is not None:
                self._verdict(found, place, pod, None, [page])
                return None
            pair = build(plain, settings, names.runtime_config_map(owner), place.completes, hint or owner)
        except Refused as refused:
            self._verdict(found, place, pod, None, list(dict.fromkeys(refused.findings)), refused=True)
            return None
        self._verdict(found, place, plain, pair.pod, list(pair.warnings), gateway=gateway.taken(settings))
        return pair.pod

    def _verdict(
        self,
        found: Found,
        place: Place,
        before: dict[str, Any],
        after: dict[str, Any] | None,
        findings: list[Finding],
        refused: bool = False,
        gateway: gateway.Taken | None = None,
    ) -> None:
        where = ".".join(map(str, place.spec[:-1]))
        namespace = str(mapping(found.object, "metadata").get("namespace") or "")
        made = Verdict(
            self.document,
            self.source,
            targets.label(found),
            where,
            namespace,
            before,
            after,
            tuple(findings),
            refused,
            gateway,
        )
        self.verdicts.append(made)
        for finding in findings if refused else ():
            key = _absolute(finding.key, place)
            self._problem(found, Problem(finding.what, key=key, value=finding.value, why=finding.why, fix=finding.fix))


def _absolute(key: str, place: Place) -> str:
    """The key of a finding, dotted from the object instead of from its pod."""
    head, _, rest = key.partition(".")
    paths = {"metadata": place.metadata, "spec": place.spec}
    return ".".join([*map(str, paths[head]), *([rest] if rest else [])]) if head in paths else key
