"""Rewriting: the result reads as the new object with every reader, and what wasn't changed stays to the byte."""

from __future__ import annotations

import copy
from io import StringIO
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from kernelpair.errors import Rejected
from kernelpair.yamltext.edit import rewrite
from kernelpair.yamltext.nodes import compose, is_merge, key_of, same, value
from tests.strategies.yaml_layouts import changed, manifests, rendered, values

documents = st.one_of(rendered(), rendered(st.dictionaries(st.sampled_from("abc"), values, min_size=1)))


def read(text: str) -> Any:
    return value(compose(text))


def read_with_ruamel(text: str) -> Any:
    reader = YAML(typ="safe", pure=True)
    return reader.load(StringIO(text.removeprefix("\ufeff")))


@settings(max_examples=200, deadline=None)
@given(documents)
def test_every_layout_reads_as_its_object_and_equal_objects_change_nothing(document):
    root = compose(document.text)
    assert same(value(root), document.object)
    assert rewrite(document.text, root, copy.deepcopy(document.object)) is document.text


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_the_result_reads_as_the_new_object_and_the_rest_stays(data):
    document = data.draw(documents)
    new = data.draw(changed(document.object))
    before = copy.deepcopy(new)
    root = compose(document.text)
    result = rewrite(document.text, root, new)
    assert same(new, before)
    assert same(read(result), new)
    assert same(yaml.load(result, yaml.CSafeLoader), new)
    assert same(read_with_ruamel(result), new)
    for unchanged in untouched(document.text, root, new):
        assert unchanged in result
    for comment, path in document.comments:
        if still_a_mapping(new, path):
            assert comment in result
    if "\r\n" in document.text:
        assert "\n" not in result.replace("\r\n", "")


def untouched(text, node, new):
    """The texts of the entries that are the same in `new`, in mappings that stay mappings."""
    for key, content in node.items if node.kind == "map" else ():
        name = key_of(key)
        if is_merge(key) or name not in new:
            continue
        if same(value(content), new[name]):
            yield text[key.start : content.end].rstrip()
        elif isinstance(new[name], dict):
            yield from untouched(text, content, new[name])


def still_a_mapping(new, path):
    for key in path:
        if not isinstance(new, dict) or not isinstance(new.get(key), dict) or not new[key]:
            return False
        new = new[key]
    return bool(new)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_anchors_elsewhere_stay_and_anchors_in_the_way_are_refused(data):
    document = data.draw(rendered(manifests.map(lambda made: {"spec": made["spec"]})))
    text = document.text
    anchored = "shared: &shared {a: 1}\nuse: *shared\n"
    root = compose(anchored)
    new = value(root)
    new["more"] = document.object
    result = rewrite(anchored, root, new)
    assert result.startswith(anchored)
    assert same(read(result), new)
    new["use"] = text
    with pytest.raises(Rejected, match="anchors or merge keys"):
        rewrite(anchored, root, new)
