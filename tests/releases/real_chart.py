"""The suite over a real zero-to-jupyterhub chart: `make test-z2jh Z2JH_CHART=<folder or archive>`.

The chart is named by the environment variable Z2JH_CHART, so that nothing of it is in this repository. Each file in
operators/ is what some operator would pass with --values.
"""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

from ci import kubeconform
from kernelpair.hub.files import LINE
from tests import command
from tests.helm.helms import Helm
from tests.releases.z2jh import CONFIG_KEY, Object, pick, read

HERE = Path(__file__).parent
CHART = Path(os.environ["Z2JH_CHART"]).resolve()
OPERATORS = sorted((HERE / "operators").glob("*.yaml"))
ON = ("--values", HERE / "on.yaml")
FRONT_END = "example.org/front-end:7"


@pytest.fixture(scope="module", params=["helm3", "helm4"])
def helm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Helm:
    return Helm(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(autouse=True)
def short_files() -> None:
    """Nothing: Helm runs the installed kernelpair, with the real files."""


class Release:
    """One chart with one operator's values, as Helm renders it and as it is with the post-renderer."""

    def __init__(self, helm: Helm, values: Path) -> None:
        self.name = values.stem
        self.given = (*ON, "--values", values)
        self.helm = helm
        self.plain = helm.template(*self.given, chart=CHART, renderer=helm.noop)
        self.fitted = helm.template(*self.given, chart=CHART, renderer="kernelpair")
        self.hub = "research-hub" if values.stem == "custom-hub-image" else "hub"

    def is_hidden(self, found: Object) -> bool:
        """Helm 3 doesn't hand hooks to a renderer."""
        hook = "helm.sh/hook" in (found["metadata"].get("annotations") or {})
        return hook and self.helm.name == "helm3"

    def off(self, renderer: str | None) -> bytes:
        off = ("--set", "custom.kernelGateway.enabled=false")
        return self.helm.template(*self.given, *off, chart=CHART, renderer=renderer)


@pytest.fixture(scope="module", params=OPERATORS, ids=lambda file: file.stem)
def release(helm: Helm, request: pytest.FixtureRequest) -> Release:
    return Release(helm, request.param)


def keyed(objects: list[Object]) -> dict[tuple[str, str], Object]:
    """The objects by kind and name; Helm 4 sorts what a renderer returns."""
    return {(one["kind"], one["metadata"]["name"]): one for one in objects}


def test_there_are_ten_operators() -> None:
    assert len(OPERATORS) == 10


def test_the_flag_off_changes_no_byte(release: Release) -> None:
    assert release.off("kernelpair") == release.off(release.helm.noop)


def test_only_the_hubs_objects_change(release: Release) -> None:
    before, after = keyed(read(release.plain)), keyed(read(release.fitted))
    new = {("ConfigMap", f"{release.hub}-kernelpair"), ("ConfigMap", f"{release.hub}-kernelpair-hub")}
    assert after.keys() - before.keys() == new
    assert before.keys() <= after.keys()
    changed = {key for key in before if before[key] != after[key]}
    pulled = {key for key, one in before.items() if key[0] == "DaemonSet" and not release.is_hidden(one)}
    assert changed == {("ConfigMap", release.hub), ("Deployment", release.hub), *pulled}


def test_the_hub_loads_the_hook_last(release: Release) -> None:
    before, after = (
        pick(read(data), "ConfigMap", release.hub)["data"][CONFIG_KEY] for data in (release.plain, release.fitted)
    )
    assert after.splitlines() == [*before.splitlines(), LINE]
    ast.parse(after)


def test_the_hub_mounts_what_the_line_loads(release: Release) -> None:
    objects = read(release.fitted)
    pod = pick(objects, "Deployment", release.hub)["spec"]["template"]["spec"]
    (volume,) = (volume for volume in pod["volumes"] if volume["name"] == "kernelpair-hub")
    config = pick(objects, "ConfigMap", volume["configMap"]["name"])
    files = {item["path"]: config["data"][item["key"]] for item in volume["configMap"]["items"]}
    assert {"load.py", "settings.json"} <= files.keys()
    mounted = [
        c["name"] for c in pod["containers"] if any(m["name"] == "kernelpair-hub" for m in c.get("volumeMounts", []))
    ]
    assert mounted == ["hub"]


def test_the_hub_restarts(release: Release) -> None:
    checksums = [
        pick(read(data), "Deployment", release.hub)["spec"]["template"]["metadata"]["annotations"]
        for data in (release.plain, release.fitted)
    ]
    assert checksums[0]["checksum/config-map"] != checksums[1]["checksum/config-map"]
    assert checksums[0]["checksum/secret"] == checksums[1]["checksum/secret"]


def test_every_puller_pulls_the_front_end_image(release: Release) -> None:
    for one in read(release.fitted):
        if one["kind"] == "DaemonSet" and not release.is_hidden(one):
            pod = one["spec"]["template"]["spec"]
            assert [c["image"] for c in pod["initContainers"]].count(FRONT_END) == 1
            assert {"name": "front-end"} in pod["imagePullSecrets"]


def test_a_second_run_changes_nothing(release: Release) -> None:
    """What Helm 3 prints holds the hooks that it hid from the first run."""
    once = command.run([], release.fitted).out if release.helm.name == "helm3" else release.fitted
    assert command.run([], once) == command.Done(0, once, "")


def test_undo_gives_the_release_back(release: Release) -> None:
    undone = command.run(["undo"], release.fitted)
    assert (undone.code, undone.err) == (0, "")
    assert keyed(read(undone.out)) == keyed(read(release.plain))


def test_explain_names_the_hub(release: Release) -> None:
    said = command.run(["explain"], release.plain).out.decode()
    assert f"Deployment {release.hub}: fitted" in said
    assert "1 hub: 1 fitted" in said


def test_the_environment_turns_it_off(release: Release) -> None:
    flag = {"PRIMEHUB_FEATURE_ENABLE_KERNEL_GATEWAY": "false"}
    assert command.run([], release.plain, flag) == command.Done(0, release.plain, "")


def test_what_is_fitted_is_valid(helm: Helm) -> None:
    """Kubernetes has no complaint about a fitted release that it doesn't have about the chart's own."""
    releases = [Release(helm, values) for values in OPERATORS]
    versions = kubeconform.VERSIONS[-3:]
    plain = kubeconform.check_all({one.name: one.plain for one in releases}, versions)
    assert set(kubeconform.check_all({one.name: one.fitted for one in releases}, versions)) <= set(plain)
