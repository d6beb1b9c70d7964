"""Hub releases: one or several hubs, each with names, settings and details of its own, in any way of writing."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import yaml
from hypothesis import strategies as st

from tests.releases import z2jh

from . import pair_settings, pods, yaml_layouts
from .streams import OTHERS

_PULLERS = ("continuous-image-puller", "hook-image-puller")
VALUES_WRITTEN: Mapping[str, Callable[[Any], str]] = {
    "as Helm does": lambda values: yaml.safe_dump(values),
    "in flow style": lambda values: yaml.safe_dump(values, default_flow_style=True),
    "as JSON": json.dumps,
    "behind others": lambda values: yaml.safe_dump({"custom": values.pop("custom"), **values}, sort_keys=False),
}
"""How a release's values may be written in its Secret."""
_CUSTOM = st.sampled_from([{}, {"a": "b"}, {"notes": "custom:\n  kernelGateway:\n    enabled: false\n"}, {"z": [1]}])
_ANNOTATIONS = st.sampled_from([{"checksum/config-map": "ab12", "checksum/secret": "12e3"}, {"other": "1"}, {}, None])
_CONFIG_ENDS = st.sampled_from(["\n", "\n\n", "", "\n\n\n", "\n# the end", "\r\n", "  \n", "\u2028", "\té\n"])
_MORE_CONTAINERS = st.sampled_from([[], [{"name": "side", "image": "example.org/side:1"}]])


class Hub(NamedTuple):
    """One hub's objects, and whether its values turn the flag on."""

    objects: list[z2jh.Object]
    on: bool


@st.composite
def hubs(draw: st.DrawFn, fullname: str = "", on: bool | None = None) -> Hub:
    """A hub; two hubs of one stream need different names. Its settings are valid."""
    on = draw(st.booleans()) if on is None else on
    block = {**draw(pair_settings.valid), "enabled": on}
    how = draw(st.sampled_from(sorted(VALUES_WRITTEN)))
    values = {"custom": {**draw(_CUSTOM), "kernelGateway": copy.deepcopy(block)}, "hub": {}, "zz": "kernel"}
    named = {"release": fullname or "jhub", "fullname": fullname, "namespace": draw(st.sampled_from(["", "", "hubs"]))}
    objects = z2jh.release(pullers=draw(st.lists(st.sampled_from(_PULLERS), unique=True)), **named)
    name = f"{fullname}-hub".lstrip("-")
    encoded = base64.b64encode(VALUES_WRITTEN[how](values).encode()).decode()
    z2jh.pick(objects, "Secret", name)["data"]["values.yaml"] = encoded
    config = z2jh.pick(objects, "ConfigMap", name)["data"]
    config[z2jh.CONFIG_KEY] = z2jh.CONFIG.rstrip("\n") + draw(_CONFIG_ENDS)
    template = z2jh.pick(objects, "Deployment", name)["spec"]["template"]
    template["metadata"]["annotations"] = draw(_ANNOTATIONS)
    containers = template["spec"]["containers"]
    more = copy.deepcopy(draw(_MORE_CONTAINERS))
    template["spec"]["containers"] = [*more, *containers] if draw(st.booleans()) else [*containers, *more]
    return Hub(objects, on)


@st.composite
def several(draw: st.DrawFn) -> list[Hub]:
    """One to three hubs, in one namespace or in several."""
    names = draw(st.lists(st.sampled_from(["", "a", "b-b", "hub"]), min_size=1, max_size=3, unique=True))
    return [draw(hubs(name)) for name in names]


WAYS = st.sampled_from(sorted(z2jh.WAYS))
SEPARATE = st.sampled_from(sorted(way for way in z2jh.WAYS if "list" not in way))
"""The ways in which every object has a document of its own."""


def written(objects: list[z2jh.Object], way: str, before: str = "", behind: str = "") -> bytes:
    """A stream of the objects between others' documents."""
    text = z2jh.stream(objects, way).decode()
    if before and not text.startswith("---"):
        text = f"---\n{text}"
    if behind and not text.endswith("\n"):
        text += "\n"
    return f"{before}{text}{behind}".encode()


others = st.lists(OTHERS, max_size=2).map("".join)


@st.composite
def laid_out(draw: st.DrawFn, made: list[Hub]) -> bytes:
    """A stream in which every object is laid out in a way of its own."""
    texts = []
    for one in (one for hub in made for one in hub.objects):
        text = draw(yaml_layouts.rendered(st.just(one))).text.removeprefix("\ufeff")
        texts.append(text if text.startswith("---") else f"---\n{text}")
    return "".join(text if text.endswith("\n") else f"{text}\n" for text in texts).encode()


@st.composite
def mutated(draw: st.DrawFn, hub: Hub) -> list[Any]:
    """The objects of a hub with anything anywhere, in its values too."""
    made = copy.deepcopy(hub.objects)
    if draw(st.booleans()):
        secret = next(one for one in made if one["kind"] == "Secret")
        values = yaml.safe_load(base64.b64decode(secret["data"]["values.yaml"]))
        secret["data"]["values.yaml"] = z2jh.encoded(draw(pods.mutated(st.just(values))))
        return made
    return draw(pods.mutated(st.just(made)))


def anything(made: list[Any], way: str) -> bytes:
    """A stream of what needn't be objects; ways that look at an object's parts write JSON instead."""
    try:
        return z2jh.stream(made, way)
    except (AttributeError, KeyError, TypeError):
        return z2jh.stream(made, "json")
