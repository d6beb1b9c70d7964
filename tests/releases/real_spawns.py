"""Spawns from a real zero-to-jupyterhub chart: real hub code reads what its hub's pod mounts (`make test-z2jh`).

Each file in operators/ is rendered by both Helms, as a subchart, and with fullnameOverride. The hub environment is the
one that suits the chart: its appVersion is the JupyterHub of its hub image, and charts before JupyterHub 4 have
KubeSpawner 4, later ones 6 or 7.
"""

from __future__ import annotations

import functools
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from ci import kubeconform
from kernelpair.core import settings, split
from tests import command
from tests.helm.helms import Helm, laid_over
from tests.hub import rendered
from tests.hub.compare import container, differences
from tests.hub.rendered import Spawn, choose
from tests.releases.real_chart import CHART, FRONT_END, HERE, OPERATORS, keyed
from tests.releases.shapes import NEWEST, Wanted
from tests.releases.z2jh import Object, read

NAMESPACE = "jupyter"
DEFAULT = {"default": Wanted()}
SCIPY = "example.org/scipy:2026"
OTHER = {"image": "unlisted-choice", "image__unlisted": "example.org/mine:1", "size": "small"}
SPAWNS: Mapping[str, Mapping[str, Wanted]] = {
    "culling": DEFAULT,
    "custom-hub-image": DEFAULT,
    "existing-hook": DEFAULT,
    "gpus": DEFAULT,
    "named-servers": {**DEFAULT, "second": Wanted(spawn=Spawn(server="second"))},
    "no-storage": DEFAULT,
    "options": {
        "SciPy": Wanted(spawn=Spawn(choose("choose", image="scipy", size="large")), image=SCIPY),
        "desktop": Wanted("plain", Spawn(choose("choose", image="desktop", size="small"))),
        "other image": Wanted(spawn=Spawn(choose("choose", **OTHER)), image="example.org/mine:1", only=NEWEST),
    },
    "profiles": {**DEFAULT, "RStudio": Wanted("plain", Spawn(choose("rstudio")))},
    "services": DEFAULT,
    "subpath-storage": DEFAULT,
}
OWN: list[Object] = [
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "templates"}, "data": {"page.html": "<p>"}},
]
"""What operators made beside their releases."""


@pytest.fixture(autouse=True)
def short_files() -> None:
    """Nothing: hubs run the real ones."""


Render = Callable[[Path, str | None], bytes]


def direct(helm: Helm, *options: str) -> Render:
    def render(operator: Path, renderer: str | None) -> bytes:
        given = ("--values", HERE / "on.yaml", "--values", operator, *options)
        return helm.template(*given, chart=CHART, renderer=renderer)

    return render


def umbrella(helm: Helm) -> Render:
    """A chart of the operator's own, which has the real one as a subchart."""
    chart = helm.scratch / "campus"
    (chart / "charts").mkdir(parents=True)
    if CHART.is_dir():
        shutil.copytree(CHART, chart / "charts" / CHART.name)
    else:
        shutil.copy(CHART, chart / "charts")
    name = _about(helm)["name"]
    (chart / "Chart.yaml").write_text(yaml.safe_dump({"apiVersion": "v2", "name": "campus", "version": "1.0.0"}))

    def render(operator: Path, renderer: str | None) -> bytes:
        on, own = (yaml.safe_load(file.read_text()) for file in (HERE / "on.yaml", operator))
        values = laid_over(on, own)
        nested = helm.scratch / operator.name
        nested.write_text(yaml.safe_dump({name: values}))
        return helm.template("--values", nested, chart=chart, renderer=renderer)

    return render


WAYS: Mapping[str, tuple[str, Callable[[Helm], Render]]] = {
    "Helm 3": ("helm3", direct),
    "Helm 4": ("helm4", direct),
    "subchart": ("helm3", umbrella),
    "fullnameOverride": ("helm4", lambda helm: direct(helm, "--set", "fullnameOverride=campus-hub")),
}


def _about(helm: Helm) -> dict[str, Any]:
    shown = helm.run("show", "chart", CHART)
    assert shown.returncode == 0, shown.stderr.decode()
    about: dict[str, Any] = yaml.safe_load(shown.stdout)
    return about


@functools.cache
def environment() -> str:
    """The hub environment whose KubeSpawner is nearest to the chart's own."""
    with tempfile.TemporaryDirectory() as place:
        version = str(_about(Helm("helm3", Path(place)))["appVersion"])
    return "hub-oldest" if int(version.partition(".")[0]) < 4 else NEWEST


def wanted_of(operator: str) -> dict[str, Wanted]:
    return {name: one for name, one in SPAWNS[operator].items() if one.only in ("", environment())}


@functools.cache
def answers(way: str) -> dict[str, dict[str, Any]]:
    """Operator -> its two streams, the names of its hub, and what the driver says before and after."""
    name, made_by = WAYS[way]
    found: dict[str, dict[str, Any]] = {}
    jobs = {}
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        (place / "helm").mkdir()
        helm = Helm(name, place / "helm")
        render = made_by(helm)
        for operator in OPERATORS:
            streams = {"before": render(operator, helm.noop), "after": render(operator, "kernelpair")}
            spawns = {key: one.spawn for key, one in wanted_of(operator.stem).items()}
            for when, data in streams.items():
                pod = rendered.lay_out([*read(data), *OWN], place / f"{operator.stem}-{when}", NAMESPACE)
                jobs[f"{operator.stem} {when}"] = (pod, spawns)
            found[operator.stem] = {"streams": streams, "hub": pod.name}
        said = rendered.run(environment(), jobs)
    for operator, about in found.items():
        about.update({when: said[f"{operator} {when}"] for when in ("before", "after")})
    return found


EVERY_WAY = [pytest.param(way, marks=pytest.mark.xdist_group(way), id=way) for way in WAYS]
CASES = [
    pytest.param(way, operator.stem, id=f"{way}: {operator.stem}", marks=pytest.mark.xdist_group(way))
    for way in WAYS
    for operator in OPERATORS
]


def test_every_operator_has_a_spawn_that_is_split() -> None:
    split_by = {
        operator for operator, wanted in SPAWNS.items() if any(one.result == "split" for one in wanted.values())
    }
    assert split_by == {operator.stem for operator in OPERATORS}


@pytest.mark.parametrize(("way", "operator"), CASES)
def test_spawns(way: str, operator: str) -> None:
    answer = answers(way)[operator]
    gateway = settings.parse(yaml.safe_load((HERE / "on.yaml").read_text())["custom"]["kernelGateway"])
    [(level, said)] = answer["after"]["log"]
    assert (level, answer["before"]["log"]) == ("INFO", [])
    assert said.endswith(f"are split; front-end image {FRONT_END}")
    for name, wanted in wanted_of(operator).items():
        before, after = (answer[when]["spawns"][name] for when in ("before", "after"))
        assert "error" not in before
        assert before["log"] == before["notes"] == after["notes"] == []
        assert (after["url"], after["poll"], after["created"]) == (before["url"], None, before["created"])
        [(level, line)] = after["log"]
        assert level == "INFO"
        if wanted.result == "plain":
            assert line.startswith("kernelpair: plain pod: ")
            assert after["pod"] == before["pod"]
            continue
        assert differences(before["pod"], after["pod"], FRONT_END) == []
        assert split.undo(after["pod"]) == before["pod"]
        assert after["pod"] == split.split(before["pod"], gateway, f"{answer['hub']}-kernelpair").pod
        assert container(after["pod"], "kernel")["image"] == wanted.image
        assert line.startswith(f"kernelpair: split: user={wanted.spawn.user} server=")
        assert f"image={wanted.image} front-end={FRONT_END} " in line


@pytest.mark.parametrize("way", EVERY_WAY)
def test_every_pod_is_valid(way: str) -> None:
    streams = {
        f"{operator}: {name}": json.dumps(spawn["pod"]).encode()
        for operator, answer in answers(way).items()
        for name, spawn in answer["after"]["spawns"].items()
    }
    assert kubeconform.check_all(streams, (kubeconform.VERSIONS[0], kubeconform.VERSIONS[-1])) == []


@pytest.mark.parametrize(("way", "operator"), CASES)
def test_undo_gives_the_release_back(way: str, operator: str) -> None:
    streams = answers(way)[operator]["streams"]
    undone = command.run(["undo"], streams["after"])
    assert (undone.code, undone.err) == (0, "")
    assert keyed(read(undone.out)) == keyed(read(streams["before"]))


@pytest.mark.parametrize("way", EVERY_WAY)
def test_what_operators_configure_reaches_the_pair(way: str) -> None:
    """A configuration that nobody read would compare well."""
    pods = {
        operator: next(iter(answer["after"]["spawns"].values()))["pod"] for operator, answer in answers(way).items()
    }
    kernels = {operator: container(pod, "kernel") for operator, pod in pods.items()}
    known = {operator: {one["name"] for one in kernel["env"]} for operator, kernel in kernels.items()}
    assert kernels["gpus"]["resources"]["limits"]["nvidia.com/gpu"] == "2"
    assert {operator for operator, names in known.items() if "JUPYTERHUB_API_TOKEN" in names} == {"services"}
    assert pods["existing-hook"]["metadata"]["annotations"]["example.org/user"] == "ann@example.org"
    assert "chown" in [one["name"] for one in pods["subpath-storage"]["spec"]["initContainers"]]
    assert container(pods["custom-hub-image"], "notebook")["args"] == ["/usr/local/bin/start-lab.sh"]
    assert kernels["no-storage"]["workingDir"] == "/home/jovyan"
