import copy
import math
import pickle
import sys
import time

import pytest

from kernelpair.errors import Problem, Rejected
from kernelpair.yamltext.nodes import DEPTH_LIMIT, SourceFloat, SourceInt, compose, same, value


def read(text):
    return value(compose(text))


def problems(text, **place):
    with pytest.raises(Rejected) as caught:
        compose(text, **place)
    return caught.value.problems


# What sigs.k8s.io/yaml 1.6.0 made of each of these, measured.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None), ("~", None), ("null", None), ("NULL", None), ("nULL", "nULL"),
        ("y", True), ("Yes", True), ("on", True), ("TRUE", True), ("tRUE", "tRUE"),
        ("n", False), ("no", False), ("OFF", False), ("False", False),
        ("0", 0), ("-0", 0), ("+7", 7), ("017", 15), ("0o17", 15), ("0O17", 15), ("0x1F", 31), ("-0x1f", -31),
        ("0b101", 5),
        ("0b-1", -1), ("1_000", 1000), ("1__0_", 10), ("_1", "_1"), ("0x", "0x"), ("08", 8.0), ("-09", -9.0),
        ("9223372036854775807", 2**63 - 1), ("18446744073709551615", 2**64 - 1), ("18446744073709551616", 2.0**64),
        ("-9223372036854775809", -(2.0**63)), ("+9223372036854775808", 2.0**63),
        ("1e3", 1000.0), ("12e3", 12000.0), ("1.", 1.0), (".5", 0.5), ("+.5e-1", 0.05), ("1_0.5", 10.5), (".2_7", 0.27),
        ("1e999", "1e999"), (".", "."), ("1.2.3", "1.2.3"), (".inf", math.inf), ("-.INF", -math.inf), (".iNf", ".iNf"),
        ("12:30:45", "12:30:45"), ("2001-01-01", "2001-01-01"), ("=", "="), ("<<", "<<"), ("1Gi", "1Gi"), ("\u0661",
        "\u0661"),
        ("'1'", "1"), ('"yes"', "yes"), ("!!str 1", "1"), ("!!int '3'", 3), ("!!float 3", 3.0), ("!!bool 'yes'", True),
        ("! 3", "3"), ("!x 3", "3"), ("!!timestamp 2001-01-01", "2001-01-01"), ("!!binary aGk=", "aGk="), ("!!str", ""),
    ],
)  # fmt: skip
def test_scalars_are_what_go_reads(text, expected):
    assert same(read(f"v: {text}\n"), {"v": expected})


def test_not_a_number_is_read_and_the_same_as_itself():
    assert same(read("v: .nan"), {"v": math.nan})


@pytest.mark.parametrize(
    ("key", "expected"),
    [("1", "1"), ("0x10", "16"), ("yes", "true"), ("1.50", "1.5"), ("1e6", "1e+06"), ("123456.0", "123456"),
    ("1e-5", "1e-05"),
     ("4e43", ".inf"), ("4E-99", "0"), ("16777217.0", "1.6777216e+07"), (".nan", ".nan"), ("!!str 1", "1"), ("'~'",
     "~")],
)  # fmt: skip
def test_keys_become_the_strings_that_go_makes_of_them(key, expected):
    assert list(read(f"{key}: v")) == [expected]


def test_numbers_remember_how_they_were_written():
    found = read("a: 0o17\nb: 1e3\nc: 1_0")
    assert [(type(n), n.source) for n in found.values()] == [
        (SourceInt, "0o17"),
        (SourceFloat, "1e3"),
        (SourceInt, "1_0"),
    ]
    for copied in (copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert [n.source for n in copied.values()] == ["0o17", "1e3", "1_0"]


def test_merge_keys_count_in_the_order_of_the_text():
    text = "x: &x {a: 1, b: 2}\nbefore: {a: 3, <<: *x}\nafter: {<<: *x, a: 3}\n"
    text += "list: {<<: [{a: 4}, *x]}\nquoted: {'<<': 1}\n"
    found = read(text)
    assert found["before"] == {"a": 1, "b": 2}
    assert found["after"] == {"a": 3, "b": 2}
    assert found["list"] == {"a": 4, "b": 2}
    assert found["quoted"] == {"<<": 1}


def test_aliases_share_their_object_and_are_counted():
    root = compose("a: &x [1]\nb: *x\nc: *x\n")
    found = value(root)
    assert found["a"] is found["b"] is found["c"]
    anchored, alias = root.items[0][1], root.items[1][1]
    assert (anchored.refs, alias.kind, alias.target) == (2, "alias", anchored)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r", "\x85", "\u2028"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_places_are_indexes_of_the_text(mark, newline):
    text = newline.join([mark + "😀: 1", "b:", "  - {c: 'd'}   # x", "  - |", "    e", "", "f: &a !!str g", "h:", ""])
    root = compose(text, first_line=5)
    (first, _), (_, items), (_, tagged), (_, empty) = root.items
    assert (root.start, first.start, first.column, first.line) == (len(mark), len(mark), 0, 5)
    flow, literal = items.items
    assert text[flow.start : flow.end] == "{c: 'd'}"
    assert text[literal.start : literal.end] == newline.join(["|", "    e", "", ""])
    assert (text[tagged.start : tagged.end], tagged.line, tagged.plain) == ("&a !!str g", 11, True)
    assert (empty.start, text[: empty.end][-2:]) == (empty.end, "h:")
    assert root.end == empty.end


def test_a_document_of_nothing_has_no_tree():
    assert [compose(text) for text in ("", "\ufeff", "# c\n")] == [None, None, None]
    assert value(None) is None
    assert read("---\n") is None


def test_all_duplicate_keys_are_named_at_once():
    found = problems("a: 1\nb:\n  - {c: 1, c: 2}\na: 3\n1: x\n'1': y\n", document=3, first_line=10)
    assert [(p.document, p.line, p.key) for p in found] == [(3, 12, "b[0].c"), (3, 13, "a"), (3, 15, "1")]
    assert found[1].what == "the key a stands twice in one mapping (lines 10 and 13)"


@pytest.mark.parametrize(
    ("text", "line", "what", "why"),
    [
        ("a:\n\tb: 1", 2, "not valid YAML", "a tab stands"),
        ("a: b: c", 1, "not valid YAML", "where no key can be"),
        ("a: [1", 2, "not valid YAML", "not closed"),
        ("a: 'x", 1, "not valid YAML", "never closed"),
        ("a: 1\nb: @x", 2, "not valid YAML", "reserves"),
        ("a: 1\nb: \x01", 2, "not valid YAML", "doesn't allow"),
        ("a: 1\nb: \ud800", 2, "not valid YAML", "doesn't allow"),
        ("- a\nb: 1", 2, "not valid YAML", "not indented alike"),
        ('a: "\\q"', 1, "not valid YAML", "escape"),
        ("a: 1\x85---\x85b: 2", 2, "holds a second one", "line separator"),
        ("a: *x", 1, "names no anchor", "same document"),
        ("a: &x [*x]", 1, "contains itself", "no end"),
        ("a: !!int x", 1, "doesn't fit its value", "Go"),
        ("<<: 1", 1, "brings in what is not a mapping", "can be merged"),
        ("? [a]\n: 1", 1, "JSON can't have", "other keys"),
        ("~: 1", 1, "JSON can't have", "other keys"),
    ],
)
def test_what_is_refused_says_where_and_why(text, line, what, why):
    (problem,) = problems(text)
    assert problem.line == line
    assert what in problem.what
    assert why in problem.why
    assert problem.fix


@pytest.mark.parametrize("depth", [DEPTH_LIMIT + 1, 1000, 100_000])
@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ("[", ""), ("{a: ", "}"), ("- ", ""), ("? ", "")])
def test_deep_nesting_is_refused_at_once(depth, opened, closed):
    started = time.monotonic()
    (problem,) = problems(opened * depth + closed * depth)
    assert "nested more than 100 levels" in problem.what
    assert time.monotonic() - started < 1


def test_nesting_up_to_the_limit_is_read():
    assert read("[" * DEPTH_LIMIT + "]" * DEPTH_LIMIT) is not None


def test_nesting_by_aliases_counts():
    chain = "".join(f"- &a{i} [*a{i - 1}]\n" if i else "- &a0 []\n" for i in range(DEPTH_LIMIT + 1))
    assert "nested more than" in problems(chain)[0].what


def test_alias_bombs_are_refused_without_expanding_them():
    bomb = "".join(f"- &a{i} [*a{i - 1}, *a{i - 1}]\n" if i else "- &a0 [x, x]\n" for i in range(60))
    assert "more than a million" in problems(bomb)[0].what


def test_many_aliases_of_a_small_value_are_no_bomb():
    assert len(read("a: &a [1, 2]\nb: [" + "*a, " * 1000 + "]")["b"]) == 1000


def test_same_keeps_types_apart():
    alike = [1, True, 1.0, "1", None, [1], {"1": 1}, [], {}, "", 0, False]
    assert [[same(a, b) for b in alike] for a in alike] == [[i == j for j in range(12)] for i in range(12)]
    assert same({"a": [SourceInt(15, "0o17")]}, {"a": [15]})
    assert not same({"a": 1}, {"b": 1})


def test_a_refusal_tells_everything_and_that_nothing_was_written():
    first = Problem(
        "it is wrong", document=2, line=7, object="Pod a/b", source="x.yaml", key="spec.a", value="1", why="w", fix="f"
    )
    assert str(Rejected(first)) == (
        "it is wrong\n  where: document 2, line 7, Pod a/b, from x.yaml\n"
        "  key:   spec.a\n  value: 1\n  why:   w\n  fix:   f\n"
        "1 problem; nothing was written."
    )
    both = Rejected(first, Problem("so is this")).within(document=9, source="y.yaml")
    assert [(p.document, p.source) for p in both.problems] == [(2, "x.yaml"), (9, "y.yaml")]
    assert str(both).splitlines()[-3:] == [
        "2. so is this",
        "     where: document 9, from y.yaml",
        "2 problems; nothing was written.",
    ]


def outline(node):
    children = [outline(child) for child in node.children()]
    return (
        node.kind,
        node.start,
        node.end,
        node.line,
        node.column,
        node.text,
        node.style,
        node.tag,
        node.anchor,
        node.flow,
        children,
    )


def test_pyyaml_without_its_c_parser_gives_the_same_tree(monkeypatch):
    text = "\ufeffa: &x {b: 'c', d: [1]}\r\ne:\r\n- |+\r\n  😀\r\n\r\n- !!str f # g\r\n-\r\nh: *x\r\n? i\r\n: j\r\n"
    fast = outline(compose(text))
    monkeypatch.setitem(sys.modules, "yaml._yaml", None)
    assert outline(compose(text)) == fast
    assert "a tab stands" in problems("a:\n\tb: 1")[0].why
    assert "doesn't allow" in problems("a: 1\nb: \x01")[0].why
    assert "nested more than 100" in problems("[" * 100_000)[0].what
