"""The guarantees of split and undo, each on generated pods and settings."""

from __future__ import annotations

import copy

from hypothesis import given
from hypothesis import strategies as st

from kernelpair.core import names, split
from tests.strategies import pair_settings, pods
from tests.strategies.budget import share
from tests.strategies.oracles import exact, expanded
from tests.strategies.pairs import pair_of, running

jobs = st.booleans()


@given(pods.pods(), pair_settings.parsed, jobs)
@share(0.5)
def test_split_never_changes_its_input(pod, settings, completes):
    """Guarantee: inputs are not mutated, neither the pod nor the settings."""
    before = copy.deepcopy(pod)
    values = copy.deepcopy(settings._values)
    pair = pair_of(pod, settings, completes)
    assert exact(pod) == exact(before)
    pair_before = copy.deepcopy(pair.pod)
    split.undo(pair.pod)
    assert exact(pair.pod) == exact(pair_before)
    assert exact(settings._values) == exact(values)


@given(pods.pods(), pair_settings.parsed, jobs)
@share(0.5)
def test_split_of_a_pair_is_the_same_pair(pod, settings, completes):
    """Guarantee: split(split(p)) == split(p), the record included."""
    once = pair_of(pod, settings, completes)
    twice = split.split(once.pod, settings, "files", completes)
    assert exact(twice.pod) == exact(once.pod)
    assert twice.record == once.record
    assert twice.warnings == once.warnings


@given(pods.pods(), pair_settings.parsed, jobs)
@share(0.5)
def test_undo_gives_back_exactly_the_pod(pod, settings, completes):
    """Guarantee: undo(split(p)) == p as objects, types included."""
    assert exact(split.undo(pair_of(pod, settings, completes).pod)) == exact(pod)


@given(pods.pods(), pair_settings.parsed, pair_settings.parsed, jobs)
@share(0.5)
def test_changed_settings_rebuild_the_pair(pod, old, new, completes):
    """Guarantee: split(split(p, A), B) == split(p, B)."""
    assert exact(pair_of(pair_of(pod, old).pod, new, completes).pod) == exact(pair_of(pod, new, completes).pod)


@given(pods.pods(), pair_settings.without_overrides, jobs)
@share(0.5)
def test_everything_else_stays(pod, settings, completes):
    """Guarantee: other containers, init containers, volumes, unknown fields and their order stay as they were."""
    pair = pair_of(pod, settings, completes)
    spec, new = pod["spec"], pair.pod["spec"]
    changed = {
        "containers",
        "volumes",
        "initContainers",
        "imagePullSecrets",
        *(["resources"] if settings["podResources"] else []),
    }
    assert exact({k: v for k, v in new.items() if k not in changed}) == exact(
        {k: v for k, v in spec.items() if k not in changed}
    )
    user = next(c["name"] for c in spec["containers"] if c["name"] in ("notebook", "main"))
    ours = (user, names.KERNEL)
    assert [c for c in new["containers"] if c["name"] not in ours] == [
        c for c in spec["containers"] if c["name"] != user
    ]
    for field in ("volumes", "initContainers", "imagePullSecrets"):
        old = spec.get(field) or []
        kept = (new.get(field) or [])[: len(old)]
        assert [item["name"] for item in kept] == [item["name"] for item in old]
    assert exact((new.get("initContainers") or [])[: len(spec.get("initContainers") or [])]) == exact(
        spec.get("initContainers") or []
    )
    assert exact({k: v for k, v in pair.pod.items() if k not in ("spec", "metadata")}) == exact(
        {k: v for k, v in pod.items() if k not in ("spec", "metadata")}
    )  # fmt: skip


@given(pods.pods(), pair_settings.parsed)
@share(0.5)
def test_kernel_stands_right_after_the_notebook_or_is_a_sidecar(pod, settings):
    """Guarantee: the user's container keeps its name and place, `kernel` follows it."""
    new = pair_of(pod, settings).pod["spec"]
    found = [c["name"] for c in new["containers"]]
    if settings["kernel.nativeSidecar"]:
        assert new["initContainers"][-1]["name"] == names.KERNEL
        assert new["initContainers"][-1]["restartPolicy"] == "Always"
        assert names.KERNEL not in found
    else:
        place = found.index(names.KERNEL)
        assert found[place - 1] in ("notebook", "main")
    assert [name for name in found if name != names.KERNEL] == [c["name"] for c in pod["spec"]["containers"]]


@given(pods.pods(), pair_settings.without_overrides)
@share(0.5)
def test_variables_mean_in_each_container_what_they_meant(pod, settings):
    """Guarantee: order and `$(X)` references are kept: who has a variable of the user sees the value it had before."""
    pair = pair_of(pod, settings).pod
    user = next(c for c in pod["spec"]["containers"] if c["name"] in ("notebook", "main"))
    env = split.environment.point_at(user.get("env") or [], user["name"], names.KERNEL)
    before = expanded(env)
    for name in (user["name"], names.KERNEL):
        made = running(pair, name)["env"]
        after = expanded(made)
        kept = {e["name"] for e in made if e in env and e["name"] not in split.environment.SEARCH_PATHS}
        assert {variable: after[variable] for variable in kept} == {variable: before[variable] for variable in kept}


@given(pods.pods(), pair_settings.without_overrides, st.sampled_from(["9Gi", "1", "3"]))
@share(0.5)
def test_edits_of_a_pair_survive_undo(pod, settings, memory):
    """Guarantee: the kernel's image and resources and variables added on either side outlive undo and split."""
    pair = copy.deepcopy(pair_of(pod, settings).pod)
    user = next(c["name"] for c in pod["spec"]["containers"] if c["name"] in ("notebook", "main"))
    notebook, kernel = running(pair, user), running(pair, names.KERNEL)
    kernel["image"] = "example.org/edited"
    kernel["env"].append({"name": "ON_KERNEL", "value": "1"})
    notebook["env"].append({"name": "ON_NOTEBOOK", "value": "1"})
    edits_resources = not settings["notebook.reserve"]  # a share that is gone can't be added up
    if edits_resources:
        kernel["resources"] = {"limits": {"memory": memory}}
    back = running(split.undo(pair), user)
    assert back["image"] == "example.org/edited"
    assert {"ON_KERNEL", "ON_NOTEBOOK"} <= {entry["name"] for entry in back["env"]}
    if edits_resources:
        assert back["resources"] == {"limits": {"memory": memory}}
    again = pair_of(pair, settings).pod
    assert running(again, names.KERNEL)["image"] == "example.org/edited"
    assert running(again, user)["image"] == settings.image("notebook.image")
