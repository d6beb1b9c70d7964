import re

import pytest

from kernelpair.errors import Rejected
from kernelpair.yamltext.documents import Document, decode, documents_mentioning, source_comment, split_stream


def pieces(data):
    return [data[d.start : d.end] for d in split_stream(data)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"a: 1", [b"a: 1"]),
        (b"---", [b"---"]),
        (b"\n\n", [b"\n\n"]),
        (b"a: 1\n---\nb: 2\n", [b"a: 1\n", b"---\nb: 2\n"]),
        (b"---\na: 1\n---\n", [b"---\na: 1\n", b"---\n"]),
        (b"---\r\na: 1\r\n---\r\nb: 2", [b"---\r\na: 1\r\n", b"---\r\nb: 2"]),
        (b"a: 1\r---\rb: 2", [b"a: 1\r", b"---\rb: 2"]),
        (b"# c\n\n%YAML 1.1\n---\na: 1\n", [b"# c\n\n%YAML 1.1\n---\na: 1\n"]),
        (b"a: 1\n...\n# c\n%YAML 1.1\n---\nb: 2\n", [b"a: 1\n...\n", b"# c\n%YAML 1.1\n---\nb: 2\n"]),
        (b"...\n...\n---\na\n", [b"...\n...\n---\na\n"]),
        (b"a\n...\nb\n...\n", [b"a\n...\n", b"b\n...\n"]),
        (b"--- {a: 1}\n---\tx\n", [b"--- {a: 1}\n", b"---\tx\n"]),
        (b"\xef\xbb\xbf---\na: 1\n---\nb", [b"\xef\xbb\xbf---\na: 1\n", b"---\nb"]),
        (b"\xef\xbb\xbf# c\n---\na", [b"\xef\xbb\xbf# c\n---\na"]),
    ],
)
def test_where_documents_begin(data, expected):
    assert pieces(data) == expected


@pytest.mark.parametrize(
    "data",
    [b"---apiVersion: v1\n", b"a: |\n  ---\n  ...\n", b" ---\na\n", b"a: x---\n----\n", b"....\n", b"a: 1\n---x\n"],
)
def test_what_only_looks_like_a_marker(data):
    assert pieces(data) == [data]


def test_indexes_and_lines_count_from_one_in_all_line_ends():
    found = split_stream(b"a: 1\r\nb: 2\r---\nc\n---\n")
    assert found == [Document(1, 0, 11, 1), Document(2, 11, 17, 3), Document(3, 17, 21, 5)]


def test_only_documents_that_mention_a_word_are_made():
    data = b"a\n---\nwanted wanted\n---\nb\n---\nwanted\n"
    assert list(documents_mentioning(data, re.compile(b"wanted"))) == [split_stream(data)[i] for i in (1, 3)]
    assert list(documents_mentioning(data, re.compile(b"missing"))) == []


def test_bytes_that_are_not_utf8_are_named_by_offset_and_line():
    data = b"a: 1\n---\nb: 2\nc: \xff\n"
    with pytest.raises(Rejected) as caught:
        decode(data, split_stream(data)[1])
    (problem,) = caught.value.problems
    assert (problem.document, problem.line) == (2, 4)
    assert problem.value == "byte 0xff at offset 17 of the stream"


def test_text_keeps_its_byte_order_mark():
    data = b"\xef\xbb\xbfa: \xc3\xbc\n"
    assert decode(data, split_stream(data)[0]) == "\ufeffa: ü\n"


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("---\n# Source: hub/templates/x.yaml\nkind: Pod\n", "hub/templates/x.yaml"),
        ("# Source: x.yaml\r\nkind: Pod\r\n", "x.yaml"),
        ("---\n# note\n# Source: x.yaml\n", "x.yaml"),
        ("\ufeff---\n\n# Source: x.yaml", "x.yaml"),
        ("---\nkind: Pod\n# Source: late.yaml\n", ""),
        ("", ""),
    ],
)
def test_the_source_comment_is_the_one_on_top(text, source):
    assert source_comment(text) == source
