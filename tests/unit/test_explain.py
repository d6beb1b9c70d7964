"""The report's data: what is said of pods, and what follows from the pair for quotas and the node."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests import command
from tests.bad_input.manifests import FRONT_END, SETTINGS, pod

QUOTA = "---\napiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: team{place}}}\nspec: {{hard: {hard}}}\n"
STATED = "      resources: {limits: {cpu: 2, memory: 4Gi}, requests: {cpu: 1, memory: 2Gi}}\n"


def reported(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(command.run(["explain", "-o", "json"], text.encode()).out)
    return found


def warnings(text: str) -> dict[str, str]:
    (found,) = reported(text)["pods"]
    return {warning["reason"]: warning["what"] for warning in found["warnings"]}


@pytest.mark.parametrize(
    ("hard", "counted"),
    [
        ("{requests.memory: 1Gi}", "requests.memory"),
        ("{memory: 1Gi, cpu: 4}", "requests.cpu, requests.memory"),
        ("{limits.cpu: 4, limits.memory: 1Gi, pods: 3}", "limits.cpu, limits.memory"),
    ],
)
def test_a_quota_that_the_notebook_does_not_satisfy_is_told(hard: str, counted: str) -> None:
    said = warnings(QUOTA.format(place="", hard=hard) + pod(container=STATED))
    assert said["quota"] == f"the release has the ResourceQuota team, which counts {counted}"


@pytest.mark.parametrize(
    "quota",
    [
        QUOTA.format(place="", hard="{pods: 3, requests.storage: 1Ti}"),
        QUOTA.format(place=", namespace: elsewhere", hard="{memory: 1Gi}"),
        QUOTA.format(place="", hard="null"),
        QUOTA.format(place="", hard="{memory: 1Gi}").replace(
            "kind: ResourceQuota", "note: 'kind: ResourceQuota'\nkind: A"
        ),
        "---\nkind: ResourceQuota\nspec: {hard: {memory: [never closed\n",
    ],
)
def test_a_quota_that_counts_nothing_of_ours_is_not(quota: str) -> None:
    assert "quota" not in warnings(quota + pod(container=STATED))


@pytest.mark.parametrize(
    "settings",
    [
        {**SETTINGS, "notebook": {**FRONT_END, "reserve": {"memory": "256Mi"}}},
        {**SETTINGS, "notebook": {**FRONT_END, "resources": {"limits": {"memory": "256Mi"}}}},
        {**SETTINGS, "podResources": True},
    ],
)
def test_a_pair_that_states_what_the_quota_counts_is_fine(settings: dict[str, Any]) -> None:
    assert "quota" not in warnings(QUOTA.format(place="", hard="{memory: 1Gi}") + pod(settings, container=STATED))


def test_a_namespace_that_both_name_is_compared() -> None:
    quota = QUOTA.format(place=", namespace: team", hard="{memory: 1Gi}")
    assert "quota" in warnings(quota + pod(container=STATED).replace("  name: ada", "  name: ada\n  namespace: team"))


def test_a_notebook_with_a_memory_request_is_not_the_first_to_die() -> None:
    reserve = {**SETTINGS, "notebook": {**FRONT_END, "reserve": {"memory": "256Mi"}}}
    assert warnings(pod(reserve, container=STATED)) == {}
    assert warnings(pod(reserve)).keys() == {"first-to-die"}, "nothing to take the reserve from"


def test_the_guaranteed_class_is_kept_by_a_reserve_and_lost_without() -> None:
    same = "      resources: {limits: {cpu: 2, memory: 4Gi}}\n"
    assert "burstable" in warnings(pod(container=same))
    reserve = {**SETTINGS, "notebook": {**FRONT_END, "reserve": {"memory": "256Mi", "cpu": "100m"}}}
    assert warnings(pod(reserve, container=same)) == {}


def test_a_pod_that_cannot_be_read_has_no_containers() -> None:
    (found,) = reported(pod(spec="  initContainers: text\n"))["pods"]
    assert found["verdict"] == "refused"
    (found,) = reported(pod().replace("- name: notebook", "- just text\n    - name: notebook"))["pods"]
    assert found["before"] == {"containers": [], "qos": ""}


def test_the_kernel_of_a_job_is_listed_though_it_is_an_init_container() -> None:
    native = {**SETTINGS, "kernel": {"nativeSidecar": True}}
    (found,) = reported(pod(native, spec="  initContainers: [{name: first, image: a}]\n"))["pods"]
    assert [container["name"] for container in found["after"]["containers"]] == ["notebook", "kernel"]


def test_nothing_secret_is_in_the_report() -> None:
    text = pod(container="      env: [{name: JUPYTERHUB_API_TOKEN, value: s3cret}]\n")
    assert "s3cret" not in json.dumps(reported(text))
