"""The report of `explain` as a table for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def table(report: dict[str, Any]) -> str:
    """The report as text: for every pod template its containers before and after, then what was skipped and why."""
    lines = [line for pod in report["pods"] for line in (*_pod(pod), "")]
    counts = {
        verdict: sum(pod["verdict"] == verdict for pod in report["pods"]) for verdict in ("split", "skipped", "refused")
    }
    found = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    total, wrong = len(report["pods"]), len(report["problems"])
    stopped = f"; {wrong} problem{'' if wrong == 1 else 's'}: nothing is written" if wrong else ""
    templates = "1 pod template that mentions" if total == 1 else f"{total} pod templates that mention"
    return "\n".join([*lines, f"{templates} kernelpair: {found}{stopped}", ""])


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
    for title, findings in (("warning", pod.get("warnings", [])), ("because", pod.get("reasons", []))):
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
