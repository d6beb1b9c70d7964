"""Both doors agree: what the post-renderer makes of a pod template, the hub's hook makes of such a pod."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import assume, example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from kernelpair import targets
from kernelpair.core import names
from kernelpair.core.settings import InvalidSettings, parse
from kernelpair.hub.hook import Unusable
from kernelpair.hub.outcome import PLAIN, REFUSED, SPLIT, Outcome
from kernelpair.yamltext.nodes import same
from tests import command
from tests.doors import at_spawn, told
from tests.strategies import budget, pair_settings, pods
from tests.unit.core.build import pod, user

VERDICTS = {SPLIT: "split", PLAIN: "skipped", REFUSED: "refused"}
RUNTIME = names.runtime_config_map("lab")
PLACE = targets.template_at("template")
ALL_PODS = st.one_of(pods.pods(), pods.mutated(pods.pods()))
SPLITS = st.sampled_from([None, None, "true", "false", "True", "", 1, True, ["true"]])
FLAGS = st.builds(lambda block, on: {**block, "enabled": on}, pair_settings.valid, st.sampled_from([True, True, False]))


def share(part: float) -> examples:
    return examples(budget.share(part), deadline=None)


def template(pod: Any, block: object) -> dict[str, Any]:
    """A PodTemplate: its own metadata says nothing of the pod's."""
    metadata = {"name": "lab", "annotations": {names.SETTINGS: json.dumps(block)}}
    return {"apiVersion": "v1", "kind": "PodTemplate", "metadata": metadata, "template": pod}


def opted(pod: Any, said: object) -> Any:
    """The pod with ``said`` in its annotation kernelpair/split, where it can have one."""
    metadata = pod.get("metadata", {}) if isinstance(pod, dict) else None
    annotations = metadata.get("annotations", {}) if isinstance(metadata, dict) else None
    if said is None or not isinstance(annotations, dict):
        return pod
    return {**pod, "metadata": {**metadata, "annotations": {**annotations, names.SPLIT: said}}}


def pod_of(manifest: dict[str, Any]) -> dict[str, Any]:
    return targets.pod_at(targets.Found((), manifest, (PLACE,)), PLACE)


def agree(manifest: dict[str, Any], block: object) -> Outcome:
    """Hold what the renderer says and writes against what the hook makes of the same pod; return that."""
    data = json.dumps(manifest).encode()
    before = copy.deepcopy(pod_of(manifest))
    made = at_spawn(pod_of(manifest), block, RUNTIME)
    assert same(pod_of(manifest), before)
    (entry,) = json.loads(command.run(["explain", "-o", "json"], data).out)["pods"]
    assert entry["verdict"] == VERDICTS[made.result]
    done = command.run([], data)
    assert done.code == (1 if made.result == REFUSED else 0)
    if made.pod is None:
        assert (made.what, made.why, made.fix) == told(entry["reasons"])
        assert done.out == (b"" if made.result == REFUSED else data)
    else:
        assert same(pod_of(json.loads(done.out.splitlines()[0])), made.pod)
    return made


@given(ALL_PODS, FLAGS, SPLITS)
@example(pod(user(env=["x"])), {"enabled": True, "notebook": {"image": {"name": "x"}}}, None)
@example({"spec": {"containers": ["x"]}}, {"enabled": True, "notebook": {"image": {"name": "x"}}}, None)
@share(2)
def test_static_and_spawn_time_results_agree(made, block, said):
    """Guarantee: both doors split, skip or refuse a pod, for the same reasons, and make the same pair of it."""
    agree(template(opted(made, said), block), block)


@given(pods.pods(), FLAGS, FLAGS)
@share(1)
def test_they_agree_about_pairs(made, old, new):
    """Guarantee: the same for a pod that is a pair by other settings already."""
    pair = at_spawn(made, {**old, "enabled": True, "optIn": False}, "other").pod
    assume(pair is not None)
    agree(template(pair, new), new)


@given(pair_settings.doubtful)
@share(1)
def test_they_agree_about_settings(block):
    """Guarantee: settings that one door can't use the other can't either, and both say why."""
    manifest = template(pod(), block)
    try:
        parse(block)
    except InvalidSettings as invalid:
        done = command.run([], json.dumps(manifest).encode())
        assert done.code == 1
        said = refusal_of(block)
        for problem in invalid.problems:
            assert problem.why in said
            assert problem.why in done.err
    else:
        agree(manifest, block)


def refusal_of(block: object) -> str:
    try:
        at_spawn(pod(), block, RUNTIME)
    except Unusable as unusable:
        return str(unusable)
    raise AssertionError("the hub takes settings that the renderer refuses")


def test_the_pods_here_do_split() -> None:
    block = {"enabled": True, "notebook": {"image": {"name": "example.org/front-end"}}}
    assert agree(template(pod(), block), block).result == SPLIT
