"""Bad input through the installed program: a code, one message that says everything, and nothing on stdout."""

from __future__ import annotations

from typing import NamedTuple

import pytest
import yaml

from tests import command
from tests.bad_input.manifests import FRONT_END, SETTINGS, pod

FLAG = "PRIMEHUB_FEATURE_ENABLE_KERNEL_GATEWAY"
ITS_PLACE = ("document 1", "Pod ada", "from lab/templates/ada.yaml")
ITS_LINE = ("document 1", "line 11", "from lab/templates/ada.yaml")
OTHER = "---\napiVersion: v1\nkind: Service\nmetadata: {name: other}\n"
BOMB = "".join(f"    l{level}: &l{level} [{', '.join([f'*l{level - 1}'] * 10)}]\n" for level in range(1, 9))
DEEP = 100_000


class Case(NamedTuple):
    """What goes in, and what the message must say."""

    text: str | bytes
    says: tuple[str, ...]
    flag: str = ""


CASES = {
    "invalid YAML": Case(pod(spec="  bad: {a\n"), (*ITS_PLACE[::2], "line 12", "not valid YAML", "close the bracket")),
    "not UTF-8": Case(
        pod(spec="  hostname: caf@\n").encode().replace(b"@", b"\xe9"),
        ("document 1", "line 11", "not UTF-8", "0xe9 at offset", "save the chart file"),
    ),
    "UTF-16": Case(pod().encode("utf-16") + pod().encode(), ("not UTF-8", "0xff at offset 0")),
    "duplicate key": Case(
        pod(spec="  hostname: a\n  hostname: b\n"),
        ("line 12", "spec.hostname", "stands twice", "lines 11 and 12", "remove one"),
    ),
    "tab": Case(pod(spec="\thostname: a\n"), (*ITS_LINE, "a tab", "replace the tab by spaces")),
    "control character": Case(pod(spec="  hostname: a\x01b\n"), (*ITS_LINE, "U+0001", "remove it")),
    "unknown alias": Case(pod(spec="  x: *nobody\n"), (*ITS_LINE, "*nobody names no anchor", "write the value out")),
    "template left over": Case(pod(spec="  hostname: {{ .Values.x }}\n"), (*ITS_LINE[::2],)),
    "truncated in a quote": Case(pod()[:150], ("not valid YAML", "cut off", "input is complete")),
    "unknown settings key": Case(
        pod({**SETTINGS, "kernel": {"prot": 1}}), (*ITS_PLACE, "kernelpair/settings: kernel.prot", "kernel.port?")
    ),
    "wrong type": Case(
        pod({**SETTINGS, "kernel": {"port": "8889"}}),
        (*ITS_PLACE, "kernel.port", 'value: "8889"', "whole number from 1024 to 65535", "default is 8889"),
    ),
    "settings not JSON": Case(pod("enabled: true"), (*ITS_PLACE, "not JSON", "toJson")),
    "settings with a key twice": Case(
        pod('{"enabled": true, "enabled": false}'), (*ITS_PLACE, "'enabled' stands there twice")
    ),
    "settings nested too deeply": Case(pod("[" * DEEP), (*ITS_PLACE, "nested too deeply")),
    "no front-end image": Case(
        pod({"enabled": True}), (*ITS_PLACE, "notebook.image.name", "no front-end image is set")
    ),
    "flag neither true nor false": Case(
        pod(), (FLAG, "value: perhaps", "neither true nor false", "unset it"), "perhaps"
    ),
    "ambiguous container": Case(
        pod(container="    - name: b\n      image: c\n").replace("name: notebook", "name: a"),
        (*ITS_PLACE, "spec.containers", "a, b", "kernelpair/container"),
    ),
    "foreign kernel": Case(
        pod(container="    - name: kernel\n      image: linux\n"),
        (*ITS_PLACE, "spec.containers[1].name", "container `kernel`", "rename"),
    ),
    "port taken": Case(
        pod(container="      ports: [{containerPort: 8889}]\n"),
        (*ITS_PLACE, "spec.containers[0].ports[0].containerPort", "value: 8889", "container notebook", "kernel.port"),
    ),
    "host network": Case(pod(spec="  hostNetwork: true\n"), (*ITS_PLACE, "spec.hostNetwork", "value: true", "opt out")),
    "anchor": Case(
        pod(container="      resources: &r {}\n").replace("\n  volumes:", "\n  x: *r\n  volumes:"),
        (*ITS_PLACE, "line 14", "spec.containers[0].resources", "value: &r", "write the values out"),
    ),
    "opt-in neither true nor false": Case(
        pod(annotations='    kernelpair/split: "on"\n'),
        (*ITS_PLACE, "annotations.kernelpair/split", "says on", '"true"'),
    ),
    "deep nesting": Case(pod(spec=f"  x: {'[' * DEEP}{']' * DEEP}\n"), (*ITS_LINE, "more than 100 levels deep")),
    "deep nesting never closed": Case(pod(spec=f"  x: {'{a: ' * DEEP}\n"), (*ITS_LINE, "more than 100 levels deep")),
    "alias bomb": Case(
        pod(spec=f"  x:\n    l0: &l0 [{', '.join(['lol'] * 10)}]\n{BOMB}"),
        ("document 1", "alias bomb", "fewer aliases"),
    ),
    "alias that contains itself": Case(pod(spec="  x: &x [*x]\n"), (*ITS_LINE, "&x contains itself")),
    "unreadable status": Case(
        pod(annotations="    kernelpair/status: '{'\n"),
        (*ITS_PLACE, "annotations.kernelpair/status", "from its source again"),
    ),
}


def bytes_of(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_refused_with_one_message(name: str) -> None:
    case = CASES[name]
    environment = {FLAG: case.flag} if case.flag else {}
    # What stands before can't be written either: nothing partial.
    data = bytes_of(case.text) + OTHER.encode()
    done = command.run_program([], data, environment)
    assert (done.code, done.out) == (1, b"")
    assert done.err.startswith("kernelpair:")
    assert [words for words in case.says if words not in done.err] == []
    assert "Traceback" not in done.err
    assert len(done.err) < 2000
    assert "nothing was written" in done.err
    assert "why:" in done.err
    assert "fix:" in done.err


@pytest.mark.parametrize("name", CASES)
def test_helm_4_shows_the_same_message(name: str) -> None:
    """Helm 4 hides stderr and drops the output of what fails; what it can't take for a manifest, it shows."""
    case = CASES[name]
    environment = {FLAG: case.flag} if case.flag else {}
    data = bytes_of(case.text)
    done = command.run_program(["--helm4-errors"], data, environment)
    assert (done.code, done.err) == (0, "")
    (document,) = yaml.safe_load_all(done.out)
    assert document + "\n" == command.run_program([], data, environment).err
    assert done.out.startswith(b"--- |-\n")


def test_all_problems_are_shown_at_once() -> None:
    text = (
        pod(spec="  hostNetwork: true\n", container="      ports: [{containerPort: 8889}]\n", name="one")
        + pod(name="good")
        + pod({**SETTINGS, "enable": 1, "kernel": {"port": 1}}, name="two")
        + pod(spec="\ttab: 1\n", name="three")
        + pod(container="      resources: &r {}\n", name="four").replace("\n  volumes:", "\n  x: *r\n  volumes:")
    )
    done = command.run_program([], text.encode())
    assert (done.code, done.out) == (1, b"")
    assert "6 problems; nothing was written." in done.err
    starts = [line for line in done.err.splitlines() if line[:1].isdigit() and line[1:3] == ". "]
    assert [line[:2] for line in starts] == ["1.", "2.", "3.", "4.", "5.", "6."]
    for name in ("one", "two", "three", "four"):
        assert f"lab/templates/{name}.yaml" in done.err
    assert "good" not in done.err


def test_problems_are_told_apart_by_document_and_line() -> None:
    done = command.run_program([], (OTHER * 3 + pod(spec="  a: 1\n  a: 2\n")).encode())
    assert "document 4, line 24" in done.err


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ("enabled: true\nnotebok: 1\n", ("values.yaml", "key:   notebok", "notebook?")),
        ("kernelGateway: {enabled: maybe}\n", ("values.yaml", "key:   enabled", 'value: "maybe"', "true or false")),
        ("a: [\n", ("values.yaml", "line 2", "not valid YAML")),
        ("a: 1\n---\nb: 2\n", ("values.yaml", "one document", "2 documents")),
        ("", ("values.yaml", "one document", "0 documents")),
        ("- a\n", ("values.yaml", "must be a mapping")),
        ("a: 1\na: 2\n", ("values.yaml", "line 2", "stands twice")),
        ("enabled: true\n", ("values.yaml", "notebook.image.name", "no front-end image")),
    ],
)
def test_a_bad_settings_file_is_named(tmp_path, monkeypatch, settings: str, says: tuple[str, ...]) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "values.yaml").write_text(settings)
    done = command.run_program(["--settings", "values.yaml"], pod().encode())
    assert (done.code, done.out) == (1, b"")
    assert [words for words in says if words not in done.err] == []
    assert "document 1" not in done.err


def test_a_setting_that_may_hold_secrets_is_not_shown() -> None:
    block = {"enabled": True, "notebook": FRONT_END, "kernel": {"env": {"TOKEN": "s3cret", "A": 1}}}
    done = command.run_program([], pod(block).encode())
    assert "kernel.env" in done.err
    assert "s3cret" not in done.err
