"""What an operator should know of a stream: every pod template before and after, as a table or as JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from . import targets
from .core import names
from .core.gateway import Taken
from .core.pods import every_container, items, mapping, qos_class
from .core.reasons import Finding, Reason
from .errors import Rejected
from .judge import Verdict
from .plan import Plan
from .yamltext.documents import decode, documents_mentioning
from .yamltext.nodes import compose, value

if TYPE_CHECKING:
    from .releases.stream import Verdict as HubVerdict

_QUOTA_DOCUMENT = re.compile(rb"kind[\"']?\s*:\s*[\"']?ResourceQuota")
_COUNTED = re.compile(r"(?:(requests|limits)\.)?(cpu|memory)")


class Quota:
    """A ResourceQuota of the release and the resources that it makes every container state, such as requests.cpu."""

    def __init__(self, name: str, namespace: str, counted: list[str]) -> None:
        self.name, self.namespace, self.counted = name, namespace, counted


def explain(data: bytes, made: Plan) -> dict[str, Any]:
    """The report on a stream, as data for `report.table` and JSON.

    ``pods``: one entry per pod template that concerns us: document, source, object, where, verdict (split, skipped,
    refused), reason, warnings, ``gateway`` of a pair (way, what, why: see `core.gateway`), and ``before``/``after``:
    containers (name, image, resources), qos.
    ``hubs``: one entry per hub that concerns us: document, source, object, verdict (fitted, skipped, refused), settings
    (where they are written), pullers (that pull the front-end image too), ``gateway`` of its pairs, reasons or
    warnings.
    ``problems``: everything for which the stream is refused.
    """
    quotas = _quotas(data) if any(verdict.after for verdict in made.verdicts) else []
    return {
        "pods": [_pod(verdict, quotas) for verdict in made.verdicts],
        "hubs": [_hub(verdict) for verdict in made.hubs],
        "problems": [problem._asdict() for problem in made.problems],
    }


def _pod(verdict: Verdict, quotas: list[Quota]) -> dict[str, Any]:
    findings = [_finding(finding) for finding in verdict.findings]
    entry: dict[str, Any] = {
        "document": verdict.document,
        "source": verdict.source,
        "object": verdict.object,
        "where": verdict.where,
        "before": _side(verdict.before),
    }
    if verdict.after is None:
        return {**entry, "verdict": "refused" if verdict.refused else "skipped", "reasons": findings}
    consequences = [_finding(finding) for finding in _consequences(verdict, verdict.after, quotas)]
    made = {"verdict": "split", "after": _side(verdict.after), "gateway": _gateway(verdict.gateway)}
    return {**entry, **made, "warnings": findings + consequences}


def _hub(verdict: HubVerdict) -> dict[str, Any]:
    findings = [said.as_finding() for said in verdict.said]
    place = {"document": verdict.document, "source": verdict.source, "object": verdict.object}
    entry = {**place, "verdict": verdict.verdict, "settings": verdict.settings, "pullers": list(verdict.pulls)}
    if verdict.gateway:
        entry["gateway"] = _gateway(verdict.gateway)
    return {**entry, "warnings" if verdict.verdict == "fitted" else "reasons": findings}


def _gateway(taken: Taken | None) -> dict[str, str]:
    return taken._asdict() if taken else {}


def _finding(finding: Finding) -> dict[str, str]:
    said = {"reason": finding.reason.value, "key": finding.key, "what": finding.what, "why": finding.why}
    return {key: text for key, text in {**said, "fix": finding.fix}.items() if text}


def _side(pod: dict[str, Any]) -> dict[str, Any]:
    """Containers and QoS class of a pod; a pod that can't be read has none."""
    try:
        found = [
            {
                "name": container.get("name"),
                "image": container.get("image"),
                "resources": container.get("resources") or {},
            }
            for path, container in every_container(pod)
            if path.startswith("spec.containers") or container.get("name") == names.KERNEL
        ]
        return {"containers": found, "qos": qos_class(pod)}
    except (AttributeError, TypeError):
        return {"containers": [], "qos": ""}


def _consequences(verdict: Verdict, pair: dict[str, Any], quotas: list[Quota]) -> list[Finding]:
    """What follows from the notebook's having no resources, or too few."""
    before, after = qos_class(verdict.before), qos_class(pair)
    notebook = next(c for c in items(pair["spec"], "containers") if c.get("image") != _kernel(pair).get("image"))
    stated = mapping(notebook, "resources")
    found = []
    if before == "Guaranteed" != after:
        found.append(Finding(Reason.BURSTABLE, "spec.containers", after))
    if "memory" not in {**mapping(stated, "requests"), **mapping(stated, "limits")}:
        found.append(Finding(Reason.FIRST_TO_DIE, "spec.containers"))
    for quota in quotas:
        missing = [name for name in quota.counted if not _states(stated, name) and not _states_pod(pair, name)]
        if missing and quota.namespace in ("", verdict.namespace):
            found.append(Finding(Reason.QUOTA, "spec.containers", quota.name, ", ".join(missing)))
    return found


def _kernel(pair: dict[str, Any]) -> dict[str, Any]:
    return next(container for _, container in every_container(pair) if container.get("name") == names.KERNEL)


def _states(resources: dict[str, Any], counted: str) -> bool:
    block, _, name = counted.partition(".")
    limits = mapping(resources, "limits")
    # A missing request is filled in from the limit.
    blocks = (limits,) if block == "limits" else (limits, mapping(resources, "requests"))
    return any(name in stated for stated in blocks)


def _states_pod(pair: dict[str, Any], counted: str) -> bool:
    return _states(mapping(pair["spec"], "resources"), counted)


def _quotas(data: bytes) -> list[Quota]:
    """The ResourceQuotas of the stream that count CPU or memory; one that can't be read is left to the API server."""
    found = []
    for document in documents_mentioning(data, _QUOTA_DOCUMENT):
        try:
            read = value(compose(decode(data, document)))
        except Rejected:
            continue
        for entry in targets.find(read, {}):
            hard = targets.get(entry.object, ("spec", "hard"))
            if entry.object.get("kind") != "ResourceQuota" or not isinstance(hard, dict):
                continue
            matches = [_COUNTED.fullmatch(str(name)) for name in hard]
            counted = sorted({f"{match.group(1) or 'requests'}.{match.group(2)}" for match in matches if match})
            metadata = mapping(entry.object, "metadata")
            found.append(Quota(str(metadata.get("name")), str(metadata.get("namespace") or ""), counted))
    return found
