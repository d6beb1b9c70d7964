"""The contests: which commands run beside each other, when their outputs are right, and what is to be reached."""

from __future__ import annotations

import filecmp
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ci import tools

from . import workloads
from .measure import Command, Failed, Round

ROOT = Path(__file__).resolve().parent.parent
KERNELPAIR = str(Path(sys.executable).with_name("kernelpair"))
PYTHON = Command("bare Python", (sys.executable, "-c", "pass"))
MEGA = 1_000_000

PATCH = f"""\
resources: [release.yaml]
patches:
  - target: {{kind: PodTemplate}}
    patch: |
      - op: add
        path: /metadata/annotations/auditing.image
        value: {workloads.USER_IMAGE}
      - op: replace
        path: /template/spec/containers/0/image
        value: {workloads.FRONT_END}:4.3.2
      - op: remove
        path: /template/spec/containers/0/resources
      - op: add
        path: /template/spec/containers/-
        value:
          name: kernel
          image: {workloads.USER_IMAGE}
          command: [/opt/kernelpair/gateway]
          resources: {{requests: {{memory: 1Gi}}}}
          volumeMounts: [{{name: home, mountPath: /home/jovyan}}]
"""
"""The pair as a kustomization writes it: a JSON patch, which costs kustomize half of what a strategic merge does."""


class Goal(NamedTuple):
    """A figure of a contest, worked out round by round, and its target.

    `limit` is None for a figure that is only told; `at_least` makes the target a minimum, else it is a maximum.
    """

    what: str
    figure: Callable[[Round], float]
    limit: float | None = None
    at_least: bool = False
    unit: str = "x"


class Contest(NamedTuple):
    """Commands to run beside each other, `checks` of their outputs by name, and the goals.

    A check raises Failed for a wrong output and sees one of them. `warm_up`: the first round isn't counted.
    `inside`: one program that does in itself what the commands are named after, and measures it; see `measure.inside`.
    """

    key: str
    title: str
    commands: tuple[Command, ...]
    checks: Mapping[str, Callable[[Path], None]]
    goals: tuple[Goal, ...]
    rounds: int
    warm_up: bool = True
    inside: Command | None = None


class Sizes(NamedTuple):
    """How big the big streams of (c) and (d) are, and the smaller ones they are compared with."""

    stream: int = 100 * MEGA
    kustomize_stream: int = 10 * MEGA
    templates: int = 10_000
    fewer_templates: int = 1_000


QUICK = Sizes(10 * MEGA, MEGA, 500, 50)


def hub_release(folder: Path, environment: Mapping[str, str], sizes: Sizes) -> Contest:
    """(b) A hub's release of 150 KB; Helm renders it as a chart whose one template is the release itself."""
    del environment, sizes
    for flag in (True, False):
        (folder / f"{flag}.yaml".lower()).write_text(workloads.hub_release(flag))
    return _split_release("b", "a hub's release of 150 KB", folder, helm_of(folder), (0.8, 0.4))


def helm_of(folder: Path) -> Command:
    """Helm on a chart whose one template is `folder`'s true.yaml; nothing in it may look like a template's."""
    chart = folder / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: hub\nversion: 0.1.0\n")
    shutil.copyfile(folder / "true.yaml", chart / "templates" / "release.yaml")
    return Command("helm template", (str(tools.path("helm3")), "template", "x", str(chart)))


Limits = tuple[float | None, float | None]
"""Of the time beside kustomize's, with the flag on and off."""


def _split_release(key: str, title: str, folder: Path, helm: Command, limits: Limits) -> Contest:
    """The contest on a release whose pod template becomes a pair."""
    on = folder / "true.yaml"
    kustomize = _kustomize("kustomize build", folder / "kustomization", [on.read_text()])
    before = objects(on)
    checks = {
        KERNELPAIR_ON: lambda output: _is_split(output, before, more=("ConfigMap",)),
        kustomize.name: lambda output: _is_split(output, before),
    }
    return release(key, title, folder, (kustomize, helm), checks, limits)


KERNELPAIR_ON, KERNELPAIR_OFF = "kernelpair, flag on", "kernelpair, flag off"
Checks = Mapping[str, Callable[[Path], None]]


def release(
    key: str, title: str, folder: Path, others: tuple[Command, Command], checks: Checks, limits: Limits
) -> Contest:
    """The contest on `folder`'s releases true.yaml (flag on) and false.yaml (off), beside kustomize and Helm.

    `checks` are those of kernelpair with the flag on and of kustomize.
    """
    on, off = folder / "true.yaml", folder / "false.yaml"
    kustomize, helm = others
    commands = (
        Command(KERNELPAIR_ON, (KERNELPAIR,), on),
        kustomize,
        Command(KERNELPAIR_OFF, (KERNELPAIR,), off),
        helm,
        PYTHON,
    )
    before = objects(on)
    checks = {
        **checks,
        KERNELPAIR_OFF: lambda output: _is_same(output, off),
        helm.name: lambda output: expect(objects(output) == before, "the output isn't the release"),
    }
    goals = [
        Goal(f"{first} / {second}", ratio(first, second), limit if second == kustomize.name else None)
        for first, limit in zip((KERNELPAIR_ON, KERNELPAIR_OFF), limits, strict=True)
        for second in (kustomize.name, helm.name, PYTHON.name)
    ]
    return Contest(key, title, commands, checks, tuple(goals), rounds=21)


def stream(folder: Path, environment: Mapping[str, str], sizes: Sizes) -> Contest:
    """(c) A big stream with nothing to split; kustomize gets a smaller one of the same kind."""
    del environment
    big, small = folder / "stream.yaml", folder / "smaller.yaml"
    _write(big, workloads.nothing_to_split(sizes.stream))
    _write(small, workloads.nothing_to_split(sizes.kustomize_stream))
    length, smaller = big.stat().st_size, small.stat().st_size
    ours = f"kernelpair, {sizes.stream // MEGA} MB"
    theirs = f"kustomize build, {sizes.kustomize_stream // MEGA} MB"
    kustomize = _kustomize(theirs, folder / "kustomization", workloads.nothing_to_split(sizes.kustomize_stream))
    count = _count(small, b"kind: ")
    return Contest(
        "c",
        f"a stream of {sizes.stream // MEGA} MB with nothing to split",
        (Command(ours, (KERNELPAIR,), big), kustomize),
        {
            ours: lambda output: _is_same(output, big),
            theirs: lambda output: expect(_count(output, b"kind: ") == count, "kustomize lost objects"),
        },
        (
            Goal(
                "bytes a second: kernelpair / kustomize build",
                lambda one: (length / one[ours].seconds) / (smaller / one[theirs].seconds),
                10,
                at_least=True,
            ),
            Goal(
                "kernelpair's peak memory above the input",
                lambda one: (one[ours].peak_bytes - length) / MEGA,
                60,
                unit=" MB",
            ),
        ),
        rounds=5,
    )


def templates(folder: Path, environment: Mapping[str, str], sizes: Sizes) -> Contest:
    """(d) Many pod templates to split, against a tenth of them."""
    del environment
    commands, checks = [], {}
    for count in (sizes.fewer_templates, sizes.templates):
        path = folder / f"{count}.yaml"
        _write(path, workloads.pod_templates(count))
        commands.append(Command(f"kernelpair, {count:,} templates", (KERNELPAIR,), path))
        checks[commands[-1].name] = lambda output, count=count: _has_pairs(output, count)
    fewer, more = (command.name for command in commands)
    return Contest(
        "d",
        f"{sizes.templates:,} pod templates to split against {sizes.fewer_templates:,}",
        tuple(commands),
        checks,
        (Goal("time: ten times the templates", ratio(more, fewer), 11),),
        rounds=2,
        warm_up=False,
    )


CONTESTS: Mapping[str, Callable[[Path, Mapping[str, str], Sizes], Contest]] = {
    "b": hub_release,
    "c": stream,
    "d": templates,
}


def ratio(first: str, second: str) -> Callable[[Round], float]:
    """The figure that says how much of the second command's time the first takes."""
    return lambda one: one[first].seconds / one[second].seconds


def seconds(name: str) -> Callable[[Round], float]:
    """The figure that says how long a command takes."""
    return lambda one: one[name].seconds


def megabytes(name: str) -> Callable[[Round], float]:
    """The figure that says how much memory a command holds."""
    return lambda one: one[name].peak_bytes / MEGA


def _write(path: Path, pieces: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(pieces)


def _kustomize(name: str, folder: Path, release: Iterable[str]) -> Command:
    folder.mkdir()
    _write(folder / "release.yaml", release)
    (folder / "kustomization.yaml").write_text(PATCH)
    return Command(name, (str(tools.path("kustomize")), "build", str(folder)))


def expect(right: bool, otherwise: str) -> None:
    """Raise Failed with `otherwise` unless an output is `right`."""
    if not right:
        raise Failed(otherwise)


def _is_same(output: Path, original: Path) -> None:
    expect(
        filecmp.cmp(output, original, shallow=False), "the output differs from the input, which had nothing to split"
    )


def objects(path: Path) -> dict[tuple[str, str], Any]:
    """The objects of a stream by kind and name."""
    import yaml

    documents = yaml.load_all(path.read_bytes(), Loader=yaml.CSafeLoader)
    return {(each["kind"], each["metadata"]["name"]): each for each in documents if each}


def _is_split(output: Path, before: dict[tuple[str, str], Any], more: tuple[str, ...] = ()) -> None:
    """Raise Failed unless the PodTemplate is a pair, everything else stands as before, and `more` kinds were added."""
    after = objects(output)
    for key, each in before.items():
        if key[0] != "PodTemplate":
            expect(after.pop(key, None) == each, f"{' '.join(key)} is not as it was")
            continue
        containers = {one["name"]: one for one in after.pop(key)["template"]["spec"]["containers"]}
        expect(set(containers) == {"notebook", "kernel"}, f"{' '.join(key)} is no pair: {', '.join(containers)}")
        images = [containers[name]["image"] for name in ("notebook", "kernel")]
        expect(images[0].startswith(workloads.FRONT_END) and images[1] == workloads.USER_IMAGE, f"images: {images}")
        expect(not containers["notebook"].get("resources"), "the notebook container has resources")
    expect(tuple(kind for kind, _ in after) == more, f"added: {list(after)}")


def _count(path: Path, start: bytes) -> int:
    with path.open("rb") as file:
        return sum(line.startswith(start) for line in file)


def _has_pairs(output: Path, count: int) -> None:
    """Raise Failed unless `count` pod templates are pairs."""
    marks = {
        b"      kernelpair/status: ": 0,
        b"      - name: kernel\n": 0,
        b"kind: PodTemplate\n": 0,
        b"kind: ConfigMap\n": 0,
    }
    with output.open("rb") as file:
        for line in file:
            for mark in marks:
                marks[mark] += line.startswith(mark)
    expect(set(marks.values()) == {count}, f"not {count} pairs: {marks}")
