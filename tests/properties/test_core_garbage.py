"""Whatever comes in, the core answers with a result or with one kind of error."""

from __future__ import annotations

import copy
import json

from hypothesis import given
from hypothesis import strategies as st

from kernelpair.core import names, settings, split
from kernelpair.core import pods as questions
from kernelpair.core.reasons import Finding, Reason, Refused
from tests.strategies import pair_settings, pods
from tests.strategies.budget import share
from tests.strategies.oracles import exact
from tests.strategies.pairs import pair_of

_BROKEN = pods.mutated(pods.pods())


def _says_why(error: Refused) -> None:
    assert error.findings
    for finding in error.findings:
        assert finding.what
        assert finding.why
        assert finding.fix


def _explains(error: settings.InvalidSettings) -> None:
    assert error.problems
    assert all(problem.why and problem.fix for problem in error.problems)


@given(st.one_of(_BROKEN, pods.json_values), pair_settings.parsed, st.booleans())
@share(0.7)
def test_any_pod_is_split_or_refused(pod, chosen, completes):
    """Guarantee: wrong types anywhere either split, undoable as ever, or raise Refused with sentences; nothing else."""
    before = copy.deepcopy(pod)
    try:
        pair = split.split(pod, chosen, "files", completes).pod
    except Refused as error:
        _says_why(error)
    else:
        assert exact(split.undo(pair)) == exact(before)
        assert exact(split.split(pair, chosen, "files", completes).pod) == exact(pair)
    assert exact(pod) == exact(before)


@given(st.one_of(_BROKEN, pods.json_values), pair_settings.parsed)
@share(0.7)
def test_questions_about_any_pod_have_an_answer(pod, chosen):
    """Guarantee: decide, qos_class and shape_findings never fail on what isn't a pod."""
    decided = questions.decide(pod, chosen)
    assert decided is None or isinstance(decided, Finding)
    assert questions.qos_class(pod) in ("Guaranteed", "Burstable", "BestEffort")
    assert all(finding.reason is Reason.NOT_A_POD for finding in questions.shape_findings(pod))


@given(pods.pods(), pair_settings.parsed, st.data())
@share(0.7)
def test_any_record_is_read_or_refused(pod, chosen, data):
    """Guarantee: a damaged kernelpair/status makes undo and split raise Refused, never anything else."""
    pair = copy.deepcopy(pair_of(pod, chosen).pod)
    annotations = pair["metadata"]["annotations"]
    record = st.just(json.loads(annotations[names.STATUS]))
    damaged = st.one_of(pods.mutated(record).map(json.dumps), pods.json_values, st.text(max_size=5))
    annotations[names.STATUS] = data.draw(damaged, label="status")
    for function in (split.undo, lambda edited: split.split(edited, chosen, "files")):
        try:
            result = function(pair)
        except Refused as error:
            _says_why(error)
        else:
            assert result


@given(pods.pods(), pair_settings.parsed, st.data())
@share(0.7)
def test_any_edit_of_a_pair_is_taken_back_or_refused(pod, chosen, data):
    """Guarantee: a pair that was edited anywhere is taken back or refused."""
    edited = data.draw(pods.mutated(st.just(pair_of(pod, chosen).pod), times=3), label="edited")
    try:
        plain = split.undo(edited)
    except Refused as error:
        _says_why(error)
    else:
        assert questions.annotations_of(plain).get(names.STATUS) is None


@given(st.one_of(pair_settings.doubtful, pods.json_values))
@share(1.5)
def test_any_settings_are_read_or_refused(raw):
    """Guarantee: settings are parsed, or refused with key, value, reason and fix for each problem."""
    before = copy.deepcopy(raw)
    try:
        parsed = settings.parse(raw)
    except settings.InvalidSettings as error:
        _explains(error)
    else:
        assert all(parsed[key.path] is not None for key in settings.KEYS)
    assert exact(raw) == exact(before)
