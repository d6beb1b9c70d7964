"""Splitting loses nothing, and reading ends with a tree or one kind of error, whatever the bytes are."""

import re
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from kernelpair.errors import Rejected
from kernelpair.yamltext.documents import decode, documents_mentioning, split_stream
from kernelpair.yamltext.nodes import compose, value
from tests.strategies.yaml_layouts import rendered

_snippets = st.sampled_from(
    [
        b"---",
        b"...",
        b"\n",
        b"\r",
        b"\r\n",
        b" ",
        b"#",
        b"%Y",
        b"a: 1",
        b"\xef\xbb\xbf",
        b"\0",
        b"\xff",
        b"- |\n  ---",
        b"\t",
    ]
)
streams = st.one_of(
    st.binary(max_size=200),
    st.lists(_snippets, max_size=30).map(b"".join),
    st.lists(rendered().map(lambda made: made.text.encode()), max_size=3).map(b"---\n".join),
)


@settings(max_examples=200, deadline=None)
@given(streams)
def test_the_documents_are_the_whole_stream(data):
    found = split_stream(data)
    assert b"".join(data[d.start : d.end] for d in found) == data
    assert [d.index for d in found] == list(range(1, len(found) + 1))
    assert all(d.start < d.end for d in found)
    for document in found:
        before = data[: document.start]
        assert document.line == 1 + len(re.findall(rb"\r\n|\r|\n", before))


@settings(max_examples=200, deadline=None)
@given(streams, st.sampled_from([b"a", b"-", b"\\|", b"[^\\r\\n]"]))
def test_mentioning_finds_the_documents_in_which_a_match_begins(data, word):
    pattern = re.compile(word)
    starts = [match.start() for match in pattern.finditer(data)]
    expected = [d for d in split_stream(data) if any(d.start <= start < d.end for start in starts)]
    assert list(documents_mentioning(data, pattern)) == expected


_SYNTAX = st.lists(
    st.sampled_from(
        ["a", "1", "<<", ": ", ":", "- ", "-", "? ", "[", "]", "{", "}", ",", "&a ", "*a ", "!!int ", "!x ", "|",
        ">", "+\n",
         "'", '"', "\\", "#", " #", "%", "@", "\n", "\n  ", "\n ", "\t", "---", "...", "\x85", "\u2028", "\ufeff",
         "😀", "\0"]
    ),
    max_size=25,
).map("".join)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(streams)
def test_any_bytes_are_read_or_refused(data):
    for document in split_stream(data):
        with suppress(Rejected):
            value(compose(decode(data, document), document=document.index, first_line=document.line))


@settings(max_examples=600, deadline=None)
@given(_SYNTAX | st.text(max_size=30))
def test_any_text_is_read_or_refused_and_places_lie_within_it(text):
    root, problems = None, ()
    try:
        root = compose(text)
    except Rejected as rejected:
        problems = rejected.problems
    assert all(problem.what and problem.line > 0 and problem.fix for problem in problems)
    nodes = [root] if root is not None else []
    while nodes:
        node = nodes.pop()
        assert 0 <= node.start <= node.end <= len(text)
        assert all(node.start <= child.start and child.end <= node.end for child in node.children())
        nodes.extend(node.children())
