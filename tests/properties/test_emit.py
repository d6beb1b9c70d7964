"""Three readers understand alike what is written: Go's rules, PyYAML (YAML 1.1) and ruamel.yaml (YAML 1.2)."""

import json
import math
from io import StringIO

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from kernelpair.yamltext.emit import Layout, block, flow, scalar
from kernelpair.yamltext.nodes import compose, same, value
from kernelpair.yamltext.scalars import resolve

_ALPHABET = st.one_of(
    st.characters(exclude_categories=["Cs"]),
    st.sampled_from("0123456789_+-.eExobyYnNtfTF:~=<!&*?|>%@`#'\",[]{}\\/ \t\n\r\x85\u2028\ufeff\x7f"),
)
_NUMBERISH = st.text("0123456789_+-.eExobafT:Z ", min_size=1, max_size=8)
_LINES = st.lists(st.text("ab \t#-:|\n", max_size=6), max_size=6).map("\n".join)
_KEYS = st.text(_ALPHABET, max_size=8) | _NUMBERISH | st.sampled_from(["y", "NO", "~", "<<", "=", "null", ".inf"])
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    _KEYS,
    _LINES,
    st.sampled_from(["0o17", "017", "0x1f", "1_0", "+1", "7", "1e3", "1000.", "1_000.0", "1.50", "-0"]).map(resolve),
)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3), max_leaves=8
)
_LAYOUTS = st.builds(Layout, st.integers(1, 4), st.integers(0, 4), st.integers(2, 4), st.booleans())


def readings(text):
    reader = YAML(typ="safe", pure=True)
    return value(compose(text)), yaml.load(text, yaml.CSafeLoader), yaml.safe_load(text), reader.load(StringIO(text))


@settings(max_examples=300, deadline=None)
@given(_VALUES, _LAYOUTS, st.sampled_from(["\n", "\r\n"]), st.integers(0, 3))
@example({"a": "12e3", "y": "0o17", "b": "12:30:45", "c": "="}, Layout(), "\n", 0)
def test_block_text_reads_back_with_every_reader(found, layout, newline, indent):
    text = block({"top": found}, indent, newline, layout) + newline
    for reading in readings(text):
        assert same(reading, {"top": found}), text


@settings(max_examples=200, deadline=None)
@given(_VALUES)
def test_flow_text_reads_back_with_every_reader_and_is_json(found):
    text = flow(found)
    assert "\n" not in text
    for reading in (*readings(f"top: {text}\n"), *readings(f'{{"top": {text}}}')):
        assert same(reading, {"top": found}), text
    assert same(json.loads(text), found)


@settings(max_examples=300, deadline=None)
@given(_NUMBERISH | st.text(_ALPHABET, max_size=6))
def test_what_is_left_plain_is_a_string_to_everyone(found):
    for reading in readings(f"- {scalar(found)}\n"):
        assert reading == [found]


def test_infinities_have_one_form():
    for number in (math.inf, -math.inf, math.nan):
        for reading in readings(f"- {scalar(number)}\n"):
            assert same(reading, [number])
