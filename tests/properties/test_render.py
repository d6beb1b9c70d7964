"""The guarantees of the command line on generated streams."""

from __future__ import annotations

import json

from hypothesis import assume, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from kernelpair import flags, targets
from kernelpair.core import names, settings, split
from kernelpair.core.reasons import Finding, Refused
from kernelpair.yamltext.documents import decode, split_stream
from kernelpair.yamltext.nodes import compose, same, value
from tests import command
from tests.strategies import budget, pair_settings
from tests.strategies.streams import OTHERS, Stream, broken, streams

SILENT = st.one_of(st.binary(max_size=200), st.lists(OTHERS, max_size=5).map(lambda texts: "".join(texts).encode()))
OFF = {flags.VARIABLE: "false"}
switched_off = streams(pair_settings.valid.map(lambda block: {**block, "enabled": False}))


def share(part: float) -> examples:
    """A share of the profile's examples; what a run takes depends on what else the machine does."""
    return examples(budget.share(part), deadline=None)


def objects(data: bytes) -> list[object]:
    """Every object of a stream in which all documents are valid."""
    return [value(compose(decode(data, document))) for document in split_stream(data)]


def rendered(stream: Stream) -> bytes:
    """The output; a stream that is refused is no example."""
    done = command.run(["render"], stream.data)
    assume(done.code == 0)
    assert done.err == ""
    return done.out


@given(SILENT)
@share(1)
def test_a_stream_without_us_comes_out_as_it_is(data):
    """Guarantee: nothing to split, whatever the bytes: output == input."""
    assert command.run([], data) == command.Done(0, data, "")
    assert command.run(["undo"], data) == command.Done(0, data, "")


@given(st.one_of(streams().map(lambda s: s.data), broken(streams().map(lambda s: s.data)), SILENT))
@share(1)
def test_with_the_flag_overridden_to_off_any_bytes_come_out_as_they_are(data):
    """Guarantee: flag off: output == input, be it valid, broken or full of settings."""
    assert command.run([], data, OFF) == command.Done(0, data, "")


@given(switched_off)
@share(1)
def test_with_the_flag_off_in_the_settings_the_stream_comes_out_as_it_is(stream):
    """Guarantee: flag off in the settings: output == input, in every layout of the document."""
    assert command.run([], stream.data) == command.Done(0, stream.data, "")


@given(streams())
@share(1)
def test_a_second_run_changes_nothing(stream):
    """Guarantee: render(render(x)) == render(x), to the byte."""
    once = rendered(stream)
    assert command.run([], once) == command.Done(0, once, "")


@given(streams())
@share(1)
def test_undo_gives_the_objects_back(stream):
    """Guarantee: undo(render(x)) == x as objects, types included, and no ConfigMap stays."""
    undone = command.run(["undo"], rendered(stream))
    assert undone.code == 0
    ours = undone.out.removeprefix(stream.before).removesuffix(stream.behind)
    found = [thing for thing in objects(ours) if thing is not None]
    assert same(found, [stream.object])


@given(streams())
@share(1)
def test_documents_of_others_stay_to_the_byte(stream):
    """Guarantee: bytes before and behind an edited document are those of the input."""
    out = rendered(stream)
    assert out.startswith(stream.before)
    assert out.endswith(stream.behind)
    assert out.count(names.STATUS.encode()) + out.count(b"kernelpair\\/status") == 1


@given(streams())
@share(1)
def test_the_rendered_pod_is_what_the_core_makes(stream):
    """Guarantee: both doors agree: the pod in the output is `core.split` of the pod in the input."""
    manifest = stream.manifest
    done = command.run([], stream.data)
    runtime = names.runtime_config_map(manifest.object["metadata"]["name"])
    hint = manifest.object["metadata"]["name"]
    parsed = settings.parse(manifest.settings)
    refused: tuple[Finding, ...] = ()
    try:
        expected = split.split(manifest.pod, parsed, runtime, manifest.place.completes, hint)
    except Refused as error:
        refused = error.findings
    assert [finding for finding in refused if finding.what not in done.err] == []
    assert done.code == (1 if refused else 0)
    if refused:
        return
    ours = done.out.removeprefix(stream.before).removesuffix(stream.behind)
    things = [thing for thing in objects(ours) if thing is not None]
    *_, pair, config = things[0]["items"] if stream.object["kind"] == "List" else things
    found = targets.Found((), pair, None)
    assert same(targets.pod_at(found, manifest.place), expected.pod)
    assert config["metadata"]["name"] == runtime


@given(broken(streams().map(lambda stream: stream.data)))
@share(3)
def test_whatever_comes_in_there_is_output_or_one_message(data):
    """Guarantee: any input renders or fails with one clear error; never a partial stream, never another exception."""
    command.well_behaved(command.run([], data))
    command.well_behaved(command.run(["undo"], data))


@given(broken(streams().map(lambda stream: command.run([], stream.data).out or stream.data)))
@share(1)
def test_a_broken_pair_is_taken_back_or_refused(data):
    """Guarantee: the same for streams that hold pairs already."""
    command.well_behaved(command.run([], data))
    command.well_behaved(command.run(["undo"], data))
    explained = command.run(["explain", "-o", "json"], data)
    assert {"hubs", "pods", "problems"} == json.loads(explained.out).keys()
    assert (explained.code == 1) == bool(json.loads(explained.out)["problems"])


@given(broken(streams().map(lambda stream: stream.data)))
@share(0.1)
def test_the_installed_program_behaves_as_the_function_does(data):
    """Guarantee: the program adds nothing of its own: no traceback, no buffering that tears the output."""
    assert command.run_program([], data) == command.run([], data)


@given(st.binary(max_size=60), st.binary(max_size=60))
@share(1)
def test_any_bytes_around_our_words(head, tail):
    """Guarantee: bytes that mention kernelpair are read as YAML or refused, never let an exception out."""
    for word in (b"kernelpair/settings", b"kernelpair/status: '{}'", b"kernelpair\\/split"):
        command.well_behaved(command.run([], head + word + tail))
