"""What is decided about a stream before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from kernelpair import plan, targets
from kernelpair.core.reasons import Reason
from kernelpair.plan import Options, Plan
from tests.bad_input.manifests import FRONT_END, SETTINGS, pod


def planned(text: str, **options: Any) -> Plan:
    return plan.plan(text.encode(), Options(**options))


def reasons(made: Plan) -> list[Reason]:
    return [finding.reason for verdict in made.verdicts for finding in verdict.findings]


def test_a_document_that_changes_is_a_change_with_its_config_map() -> None:
    made = planned("---\nkind: Other\n" + pod())
    (change,) = made.changes
    assert (change.document.index, change.source) == (2, "lab/templates/ada.yaml")
    assert [config["metadata"]["name"] for config in change.added] == ["ada-kernelpair"]
    assert [container["name"] for container in yaml.safe_load(change.text)["spec"]["containers"]] == [
        "notebook",
        "kernel",
    ]
    (verdict,) = made.verdicts
    assert (verdict.document, verdict.object, verdict.where, verdict.refused) == (2, "Pod ada", "", False)
    assert verdict.before == {key: yaml.safe_load(pod())[key] for key in ("metadata", "spec")}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (pod({"enabled": False}), Reason.OFF),
        (pod({**SETTINGS, "optIn": True}), Reason.NOT_OPTED_IN),
        (pod(annotations='    kernelpair/split: "false"\n'), Reason.OPTED_OUT),
        (pod().replace("kernelpair/settings: '", "kernelpair/split: 'true' # '"), Reason.NO_SETTINGS),
    ],
)
def test_what_stays_gets_a_verdict_with_the_reason(text: str, reason: Reason) -> None:
    made = planned(text)
    assert reasons(made) == [reason]
    assert (made.changes, made.problems) == ([], [])
    assert made.verdicts[0].after is None
    assert not made.verdicts[0].refused


def test_a_pod_that_says_nothing_gets_no_verdict() -> None:
    assert planned(pod().replace("kernelpair/settings", "kernelpair/other")) == Plan([], [], [])
    assert planned("kind: Pod\nspec: {}\n", settings=SETTINGS) == Plan([], [], [])


def test_documents_that_only_name_our_images_are_not_judged() -> None:
    """Helm takes keys that stand twice; in a document that is none of ours nobody asks for more."""
    odd = "---\nkind: Deployment\nimage: example.org/kernelpair/hub:1\nimage: example.org/kernelpair/hub:1\n"
    assert planned(odd) == Plan([], [], [])
    assert len(planned(odd + pod()).changes) == 1


def test_settings_for_the_stream_need_an_opt_in_and_give_way_to_the_pods_own() -> None:
    asks = pod().replace("kernelpair/settings: '", "kernelpair/split: 'true' # '")
    assert planned(asks, settings=SETTINGS).verdicts[0].after is not None
    assert planned(pod({"enabled": False}), settings=SETTINGS).verdicts[0].after is None
    assert reasons(planned(asks, settings={"enabled": False, "notebook": FRONT_END})) == [Reason.OFF]


def test_the_flag_decides_over_all_settings() -> None:
    assert planned(pod({"enabled": False, "notebook": FRONT_END}), flag=True).changes
    made = planned(pod() + "---\nkernelpair/settings: [\n" + pod('{"typo": 1}'), flag=False)
    assert reasons(made) == [Reason.OFF, Reason.OFF]
    assert (made.changes, made.problems) == ([], [])


def test_a_refused_pod_is_a_problem_for_each_reason_once() -> None:
    spec = "  hostNetwork: true\n  os: {name: windows}\n"
    made = planned(pod(spec=spec))
    assert [problem.key for problem in made.problems] == ["spec.hostNetwork", "spec.os.name"]
    assert {problem.object for problem in made.problems} == {"Pod ada"}
    assert (made.verdicts[0].refused, made.changes) == (True, [])
    quantity = {**SETTINGS, "podResources": True, "notebook": {**FRONT_END, "reserve": {"memory": "1Mi"}}}
    made = planned(pod(quantity, container="      resources: {limits: {memory: 4 GB}}\n"))
    assert reasons(made) == [Reason.BAD_QUANTITY]


@pytest.mark.parametrize(
    ("kind", "path"), [("Deployment", "spec.template.spec"), ("CronJob", "spec.jobTemplate.spec.template.spec")]
)
def test_keys_of_problems_are_dotted_from_the_object(kind: str, path: str) -> None:
    document: dict[str, Any] = yaml.safe_load(pod())
    bad: Any = {
        "metadata": {"annotations": {"kernelpair/container": "x"}},
        "spec": {**document["spec"], "hostNetwork": True},
    }
    bad["spec"]["containers"] = [{"name": "a"}, {"name": "b"}]
    for key in reversed(path.removesuffix(".spec").split(".")):
        bad = {key: bad}
    group = "batch" if kind == "CronJob" else "apps"
    made = planned(yaml.safe_dump({"apiVersion": f"{group}/v1", "kind": kind, "metadata": document["metadata"], **bad}))
    metadata = path.removesuffix("spec") + "metadata"
    assert [problem.key for problem in made.problems] == [
        f"{metadata}.annotations.kernelpair/container",
        f"{path}.hostNetwork",
    ]


UNKNOWN = """\
apiVersion: ray.io/v1
kind: RayCluster
metadata:
  name: ada
  annotations:
    kernelpair/settings: '{"enabled": true, "notebook": {"image": {"name": "front-end"}}}'
"""


def test_settings_on_a_kind_that_nobody_knows_are_a_problem() -> None:
    (problem,) = planned(UNKNOWN).problems
    assert problem.object == "RayCluster ada"
    assert "--target RayCluster=" in problem.fix


@pytest.mark.parametrize(
    "text",
    [
        UNKNOWN.replace("true", "false"),
        UNKNOWN + '    kernelpair/split: "false"\n',
        UNKNOWN.replace('{"enabled"', '{"optIn": true, "enabled"'),
        UNKNOWN.replace("kernelpair/settings", "kernelpair/status"),
    ],
)
def test_on_such_a_kind_what_would_stay_anyway_is_none(text: str) -> None:
    assert planned(text).problems == []


def test_problems_of_all_documents_are_gathered_and_know_their_place() -> None:
    made = planned(pod('{"typo": 1}', name="one") + pod(spec="\ta: 1\n", name="two") + pod("no", name="three"))
    assert [(problem.document, problem.source) for problem in made.problems] == [
        (1, "lab/templates/one.yaml"),
        (2, "lab/templates/two.yaml"),
        (3, "lab/templates/three.yaml"),
    ]


def test_helm_4s_file_name_is_the_source() -> None:
    text = pod(spec="  hostNetwork: true\n", annotations="    postrenderer.helm.sh/postrender-filename: a/b.yaml\n")
    (problem,) = planned(text.replace("# Source: lab/templates/ada.yaml\n", "")).problems
    assert problem.source == "a/b.yaml"


def test_added_targets_are_places_as_the_tables_own() -> None:
    kinds = targets.with_targets(["RayCluster=spec.head"])
    document = {**yaml.safe_load(UNKNOWN), "spec": {"head": {"spec": yaml.safe_load(pod())["spec"]}}}
    made = planned(yaml.safe_dump(document), kinds=kinds)
    assert [(verdict.where, verdict.refused) for verdict in made.verdicts] == [("spec.head", False)]


def test_the_module_reads_no_files_and_no_environment() -> None:
    """Everything that decides comes in as an argument; the runtime files' texts are the one exception."""
    source = Path(plan.__file__).read_text()
    assert "import os" not in source
    assert "open(" not in source
