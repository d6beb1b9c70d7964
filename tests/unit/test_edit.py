import itertools
import subprocess
import sys

import pytest

from kernelpair.errors import Rejected
from kernelpair.yamltext.edit import rewrite
from kernelpair.yamltext.nodes import compose, same, value


def edited(text, change):
    root = compose(text)
    new = value(root)
    replaced = change(new)
    new = new if replaced is None else replaced
    result = rewrite(text, root, new)
    assert same(value(compose(result)), new)
    return result


def put(*path_and_value):
    *path, last, new = path_and_value

    def change(found):
        for step in path:
            found = found[step]
        if isinstance(found, list) and last == "append":
            found.append(new)
        elif isinstance(found, list) and isinstance(last, tuple):
            found.insert(last[0], new)
        else:
            found[last] = new

    return change


def drop(*path):
    def change(found):
        for step in path[:-1]:
            found = found[step]
        del found[path[-1]]

    return change


# name: (before, change, after)
CASES = {
    # mappings: keys are added behind the last one, comments and blank lines stay where they are
    "key added": ("a: 1 # c\n# d\n", put("b", "x"), "a: 1 # c\nb: x\n# d\n"),
    "key added before the end of its parent": (
        "m:\n  a: 1\n\n# next\nn: 2\n", put("m", "b", {"c": 1}), "m:\n  a: 1\n  b:\n    c: 1\n\n# next\nn: 2\n"),
    "key added without a final line end": ("a: 1", put("b", "x"), "a: 1\nb: x"),
    "key added with CRLF": ("a:\r\n  b: 1\r\n", put("a", "c", [1]), "a:\r\n  b: 1\r\n  c:\r\n    - 1\r\n"),
    "key added behind a byte order mark": ("\ufeffa: 1\n", put("b", 2), "\ufeffa: 1\nb: 2\n"),
    "key added before the end marker": ("a: 1\n...\n", put("b", 2), "a: 1\nb: 2\n...\n"),
    "keys added at two levels at one place": (
        "m:\n  a: 1\n", lambda v: {"m": {"a": 1, "b": 2}, "c": 3}, "m:\n  a: 1\n  b: 2\nc: 3\n"),
    "key that some reader takes for a boolean": ("a: 1\n", put("y", "no"), 'a: 1\n"y": "no"\n'),
    "key changed": ("a: 1   # c\nb: 2\n", put("a", "x"), "a: x   # c\nb: 2\n"),
    "double quotes kept": ('a: "1"\n', put("a", "x"), 'a: "x"\n'),
    "key removed": ("a: 1\n# about b\nb: 2 # c\n# about d\nd: 3\n", drop("b"), "a: 1\n# about b\n# about d\nd: 3\n"),
    "key removed with a deep value": ("a:\n  b:\n    - c\n  # in a\nd: 1\n", drop("a"), "  # in a\nd: 1\n"),
    "last key removed": ("m: # c\n  # d\n  a: 1\nn: 2\n", drop("m", "a"), "m: {} # c\n  # d\nn: 2\n"),
    "last key swapped": ("m:\n  a: 1\nn: 2\n", lambda v: v.update(m={"b": 1}), "m:\n  b: 1\nn: 2\n"),
    "last key of the document removed": ("# c\na: 1\n", drop("a"), "# c\n{}\n"),
    "key removed and another added at the end": ("a: 1\nb: 2", lambda v: {"a": 1, "c": 3}, "a: 1\nc: 3\n"),
    "last line removed and a key added behind it": (
        "m:\n  a: 1\n  b: 2", lambda v: {"m": {"a": 1}, "c": 3}, "m:\n  a: 1\nc: 3"),
    "sequences as the author indents them": ("a:\n- x\n", put("b", ["z"]), "a:\n- x\nb:\n- z\n"),
    "mappings as the author indents them": (
        "a:\n    b:\n        - c\n", put("d", {"e": ["f"]}), "a:\n    b:\n        - c\nd:\n    e:\n        - f\n"),
    # empty values
    "nothing becomes a mapping": ("m:   # c\nn: 1\n", put("m", {"a": 1}), "m:   # c\n  a: 1\nn: 1\n"),
    "nothing becomes a scalar": ("m: # c\no:", lambda v: v.update(m=1, o="x"), "m: 1 # c\no: x"),
    "null becomes a sequence": ("m: null # c\n", put("m", ["a"]), "m: # c\n  - a\n"),
    "empty brackets gain entries": (
        "m: {}\ns: [] # c\n", lambda v: v.update(m={"a": 1}, s=["b"]), "m:\n  a: 1\ns: # c\n  - b\n"),
    "empty item": ("- {}\n-\n- x\n", lambda v: [{"a": 1, "b": 2}, {"c": 3}, "x"], "- a: 1\n  b: 2\n- c: 3\n- x\n"),
    "value on a line of its own": ("a:\n  x # c\n", put("a", {"b": [1]}), "a:\n  b:\n    - 1 # c\n"),
    # kinds change
    "mapping becomes a scalar": ("m: # c\n  a: 1\nn: 2\n", put("m", 3), "m: 3 # c\nn: 2\n"),
    "sequence becomes a mapping": ("m:\n- 1\n- 2\nn: 2\n", put("m", {"a": 1}), "m:\n  a: 1\nn: 2\n"),
    "scalar becomes a mapping": ("m: x # c\nn: 2\n", put("m", {"a": 1}), "m: # c\n  a: 1\nn: 2\n"),
    # sequences
    "item added, dashes below the key": (
        "a:\n- x\nb: 1\n", put("a", "append", {"c": 1, "d": []}), "a:\n- x\n- c: 1\n  d: []\nb: 1\n"),
    "item added, wide dashes": (
        "a:\n    -   b: 1\n", put("a", "append", {"b": 2, "c": 3}), "a:\n    -   b: 1\n    -   b: 2\n        c: 3\n"),
    "named item inserted between two": (
        "- name: a # 1\n# about b\n- name: b # 2\n", put((1,), {"name": "x"}),
        "- name: a # 1\n- name: x\n# about b\n- name: b # 2\n"),
    "item inserted at the front": ("a:\n  # c\n  - x\n", put("a", (0,), "z"), "a:\n  # c\n  - z\n  - x\n"),
    "item inserted at the front on a shared line": ("- - a\n", put(0, (0,), "z"), "- - z\n  - a\n"),
    "item removed": ("- a # 1\n- b # 2\n- c # 3\n", drop(1), "- a # 1\n- c # 3\n"),
    "item changed": ("- a # 1\n- b # 2\n- c # 3\n", put(1, "x"), "- a # 1\n- x # 2\n- c # 3\n"),
    "named item changed while another comes before it": (
        "- name: a\n  v: 1 # c\n", lambda v: [{"name": "x"}, {"name": "a",
        "v": 2}], "- name: x\n- name: a\n  v: 2 # c\n"),
    "only item removed": ("a:\n  - x\nb: 1\n", drop("a", 0), "a: []\nb: 1\n"),
    "items of a sequence in a sequence removed": ("- - a\n  - b\n- c\n", lambda v: [[], "c"], "- []\n- c\n"),
    # the first key shares its line with the dash
    "first key removed": ("- name: x # c\n  image: y # d\n", drop(0, "name"), "- image: y # d\n"),
    "first key removed, comment behind it and on it": (
        "- name: x # c\n  # about image\n  image: y\n", drop(0, "name"), "-\n  # about image\n  image: y\n"),
    "first key removed, comment behind it": (
        "- name: x\n  # about image\n  image: y\n", drop(0, "name"), "-\n  # about image\n  image: y\n"),
    "first two keys removed": ("- a: 1\n  b: 2\n  c: 3\n", lambda v: [{"c": 3}], "- c: 3\n"),
    "all keys of an item swapped": (
        "- a: 1\n  b: 2\n- x\n", lambda v: [{"c": 3, "d": 4}, "x"], "- c: 3\n  d: 4\n- x\n"),
    # block scalars
    "key added behind a block scalar": ("a: |\n  x\n\n# c\n", put("b", 1), "a: |\n  x\nb: 1\n\n# c\n"),
    "key added behind kept blank lines": ("a: |+\n  x\n\n", put("b", 1), "a: |+\n  x\n\nb: 1\n"),
    "key added behind a block scalar without line end": ("a: |\n  x", put("b", 1), "a: |-\n  x\nb: 1"),
    "block scalar with marks changed": ("a: |-\n  ---\n  # x\nb: 1\n", put("a", "y\nz"), 'a: "y\\nz"\nb: 1\n'),
    "block scalar kept, its neighbour changed": ("a: >\n  --- # x\nb: 1\n", put("b", 2), "a: >\n  --- # x\nb: 2\n"),
    "key removed behind kept blank lines": ("a: |+\n  x\n\nb: 1\n\nc: 2\n", drop("b"), "a: |+\n  x\n\nc: 2\n"),
    # brackets and JSON
    "key added in braces": ("a: {b: 1} # c\n", put("a", "d", "x"), 'a: {b: 1, "d": "x"} # c\n'),
    "keys removed in braces": ("{a: 1, b: 2, c: 3, d: 4}\n", lambda v: {"c": 3}, "{c: 3}\n"),
    "item inserted in brackets": ("a: [x,  'y']\n", put("a", (1,), "n"), "a: [x, \"n\",  'y']\n"),
    "brackets emptied": ("a: [x] # c\n", put("a", []), "a: [] # c\n"),
    "brackets within brackets gain a first entry": (
        "{a: {}, b: []}\n", put("a", {"c": [1]}), '{a: {"c": [1]}, b: []}\n'),
    "JSON on many lines": ('{\n  "a": 1,\n  "b": [\n    1\n  ]\n}\n', lambda v: {"b": [1, 2], "c": None},
        '{\n  "b": [\n    1,\n    2\n  ],\n  "c": null\n}\n'),
    "comments in braces": (
        "{\n  a: 1, # one\n  b: 2, # two\n  c: 3\n}\n", drop("b"), "{\n  a: 1 # one\n  , # two\n  c: 3\n}\n"),
    "document on the marker's line": ("--- {a: 1}\n", put("b", 2), '--- {a: 1, "b": 2}\n'),
    "key without a value in braces": ("{a, b: 1}\n", put("a", "x"), '{a: "x", b: 1}\n'),
    "single pair in brackets": ("[a: 1, b]\n", lambda v: [{"a": 1, "c": 2}, "b"], '[{"a": 1, "c": 2}, b]\n'),
    # rarities
    "explicit key": ("? a\n: b\nc: 1\n", put("a", "x"), "a: x\nc: 1\n"),
    "explicit key with a collection": ("? a\n: - b\n", put("a", "append", "c"), "? a\n: - b\n  - c\n"),
    "tag and unused anchor": ("a: !x &b c # d\n", put("a", "e"), "a: e # d\n"),
    "unused anchor on a changed mapping": ("a: &b\n  c: 1\n", put("a", "d", 2), "a: &b\n  c: 1\n  d: 2\n"),
    "alias elsewhere": ("a: &b 1\nc: *b\nd: 2\n", put("d", 3), "a: &b 1\nc: *b\nd: 3\n"),
    "merge key in a mapping that gains a key": (
        "a: &b {c: 1}\nd:\n  <<: *b\n", put("d", "e", 2), "a: &b {c: 1}\nd:\n  <<: *b\n  e: 2\n"),
    "key that is a number": ("1: a\n2: b\n", put("2", "c"), "1: a\n2: c\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_edits_are_what_a_careful_person_would_make(name):
    before, change, after = CASES[name]
    assert edited(before, change) == after


def test_numbers_that_are_copied_keep_their_form():
    assert edited("a: 1.50\n", lambda v: v.update(b=[v["a"]])) == "a: 1.50\nb:\n  - 1.50\n"


def test_equal_objects_give_the_text_itself():
    text = "a: 0x10 # c\nb: yes\n"
    assert rewrite(text, compose(text), {"b": True, "a": 16}) is text


@pytest.mark.parametrize(
    ("text", "change", "key", "shown", "line"),
    [
        ("a: &x 1\nb: *x\n", put("b", 2), "b", "*x", 2),
        ("a: &x 1\nb: *x\n", put("a", 2), "a", "&x", 1),
        ("a: &x {c: 1}\nb: *x\n", put("a", {"c": 2}), "a", "&x", 1),
        ("a: &x 1\nb: *x\n", drop("b"), "b", "*x", 2),
        ("a: {c: [&x 1]}\nb: *x\n", put("a", 1), "a", "&x", 1),
        ("a: &x {c: 1}\nb:\n  <<: *x\n  d: 1\n", put("b", "c", 2), "b.c", "<<", 2 + 1),
        ("a: &x {c: 1}\nb:\n  <<: *x\n  d: 1\n", drop("b", "c"), "b.c", "<<", 2 + 1),
        ("a: &x {c: 1}\nb:\n  - <<: *x\n", lambda v: v.update(b="x"), "b", "<<", 3),
    ],
)
def test_shared_values_are_refused_where_they_would_change(text, change, key, shown, line):
    with pytest.raises(Rejected) as caught:
        edited(text, change)
    (problem,) = caught.value.problems
    assert problem.what == "anchors or merge keys inside what must be edited"
    assert (problem.key, problem.value, problem.line) == (key, shown, line)
    assert "write the values out" in problem.fix


def test_all_shared_values_are_named_at_once():
    with pytest.raises(Rejected) as caught:
        edited("a: &x 1\nb: *x\nc: *x\n", lambda v: v.update(b=2, c=3))
    assert [problem.key for problem in caught.value.problems] == ["b", "c"]


@pytest.mark.parametrize("new", ["\ud800", 2**70, {1: 2}, (1,)])
def test_values_without_a_form_are_refused(new):
    with pytest.raises(Rejected, match="no form that every YAML reader"):
        edited("a: {b: 1}\n", put("a", "b", new))


def test_a_result_that_reads_as_something_else_is_refused():
    # The comment would become part of the block scalar above it.
    with pytest.raises(Rejected, match="this layout can't be edited"):
        edited("a: |\n  x\nb: 1\n   # deep\nc: 2\n", drop("b"))


def test_rewriting_takes_steps_in_proportion_to_the_text():
    def steps(items):
        text = "items:\n" + "".join(f"- name: n{i}\n  image: x:{i} # c\n  args: [a, 'b']\n" for i in range(items))
        root = compose(text)
        new = value(root)
        new["items"] = [{**item, "image": "y"} for item in new["items"]]
        calls = itertools.count()
        sys.setprofile(lambda *_: next(calls))
        try:
            rewrite(text, root, new)
        finally:
            sys.setprofile(None)
        return next(calls)

    assert steps(2000) < 11 * steps(200)


def test_importing_takes_no_yaml_library_along():
    code = (
        "import sys, kernelpair.yamltext.edit, kernelpair.yamltext.documents\n"
        "print(sorted({'yaml', 'ruamel', 'inspect', 'json', 'dataclasses'} & set(sys.modules)))"
    )
    assert (
        subprocess.run(
            [sys.executable, "-S", "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONPATH": _package()},
        ).stdout
        == "[]\n"
    )


def _package():
    import kernelpair

    return str(next(iter(kernelpair.__path__))).removesuffix("kernelpair")
