"""The report as a table for people."""

from __future__ import annotations

from typing import Any

from kernelpair.report import table


def container(name: str, **resources: Any) -> dict[str, Any]:
    return {"name": name, "image": f"example.org/{name}", "resources": resources}


SPLIT: dict[str, Any] = {
    "document": 2,
    "source": "a/b.yaml",
    "object": "Deployment lab",
    "where": "spec.template",
    "verdict": "split",
    "before": {"containers": [container("lab", limits={"cpu": 2, "memory": "4Gi"})], "qos": "Guaranteed"},
    "after": {
        "containers": [container("lab"), container("kernel", limits={"cpu": 2, "memory": "4Gi"}, requests=None)],
        "qos": "Burstable",
    },
    "warnings": [{"reason": "burstable", "key": "spec.containers", "what": "a fact", "why": "a why", "fix": "a fix"}],
}
SKIPPED: dict[str, Any] = {
    "document": 1,
    "source": "",
    "object": "Pod ada",
    "where": "",
    "verdict": "skipped",
    "before": {"containers": [], "qos": ""},
    "reasons": [{"reason": "off", "what": "the flag is off"}],
}


def test_a_report_shows_before_after_and_what_to_do() -> None:
    assert (
        table({"hubs": [], "pods": [SPLIT, SKIPPED], "problems": []})
        == """\
Deployment lab (spec.template): split   [document 2, a/b.yaml]
          container  image               requests  limits
  before  lab        example.org/lab     -         cpu 2, memory 4Gi
  after   lab        example.org/lab     -         -
          kernel     example.org/kernel  -         cpu 2, memory 4Gi
  QoS: Guaranteed -> Burstable
  warning: a fact (spec.containers)
    why: a why
    fix: a fix

Pod ada: skipped   [document 1]
  because: the flag is off

2 pod templates that mention kernelpair: 1 split, 1 skipped, 0 refused
"""
    )


def test_an_empty_report_says_so() -> None:
    said = "0 pod templates that mention kernelpair: 0 split, 0 skipped, 0 refused\n"
    assert table({"hubs": [], "pods": [], "problems": []}) == said


def test_problems_are_counted() -> None:
    refused = {**SKIPPED, "verdict": "refused"}
    one = table({"hubs": [], "pods": [refused], "problems": [{}]})
    assert one.endswith(
        "1 pod template that mentions kernelpair: 0 split, 0 skipped, 1 refused; 1 problem: nothing is written\n"
    )
    assert table({"hubs": [], "pods": [], "problems": [{}, {}]}).endswith("; 2 problems: nothing is written\n")


def test_no_line_ends_in_blanks() -> None:
    assert [
        line
        for line in table({"hubs": [], "pods": [SPLIT, SKIPPED], "problems": []}).splitlines()
        if line != line.rstrip()
    ] == []
