"""Resources as tables: the reserve, resources of the notebook's own, the pod level, the QoS class."""

from __future__ import annotations

import pytest

from kernelpair.core import pods, quantities, split
from kernelpair.core.reasons import Refused
from tests.unit.core import build
from tests.unit.core.build import both, pod, user

RESERVES = [
    # the pod's, the reserve, the notebook's, the kernel's
    ({"limits": {"memory": "8Gi"}}, {"memory": "512Mi"},
     {"limits": {"memory": "512Mi"}}, {"limits": {"memory": "7680Mi"}}),
    ({"limits": {"cpu": "4"}, "requests": {"cpu": 1}}, {"cpu": "100m"},
     {"limits": {"cpu": "100m"}, "requests": {"cpu": "100m"}},
     {"limits": {"cpu": "3900m"}, "requests": {"cpu": "900m"}}),
    # Other families of suffixes keep the pod's: 1G is not 1Gi.
    ({"limits": {"memory": "1G"}}, {"memory": "512Mi"},
     {"limits": {"memory": "512Mi"}}, {"limits": {"memory": "463129088"}}),
    # KubeSpawner writes plain numbers.
    ({"limits": {"memory": 8589934592}}, {"memory": "1Gi"},
     {"limits": {"memory": "1Gi"}}, {"limits": {"memory": "7516192768"}}),
    # A request smaller than the reserve is shared as the limit is: a tenth.
    ({"limits": {"cpu": "1"}, "requests": {"cpu": "50m"}}, {"cpu": "100m"},
     {"limits": {"cpu": "100m"}, "requests": {"cpu": "5m"}}, {"limits": {"cpu": "900m"}, "requests": {"cpu": "45m"}}),
    ({"limits": {"cpu": "1"}, "requests": {"cpu": 0}}, {"cpu": "100m"},
     {"limits": {"cpu": "100m"}, "requests": {"cpu": "0"}}, {"limits": {"cpu": "900m"}, "requests": {"cpu": "0"}}),
    # What the pod doesn't state is not reserved, GPUs and claims stay whole.
    ({"limits": {"nvidia.com/gpu": 1}, "claims": [{"name": "c"}]}, {"memory": "1Mi"}, None,
     {"limits": {"nvidia.com/gpu": 1}, "claims": [{"name": "c"}]}),
    ({"limits": None, "requests": {}}, {"memory": "1Mi"}, None, {"limits": None, "requests": {}}),
]  # fmt: skip


@pytest.mark.parametrize(("stated", "reserve", "in_notebook", "in_kernel"), RESERVES)
def test_the_reserve_is_carved_out(stated, reserve, in_notebook, in_kernel):
    notebook, kernel = both(user(resources=stated), notebook__reserve=reserve)
    assert notebook.get("resources") == in_notebook
    assert kernel["resources"] == in_kernel


@pytest.mark.parametrize(
    ("left", "taken", "total"),
    [("7Gi", "512Mi", "7680Mi"), ("7680Mi", "512Mi", "8Gi"), (None, "1Gi", None), ("1G", "1Gi", "2073741824")],
)
def test_an_edited_share_is_added_up(left, taken, total):
    made = pod(user(resources={"limits": {"memory": "8Gi"}}))
    found = build.pair(made, notebook__reserve={"memory": "512Mi"}).pod
    notebook, kernel = found["spec"]["containers"]
    notebook["resources"]["limits"]["memory"] = taken
    kernel["resources"]["limits"]["memory"] = left
    assert split.undo(found)["spec"]["containers"][0]["resources"]["limits"]["memory"] == total


def test_a_share_that_was_taken_away_is_gone():
    found = build.pair(pod(user(resources={"limits": {"memory": "8Gi"}})), notebook__reserve={"memory": "1Gi"}).pod
    found["spec"]["containers"][1]["resources"]["limits"] = None
    assert split.undo(found)["spec"]["containers"][0]["resources"] == {"limits": None}


def test_a_share_edited_to_no_quantity_is_refused():
    found = build.pair(pod(user(resources={"limits": {"memory": "8Gi"}})), notebook__reserve={"memory": "1Gi"}).pod
    found["spec"]["containers"][1]["resources"]["limits"]["memory"] = "lots"
    with pytest.raises(Refused, match="lots"):
        split.undo(found)


def test_resources_of_its_own_come_on_top():
    own = {"requests": {"cpu": "100m"}}
    notebook, kernel = both(user(resources={"limits": {"cpu": 1}}), notebook__resources=own)
    assert notebook["resources"] == own
    assert kernel["resources"] == {"limits": {"cpu": 1}}


_OWN = {"requests": {"memory": "1Gi"}}
_FULL = {"cpu": "2", "memory": "4Gi"}
POD_LEVEL = [
    # the pod's resources, notebook.resources, other containers, pod level
    ({"limits": _FULL, "requests": _FULL}, {}, [], {"limits": _FULL, "requests": _FULL}),
    ({}, {}, [], None),
    # A limit stands for a request that isn't stated.
    ({"limits": {"cpu": "2"}}, {}, [], {"limits": {"cpu": "2"}, "requests": {"cpu": "2"}}),
    ({"requests": {"cpu": "2"}}, {}, [], {"requests": {"cpu": "2"}}),
    # The notebook's request is within the limit: the API server takes no request above it.
    ({"limits": {"memory": "4Gi"}}, _OWN, [], {"limits": {"memory": "5Gi"}, "requests": {"memory": "5Gi"}}),
    # A limit of the notebook's alone must not become the kernel's.
    ({}, {"limits": {"memory": "1Gi"}}, [], {"requests": {"memory": "1Gi"}}),
    # Nor may a container without a limit get one.
    ({"limits": {"cpu": "2"}}, {"limits": {"cpu": "1"}}, [{"name": "side"}], {"requests": {"cpu": "3"}}),
    ({"limits": {"cpu": "2"}}, {}, [{"name": "side", "resources": {"limits": {"cpu": "1"}}}],
     {"limits": {"cpu": "3"}, "requests": {"cpu": "3"}}),
]  # fmt: skip


@pytest.mark.parametrize(("stated", "own", "beside", "expected"), POD_LEVEL)
def test_pod_level_totals(stated, own, beside, expected):
    made = pod(user(resources=stated))
    made["spec"]["containers"] += beside
    found = build.pair(made, podResources=True, notebook__resources=own).pod
    assert found["spec"].get("resources") == expected
    assert split.undo(found) == made


def test_an_init_container_starts_beside_the_sidecars_before_it():
    sidecar = {"name": "s", "restartPolicy": "Always", "resources": {"requests": {"cpu": "1"}}}
    first = {"name": "f", "resources": {"requests": {"cpu": "3"}}}
    made = pod(user(resources={"requests": {"cpu": "2"}}), initContainers=[sidecar, first])
    assert build.pair(made, podResources=True).pod["spec"]["resources"] == {"requests": {"cpu": "4"}}


def test_pod_level_resources_of_the_pod_stay():
    made = pod(user(resources={"limits": _FULL}), resources={"limits": {"cpu": "9"}})
    assert build.pair(made, podResources=True).pod["spec"]["resources"] == {"limits": {"cpu": "9"}}


_C = {"resources": {"limits": _FULL, "requests": _FULL}}
QOS = [
    ({"containers": [{}]}, "BestEffort"),
    ({"containers": [{"resources": {"limits": {"nvidia.com/gpu": 1}}}]}, "BestEffort"),
    ({"containers": [{"resources": {"limits": {"cpu": 0}}}]}, "BestEffort"),
    ({"containers": [_C]}, "Guaranteed"),
    ({"containers": [{"resources": {"limits": _FULL}}]}, "Guaranteed"),
    ({"containers": [{"resources": {"limits": {"cpu": 2, "memory": 1}, "requests": {"cpu": "2000m"}}}]}, "Guaranteed"),
    ({"containers": [_C, {}]}, "Burstable"),
    ({"containers": [_C], "initContainers": [{}]}, "Burstable"),
    ({"containers": [{"resources": {"limits": {"cpu": 1}}}]}, "Burstable"),
    ({"containers": [{"resources": {"requests": _FULL}}]}, "Burstable"),
    ({"containers": [_C, {}], "resources": {"limits": _FULL, "requests": _FULL}}, "Guaranteed"),
    ({"containers": [{}], "resources": {"limits": _FULL}}, "Guaranteed"),
    # The API server takes the pod's missing requests from its containers.
    ({"containers": [{"resources": {"requests": {"cpu": 1}}}], "resources": {"limits": _FULL}}, "Burstable"),
    # Not a quantity: stated, but equal to nothing that is one.
    ({"containers": [{"resources": {"limits": {"cpu": "x", "memory": "1"}, "requests": {"cpu": 1}}}]}, "Burstable"),
]


@pytest.mark.parametrize(("spec", "expected"), QOS)
def test_qos_class(spec, expected):
    assert pods.qos_class({"spec": spec}) == expected


SHOWN = [
    (1024, "1Ki", "1Ki"),
    (1536, "1Gi", "1536"),
    (1000, "1", "1k"),
    (1500, "2M", "1500"),
    (0, "1Gi", "0"),
    (2048, 4, "2048"),
]


@pytest.mark.parametrize(("units", "like", "expected"), SHOWN)
def test_quantities_are_shown_in_their_family(units, like, expected):
    assert quantities.show(units * quantities.NANO, like) == expected
