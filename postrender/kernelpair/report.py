"""The report of `explain` as a table for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def table(report: dict[str, Any]) -> str:
    """The report as text: every hub; every pod template's containers before and after; what was skipped and why."""
    lines = [line for hub in report["hubs"] for line in (*_hub(hub), "")]
    lines += [line for pod in report["pods"] for line in (*_pod(pod), "")]
    counts = {
        verdict: sum(pod["verdict"] == verdict for pod in report["pods"]) for verdict in ("split", "skipped", "refused")
    }
    found = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    total, wrong = len(report["pods"]), len(report["problems"])
    stopped = f"; {wrong} problem{'' if wrong == 1 else 's'}: nothing is written" if wrong else ""
    hubs = _counted(report["hubs"])
    templates = "1 pod template that mentions" if total == 1 else f"{total} pod templates that mention"
    return "\n".join([*lines, f"{hubs}{templates} kernelpair: {found}{stopped}", ""])


def _counted(hubs: list[dict[str, Any]]) -> str:
    if not hubs:
        return ""
    said = [hub["verdict"] for hub in hubs]
    counts = ", ".join(f"{said.count(verdict)} {verdict}" for verdict in ("fitted", "skipped", "refused"))
    return f"{len(hubs)} hub{'' if len(hubs) == 1 else 's'}: {counts}; "


_FITTED = " (every spawn becomes a pair, unless the settings say otherwise)"


def _hub(hub: dict[str, Any]) -> Iterator[str]:
    source = f", {hub['source']}" if hub["source"] else ""
    fitted = hub["verdict"] == "fitted"
    yield f"{hub['object']}: {hub['verdict']}{_FITTED if fitted else ''}   [document {hub['document']}{source}]"
    if hub["settings"]:
        yield f"  settings: {hub['settings']}"
    if fitted:
        yield f"  the front-end image is pulled ahead by: {', '.join(hub['pullers']) or 'nothing of the release'}"
    yield from _gateway(hub)
    yield from _findings(hub)


def _pod(pod: dict[str, Any]) -> Iterator[str]:
    where = f" ({pod['where']})" if pod["where"] else ""
    source = f", {pod['source']}" if pod["source"] else ""
    yield f"{pod['object']}{where}: {pod['verdict']}   [document {pod['document']}{source}]"
    rows = [("", "container", "image", "requests", "limits")]
    for side in ("before", "after"):
        for number, container in enumerate(pod.get(side, {}).get("containers", [])):
            rows.append((side if number == 0 else "", *_container(container)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows if rows[1:] else ():
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    if rows[1:]:
        yield f"  QoS: {pod['before']['qos']}" + (f" -> {pod['after']['qos']}" if "after" in pod else "")
    yield from _gateway(pod)
    yield from _findings(pod)


def _gateway(entry: dict[str, Any]) -> Iterator[str]:
    taken = entry.get("gateway")
    if taken:
        yield f"  gateway: {taken['what']}"
        yield f"    why: {taken['why']}"


def _findings(entry: dict[str, Any]) -> Iterator[str]:
    for title, findings in (("warning", entry.get("warnings", [])), ("because", entry.get("reasons", []))):
        for finding in findings:
            yield from _finding(title, finding)


def _container(container: dict[str, Any]) -> tuple[str, str, str, str]:
    def listed(block: str) -> str:
        stated = container["resources"].get(block) or {}
        return ", ".join(f"{name} {quantity}" for name, quantity in stated.items()) or "-"

    return str(container["name"]), str(container["image"]), listed("requests"), listed("limits")


def _finding(title: str, finding: dict[str, str]) -> Iterator[str]:
    key = f" ({finding['key']})" if finding.get("key") else ""
    yield f"  {title}: {finding['what']}{key}"
    for label in ("why", "fix"):
        if finding.get(label):
            yield f"    {label}: {finding[label]}"
