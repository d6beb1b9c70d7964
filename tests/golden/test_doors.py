"""Every golden case through the other door: what the renderer makes of a pod template, the hub's hook makes of it too.

The hook gets the pod template as a pod, the settings that the case has for it, and the name of the runtime ConfigMap.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import yaml

from kernelpair import flags, targets
from kernelpair.core import names
from kernelpair.hub.outcome import PLAIN, REFUSED, SPLIT
from kernelpair.yamltext.documents import split_stream
from tests.doors import at_spawn, told
from tests.golden import untouched
from tests.golden.test_golden import NAMED, Case

VERDICTS = {SPLIT: "split", PLAIN: "skipped", REFUSED: "refused"}
"""The hook's word for what became of a pod -> the renderer's."""


class Difference(NamedTuple):
    """Where the doors differ on purpose: what the hook is told in the settings, or what it says instead."""

    why: str
    settings: dict[str, Any] = {}  # noqa: RUF012 (never changed)
    refused: str = ""


_ENDS = Difference(
    "the pod of a Job must end by itself, so its kernel is a native sidecar; a hub stops its pods",
    settings={"kernel": {"nativeSidecar": True}},
)
OF_KINDS = {"Job": _ENDS, "CronJob": _ENDS}
OF_CASES = {
    "containers/named-like-its-owner": Difference(
        "the name of the object that holds the pod tells which container is the user's; in a hub nothing holds it",
        refused="several containers could be the user's: sidecar-mesh, ada",
    ),
}
WITHOUT_HOOK = {"unchanged/opted-in-without-settings": "a hub whose release has no settings has no hook"}
NO_DIFFERENCE = Difference("")
"""Kubeflow's Notebook is none: its own metadata is its pod's, and the hook gets it as that."""


class Template(NamedTuple):
    """A pod template of a stream: the kind and the annotations of its object, the pod, the runtime ConfigMap's name."""

    kind: str
    of_object: dict[str, Any]
    pod: dict[str, Any]
    runtime: str

    @property
    def written(self) -> Any:
        """The text in the annotation with the settings, or None."""
        of_pod = targets.get(self.pod, ("metadata", "annotations")) or {}
        return {**self.of_object, **of_pod}.get(names.SETTINGS)


def documents(data: bytes) -> Iterator[tuple[int, Any]]:
    """Number and content of the documents that are YAML."""
    for document in split_stream(data):
        try:
            yield document.index, yaml.load(data[document.start : document.end], Loader=untouched.Loader)
        except yaml.YAMLError:
            continue


def templates(case: Case, data: bytes) -> Iterator[tuple[int, str, str, Template]]:
    """Every pod template with the number of its document, its object and its path there, as `explain` names them."""
    kinds = targets.with_targets([argument.partition("=")[2] for argument in case.targets])
    for number, content in documents(data):
        for found in targets.find(content, kinds):
            for place in found.places or ():
                annotations = targets.get(found.object, ("metadata", "annotations")) or {}
                runtime = names.runtime_config_map(targets.owner_name(found))
                template = Template(found.object["kind"], annotations, targets.pod_at(found, place), runtime)
                yield number, targets.label(found), ".".join(map(str, place.spec[:-1])), template


def block(case: Case, template: Template, more: dict[str, Any]) -> dict[str, Any]:
    """The settings as a hub's values would have them, with the flag as the environment has it, and ``more`` added."""
    flag = flags.override(case.environment)
    if flag is False:
        return {"enabled": False}
    files = [argument.partition("=")[2] for argument in case.arguments if argument.startswith("--settings=")]
    text = template.written or (case.folder / files[0]).read_text()
    raw = yaml.safe_load(text)
    raw = raw.get("kernelGateway", raw)
    merged = {**raw, **{key: {**raw.get(key, {}), **fields} for key, fields in more.items()}}
    return merged if flag is None else {**merged, "enabled": flag}


def concerned() -> list[str]:
    """The cases with a pod template that concerns kernelpair, by their reports."""
    reports = {name: case.folder / "report.txt" for name, case in NAMED.items()}
    some = re.compile(r"\b[1-9]\d* pod templates? that")
    return [name for name, file in reports.items() if file.exists() and some.search(file.read_text())]


@pytest.mark.parametrize("name", [name for name in concerned() if name not in WITHOUT_HOOK])
def test_the_hook_makes_of_a_pod_what_the_renderer_makes_of_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = NAMED[name]
    monkeypatch.chdir(case.folder)
    said = json.loads(case.explain("-o", "json").out)["pods"]
    before = {tuple(key): template for *key, template in templates(case, case.input)}
    after = {tuple(key): template for _, *key, template in templates(case, case.render(case.input).out)}
    assert said
    for entry in said:
        key = entry["object"], entry["where"]
        template = before[(entry["document"], *key)]
        difference = OF_CASES.get(name) or OF_KINDS.get(template.kind, NO_DIFFERENCE)
        made = at_spawn(template.pod, block(case, template, difference.settings), template.runtime)
        if difference.refused:
            assert (made.result, made.what) == (REFUSED, difference.refused)
            continue
        assert VERDICTS[made.result] == entry["verdict"]
        if made.pod is None:
            assert (made.what, made.why, made.fix) == told(entry["reasons"])
        elif after:  # not where something else in the stream is refused
            assert made.pod == after[key].pod


@pytest.mark.parametrize("name", WITHOUT_HOOK)
def test_what_has_no_settings_has_no_hook(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(NAMED[name].folder)
    said = json.loads(NAMED[name].explain("-o", "json").out)["pods"]
    assert [reason["reason"] for entry in said for reason in entry["reasons"]] == ["no-settings"]
    assert [template.written for *_, template in templates(NAMED[name], NAMED[name].input)] == [None]


@pytest.mark.parametrize("difference", [*OF_KINDS.values(), *OF_CASES.values()])
def test_a_difference_says_why(difference: Difference) -> None:
    assert len(difference.why) > 40
    assert bool(difference.settings) != bool(difference.refused)
