"""Hubs that are left alone, to the byte, and hubs that are refused, with the reason."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from kernelpair import flags, hubvalues
from kernelpair.releases.notes import SENTENCES, Note
from kernelpair.yamltext import nodes, syntax
from tests import command
from tests.releases import z2jh
from tests.releases.test_fit import rendered, with_settings, with_values
from tests.releases.z2jh import CONFIG_KEY, SETTINGS, Object, encoded, pick, release, stream

ON, OFF = {flags.VARIABLE: "true"}, {flags.VARIABLE: "false"}
NO_SETTINGS: dict[str, Any] = {"custom": {}, "singleuser": {}}


def hubs(data: bytes, **environment: str) -> list[dict[str, Any]]:
    done = command.run(["explain", "-o", "json"], data, environment)
    return list(json.loads(done.out)["hubs"])


def reasons(data: bytes, **environment: str) -> list[tuple[str, str]]:
    """(verdict, reason or warning) of every hub."""
    found = hubs(data, **environment)
    return [
        (hub["verdict"], said["reason"]) for hub in found for said in hub.get("reasons", []) + hub.get("warnings", [])
    ]


def without(kind: str, name: str = "hub") -> list[Object]:
    return [one for one in release() if (one["kind"], one["metadata"]["name"]) != (kind, name)]


def changed(
    kind: str, change: Callable[[Object], object], values: object = z2jh.VALUES, name: str = "hub"
) -> list[Object]:
    objects = release(values)
    change(pick(objects, kind, name))
    return objects


def pod_of(deployment: Object) -> Any:
    return deployment["spec"]["template"]["spec"]


# What is left alone: the stream, what the environment says, and what explain says of its hubs.
ALONE: dict[str, tuple[list[Object], dict[str, str], list[tuple[str, str]]]] = {
    "no settings": (release(NO_SETTINGS), {}, []),
    "the settings are null": (release({"custom": {"kernelGateway": None}}), {}, [("skipped", "no-settings")]),
    "no custom values": (release({"singleuser": {}}), {}, []),
    "no settings, and the environment says on": (release(NO_SETTINGS), ON, [("skipped", "no-settings")]),
    "off": (release(with_settings(enabled=False)), {}, [("skipped", "off")]),
    "off by default": (release({"custom": {"kernelGateway": {"optIn": True}}}), {}, [("skipped", "off")]),
    "off by the environment": (release(), OFF, []),
    "off by the environment, whatever is written": (release({"custom": {"kernelGateway": 7}}), OFF, []),
    "the key stands elsewhere": (release({"hub": {"extraConfig": {"a": "# kernelGateway"}}}), {},
                                 [("skipped", "no-settings")]),
    "the Secret is hidden": (without("Secret"), {}, []),
    "the Secret is encrypted": (
        changed("Secret", lambda o: o["data"].update({"values.yaml": "ENC[AES256_GCM,data:abc=]"})), {},
        [("skipped", "values-unreadable")]),
    "the values are no YAML": (
        changed("Secret", lambda o: o["data"].update({"values.yaml": "e2tlcm5lbEdhdGV3YXk6IFs="})), {},
        [("skipped", "values-unreadable")]),
    "the values are no mapping": (release(["kernelGateway"]), {}, [("skipped", "values-unreadable")]),
}  # fmt: skip


@pytest.mark.parametrize("way", z2jh.WAYS)
@pytest.mark.parametrize("name", ALONE)
def test_what_does_not_ask_stays_to_the_byte(name: str, way: str) -> None:
    objects, environment, said = ALONE[name]
    data = stream(objects, way)
    assert rendered(data, **environment) == data
    assert reasons(data, **environment) == said


def test_a_hidden_secret_is_told_where_something_asks() -> None:
    """A release that was fitted and then rendered with --hide-secret can't be known to be still on."""
    fitted = z2jh.read(rendered(stream(release())))
    data = stream([one for one in fitted if one["kind"] != "Secret"])
    assert rendered(data) == data
    assert reasons(data) == [("skipped", "values-missing")]


OTHER_MOUNT = {"name": "config", "mountPath": "/usr/local/etc/kernelpair/own/"}
# Refused: the stream, what the environment says, the note, and words of the message.
REFUSED: dict[str, tuple[list[Object], dict[str, str], Note | None, list[str]]] = {
    "hidden Secret, on": (without("Secret"), ON, Note.VALUES_MISSING, ["Deployment hub", "--hide-secret"]),
    "encrypted Secret, on": (
        changed("Secret", lambda o: o["data"].update({"values.yaml": "ENC[AES256_GCM]"})), ON,
        Note.VALUES_UNREADABLE, ["Secret hub", "encrypted or redacted"]),
    "not UTF-8, on": (
        changed("Secret", lambda o: o["data"].update({"values.yaml": "/////w=="})), ON,
        Note.VALUES_UNREADABLE, ["not YAML"]),
    "no Deployment": (without("Deployment"), {}, Note.NO_HUB, ["Secret hub", "custom.kernelGateway"]),
    "no ConfigMap": (without("ConfigMap"), {}, Note.NO_HUB, ["Secret hub"]),
    "bad settings without a hub": (
        [one for one in release({"custom": {"kernelGateway": {"a": 1}}}) if one["kind"] == "Secret"], {},
        Note.NO_HUB, ["Secret hub"]),
    "volume taken": (
        changed("Deployment", lambda o: pod_of(o)["volumes"].append({"name": "kernelpair-hub", "emptyDir": {}})), {},
        Note.VOLUME_TAKEN, ["`kernelpair-hub`", "spec.template.spec.volumes"]),
    "mount taken": (
        changed("Deployment", lambda o: pod_of(o)["containers"][0]["volumeMounts"].append(OTHER_MOUNT)), {},
        Note.MOUNT_TAKEN, ["/usr/local/etc/kernelpair/own", "containers[0].volumeMounts"]),
    "which container": (
        changed("Deployment", lambda o: pod_of(o).update(
            containers=[{**pod_of(o)["containers"][0], "name": name} for name in "ab"])), {},
        Note.NO_CONTAINER, ["a, b"]),
    "no text": (
        changed("ConfigMap", lambda o: o["data"].update({CONFIG_KEY: 7})), {},
        Note.CONFIG_NO_TEXT, ["ConfigMap hub", f"data.{CONFIG_KEY}"]),
    "labels that are no mapping": (
        changed("Deployment", lambda o: o["spec"]["template"]["metadata"].update(labels=1.0)), {},
        Note.WRONG_TYPE, ["Deployment hub", "spec.template.metadata.labels must be a mapping"]),
    "pull secrets that are no list": (
        changed("DaemonSet", lambda o: pod_of(o).update(imagePullSecrets="x"), name="continuous-image-puller"), {},
        Note.WRONG_TYPE, ["DaemonSet continuous-image-puller", "spec.template.spec.imagePullSecrets must be a list"]),
    "volumes that are no list": (
        changed("Deployment", lambda o: pod_of(o)["containers"][0].update(volumeMounts="x")), {},
        Note.WRONG_TYPE, ["Deployment hub", "spec.template.spec.containers[0].volumeMounts must be a list"]),
    "broken record": (
        changed("Deployment", lambda o: o["metadata"].update(annotations={"kernelpair/hub": "{"})), {},
        Note.RECORD_UNREADABLE, ["kernelpair/hub", "not JSON"]),
    "later record": (
        changed("Deployment", lambda o: o["metadata"].update(
            annotations={"kernelpair/hub": '{"version": 2, "was": {}}'})), {},
        Note.RECORD_UNREADABLE, ["format 2"]),
    "not a mapping": (release(with_values(custom={"kernelGateway": "yes"})), {}, None, ["Secret hub", "a mapping"]),
    "unknown key": (
        release(with_settings(kernel={"prot": 1})), {}, None,
        ["Secret hub", "custom.kernelGateway.kernel.prot", "kernel.port"]),
    "no front-end image": (
        release({"custom": {"kernelGateway": {"enabled": True}}}), {}, None, ["notebook.image.name"]),
}  # fmt: skip


@pytest.mark.parametrize("way", ["helm3", "helm4", "list"])
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_in_the_way_is_told(name: str, way: str) -> None:
    objects, environment, note, words = REFUSED[name]
    done = command.run([], stream(objects, way), environment)
    assert (done.code, done.out) == (1, b"")
    assert [word for word in words if word not in done.err] == []
    if note is not None:
        start = SENTENCES[note].what.partition("{")[0]
        assert start in done.err


def test_all_hubs_are_judged_at_once() -> None:
    wrong = release(with_settings(kernel={"prot": 1}), release="a", fullname="a")
    hidden = [one for one in release(release="b", fullname="b") if one["kind"] != "Secret"]
    done = command.run([], stream([*wrong, *hidden]), ON)
    assert "2 problems; nothing was written." in done.err


def test_a_document_that_can_not_be_read_is_told_where_the_hub_is_missing() -> None:
    data = stream(without("Deployment")) + b"---\nkind: Deployment\nkind: Deployment\n"
    assert "stands twice" in command.run([], data).err
    assert command.run([], stream(release()) + b"---\nkind: Deployment\nkind: Deployment\n").code == 0


def test_the_name_of_a_config_map_may_be_taken() -> None:
    for name in ("hub-kernelpair", "hub-kernelpair-hub"):
        taken = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {}}
        done = command.run([], stream([*release(), taken]))
        assert done.code == 1
        assert f"ConfigMap {name}" in done.err


def test_an_existing_secret_is_warned_about() -> None:
    data = stream(release(with_values(hub={"existingSecret": "mine"})))
    assert reasons(data) == [("fitted", "existing-secret")]


def test_an_extra_image_of_our_name_is_warned_about() -> None:
    objects = release(pullers=["continuous-image-puller"])
    (container,) = pod_of(pick(objects, "DaemonSet", "continuous-image-puller"))["initContainers"]
    container["name"] = "image-pull-kernelpair"
    assert reasons(stream(objects)) == [("fitted", "puller-name-taken")]
    assert pick(z2jh.read(rendered(stream(objects))), "DaemonSet", "continuous-image-puller") == pick(
        objects, "DaemonSet", "continuous-image-puller"
    )


def test_every_note_is_seen() -> None:
    seen = {reason for _, _, said in ALONE.values() for _, reason in said}
    seen |= {note.value for _, _, note, _ in REFUSED.values() if note}
    assert {note.value for note in Note} - seen == {
        "existing-secret",
        "front-end-image-taken",
        "puller-name-taken",
        # Of our chart's own hub; tests/golden has them.
        "template-missing",
        "no-hub-config",
    }


def test_explain_shows_a_fitted_hub() -> None:
    done = command.run(["explain"], stream(release()))
    assert done.out.decode().splitlines()[:3] == [
        "Deployment hub: fitted (every spawn becomes a pair, unless the settings say otherwise)"
        "   [document 6, jupyterhub/templates/Deployment.yaml]",
        "  settings: Secret hub: data[values.yaml]: custom.kernelGateway",
        "  the front-end image is pulled ahead by: DaemonSet continuous-image-puller, DaemonSet hook-image-puller",
    ]


def test_undo_tells_of_a_broken_record() -> None:
    done = command.run(["undo"], stream(REFUSED["later record"][0]))
    assert (done.code, done.out) == (1, b"")
    assert "Deployment hub" in done.err
    assert "format 2" in done.err


@pytest.mark.parametrize(
    ("data", "may"),
    [
        (b"", False),
        (b"# see values.yaml\n", False),
        (b"a: kernelGateway\n", False),
        (b"values.yaml: " + encoded({"a": 1}).encode(), False),
        (b"values.yaml: " + encoded(z2jh.VALUES).encode() + b"\n", True),
        (b'{"values.yaml":"' + encoded(z2jh.VALUES).encode() + b'"}', True),
        (b"'values.yaml' : '" + encoded(z2jh.VALUES).encode() + b"'", True),
        (b"{values.yaml: " + encoded({"a": 1}).encode() + b", b: c}", False),
        (b"values.yaml: |\n  abcd\n", True),
        (b"values.yaml: ENC[abc]\n", True),
        (b"values.yaml: abc\n", True),
        (b"values.yaml: ''\n", False),
    ],
)
def test_the_byte_search_is_never_wrong_about_no(data: bytes, may: bool) -> None:
    assert hubvalues.may_ask(data) is may
    assert flags.all_off(data, None, None) is not may


OFF_AS_HELM_WRITES = "custom:\n  a: b\n  kernelGateway:\n    enabled: false\n    kernel:\n      port: 1\nhub: {}\n"


@pytest.mark.parametrize(
    ("values", "may"),
    [
        (OFF_AS_HELM_WRITES, False),
        ("b:\n  - 1\n" + OFF_AS_HELM_WRITES, False),
        (OFF_AS_HELM_WRITES.replace("false", "true"), True),
        (OFF_AS_HELM_WRITES.replace("false", "&a false"), True),
        (OFF_AS_HELM_WRITES.replace("enabled: false", "enabled: false\n    enabled: true"), True),
        (OFF_AS_HELM_WRITES.replace("enabled: false", "enabled: false\n    <<: *x"), True),
        (OFF_AS_HELM_WRITES.replace("hub: {}", "kernelGateway: {}"), True),
        (OFF_AS_HELM_WRITES.replace("    enabled", "     enabled"), True),
        (OFF_AS_HELM_WRITES.replace("custom:", "other:"), True),
        (OFF_AS_HELM_WRITES.replace("custom:\n", "custom: &c\n"), True),
        (OFF_AS_HELM_WRITES.replace("\n", "\r\n"), True),
        ("x: |\n  " + OFF_AS_HELM_WRITES.replace("\n", "\n  ") + "\n", True),
        ("custom: {kernelGateway: {enabled: false}}\n", True),
        ("custom:\n  kernelGateway:\n    notebook: {}\n", True),
    ],
)
def test_a_flag_that_is_off_is_seen_only_where_helm_wrote_it(values: str, may: bool) -> None:
    data = b"values.yaml: " + base64.b64encode(values.encode()) + b"\n"
    assert hubvalues.may_be_on(data) is may
    assert flags.all_off(data, None, None) is not may
    assert hubvalues.may_be_on(data + b"---\nvalues.yaml: " + encoded(z2jh.VALUES).encode())


def test_nothing_is_parsed_without_a_hub_that_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(*_: object) -> None:
        raise AssertionError("YAML was read")

    monkeypatch.setattr(syntax, "events", parse)
    monkeypatch.setattr(nodes, "events", parse)
    off = release(with_settings(enabled=False))
    for objects, environment in ((release(NO_SETTINGS), {}), (off, {}), (release(), OFF), (release()[2:], {})):
        data = stream([one for one in objects if one["kind"] != "ConfigMap"] if not environment else objects)
        assert rendered(data, **environment) == data
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert rendered(stream(release(NO_SETTINGS))) == stream(release(NO_SETTINGS))


def test_the_environment_turns_a_hub_on() -> None:
    data = stream(release(with_settings(enabled=False)))
    config = pick(z2jh.read(rendered(data, **ON)), "ConfigMap", "hub-kernelpair-hub")
    assert json.loads(config["data"]["settings.json"])["settings"] == SETTINGS
