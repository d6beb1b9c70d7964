"""The ConfigMap with the runtime files: its contents, its name, and whose it is."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import kernelpair
from kernelpair import runtimefiles
from kernelpair.targets import Found
from tests import command
from tests.bad_input.manifests import pod

RUNTIME = Path(kernelpair.__file__).parent / "runtime"
REQUIRED = {"apiVersion": "v1", "kind": "Pod"}


def owner(**metadata: object) -> Found:
    return Found((), {**REQUIRED, "metadata": metadata}, None)


def test_the_rendered_config_map_holds_the_files_to_the_byte() -> None:
    done = command.run([], pod().encode())
    (config,) = (found for found in yaml.safe_load_all(done.out) if found["kind"] == "ConfigMap")
    assert {name: text.encode() for name, text in config["data"].items()} == {
        file.name: file.read_bytes() for file in RUNTIME.rglob("*") if file.suffix in (".py", ".sh")
    }


def test_the_texts_can_be_read_in_the_output() -> None:
    """Operators review what they deploy: programs stand there as lines, not as one line with escapes."""
    out = command.run([], pod().encode()).out.decode()
    assert "\n  gateway.sh: |\n    #!/bin/sh\n" in out
    assert len(max(out.split("---\n")[2].splitlines(), key=len)) < 200


def test_runtime_files_have_names_of_their_own() -> None:
    """Mounted, all of them stand in one folder, and the notebook server can import every one."""
    there = [file.name for file in RUNTIME.rglob("*") if file.suffix in (".py", ".sh")]
    assert len(there) == len(set(there)) > 5
    assert [
        name for name in there if not name.startswith(("kernelpair_", "gateway.", "home.", "bundle.", "jupyter_"))
    ] == []


def test_a_config_map_takes_place_labels_and_hooks_from_its_owner() -> None:
    annotations = {
        "helm.sh/hook": "pre-install",
        "helm.sh/hook-weight": "1",
        "helm.sh/resource-policy": "keep",
        "postrenderer.helm.sh/postrender-filename": "a.yaml",
        "kernelpair/settings": "{}",
    }
    made = runtimefiles.config_map(owner(name="lab", namespace="n", labels={"a": "b"}, annotations=annotations))
    assert made["metadata"] == {
        "name": "lab-kernelpair",
        "namespace": "n",
        "labels": {"a": "b"},
        "annotations": {
            "kernelpair/runtime": kernelpair.__version__,
            "helm.sh/hook": "pre-install",
            "helm.sh/hook-weight": "1",
            "postrenderer.helm.sh/postrender-filename": "a.yaml",
        },
    }


@pytest.mark.parametrize("metadata", [{}, {"labels": None, "namespace": None, "annotations": None}, {"name": None}])
def test_an_owner_without_much_gets_a_plain_one(metadata: dict[str, object]) -> None:
    made = runtimefiles.config_map(owner(**metadata))["metadata"]
    assert made.keys() == {"name", "annotations"}
    assert made["name"] == "unnamed-kernelpair"


def test_a_long_name_stays_within_what_kubernetes_takes_and_tells_owners_apart() -> None:
    one, two = (runtimefiles.config_map(owner(name="x" * 252 + end))["metadata"]["name"] for end in "ab")
    assert len(one) <= 253
    assert one != two
    assert one.endswith("-kernelpair")


@pytest.mark.parametrize(
    ("found", "ours"),
    [
        ({"kind": "ConfigMap", "metadata": {"annotations": {"kernelpair/runtime": "0.0.1"}}}, True),
        ({"kind": "Secret", "metadata": {"annotations": {"kernelpair/runtime": "0.0.1"}}}, False),
        ({"kind": "ConfigMap", "metadata": {"annotations": {"other": ""}}}, False),
        ({"kind": "ConfigMap", "metadata": {"annotations": None}}, False),
        ({"kind": "ConfigMap", "metadata": "text"}, False),
        ({"kind": "ConfigMap"}, False),
        ("text", False),
        (None, False),
    ],
)
def test_only_a_marked_config_map_is_ours(found: object, ours: bool) -> None:
    assert runtimefiles.is_ours(found) is ours


FOREIGN = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: ada-kernelpair{more}}}\n"


@pytest.mark.parametrize("first", [True, False])
def test_a_config_map_of_that_name_is_a_conflict_wherever_it_stands(first: bool) -> None:
    texts = [FOREIGN.format(more=""), pod()]
    done = command.run([], "".join(texts if first else reversed(texts)).encode())
    assert (done.code, done.out) == (1, b"")
    assert "Pod ada needs a ConfigMap of that name" in done.err
    assert f"document {1 if first else 2}, ConfigMap ada-kernelpair" in done.err


def test_it_is_one_too_in_a_document_that_mentions_us() -> None:
    text = FOREIGN.format(more="") + "data: {readme: kernelpair/settings}\n"
    for data in (text + pod(), pod() + text):
        done = command.run([], data.encode())
        assert (done.code, done.out) == (1, b"")
        assert "Pod ada needs a ConfigMap of that name" in done.err


@pytest.mark.parametrize(
    "other",
    [
        FOREIGN.format(more=", namespace: elsewhere"),
        FOREIGN.format(more="").replace("ConfigMap", "Secret"),
        "---\nkind: ConfigMap\ndata: {name: ada-kernelpair}\n",
        "---\nname: ada-kernelpair\nname: twice\n",
        "---\nada-kernelpair: [never closed\n",
    ],
)
def test_documents_that_only_hold_the_name_pass(other: str) -> None:
    done = command.run([], (other + pod()).encode())
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(other.encode())


def test_objects_of_one_name_in_two_namespaces_get_one_each() -> None:
    text = pod().replace("  name: ada", "  name: ada\n  namespace: TEAM")
    done = command.run([], (text.replace("TEAM", "a") + text.replace("TEAM", "b")).encode())
    assert done.code == 0, done.err
    maps = [found for found in yaml.safe_load_all(done.out) if found["kind"] == "ConfigMap"]
    assert [found["metadata"]["namespace"] for found in maps] == ["a", "b"]


def test_an_earlier_config_map_inside_a_list_is_renewed_there() -> None:
    item = pod().split("\n", 2)[2].replace("\n", "\n    ").rstrip()
    text = f"""\
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: ConfigMap
    metadata: {{name: ada-kernelpair, annotations: {{kernelpair/runtime: 0.0.1}}}}
  - {item}
"""
    done = command.run([], text.encode())
    assert done.code == 0, done.err
    (document,) = yaml.safe_load_all(done.out)
    assert [found["kind"] for found in document["items"]] == ["ConfigMap", "Pod"]
    assert document["items"][0]["data"].keys() == runtimefiles.contents().keys()
