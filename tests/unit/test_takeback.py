"""`undo` on streams: pairs become pods again, and nothing else is touched."""

from __future__ import annotations

import json

import pytest
import yaml

from tests import command
from tests.bad_input.manifests import pod

OTHERS = [
    "",
    "just: text\n",
    "---\nkind: [never closed\n",
    "# kernelpair/status\nkind: Pod\n",
    "metadata: {annotations: {kernelpair/settings: '{}'}}   # ours, and no pair\n",
    "kernelpair/status: no object of Kubernetes\n",
    "- kernelpair/runtime\n",
    "kind: Secret\nmetadata: {annotations: {kernelpair/runtime: x}}\n",
]


@pytest.mark.parametrize("text", OTHERS)
def test_what_is_no_pair_stays_to_the_byte(text: str) -> None:
    assert command.run(["undo"], text.encode()) == command.Done(0, text.encode(), "")


def pair(**parts: str) -> str:
    return command.run([], pod(**parts).encode()).out.decode()


def test_a_pair_becomes_its_pod_and_the_config_map_goes() -> None:
    other = "---\nkind:   Other # as it is\n"
    done = command.run(["undo"], (other + pair() + other).encode())
    assert (done.code, done.err) == (0, "")
    assert list(yaml.safe_load_all(done.out)) == list(yaml.safe_load_all(other + pod() + other))
    assert done.out.startswith(other.encode())
    assert done.out.endswith(other.encode())


def test_files_are_read_too(tmp_path) -> None:
    file = tmp_path / "pairs.yaml"
    file.write_text(pair())
    assert command.run(["undo", str(file)]) == command.run(["undo", "-"], pair().encode())


def test_items_of_a_list_as_kubectl_prints_it() -> None:
    items = list(yaml.safe_load_all(pair()))
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=4)
    done = command.run(["undo"], text.encode())
    assert done.code == 0
    assert json.loads(done.out)["items"] == [yaml.safe_load(pod())]


def test_an_edit_made_to_the_pair_is_kept() -> None:
    edited = pair(container="      resources: {limits: {memory: 1Gi}}\n").replace("memory: 1Gi", "memory: 2Gi")
    undone = yaml.safe_load(command.run(["undo"], edited.encode()).out)
    assert undone["spec"]["containers"][0]["resources"] == {"limits": {"memory": "2Gi"}}


def test_a_kind_of_ones_own_needs_its_target() -> None:
    spec = yaml.safe_dump({"head": {"spec": yaml.safe_load(pod())["spec"]}}, indent=2).replace("\n", "\n  ")
    head = pod().split("spec:")[0].replace("kind: Pod", "kind: Custom")
    text = f"{head}spec:\n  {spec}".rstrip() + "\n"
    split = command.run(["--target=Custom=spec.head"], text.encode())
    assert split.code == 0, split.err
    undone = command.run(["undo", "--target=Custom=spec.head"], split.out)
    assert yaml.safe_load(undone.out) == yaml.safe_load(text)


def test_everything_that_cannot_be_taken_back_is_told_at_once() -> None:
    broken = pair().replace("    - name: kernel\n", "    - name: other\n")
    damaged = pod(annotations="    kernelpair/status: '{'\n", name="bob")
    invalid = pod(annotations="    kernelpair/status: x\n", spec="  a: [\n", name="eve")
    done = command.run(["undo"], (pair() + broken + damaged + invalid).encode())
    assert (done.code, done.out) == (1, b"")
    assert "3 problems; nothing was written." in done.err
    for said in (
        "it has no container kernel",
        "Pod ada",
        "Pod bob",
        "kernelpair/status can't be used",
        "not valid YAML",
    ):
        assert said in done.err
    assert "document 3" in done.err
    assert "fix:" in done.err
