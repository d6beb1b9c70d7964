"""PyYAML's parser events of one document, and its complaints in an operator's words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..errors import Problem, Rejected, short

if TYPE_CHECKING:
    from collections.abc import Iterator

_SPACING = "look at the indentation of this line and of the lines above it"
_COMPLAINTS = (
    # (what the parser says, what it means, what to do); the first that is found counts
    (r"control characters are not allowed|special characters|Invalid character|non-printable|unacceptable character",
     "the document holds a character that YAML doesn't allow in text",
     "remove it, or write it as an escape in double quotes"),
    (r"tab character|'\\t'", "a tab stands where only spaces may indent", "replace the tab by spaces"),
    (r"cannot start any token", "a value begins with a character that YAML reserves", "quote the value"),
    (r"mapping values are not allowed", "a `: ` stands where no key can be",
     "quote the value if the colon belongs to it; else " + _SPACING),
    (r"unexpected end of stream|found end of file|unexpected document (indicator|separator)",
     "a quoted value is never closed, or the stream is cut off", "close the quote; check that the input is complete"),
    (r"expected '?,'? or|expected the node content|expected ',' or|node content",
     "brackets or braces are not closed, or a value is missing", "close the bracket; check that the input is complete"),
    (r"undefined tag handle", "it uses a name that this document doesn't define", "define it, or remove it"),
    (r"expected <document start>", "text stands behind the end of the document's value", _SPACING),
    (r"expected key|block end|expected ':'|'-' indicator|block sequence entries|block mapping|simple key|mapping keys",
     "lines that belong together are not indented alike, or a `:` is missing", _SPACING),
    (r"anchor|alias", "an anchor's or alias's name is not well formed", "quote the value if the & or * belongs to it"),
    (r"escape", "double quotes hold an escape that YAML doesn't know", "double the backslash, or use single quotes"),
)  # fmt: skip


def events(text: str, document: int, first_line: int) -> Iterator[Any]:
    """The events of a parse of `text`, which has no byte order mark. Raises Rejected where it isn't YAML."""
    import yaml

    try:
        parser: Any = _parser(text)
        event = parser.get_event()
        while event is not None:
            yield event
            event = parser.get_event()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line if mark else 0
        at = text[mark.index : mark.index + 1] if mark else ""
        raise Rejected(_complaint(_words(error, at), at, document, first_line + line)) from None
    except yaml.reader.ReaderError as error:
        words = f"{error.reason}: character {_code(error.character)}"
        raise Rejected(_complaint(words, "", document, first_line + _line_of(text, error.character))) from None
    except UnicodeEncodeError as error:
        words = f"non-printable character {_code(text[error.start])}"
        line = first_line + text.count("\n", 0, error.start)
        raise Rejected(_complaint(words, "", document, line)) from None


def _parser(text: str) -> Any:
    """PyYAML's C parser; its Python one, ten times slower and just as right, where the extension is missing."""
    try:
        from yaml._yaml import CParser
    except ImportError:
        from yaml import SafeLoader

        return SafeLoader(text)
    return CParser(text)


def _words(error: Any, at: str) -> str:
    """What the parser said, made whole."""
    words = ", ".join(str(part) for part in (error.context, error.problem) if part)
    return words + " '\\t'" if at == "\t" else words


def _complaint(words: str, at: str, document: int, line: int) -> Problem:
    meaning, fix = next(
        ((meaning, fix) for pattern, meaning, fix in _COMPLAINTS if re.search(pattern, words)),
        ("the parser can't read on from here", _SPACING),
    )
    return Problem(
        what="the document is not valid YAML",
        document=document,
        value=repr(at) if at.strip() or at == "\t" else "",
        line=line,
        why=f"{meaning} (the parser says: {short(words, 160)})",
        fix=fix,
    )


def _code(character: Any) -> str:
    number = character if isinstance(character, int) else ord(character)
    return f"U+{number:04X}"


def _line_of(text: str, character: Any) -> int:
    """How many lines stand before the first such character."""
    position = text.find(character if isinstance(character, str) else chr(character))
    return text.count("\n", 0, max(position, 0))
