"""Laws of the settings' schema, of decide and of the strategic merge."""

from __future__ import annotations

import copy
import itertools
from typing import Any
from unittest import mock

import jsonschema
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from kernelpair.core import merge, names, pods, settings
from kernelpair.core.reasons import Reason
from tests.strategies import pair_settings
from tests.strategies import pods as made
from tests.strategies.budget import share
from tests.strategies.oracles import exact

_VALIDATOR = jsonschema.Draft7Validator(settings.json_schema())


def _has_null_or_whole_float(value: Any) -> bool:
    """Nulls: Helm removes them before the schema sees them. 1.0 is an integer to a schema; YAML and Helm write 1."""
    if isinstance(value, dict):
        return any(map(_has_null_or_whole_float, value.values()))
    if isinstance(value, list):
        return any(map(_has_null_or_whole_float, value))
    return value is None or (isinstance(value, float) and value.is_integer())


def test_the_schema_is_one():
    jsonschema.Draft7Validator.check_schema(settings.json_schema())


@given(pair_settings.doubtful.filter(lambda raw: not _has_null_or_whole_float(raw)))
@share(1.5)
def test_the_schema_accepts_what_parse_accepts(raw):
    """Guarantee: json_schema and parse agree on every key; only contradictions between keys are parse's alone."""
    with mock.patch.object(settings, "_RULES", ()):
        try:
            settings.parse(raw)
        except settings.InvalidSettings as error:
            accepted, why = False, str(error)
        else:
            accepted, why = True, ""
    assert _VALIDATOR.is_valid(raw) == accepted, why or list(_VALIDATOR.iter_errors(raw))


@given(pair_settings.valid)
def test_valid_settings_are_read_as_written(raw):
    """Guarantee: every key that is written has its value, every other its default."""
    parsed = settings.parse(raw)
    for key in settings.KEYS:
        node: Any = raw
        for part in key.path.split("."):
            node = node.get(part, mock.sentinel.absent) if isinstance(node, dict) else mock.sentinel.absent
        expected = key.default if node is mock.sentinel.absent else node
        assert parsed[key.path] == ("off" if key.path == "notebook.terminals" and expected is False else expected)


@pytest.mark.parametrize(
    ("enabled", "opt_in", "said"),
    [*itertools.product([False, True], [False, True], [None, "true", "false", "yes", True, ""])],
)
def test_decide_by_flag_opt_in_and_annotation(enabled, opt_in, said):
    """The truth table: the flag first, then the annotation, then optIn; anything but "true" and "false" is refused."""
    annotations = {} if said is None else {names.SPLIT: said}
    raw = {"enabled": enabled, "optIn": opt_in, "notebook": {"image": {"name": "f"}}}
    finding = pods.decide({"metadata": {"annotations": annotations}}, settings.parse(raw))
    by_annotation = {"true": None, "false": Reason.OPTED_OUT, None: Reason.NOT_OPTED_IN if opt_in else None}
    known = said is None or isinstance(said, str)
    expected = Reason.OFF if not enabled else by_annotation.get(said, Reason.BAD_OPT_IN) if known else Reason.BAD_OPT_IN
    assert (finding.reason if finding else None) is expected


_TREES = st.one_of(made.containers("a"), st.fixed_dictionaries({"spec": made.containers("b")}), made.pods())


def _without_nulls(patch: Any, field: str = "") -> Any:
    """Nulls remove, in mappings and in the items of lists with a merge key; other lists are taken as they are."""
    if isinstance(patch, dict):
        return {key: _without_nulls(value, key) for key, value in patch.items() if value is not None}
    key = merge.MERGE_KEYS.get(field)
    keyed = isinstance(patch, list) and key is not None and all(isinstance(i, dict) and key in i for i in patch)
    return [_without_nulls(item) for item in patch] if keyed else patch


@given(_TREES)
@example({"name": "a", "futureField": {"env": [None]}})
@share(0.7)
def test_merging_nothing_changes_nothing(base):
    """Law: an empty patch is the identity; a tree laid over an empty one is itself, its nulls gone."""
    assert exact(merge.strategic(base, {})) == exact(base)
    assert exact(merge.strategic({}, base)) == exact(_without_nulls(base))


def _names_twice(tree, field=""):
    """Whether a list that is merged by a key has two items with the same; each is then laid over the last of them."""
    if isinstance(tree, dict):
        return any(_names_twice(value, key) for key, value in tree.items())
    if not isinstance(tree, list):
        return False
    key = merge.MERGE_KEYS.get(field)
    values = [exact(item[key]) for item in tree if isinstance(item, dict) and key in item]
    return len(values) > len(set(values)) or any(_names_twice(item) for item in tree)


@given(_TREES, _TREES)
@share(0.7)
def test_merging_twice_is_merging_once(base, patch):
    """Law: idempotence, of patches that name nothing twice in a list; and neither side is changed."""
    assume(not _names_twice(patch))
    before = copy.deepcopy((base, patch))
    once = merge.strategic(base, patch)
    assert exact(merge.strategic(once, patch)) == exact(once)
    assert exact(before) == exact((base, patch))


@given(_TREES, _TREES)
@share(0.7)
def test_the_patch_wins(base, patch):
    """Law: every scalar of the patch's mappings is in the result, its nulls remove, the base keeps the rest."""

    def check(merged: Any, patched: dict[str, Any], old: Any) -> None:
        for key, value in patched.items():
            if value is None:
                assert key not in merged
            elif isinstance(value, dict):
                check(merged[key], value, old.get(key) if isinstance(old, dict) else None)
            elif not isinstance(value, list):
                assert exact(merged[key]) == exact(value)
        for key in set(old if isinstance(old, dict) else {}) - set(patched):
            assert exact(merged[key]) == exact(old[key])

    check(merge.strategic(base, patch), patch, base)
