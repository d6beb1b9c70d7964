"""What kernelpair refuses, told so that whoever reads it knows where to look and what to do."""

from __future__ import annotations

from typing import NamedTuple


class Problem(NamedTuple):
    """One thing that is wrong in a stream of manifests.

    Only `what` is always there; the other fields are empty (or 0) where they are not known.
    """

    what: str
    """A short sentence without a full stop."""
    document: int = 0
    """1-based number of the document in the stream."""
    source: str = ""
    """The chart's template: Helm 3's `# Source:` path or Helm 4's file name annotation."""
    object: str = ""
    """`Kind namespace/name`, or `Kind name` where no namespace is given."""
    key: str = ""
    """Dotted path inside the document, list items as `[0]`."""
    value: str = ""
    """A short rendering of the offending value; never a secret."""
    line: int = 0
    """1-based line of the stream."""
    why: str = ""
    fix: str = ""

    def text(self) -> str:
        """The problem over a few lines: what, where, then key, value, why and fix, each on its own line."""
        places = (
            (self.document, f"document {self.document}"),
            (self.line, f"line {self.line}"),
            (self.object, self.object),
            (self.source, f"from {self.source}"),
        )
        where = ", ".join(text for known, text in places if known)
        details = (("where", where), ("key", self.key), ("value", self.value), ("why", self.why), ("fix", self.fix))
        return "\n".join([self.what, *(f"  {label + ':':<6} {text}" for label, text in details if text)])


def short(text: str, limit: int = 60) -> str:
    """`text` on one line, control characters escaped, cut to about `limit` characters."""
    shown = text if len(text) <= limit else text[: limit - 3] + "..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown)


class Rejected(Exception):
    """The input is refused: nothing of it may be written.

    `problems` holds everything that was found, so that one run shows all there is to fix.
    """

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems: tuple[Problem, ...] = problems

    def within(self, *, document: int = 0, source: str = "", object: str = "") -> Rejected:
        """The same refusal with the given places filled in where a problem doesn't say them yet."""
        return Rejected(
            *(
                problem._replace(
                    document=problem.document or document,
                    source=problem.source or source,
                    object=problem.object or object,
                )
                for problem in self.problems
            )
        )

    def __str__(self) -> str:
        """All problems, numbered where there are several, and the promise that nothing was written."""
        count = len(self.problems)
        texts = [problem.text() for problem in self.problems]
        if count > 1:
            texts = [f"{number}. {text}".replace("\n", "\n   ") for number, text in enumerate(texts, 1)]
        noun = "problem" if count == 1 else "problems"
        return "\n".join([*texts, f"{count} {noun}; nothing was written."])
