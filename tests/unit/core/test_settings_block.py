"""The `kernelGateway` block: what is refused, with every problem at once, and what is read leniently."""

from __future__ import annotations

import pytest

from kernelpair.core import settings

ON = {"enabled": True, "notebook": {"image": {"name": "f"}}}


def problems(raw):
    with pytest.raises(settings.InvalidSettings) as refused:
        settings.parse(raw)
    return refused.value.problems


UNKNOWN = [
    ({"enable": True}, "enable", "enabled"),
    ({"kernel": {"prot": 1}}, "kernel.prot", "kernel.port"),
    ({"notebook": {"Image": {}}}, "notebook.Image", "notebook.image"),
    ({"port": 1}, "port", "kernel.port"),
    ({"gateway": {"timeouts": {"conect": None}}}, "gateway.timeouts.conect", "gateway.timeouts.connect"),
    # A dotted key would shadow the nested one; --set writes nested ones.
    ({"kernel.port": 9999}, "kernel.port", "kernel: {port"),
    ({"kernel": {"a.b": 1}}, "kernel.a.b", ""),
    ({"zzz": 1}, "zzz", "known keys: audit, enabled"),
    ({True: 1}, "True", ""),
]


@pytest.mark.parametrize(("raw", "key", "suggestion"), UNKNOWN)
def test_unknown_keys_are_refused_with_a_suggestion(raw, key, suggestion):
    (problem,) = problems(raw)
    assert problem.key == key
    assert suggestion in problem.fix.replace("}", "")


WRONG = [
    ("enabled", ["true", 1, "yes", [], {}]),
    ("onRefusal", ["ignore", True, 1]),
    ("plainUrls", ["/rstudio", [""], [1], {}]),
    ("notebook.image.name", [1, True, ["x"]]),
    ("notebook.image.pullPolicy", ["always", True]),
    ("notebook.image.pullSecrets", ["x", [1], [{}], [{"name": ""}], [{"name": "a", "x": 1}]]),
    (
        "notebook.resources",
        [[], {"limit": {}}, {"limits": {"cpu": "x"}}, {"limits": {"": "1"}}, {"limits": {"cpu": -1}}],
    ),
    ("notebook.reserve", [[], {"cpu": 0}, {"nvidia.com/gpu": 1}, {"memory": True}, {"memory": None}]),
    ("notebook.terminals", [True, "on", 0]),
    ("notebook.overrides", [[], {"image": "x"}, {"name": "x"}, {"resources": {}}, {"env": {}}, {"env": [{}]}, {1: 1}]),
    ("kernel.port", ["8889", 80, 70000, 8889.5, True]),
    ("kernel.env", [[], {"A": 1}, {"1A": "x"}, {"A B": "x"}, {"": "x"}, {True: "x"}]),
    ("kernel.passHubCredentials", ["true", 1, "on"]),
    ("gateway.timeouts.start", [0, 3601, "1"]),
    ("notebook", [[], "x", True]),
]


def _nested(path, value):
    for part in reversed(path.split(".")):
        value = {part: value}
    return value


@pytest.mark.parametrize(("path", "value"), [(path, value) for path, values in WRONG for value in values])
def test_wrong_types_are_refused(path, value):
    (problem,) = problems(_nested(path, value))
    assert problem.key == path
    assert problem.value == value
    assert problem.why
    assert problem.fix


def test_every_problem_is_told_at_once():
    raw = {
        "enabled": "yes",
        "optIn": 1,
        "kernel": {"port": "x", "envs": {}},
        "gateway": {"source": "docker"},
        "zz": None,
    }
    assert [p.key for p in problems(raw)] == ["enabled", "optIn", "kernel.port", "kernel.envs", "gateway.source", "zz"]


def test_the_error_reads_as_a_sentence():
    with pytest.raises(
        settings.InvalidSettings, match=r"kernel\.port: must be a whole number from 1024 to 65535; zz: there"
    ):
        settings.parse({"kernel": {"port": 1}, "zz": 1})


@pytest.mark.parametrize("raw", [None, [], "", True, 1])
def test_what_is_no_block_is_refused(raw):
    assert [p.why for p in problems(raw)] == ["must be a mapping"]


@pytest.mark.parametrize("key", settings.KEYS, ids=lambda key: key.path)
def test_null_means_the_default(key):
    assert settings.parse(_nested(key.path, None))[key.path] == key.default


@pytest.mark.parametrize("branch", ["notebook", "notebook.image", "gateway.bundle"])
def test_a_null_branch_means_its_defaults(branch):
    assert settings.parse(_nested(branch, None)) == settings.parse({})


def test_defaults_are_accepted_as_values():
    for key in settings.KEYS:
        assert key.kind.check(key.default) == "", key.path


@pytest.mark.parametrize("written", ["off", False])
def test_terminals_off_is_off_even_when_yaml_read_it_as_false(written):
    assert settings.parse({"notebook": {"terminals": written}})["notebook.terminals"] == "off"


CONTRADICTIONS = [
    ({"enabled": True}, "notebook.image.name"),
    ({"notebook": {"reserve": {"cpu": 1}, "resources": {"limits": {"cpu": 1}}}}, "notebook.reserve"),
    ({"gateway": {"source": "pip", "bundle": {"image": {"name": "b"}}}}, "gateway.source"),
    ({"gateway": {"source": "image", "bundle": {"mount": "imageVolume"}}}, "gateway.source"),
    ({"gateway": {"source": "image", "bundle": {"image": {"name": "b", "pullPolicy": "Always"}}}}, "gateway.source"),
    ({"gateway": {"bundle": {"image": {"tag": "1"}}}}, "gateway.bundle.image.name"),
    ({"gateway": {"bundle": {"image": {"pullSecrets": ["s"]}}}}, "gateway.bundle.image.name"),
    ({"gateway": {"bundle": {"mount": "pvc"}}}, "gateway.bundle.claim"),
    ({"gateway": {"bundle": {"claim": "bundles"}}}, "gateway.bundle.claim"),
    ({"gateway": {"bundle": {"mount": "imageVolume", "claim": "bundles"}}}, "gateway.bundle.claim"),
    ({"gateway": {"bundle": {"mount": "pvc", "claim": "bundles", "image": {"name": "b"}}}}, "gateway.bundle.claim"),
    ({"gateway": {"bundle": {"image": {"name": "b", "digest": "sha256:abc"}}}}, "gateway.bundle.image.digest"),
    ({"gateway": {"pip": {"caCertificate": "ca.pem"}}}, "gateway.pip.caCertificate"),
    ({"notebook": {"image": {"digest": "sha256:abc"}}}, "notebook.image.digest"),
    ({"kernel": {"home": "home/jovyan"}}, "kernel.home"),
    ({"audit": {"annotation": "kernelpair/split"}}, "audit.annotation"),
    ({"audit": {"annotation": "not a name"}}, "audit.annotation"),
    ({"audit": {"annotation": "a/b/c"}}, "audit.annotation"),
]


@pytest.mark.parametrize(("raw", "key"), CONTRADICTIONS)
def test_contradictions_are_refused(raw, key):
    assert [p.key for p in problems(raw)] == [key]


AGREE = [
    {},
    {"enabled": False},
    ON,
    {"notebook": {"reserve": {"cpu": 1}, "resources": {"limits": {"memory": 1}}}},
    {"audit": {"annotation": ""}},
    {"audit": {"annotation": "example.org/the_image"}},
    {"notebook": {"reserve": {"memory": 0.5}}},
    {"gateway": {"source": "bundle"}},
    {"gateway": {"source": "bundle", "bundle": {"mount": "pvc", "claim": "bundles"}}},
    {"gateway": {"bundle": {"mount": "imageVolume", "image": {"name": "b", "digest": "sha256:" + "0" * 64}}}},
    {"gateway": {"source": "pip", "pip": {"caCertificate": "/ca.pem"}}},
]


@pytest.mark.parametrize("raw", AGREE)
def test_what_agrees_is_read(raw):
    assert settings.parse(raw)["enabled"] is raw.get("enabled", False)


def test_the_flag_can_be_set_for_the_same_settings():
    on = settings.parse(ON)
    off = on.enabled_as(False)
    assert (on["enabled"], off["enabled"]) == (True, False)
    assert off["notebook.image.name"] == "f"
    assert off.enabled_as(True) == on
    assert hash(off.enabled_as(True)) == hash(on)
    assert on != "settings"


def test_a_key_the_table_does_not_have_is_a_key_error():
    with pytest.raises(KeyError):
        settings.parse({})["kernel.prot"]


IMAGES = [
    (("n", "", ""), "n"),
    (("n", "t", ""), "n:t"),
    (("n", "t", "d"), "n:t@d"),
    (("n", "", "d"), "n@d"),
    (("", "t", ""), ""),
]


@pytest.mark.parametrize(("parts", "expected"), IMAGES)
def test_an_image_is_put_together(parts, expected):
    made = settings.Settings(dict(zip((f"notebook.image.{p}" for p in ("name", "tag", "digest")), parts, strict=True)))
    assert made.image("notebook.image") == expected


def test_describe_has_a_row_for_every_key():
    rows = settings.describe()
    assert [row[0] for row in rows] == [key.path for key in settings.KEYS]
    assert len({row[0] for row in rows}) == len(rows)
    for _, kind, _, doc in rows:
        assert kind
        assert doc.endswith(".")


def test_the_schema_has_every_key_and_no_other():
    def paths(node, prefix=""):
        if node.get("type") == "object" and prefix.rstrip(".") not in {key.path for key in settings.KEYS}:
            assert node["additionalProperties"] is False
            return [p for name, inner in node["properties"].items() for p in paths(inner, f"{prefix}{name}.")]
        return [prefix.rstrip(".")]

    assert paths(settings.json_schema()) == [key.path for key in settings.KEYS]
