"""What becomes of one spawn's pod: a pure function of the pod, the settings and a few facts about the spawner."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from ..core import names, pods, reasons, split, urls
from ..core.settings import Settings
from . import choice

SPLIT, PLAIN, REFUSED = "split", "plain", "refused"
BY_CHOICE = "the user chose no separate kernel container"


class Held(NamedTuple):
    """What settings.json holds, read: the settings, the runtime ConfigMap's name and its namespace ("": unknown)."""

    settings: Settings
    runtime: str
    namespace: str


class Spawn(NamedTuple):
    """What has to be known of the spawner: where the pod goes, the page that opens, and what the user chose.

    ``chosen`` is None without a choice, and may be anything where it came through the hub's API.
    """

    namespace: str
    user_namespaces: bool
    default_url: str
    chosen: Any = None


class Outcome(NamedTuple):
    """What became of the pod. ``pod`` is the pair, or the pod with the user's choice, or None where it stays as it is.

    ``what`` and ``why`` are for everyone, ``fix`` is for operators; of a split they are the log line and "".
    """

    result: str
    pod: dict[str, Any] | None
    what: str
    why: str = ""
    fix: str = ""

    @property
    def sentence(self) -> str:
        """Everything, in one line."""
        return "; ".join(filter(None, (self.what, self.why, self.fix)))


def outcome(pod: dict[str, Any], spawn: Spawn, held: Held) -> Outcome:
    """Return what becomes of ``pod`` (plain dict, never changed): the pair, or why it stays as it is.

    What the user chose stands in the annotation kernelpair/split, unless the operator opted out there; it is there on a
    pod that can't be split too.
    """
    if spawn.chosen is not None and not choice.valid(spawn.chosen):
        return _bad_choice(spawn.chosen)
    asked = choice.applied(pod, spawn.chosen)
    if asked is not pod and spawn.chosen == choice.OFF:
        return Outcome(PLAIN, asked, BY_CHOICE)
    made = _outcome(asked, spawn, held)
    return made if made.pod is not None or asked is pod else made._replace(pod=asked)


def _bad_choice(chosen: Any) -> Outcome:
    what = f"the option {choice.KEY} says {json.dumps(chosen)[:60]}, which is neither {choice.ON} nor {choice.OFF}"
    fix = f'write "{choice.ON}", "{choice.OFF}" or no {choice.KEY} into the user_options of the request'
    return Outcome(REFUSED, None, what, "what was meant can't be known", fix)


def _outcome(pod: dict[str, Any], spawn: Spawn, held: Held) -> Outcome:
    skipped = pods.decide(pod, held.settings)
    if skipped is not None:
        return _told(REFUSED if skipped.reason is reasons.Reason.BAD_OPT_IN else PLAIN, [skipped])
    try:
        plain = split.undo(pod)  # an earlier hook, or a pod template of the release, may have made it a pair
    except reasons.Refused as refused:
        return _told(REFUSED, list(refused.findings))
    page = urls.plain_page(plain, held.settings, spawn.default_url)
    if page is not None:
        return _told(PLAIN, [page])
    if spawn.user_namespaces or (held.namespace and spawn.namespace != held.namespace):
        return Outcome(
            REFUSED,
            None,
            f"the pod goes to the namespace {spawn.namespace}",
            f"the ConfigMap {held.runtime} with the runtime files isn't there",
            f"spawn into the hub's namespace {held.namespace}".rstrip() + f', or opt out with {names.SPLIT}: "false"',
        )
    try:
        pair = split.build(plain, held.settings, held.runtime)
    except reasons.Refused as refused:
        return _told(REFUSED, list(refused.findings))
    index, _ = pods.user_container(plain)
    return Outcome(SPLIT, pair.pod, _summary(plain["spec"]["containers"][index], pair, held.settings))


def _told(result: str, findings: list[reasons.Finding]) -> Outcome:
    what, why, fix = (
        " and ".join(dict.fromkeys(filter(None, (getattr(finding, part) for finding in findings))))
        for part in ("what", "why", "fix")
    )
    return Outcome(result, None, what, why, fix)


def _summary(user: dict[str, Any], pair: split.Pair, settings: Settings) -> str:
    moved = {field: _without_empty(user[field]) for field in pair.record["moved"]}
    warned = ",".join(sorted({finding.reason.value for finding in pair.warnings}))
    said = f"image={user['image']} front-end={settings.image('notebook.image')} moved={json.dumps(moved)}"
    return f"{said} warnings={warned}" if warned else said


def _without_empty(field: Any) -> Any:
    return {key: value for key, value in field.items() if value} if isinstance(field, dict) else field
