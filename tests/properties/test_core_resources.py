"""Quantities, resources and the QoS class, compared with Kubernetes' rules written down a second time."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kernelpair.core import names, pods, quantities
from tests.strategies import oracles, pair_settings
from tests.strategies import pods as made
from tests.strategies.budget import share
from tests.strategies.pairs import pair_of, running

_DIGITS = st.text("0123456789", min_size=1, max_size=12)
_NUMBERS = st.one_of(
    _DIGITS, st.builds("{}.{}".format, _DIGITS, _DIGITS), _DIGITS.map(".{}".format), _DIGITS.map("{}.".format)
)
_SUFFIXES = ["", *"numkMGTPE", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e3", "E3", "e-4", "E+2", "e0", "e-12"]
written = st.one_of(
    st.builds("{}{}{}".format, st.sampled_from(["", "+", "-"]), _NUMBERS, st.sampled_from(_SUFFIXES)),
    st.integers(-(2**63), 2**63),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
)
amounts = st.one_of(st.integers(-(2**90), 2**90), st.integers(0, 5000).map(lambda n: n * 2**30 * 10**9))


@given(written)
def test_a_quantity_is_read_as_exactly_what_it_says(quantity):
    """Guarantee: exact for every notation: decimal and binary suffixes, exponents, m; finer than 10**-9 rounds up."""
    assert Fraction(quantities.parse(quantity), quantities.NANO) == oracles.quantity(quantity)


@given(amounts, written)
def test_a_quantity_is_written_without_loss(amount, like):
    """Guarantee: parse(show(amount, like)) == amount, whatever quantity it is to look like."""
    shown = quantities.show(amount, like)
    assert Fraction(amount, quantities.NANO) == oracles.quantity(shown)
    assert quantities.parse(shown) == amount


@given(st.one_of(st.text("0123456789.eE+-kKMGimnu _,x", max_size=6), made.json_values))
def test_what_is_no_quantity_is_refused_with_a_sentence(value):
    """Guarantee: anything else is a ValueError; nothing the API server refuses is read as a number."""
    try:
        amount = quantities.parse(value)
    except ValueError as error:
        assert "quantity" in str(error)  # noqa: PT017 (both outcomes are fine, each is checked)
    else:
        assert not isinstance(value, (bool, type(None), list, dict))
        assert Fraction(amount, quantities.NANO) == oracles.quantity(value)


def _plain_spec(pod: dict[str, Any], *fields: str) -> dict[str, Any]:
    return {**pod, "spec": {key: value for key, value in pod["spec"].items() if key not in fields}}


def _stated(containers: list[dict[str, Any]], block: str) -> dict[str, Fraction]:
    total: dict[str, Fraction] = {}
    for container in containers:
        for name, quantity in ((container.get("resources") or {}).get(block) or {}).items():
            total[name] = total.get(name, Fraction(0)) + oracles.quantity(quantity)
    return {name: amount for name, amount in total.items() if amount}


def _without(amounts: dict[str, Fraction], more: dict[str, Fraction]) -> dict[str, Fraction]:
    left = {name: amounts.get(name, Fraction(0)) - more.get(name, Fraction(0)) for name in {**amounts, **more}}
    return {name: amount for name, amount in left.items() if amount}


@given(made.pods(), pair_settings.parsed, st.booleans())
@share(0.5)
def test_resources_are_conserved(pod, settings, completes):
    """Guarantee: for every resource the pair's containers state the pod's sum plus notebook.resources, exactly."""
    pair = pair_of(pod, settings, completes).pod["spec"]
    kernel = [c for c in pair.get("initContainers") or [] if c["name"] == names.KERNEL]
    for block in ("limits", "requests"):
        own = _stated([{"resources": settings["notebook.resources"]}], block)
        assert _without(_stated(pair["containers"] + kernel, block), own) == _stated(pod["spec"]["containers"], block)


@given(made.pods(), pair_settings.without_overrides)
@share(0.5)
def test_the_notebook_has_no_resources_unless_they_are_asked_for(pod, settings):
    """Guarantee: claims, resizePolicy, devices and resources go to the kernel; the notebook gets what settings say."""
    pair = pair_of(pod, settings).pod
    user = next(c for c in pod["spec"]["containers"] if c["name"] in ("notebook", "main"))
    notebook, kernel = running(pair, user["name"]), running(pair, names.KERNEL)
    assert "resizePolicy" not in notebook
    assert "volumeDevices" not in notebook
    assert (kernel.get("resources") or {}).get("claims") == (user.get("resources") or {}).get("claims")
    if not settings["notebook.reserve"]:
        assert notebook.get("resources", {}) == settings["notebook.resources"]
        assert kernel.get("resources") == user.get("resources")


@given(made.pods().map(lambda pod: _plain_spec(pod, "initContainers")), pair_settings.plain(notebook__resources={}))
@share(0.5)
def test_the_pod_asks_the_scheduler_for_no_more_than_before(pod, settings):
    """Guarantee: what the pair adds (the init container) asks for nothing on top, but notebook.resources."""
    pair = pair_of(pod, settings).pod
    assert oracles.pod_requests(pair["spec"]) == oracles.pod_requests(pod["spec"])


_SMALL = st.sampled_from(["0", "1", "2", "1000m"])
_CPU_AND_MEMORY = st.fixed_dictionaries({}, optional={"cpu": _SMALL, "memory": _SMALL, "nvidia.com/gpu": _SMALL})
_HOLDER = st.one_of(
    st.fixed_dictionaries({}, optional={"limits": _CPU_AND_MEMORY, "requests": _CPU_AND_MEMORY}),
    st.just({"limits": {"cpu": "2", "memory": "2"}}),
    st.just({"limits": {"cpu": "1", "memory": "2"}, "requests": {"cpu": "1", "memory": "2"}}),
)
_CONTAINERS = st.lists(st.fixed_dictionaries({}, optional={"resources": _HOLDER}), min_size=1, max_size=3)
_INITS = st.lists(
    st.fixed_dictionaries({}, optional={"resources": _HOLDER, "restartPolicy": st.just("Always")}), max_size=2
)


@given(st.fixed_dictionaries({"containers": _CONTAINERS}, optional={"initContainers": _INITS, "resources": _HOLDER}))
def test_qos_class_is_the_one_kubernetes_computes(spec):
    """Guarantee: Guaranteed, Burstable and BestEffort as ComputePodQOS says, defaults and pod-level included."""
    assume(not any(_impossible(c) for c in [spec, *spec["containers"], *spec.get("initContainers", [])]))
    assert pods.qos_class({"spec": spec}) == oracles.qos_class({"spec": spec})


def _impossible(holder: dict[str, Any]) -> bool:
    """The API server refuses a request above its limit."""
    resources = holder.get("resources") or {}
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    return any(
        oracles.quantity(requests[name]) > oracles.quantity(limits[name]) for name in set(limits) & set(requests)
    )


@given(made.pods().map(lambda pod: _plain_spec(pod, "resources")), pair_settings.plain(podResources=True))
@share(0.5)
def test_pod_level_resources_are_ones_the_api_server_takes(pod, settings):
    """Guarantee: with podResources, requests are at least what containers ask for, and limits at least requests."""
    spec = pair_of(pod, settings).pod["spec"]
    stated = spec.get("resources") or {}
    assume(not any(map(_impossible, [*spec["containers"], *(spec.get("initContainers") or [])])))
    asked = oracles.pod_requests(spec)
    requests = {name: oracles.quantity(q) for name, q in stated.get("requests", {}).items()}
    limits = {name: oracles.quantity(q) for name, q in stated.get("limits", {}).items()}
    assert requests == asked
    for name, limit in limits.items():
        assert limit >= requests[name]
        others = [c for c in spec["containers"] if c["name"] not in ("notebook", "main")]
        assert all(name in ((c.get("resources") or {}).get("limits") or {}) for c in others)


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), True, None, "", "1e", "1 Gi", "1KB", "1_000", "\u0661", "0x10"]
)
def test_odd_values_are_no_quantities(value):
    with pytest.raises(ValueError, match="quantity"):
        quantities.parse(value)


def test_json_keeps_every_amount():
    assert quantities.parse(json.loads("1e3")) == quantities.parse("1k")
