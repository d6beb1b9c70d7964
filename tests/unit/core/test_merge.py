"""Strategic merge as a table: what Kubernetes' patch strategies say, and where a list is simply replaced."""

from __future__ import annotations

import pytest

from kernelpair.core.merge import strategic

CASES = [
    # base, patch, merged
    ({"a": 1, "b": {"c": 1}}, {"b": {"d": 2}}, {"a": 1, "b": {"c": 1, "d": 2}}),
    ({"a": 1, "b": 2}, {"a": None}, {"b": 2}),
    ({}, {"a": {"b": None, "c": 1}}, {"a": {"c": 1}}),
    ({"a": None}, {}, {"a": None}),
    ({"a": {"b": 1}}, {"a": "text"}, {"a": "text"}),
    ({"a": "text"}, {"a": {"b": 1}}, {"a": {"b": 1}}),
    ({"args": ["a", "b"]}, {"args": ["c"]}, {"args": ["c"]}),
    # No merge key in Kubernetes: the patch's list is the list.
    ({"tolerations": [{"key": "a"}]}, {"tolerations": [{"key": "b"}]}, {"tolerations": [{"key": "b"}]}),
    ({"claims": [{"name": "a"}]}, {"claims": [{"name": "b"}]}, {"claims": [{"name": "b"}]}),
    ({"volumeMounts": [{"mountPath": "/a", "name": "x"}]}, {"volumeMounts": [{"mountPath": "/a", "readOnly": True}]},
     {"volumeMounts": [{"mountPath": "/a", "name": "x", "readOnly": True}]}),
    ({"volumeMounts": [{"mountPath": "/a"}]}, {"volumeMounts": [{"mountPath": "/b"}]},
     {"volumeMounts": [{"mountPath": "/a"}, {"mountPath": "/b"}]}),
    ({"ports": [{"containerPort": 1, "name": "a"}]}, {"ports": [{"containerPort": 1, "name": "b"}]},
     {"ports": [{"containerPort": 1, "name": "b"}]}),
    # An empty list merges nothing into a keyed one.
    ({"env": [{"name": "A"}]}, {"env": []}, {"env": [{"name": "A"}]}),
    # A variable has a value or a source, never both; of two with one name the last counts.
    ({"env": [{"name": "A", "value": "1"}]}, {"env": [{"name": "A", "valueFrom": {"fieldRef": {}}}]},
     {"env": [{"name": "A", "valueFrom": {"fieldRef": {}}}]}),
    ({"env": [{"name": "A", "value": "1"}]}, {"env": [{"name": "A"}]}, {"env": [{"name": "A", "value": "1"}]}),
    ({"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}, {"env": [{"name": "A", "value": "3"}]},
     {"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "3"}]}),
    # A volume is of one kind (retainKeys): two sources would be refused.
    ({"volumes": [{"name": "v", "emptyDir": {}}]}, {"volumes": [{"name": "v", "hostPath": {"path": "/"}}]},
     {"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}),
    ({"volumes": [{"name": "v", "secret": {"secretName": "a"}}]},
     {"volumes": [{"name": "v", "secret": {"optional": True}}]},
     {"volumes": [{"name": "v", "secret": {"secretName": "a", "optional": True}}]}),
    ({"volumes": [{"name": "v", "emptyDir": {}}]}, {"volumes": [{"name": "v"}]},
     {"volumes": [{"name": "v", "emptyDir": {}}]}),
    # An item without its key can't be matched: replaced.
    ({"env": [{"name": "A"}]}, {"env": [{"value": "x"}]}, {"env": [{"value": "x"}]}),
    ({"env": [{"name": "A"}]}, {"env": "x"}, {"env": "x"}),
]  # fmt: skip


@pytest.mark.parametrize(("base", "patch", "merged"), CASES)
def test_merge(base, patch, merged):
    assert strategic(base, patch) == merged
