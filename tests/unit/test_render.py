"""The output stream: what stands where in it, and that it shares the input's bytes."""

from __future__ import annotations

import pytest
import yaml

from kernelpair import plan, render
from kernelpair.errors import Rejected
from kernelpair.yamltext.documents import decode, split_stream
from kernelpair.yamltext.nodes import compose, value
from tests import command
from tests.bad_input.manifests import pod


def pieces(text: str) -> list[bytes | memoryview]:
    data = text.encode()
    return list(render.render(data, plan.plan(data, plan.Options())))


def rendered(text: str) -> str:
    done = command.run([], text.encode())
    assert (done.code, done.err) == (0, "")
    return done.out.decode()


def test_what_does_not_change_is_not_copied() -> None:
    other = "---\nkind: Other\n" * 100
    made = pieces(other + pod() + other)
    assert [type(piece) for piece in made] == [memoryview, bytes, memoryview]
    assert bytes(made[0]) == bytes(made[2]) == other.encode()
    assert [type(piece) for piece in pieces(other)] == [memoryview]


def test_the_config_map_stands_behind_its_object_and_names_its_template() -> None:
    documents = rendered(pod() + "---\nkind: Next\n").split("---\n")[1:]
    assert [yaml.safe_load(document)["kind"] for document in documents] == ["Pod", "ConfigMap", "Next"]
    assert documents[0].startswith("# Source: lab/templates/ada.yaml\n")
    assert documents[1].startswith("# Source: lab/templates/ada.yaml\n")


def test_without_a_source_comment_none_is_made() -> None:
    text = pod().replace("# Source: lab/templates/ada.yaml\n", "")
    assert "# Source" not in rendered(text)


def test_line_ends_are_the_documents_own() -> None:
    out = rendered(pod().replace("\n", "\r\n"))
    assert out.count("\r\n") == out.count("\n") == out.count("\r")


@pytest.mark.parametrize("end", ["...\n", "... # the end\n", "...", "...\n\n", "...\r\n"])
def test_a_document_that_ends_explicitly_is_followed_by_one_that_does(end: str) -> None:
    out = rendered(pod() + end + ("kind: Next\n" if end.endswith("\n") else ""))
    data = out.encode()
    found = [value(compose(decode(data, document))) for document in split_stream(data)]
    assert [thing["kind"] for thing in found] == ["Pod", "ConfigMap", *(["Next"] if end.endswith("\n") else [])]


@pytest.mark.parametrize("cut", ["", "\n"])
def test_a_last_line_without_an_end_gets_one_before_what_is_added(cut: str) -> None:
    out = rendered(pod().rstrip("\n") + cut)
    assert [found["kind"] for found in yaml.safe_load_all(out)] == ["Pod", "ConfigMap"]
    assert out.endswith("\n")


def test_all_problems_come_before_the_first_piece_in_the_streams_order() -> None:
    anchored = pod(container="      resources: &r {}\n").replace("\n  volumes:", "\n  x: *r\n  volumes:")
    data = (pod() + anchored + pod(spec="  hostNetwork: true\n") + anchored).encode()
    with pytest.raises(Rejected) as refused:
        render.render(data, plan.plan(data, plan.Options()))
    problems = refused.value.problems
    assert [problem.document for problem in problems] == [2, 3, 4]
    assert {(problem.object, problem.source) for problem in problems} == {("Pod ada", "lab/templates/ada.yaml")}
    assert problems[0].line == 31
