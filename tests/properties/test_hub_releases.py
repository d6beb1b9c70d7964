"""The guarantees of the command line on generated hub releases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from kernelpair import flags, hubvalues, runtimefiles
from kernelpair.releases import hubfiles
from kernelpair.yamltext.documents import decode, split_stream
from kernelpair.yamltext.nodes import compose, same, value
from tests import command
from tests.releases import z2jh
from tests.strategies import budget, hub_releases
from tests.strategies.hub_releases import Hub, hubs, others, several, written
from tests.strategies.streams import broken

OFF, ON = {flags.VARIABLE: "false"}, {flags.VARIABLE: "true"}
ENVIRONMENTS = st.sampled_from([{}, {}, OFF, ON])


@pytest.fixture(autouse=True, scope="module")
def _short_files() -> Iterator[None]:
    texts = {name: f"# the text of {name}\n" for name in ("gateway.sh", "gateway.py")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runtimefiles, "contents", lambda: texts)
        patch.setattr(hubfiles, "texts", lambda: {"load.py": "# the loader\n"})
        yield


def share(part: float) -> examples:
    return examples(budget.share(part), deadline=None)


def rendered(data: bytes, environment: dict[str, str] | None = None) -> bytes:
    return command.output([], data, environment)


def undone(data: bytes) -> bytes:
    return command.output(["undo"], data)


def documents(data: bytes) -> list[bytes]:
    return [data[document.start : document.end] for document in split_stream(data)]


def objects(data: bytes) -> dict[tuple[str, str, str], Any]:
    """Every object of a stream, by kind, namespace and name; no two may be one in the cluster."""
    made: dict[tuple[str, str, str], Any] = {}
    for document in split_stream(data):
        content = value(compose(decode(data, document)))
        for one in (content or {}).get("items", [content] if content else []):
            key = one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]
            assert key not in made
            made[key] = one
    return made


def contents(data: bytes) -> list[Any]:
    return [value(compose(decode(data, document))) for document in split_stream(data)]


def all_of(made: list[Hub]) -> list[z2jh.Object]:
    return [one for hub in made for one in hub.objects]


@given(hubs(on=False), hub_releases.WAYS, others, others)
@share(1)
def test_with_the_flag_off_the_stream_comes_out_as_it_is(hub, way, before, behind):
    """Guarantee: flag off in the values: output == input, in every way of writing."""
    data = written(hub.objects, way, before, behind)
    assert command.run([], data) == command.Done(0, data, "")


@given(broken(st.builds(lambda hub, way: written(hub.objects, way), hubs(), hub_releases.WAYS)))
@share(0.5)
def test_with_the_flag_overridden_to_off_any_bytes_come_out_as_they_are(data):
    """Guarantee: flag off in the environment: output == input, be it valid or broken."""
    assert command.run([], data, OFF) == command.Done(0, data, "")


@given(hubs(), hub_releases.WAYS)
@share(1)
def test_the_byte_search_is_right_about_off(hub, way):
    """Guarantee: what is taken for off without reading is off; what is on is fitted, whatever writes it."""
    data = written(hub.objects, way)
    assert hubvalues.may_be_on(data) or not hub.on
    assert (rendered(data) != data) == hub.on


@given(several(), hub_releases.WAYS, ENVIRONMENTS)
@share(0.5)
def test_fitted_twice_is_fitted_once(made, way, environment):
    """Guarantee: render(render(x)) == render(x), to the byte."""
    once = rendered(written(all_of(made), way), environment)
    assert command.run([], once, environment) == command.Done(0, once, "")


@given(several(), hub_releases.WAYS, ENVIRONMENTS)
@share(0.5)
def test_undo_gives_the_objects_back(made, way, environment):
    """Guarantee: undo(render(x)) == x as objects, types included."""
    data = written(all_of(made), way)
    assert same(objects(undone(rendered(data, environment))), objects(data))


@given(several(), hub_releases.SEPARATE, others, others)
@share(0.5)
def test_bytes_outside_the_edits_stay(made, way, before, behind):
    """Guarantee: documents of objects that don't change stay to the byte, in their order, and others' around them."""
    data = written(all_of(made), way, before, behind)
    out = rendered(data)
    assert out.startswith(before.encode())
    assert out.endswith(behind.encode())
    ours, produced = (text.removeprefix(before.encode()).removesuffix(behind.encode()) for text in (data, out))
    after, left = objects(produced), iter(documents(produced))
    for document in documents(ours):
        ((key, one),) = objects(document).items()
        if same(one, after[key]):
            assert any(other.rstrip() == document.rstrip() for other in left)


@given(several(), hub_releases.WAYS, st.randoms(use_true_random=False), ENVIRONMENTS)
@share(0.5)
def test_hubs_are_independent_of_each_other_and_of_order(made, way, random, environment):
    """Guarantee: what becomes of a hub is the same whatever stands beside it and in whatever order."""
    shuffled = all_of(made)
    random.shuffle(shuffled)
    together = objects(rendered(written(shuffled, way), environment))
    alone: dict[tuple[str, str, str], Any] = {}
    for hub in made:
        alone.update(objects(rendered(written(hub.objects, way), environment)))
    assert same(together, alone)


@given(several().flatmap(hub_releases.laid_out))
@share(0.5)
def test_any_layout_is_fitted_and_taken_back(data):
    """Guarantee: fitted twice is fitted once, and undo restores the objects, in any layout that can be edited."""
    done = command.run([], data)
    assume("this layout can't be edited" not in done.err)
    assert (done.code, done.err) == (0, "")
    assert command.run([], done.out) == done
    assert same(objects(undone(done.out)), objects(data))


def check_problems(data: bytes, environment: dict[str, str], failed: bool) -> None:
    """Every problem says what, where, why and the fix; there are some where the stream is refused."""
    problems = json.loads(command.run(["explain", "-o", "json"], data, environment).out)["problems"]
    assert bool(problems) == failed
    for problem in problems:
        assert [part for part in ("what", "document", "why", "fix") if not problem[part]] == []


@given(hubs().flatmap(hub_releases.mutated), hub_releases.WAYS, ENVIRONMENTS)
@share(3)
def test_a_release_with_anything_in_it_renders_or_fails_with_one_error(release, way, environment):
    """Guarantee: the same for valid YAML in which any part of the release may be anything, its values included."""
    data = hub_releases.anything(release, way)
    done = command.run([], data, environment)
    command.well_behaved(done)
    check_problems(data, environment, done.code == 1)
    if done.code == 0:
        assert command.run([], done.out, environment) == done
        back = command.run(["undo"], done.out)
        assert (back.code, back.err) == (0, "")
        assert same(contents(back.out), contents(command.run(["undo"], data).out))


@given(
    hubs(on=True).map(lambda hub: hub._replace(objects=z2jh.read(rendered(written(hub.objects, "helm3"))))),
    st.data(),
    hub_releases.WAYS,
)
@share(1)
def test_a_fitted_release_with_anything_in_it_renders_or_fails_with_one_error(hub, draw, way):
    """Guarantee: the same for a release that was fitted before, its records included; it can be taken back or not."""
    data = hub_releases.anything(draw.draw(hub_releases.mutated(hub)), way)
    for arguments in ([], ["undo"]):
        command.well_behaved(command.run(arguments, data))


@given(
    broken(st.builds(lambda made, way: written(all_of(made), way), several(), hub_releases.WAYS)),
    st.booleans(),
    ENVIRONMENTS,
)
@share(2)
def test_a_broken_release_renders_or_fails_with_one_error(data, again, environment):
    """Guarantee: never a partial stream or another exception; every problem says what, where, why and the fix."""
    done = command.run([], data, environment)
    if again and done.code == 0:
        data = done.out[: len(done.out) * 2 // 3]
        done = command.run([], data, environment)
    command.well_behaved(done)
    command.well_behaved(command.run(["undo"], data))
    check_problems(data, environment, done.code == 1)
    if done.code == 0 and environment != OFF:
        twice = command.run([], done.out, environment)
        assert (twice.code, twice.out) == (0, done.out)
