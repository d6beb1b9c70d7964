"""Which pods the hub leaves running though their notebook container has ended."""

from __future__ import annotations

from typing import Any

import pytest

from kernelpair.core import names
from kernelpair.hub.coming_back import comes_back


def pod(**changed: Any) -> dict[str, Any]:
    """A pair whose notebook server was killed after 40 seconds, with `changed` parts."""
    parts = {
        "annotations": {names.STATUS: "{}"},
        "restartPolicy": "OnFailure",
        "phase": "Running",
        "notebook": {
            "terminated": {"exitCode": 137, "startedAt": "2026-01-01T10:00:00Z", "finishedAt": "2026-01-01T10:00:40Z"}
        },
        "kernel": {"running": {"startedAt": "2026-01-01T10:00:00Z"}},
        "metadata": {},
        **changed,
    }
    states = [{"name": name, "state": parts[name]} for name in ("notebook", "kernel") if parts[name]]
    return {
        "metadata": {"annotations": parts["annotations"], **parts["metadata"]},
        "spec": {"restartPolicy": parts["restartPolicy"]},
        "status": {"phase": parts["phase"], "containerStatuses": states},
    }


def test_a_pairs_server_that_worked_comes_back() -> None:
    assert comes_back(pod())
    assert comes_back(pod(restartPolicy="Always"))


def test_beside_a_kernel_container_that_is_a_native_sidecar_too() -> None:
    made = pod(kernel={})
    made["status"]["initContainerStatuses"] = [{"name": "kernel", "state": {"running": {}}}]
    assert comes_back(made)


def ended(code: int, seconds: int) -> dict[str, Any]:
    times = {"startedAt": "2026-01-01T10:00:00Z", "finishedAt": f"2026-01-01T10:00:{seconds:02}Z"}
    return {"terminated": {"exitCode": code, **times}}


OTHERS = {
    "a plain pod": {"annotations": {}},
    "it is being deleted": {"metadata": {"deletionTimestamp": "2026-01-01T10:00:40Z"}},
    "never restarted": {"restartPolicy": "Never"},
    "it ended as it wished": {"notebook": ended(0, 40)},
    "it hardly worked": {"notebook": ended(1, 29)},
    "its times aren't told": {"notebook": {"terminated": {"exitCode": 137}}},
    "its times are no times": {"notebook": {"terminated": {"exitCode": 137, "startedAt": None, "finishedAt": "soon"}}},
    "it runs": {"notebook": {"running": {}}},
    "the kernels ended as well": {"kernel": ended(137, 40)},
    "no word of the kernels": {"kernel": {}},
    "the pod has failed": {"phase": "Failed"},
}


@pytest.mark.parametrize("changed", OTHERS.values(), ids=OTHERS)
def test_all_others_are_left_to_kubespawner(changed: dict[str, Any]) -> None:
    assert not comes_back(pod(**changed))


def test_a_pod_without_a_status_is_left_to_kubespawner() -> None:
    assert not comes_back({})
