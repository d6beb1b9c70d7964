"""Literal block scalars whose text grows or shrinks at its end keep every other line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernelpair.yamltext import emit
from kernelpair.yamltext.edit import rewrite
from kernelpair.yamltext.nodes import compose, value

# name: (before, the new value of a, after); each is tried in both directions
BOTH_WAYS = {
    "clipped": ("a: |\n  x\n\n   y\nb: 1\n", "x\n\n y\nz\n", "a: |\n  x\n\n   y\n  z\nb: 1\n"),
    "clipped, blank lines behind it": ("a: |\n  x\n\n\nb: 1\n", "x\nz\n", "a: |\n  x\n  z\n\n\nb: 1\n"),
    "clipped, blanks behind it": ("a: |\n  x\n  \n \nb: 1\n", "x\nz\n", "a: |\n  x\n  z\n  \n \nb: 1\n"),
    "blanks that are text": ("a: |\n  x\n    \nb: 1\n", "x\n  \nz\n", "a: |\n  x\n    \n  z\nb: 1\n"),
    "a comment behind it": ("a: | # c\n    x\n# d\nb: 1\n", "x\nz\n", "a: | # c\n    x\n    z\n# d\nb: 1\n"),
    "stripped": ("a: |-\n  x\nb: 1\n", "x\nz", "a: |-\n  x\n  z\nb: 1\n"),
    "kept": ("a: |+\n  x\n\nb: 1\n", "x\n\nz\n", "a: |+\n  x\n\n  z\nb: 1\n"),
    "indentation stated": ("a: |2\n    x\n  y\nb: 1\n", "  x\ny\nz\n", "a: |2\n    x\n  y\n  z\nb: 1\n"),
    "blank lines first": ("a: |\n\n  x\n", "\nx\nz\n", "a: |\n\n  x\n  z\n"),
    "CRLF": ("a: |\r\n  x\r\nb: 1\r\n", "x\nz\n", "a: |\r\n  x\r\n  z\r\nb: 1\r\n"),
    "several lines": ("a: |\n  x\n", "x\n  y: 'z'\n\n# w\n", "a: |\n  x\n    y: 'z'\n\n  # w\n"),
    "a marker": ("a: |\n  x\n", "x\n---\n", "a: |\n  x\n  ---\n"),
    "explicit key": ("? a\n: |\n  x\nb: 1\n", "x\nz\n", "? a\n: |\n  x\n  z\nb: 1\n"),
    "anchor on it": ("a: &x |\n  x\n", "x\nz\n", "a: &x |\n  x\n  z\n"),
}  # fmt: skip

# name: (before, the new value of a, after): written anew
ANEW = {
    "another line end than the header says": ("a: |\n  x\n", "x\nz", 'a: "x\\nz"\n'),
    "blank lines that would be chomped": ("a: |\n  x\n", "x\nz\n\n", 'a: "x\\nz\\n\\n"\n'),
    "white space only": ("a: |\n  x\n", "x\n  \n", 'a: "x\\n  \\n"\n'),
    "a control character": ("a: |\n  x\n", "x\n\x07\n", 'a: "x\\n\\u0007\\n"\n'),
    "a line separator": ("a: |\n  x\n", "x\ny\u2028z\n", 'a: "x\\ny\\u2028z\\n"\n'),
    "a blank line first": ("a: |\n  x\n", "x\n\nz\n", 'a: "x\\n\\nz\\n"\n'),
    "no final line end": ("a: |\n  x", "x\nz", 'a: "x\\nz"'),
    "another beginning": ("a: |\n  x\n", "y\nz\n", 'a: "y\\nz\\n"\n'),
    "a longer last line": ("a: |-\n  x\n", "xz", "a: xz\n"),
    "nothing left": ("a: |\n  x\n", "", 'a: ""\n'),
    "nothing there": ("a: |\nb: 1\n", "z\n", 'a: "z\\n"\nb: 1\n'),
    "folded": ("a: >\n  x\n", "x\nz\n", 'a: "x\\nz\\n"\n'),
}


def changed(text: str, new: str) -> str:
    root = compose(text)
    assert root is not None
    wanted = {**value(root), "a": new}
    result = rewrite(text, root, wanted)
    assert value(compose(result)) == wanted
    return result


@pytest.mark.parametrize(("before", "new", "after"), BOTH_WAYS.values(), ids=BOTH_WAYS)
def test_a_text_grows_and_shrinks_by_whole_lines(before: str, new: str, after: str) -> None:
    assert changed(before, new) == after
    assert changed(after, value(compose(before))["a"]) == before


@pytest.mark.parametrize(("before", "new", "after"), ANEW.values(), ids=ANEW)
def test_other_changes_are_written_anew(before: str, new: str, after: str) -> None:
    assert changed(before, new) == after


LINES = st.lists(st.text(alphabet="a :#-'\"\\|\t\u00e9\u2028", max_size=6), max_size=4)


@given(st.lists(st.text(alphabet="ab :#-", min_size=1, max_size=6), min_size=1, max_size=4), LINES, st.booleans())
def test_whatever_is_added_reads_back(start: list[str], more: list[str], ended: bool) -> None:
    """`rewrite` itself compares; it must never refuse."""
    before = "\n".join(start) + "\n" * ended
    after = "\n".join([*start, *more]) + "\n" * ended
    text = emit.block({"a": before, "b": 1}, layout=emit.Layout(literal=True)) + "\n"
    grown = changed(text, after)
    assert changed(grown, before) is not None
