"""A stream of YAML documents as byte ranges: nothing is copied, nothing is lost.

Every function is linear in the size of the stream and keeps no more than offsets.
"""

from __future__ import annotations

import re
from heapq import merge
from typing import TYPE_CHECKING, NamedTuple

from ..errors import Problem, Rejected

if TYPE_CHECKING:
    from collections.abc import Iterator

# A byte order mark may begin a stream; the marker behind it still stands in column 0.
_FIRST_MARKER = re.compile(rb"(?:\xef\xbb\xbf)?(---|\.\.\.)(?=[ \t\r\n]|\Z)")
# Each begins with a literal, which the regex engine finds at the speed of bytes.find; the last two serve lone CR.
_MARKERS = tuple(
    re.compile(rb"%b(?=[ \t\r\n]|\Z)" % start) for start in (rb"\n---", rb"\n\.\.\.", rb"\r---", rb"\r\.\.\.")
)
_DOT = ord(".")
# Lines that say nothing by themselves: they belong to the document that follows.
_PREAMBLE = re.compile(rb"(?:\xef\xbb\xbf)?(?:[ \t]*(?:#[^\r\n]*)?(?:\r\n|[\r\n]|\Z)|%[^\r\n]*(?:\r\n|[\r\n]|\Z))*")
_LINE_END = re.compile(rb"\r\n|[\r\n]|\Z")
_SOURCE = re.compile(r"\ufeff?(?:---[ \t]*)?\s*(?:#(?! Source:)[^\r\n]*\s+)*# Source: *([^\r\n]*)")


class Document(NamedTuple):
    """One document of a stream: `data[start:end]` are its bytes, markers, directives and comments included."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody needs here
    """1-based."""
    start: int
    end: int
    line: int
    """1-based line of the stream on which it begins."""


def split_stream(data: bytes) -> list[Document]:
    """All documents of `data`, in order; their ranges touch and together are the whole of `data`.

    A document begins at its `---` line; comments and directives at the start of the stream or after a `...` line
    belong to the document behind them. Any bytes are accepted, and an empty stream has no documents.
    """
    documents = []
    line = 1
    for index, (start, end) in enumerate(_ranges(data), 1):
        documents.append(Document(index, start, end, line))
        line += _count_lines(data, start, end)
    return documents


def documents_mentioning(data: bytes, pattern: re.Pattern[bytes]) -> Iterator[Document]:
    """The documents of `split_stream(data)` in which a match of `pattern` begins, in order."""
    match = pattern.search(data)
    line, counted = 1, 0
    for index, (start, end) in enumerate(_ranges(data), 1):
        if match is None:
            return
        if match.start() >= end:
            continue
        line += _count_lines(data, counted, start)
        counted = start
        yield Document(index, start, end, line)
        match = pattern.search(data, end)


def decode(data: bytes, document: Document) -> str:
    """The text of one document of `data`, a byte order mark included.

    Raises Rejected, with the offset in the stream and its line, where the bytes are not UTF-8.
    """
    try:
        return str(memoryview(data)[document.start : document.end], "utf-8")
    except UnicodeDecodeError as error:
        offset = document.start + error.start
        problem = Problem(
            what="the document is not UTF-8 text",
            document=document.index,
            value=f"byte 0x{data[offset]:02x} at offset {offset} of the stream",
            line=document.line + _count_lines(data, document.start, offset),
            why="manifests are UTF-8; these bytes come from another encoding, or the stream is cut or binary",
            fix="save the chart file or the value that this text comes from as UTF-8",
        )
        raise Rejected(problem) from None


def source_comment(text: str) -> str:
    """The path in the `# Source: path` comment that Helm 3 puts at the top of a document, or ""."""
    match = _SOURCE.match(text)
    return match.group(1).rstrip() if match else ""


def _ranges(data: bytes) -> Iterator[tuple[int, int]]:
    """The documents' offsets. A piece between two markers that says nothing is joined to the document behind it."""
    start = 0
    silent = 0  # up to here the open document is known to say nothing; -1 once it has begun
    for position, ends in _markers(data):
        if silent >= 0 and _PREAMBLE.fullmatch(data, silent, position):
            silent = _line_end(data, position) if ends else -1
            continue
        here = _line_end(data, position) if ends else position
        yield start, here
        start, silent = here, here if ends else -1
    if start < len(data):
        yield start, len(data)


def _line_end(data: bytes, position: int) -> int:
    """Where the line of `position` ends, its line end included."""
    match = _LINE_END.search(data, position)
    return match.end() if match else len(data)


def _markers(data: bytes) -> Iterator[tuple[int, bool]]:
    """Where a `---` line (False) or a `...` line (True) begins, in order."""
    head = _FIRST_MARKER.match(data)
    if head:
        # A marker behind the byte order mark takes the mark along.
        yield 0, head.group(1) == b"..."
    patterns = _MARKERS if b"\r" in data else _MARKERS[:2]
    yield from merge(*(_places(pattern, data) for pattern in patterns))


def _places(pattern: re.Pattern[bytes], data: bytes) -> Iterator[tuple[int, bool]]:
    for match in pattern.finditer(data):
        position = match.start() + 1
        yield position, data[position] == _DOT


def _count_lines(data: bytes, start: int, end: int) -> int:
    """Line ends in `data[start:end]`: LF, CRLF and lone CR."""
    lines = data.count(b"\n", start, end)
    returns = data.count(b"\r", start, end)
    return lines + returns - data.count(b"\r\n", start, end) if returns else lines
