"""The command line's grammar; imported only when there are arguments."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from . import __version__

_TARGET = "a further kind with a pod template, such as RayCluster=spec.headGroupSpec.template; repeatable"


class _Parser(argparse.ArgumentParser):
    """A parser that leaves printing errors and exiting to its caller."""

    failed: Callable[[str], Any]
    finished: Callable[[int], Any]

    def error(self, message: str) -> NoReturn:
        self.failed(f"{message}\n{self.format_usage().strip()}")
        raise AssertionError

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        self.finished(status)
        raise AssertionError


def parser(
    commands: Mapping[str, Callable[[argparse.Namespace], None]],
    failed: Callable[[str], Any],
    finished: Callable[[int], Any],
) -> argparse.ArgumentParser:
    """The parser of the commands; `failed` and `finished` must raise, instead of argparse's own exit."""
    kind = type("Parser", (_Parser,), {"failed": staticmethod(failed), "finished": staticmethod(finished)})
    whole: argparse.ArgumentParser = kind(
        prog="kernelpair",
        description="Splits JupyterHub user pods into a notebook and a kernel container. Without a command: render.",
        epilog="Exit codes: 0 done, 1 refused or invalid input, 2 wrong usage.",
    )
    whole.add_argument("--version", action="version", version=f"kernelpair {__version__}")
    _settings_options(whole, None, [])
    _report_option(whole, "")
    whole.set_defaults(run=commands["render"])
    chosen: Any = whole.add_subparsers(title="commands", metavar="COMMAND", parser_class=kind)

    def command(name: str, about: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = chosen.add_parser(name, help=about, description=about)
        made.set_defaults(run=commands[name])
        return made

    # What a command's options leave unsaid may have been said before the command.
    unsaid = argparse.SUPPRESS
    render = command("render", "manifests in, manifests with split pods out; what --post-renderer runs")
    _settings_options(render, unsaid, unsaid)
    _report_option(render, unsaid)
    explain = command("explain", "for every pod template: before, after, what was skipped and why, warnings")
    explain.add_argument("file", nargs="?", default="-", metavar="FILE", help="manifests; - is stdin (the default)")
    explain.add_argument("-o", "--output", choices=("table", "json"), default="table")
    _settings_options(explain, unsaid, unsaid)
    undo = command("undo", "pairs in, plain pods out: the inverse of render")
    undo.add_argument("file", nargs="?", default="-", metavar="FILE", help="manifests; - is stdin (the default)")
    _target_option(undo, unsaid)
    command("plugin-path", "print the folder of the Helm 4 plugin, for `helm plugin install`")
    return whole


def _settings_options(to: argparse.ArgumentParser, settings: str | None, target: str | list[str]) -> None:
    about = 'settings (the kernelGateway block) for every pod that says kernelpair/split: "true"'
    to.add_argument("--settings", default=settings, metavar="FILE", help=about)
    _target_option(to, target)


def _target_option(to: argparse.ArgumentParser, default: str | list[str]) -> None:
    to.add_argument("--target", action="append", default=default, metavar="KIND=PATH", help=_TARGET)


def _report_option(to: argparse.ArgumentParser, default: str) -> None:
    about = "write what `explain` says to FILE (JSON if it ends with .json): Helm 4 hides stderr"
    to.add_argument("--report", default=default, metavar="FILE", help=about)
