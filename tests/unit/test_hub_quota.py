"""What the user of a pair reads when a ResourceQuota refuses it."""

from __future__ import annotations

import json

import pytest

from kernelpair.hub import quota


class ApiError(Exception):
    def __init__(self, status: int, body: object) -> None:
        super().__init__(status)
        self.status, self.body = status, body


def said(message: object, status: int = 403) -> str:
    return quota.explanation(ApiError(status, json.dumps({"kind": "Status", "message": message})))


REFUSED = 'pods "jupyter-ann" is forbidden: failed quota: team: must specify '


def test_what_the_notebook_does_not_state_is_named_with_the_fix() -> None:
    assert said(
        f"{REFUSED}limits.cpu for: notebook; requests.memory for: helper,notebook; limits.memory for: helper"
    ) == (
        "This server can't start with a separate kernel container: the ResourceQuota team counts limits.cpu, "
        "requests.memory; a quota refuses every pod with a container that doesn't state them, and the notebook states "
        "nothing. Fix: state them in kernelGateway.notebook.reserve or notebook.resources, or set "
        "kernelGateway.podResources (Kubernetes 1.34)."
    )


@pytest.mark.parametrize(
    "message",
    [
        f"{REFUSED}limits.cpu for: helper",
        f"{REFUSED}limits.cpu for: notebooks",
        'pods "jupyter-ann" is forbidden: exceeded quota: team, requested: pods=1, used: pods=9, limited: pods=9',
        "",
        None,
        ["failed quota"],
    ],
)
def test_other_refusals_stay_as_they_are(message: object) -> None:
    assert said(message) == ""


@pytest.mark.parametrize("body", [None, "", "no JSON", "[]", b"\xff"])
def test_answers_that_can_not_be_read_stay_as_they_are(body: object) -> None:
    assert quota.explanation(ApiError(403, body)) == ""


def test_other_errors_stay_as_they_are() -> None:
    assert said(f"{REFUSED}limits.cpu for: notebook", status=500) == ""
    assert quota.explanation(ValueError("failed quota: team: must specify limits.cpu for: notebook")) == ""
