"""The command line: the only part that reads arguments and files, prints and exits."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from . import flags
from .errors import Problem, Rejected

if TYPE_CHECKING:
    import argparse

    from .plan import Options, Plan

REFUSED, USAGE = 1, 2
INTERRUPTED = 130  # as shells report SIGINT
_HELM4 = "--helm4-errors"


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the exit code: 0, 1 for refused or invalid input, 2 for wrong usage."""
    arguments = sys.argv[1:] if arguments is None else arguments
    helm4 = _HELM4 in arguments
    try:
        _run([argument for argument in arguments if argument != _HELM4])
    except Rejected as rejected:
        between = "\n" if len(rejected.problems) > 1 else " "
        return _fail(f"kernelpair:{between}{rejected}", REFUSED, helm4)
    except _Usage as usage:
        return _fail(f"kernelpair: {usage}", USAGE, helm4)
    except OSError as error:
        # Keeps the interpreter from failing again at its last flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return REFUSED  # the reader went away; nobody is left to tell
        return _fail(f"kernelpair: the output can't be written: {error.strerror}", REFUSED, helm4=False)
    except KeyboardInterrupt:
        return INTERRUPTED
    except _Done as done:
        return done.code
    return 0


class _Usage(Exception):
    """The command was called wrongly."""


class _Done(Exception):
    """The command has said everything and ends with `code`."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def _fail(message: str, code: int, helm4: bool) -> int:
    """Tell the user. Helm 4 drops a plugin's stderr and shows what it can't parse: a document that is a text."""
    if not helm4:
        print(message, file=sys.stderr)
        return code
    print("--- |-\n" + "\n".join(f"  {line}".rstrip() for line in message.splitlines()))
    return 0


def _run(arguments: list[str]) -> None:
    # Imports are most of the time that a render takes: what Helm calls needs no argparse, what is off no YAML.
    if not arguments or arguments == ["render"]:
        data = _stdin()
        if flags.all_off(data, None, flags.override(os.environ)):
            _write([data])
        else:
            _render(data, _options([], None), "")
        return
    given = _parser().parse_args(arguments)
    given.run(given)


def _parser() -> argparse.ArgumentParser:
    from . import arguments

    return arguments.parser(
        {"render": _render_command, "explain": _explain_command, "undo": _undo_command, "plugin-path": _plugin_path},
        lambda message: _raise(_Usage(message)),
        lambda code: _raise(_Done(code)),
    )


def _raise(error: Exception) -> None:
    raise error


def _options(target: list[str], settings_file: str | None) -> Options:
    from . import plan, targets

    try:
        kinds = targets.with_targets(target)
    except ValueError as error:
        raise _Usage(str(error)) from None
    flag = flags.override(os.environ)
    settings = None if settings_file is None else _settings(settings_file, flag)
    return plan.Options(settings, flag, kinds)


def _settings(path: str, flag: bool | None) -> Any:
    """The settings of a file (YAML or JSON; the `kernelGateway` block, alone or under its key), checked."""
    from .core.settings import InvalidSettings
    from .yamltext.documents import decode, split_stream
    from .yamltext.nodes import compose, value

    data = _read(path)
    whole = split_stream(data)
    if len(whole) != 1:
        what = f"{path} must hold one document, the kernelGateway block"
        raise Rejected(Problem(what, value=f"{len(whole)} documents", fix="write one settings file for the stream"))
    try:
        raw = value(compose(decode(data, whole[0])))
    except Rejected as rejected:
        raise rejected.within(source=path) from None
    if isinstance(raw, dict) and set(raw) == {"kernelGateway"}:
        raw = raw["kernelGateway"]
    try:
        flags.for_stream(raw, flag)
    except InvalidSettings as invalid:
        raise Rejected(*flags.problems(invalid)).within(source=path) from None
    return raw


def _read(path: str) -> bytes:
    if path == "-":
        return _stdin()
    try:
        with open(path, "rb") as file:  # noqa: PTH123 (pathlib costs start-up time)
            return file.read()
    except OSError as error:
        raise _Usage(f"can't read {path}: {error.strerror}") from None


def _stdin() -> bytes:
    if sys.stdin is None or sys.stdin.isatty():
        raise _Usage(
            f"nothing to read: stdin is {'closed' if sys.stdin is None else 'a terminal'}.\n"
            "Pipe manifests in (helm template ... | kernelpair), or let Helm call it (--post-renderer kernelpair).\n"
            "kernelpair --help says more."
        )
    return sys.stdin.buffer.read()


def _write(pieces: Iterable[bytes | memoryview]) -> None:
    if sys.stdout is None:
        raise _Usage("nowhere to write: stdout is closed")
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            # With PYTHONUNBUFFERED there is no buffer, and a write may be a short one.
            rest = rest[sys.stdout.buffer.write(rest) :]
    sys.stdout.buffer.flush()


def _render(data: bytes, options: Options, report: str) -> None:
    from .plan import plan

    made = plan(data, options)
    if report:
        _write_report(report, data, made)
    if not made.changes and not made.problems:
        _write([data])
        return
    from .render import render

    _write(render(data, made))


def _write_report(path: str, data: bytes, made: Plan) -> None:
    text = _report(data, made, "json" if path.endswith(".json") else "table")
    try:
        with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write(text)
    except OSError as error:
        raise _Usage(f"can't write the report to {path}: {error.strerror}") from None


def _report(data: bytes, made: Plan, form: str) -> str:
    from .explain import explain

    found = explain(data, made)
    if form == "json":
        import json

        return json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    from .report import table

    return table(found)


def _render_command(given: argparse.Namespace) -> None:
    if given.settings == "-":
        raise _Usage("the manifests come from stdin, so --settings needs a file")
    data, options = _stdin(), _options(given.target, given.settings)
    if not given.report and flags.all_off(data, options.settings, options.flag):
        _write([data])
    else:
        _render(data, options, given.report)


def _explain_command(given: argparse.Namespace) -> None:
    from .plan import plan

    data = _read(given.file)
    made = plan(data, _options(given.target, given.settings))
    _write([_report(data, made, given.output).encode()])
    if made.problems:
        raise Rejected(*made.problems)


def _undo_command(given: argparse.Namespace) -> None:
    from . import takeback, targets

    try:
        kinds = targets.with_targets(given.target)
    except ValueError as error:
        raise _Usage(str(error)) from None
    _write(takeback.take_back(_read(given.file), kinds))


def _plugin_path(given: argparse.Namespace) -> None:
    from pathlib import Path

    package = Path(__file__).resolve().parent
    for folder in (package / "plugin", package.parent):
        if (folder / "plugin.yaml").is_file():
            _write([f"{folder}\n".encode()])
            return
    raise Rejected(Problem("this installation has no Helm plugin folder", fix="install the kernelpair wheel again"))
