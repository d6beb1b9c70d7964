"""What a fitted hub looks like, in every way in which a release may be written, and back again."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest

from kernelpair import __version__, runtimefiles
from kernelpair.hub.files import FOLDER, LINE
from tests import command
from tests.releases import z2jh
from tests.releases.conftest import HUB_FILES
from tests.releases.z2jh import CONFIG, CONFIG_KEY, SETTINGS, VALUES, pick, read, release, stream

FRONT_END = "example.org/front-end:7"


def rendered(data: bytes, **environment: str) -> bytes:
    return command.output([], data, environment)


def undone(data: bytes) -> bytes:
    return command.output(["undo"], data)


def with_values(**changes: Any) -> dict[str, Any]:
    """The usual values with other ones laid over."""
    return {**copy.deepcopy(VALUES), **changes}


def with_settings(**changes: Any) -> dict[str, Any]:
    return with_values(custom={"kernelGateway": {**SETTINGS, **changes}})


@pytest.fixture(params=z2jh.WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_hub_mounts_its_files(way: str) -> None:
    found = read(rendered(stream(release(), way)))
    pod = pick(found, "Deployment", "hub")["spec"]["template"]["spec"]
    config = pick(found, "ConfigMap", "hub-kernelpair-hub")
    (volume,) = (volume for volume in pod["volumes"] if volume["name"] == "kernelpair-hub")
    (mount,) = (mount for mount in pod["containers"][0]["volumeMounts"] if mount["name"] == "kernelpair-hub")
    assert mount == {"name": "kernelpair-hub", "mountPath": FOLDER, "readOnly": True}
    assert volume["configMap"]["name"] == "hub-kernelpair-hub"
    files = {item["path"]: config["data"][item["key"]] for item in volume["configMap"]["items"]}
    settings = json.loads(files.pop("settings.json"))
    assert files == HUB_FILES
    assert settings == {"version": 1, "settings": SETTINGS, "runtime": "hub-kernelpair", "namespace": ""}
    labels = pick(read(stream(release())), "Deployment", "hub")["metadata"]["labels"]
    assert config["metadata"]["labels"] == labels
    assert config["metadata"]["annotations"]["kernelpair/runtime"] == __version__


def test_the_users_pods_have_their_runtime_files(way: str) -> None:
    config = pick(read(rendered(stream(release(), way))), "ConfigMap", "hub-kernelpair")
    assert config["data"].keys() == runtimefiles.contents().keys()


def test_one_line_is_appended_to_the_configuration(way: str) -> None:
    config = pick(read(rendered(stream(release(), way))), "ConfigMap", "hub")
    assert config["data"][CONFIG_KEY] == CONFIG.rstrip("\n") + "\n\n" + LINE + "\n"
    plain = pick(release(), "ConfigMap", "hub")
    assert {**config["data"], CONFIG_KEY: ""} == {**plain["data"], CONFIG_KEY: ""}


def test_only_lines_are_added_to_what_helm_writes() -> None:
    before, after = stream(release()).splitlines(), iter(rendered(stream(release())).splitlines())
    changed = [line for line in before if b"checksum/config-map" in line]
    assert len(changed) == 1
    assert all(any(line == other for other in after) for line in before if line not in changed)


def test_everything_else_stays(way: str) -> None:
    plain, found = read(stream(release(), way)), read(rendered(stream(release(), way)))
    assert [pick(found, one["kind"], one["metadata"]["name"]) for one in plain if one["kind"] in ("Secret", "Service")]
    for kind, name in (("Secret", "hub"), ("Service", "hub"), ("Deployment", "proxy")):
        assert pick(found, kind, name) == pick(plain, kind, name)
    assert len(found) == len(plain) + 2


def test_the_image_pullers_pull_the_front_end_image(way: str) -> None:
    found = read(rendered(stream(release(), way)))
    for name in ("continuous-image-puller", "hook-image-puller"):
        first, ours = pick(found, "DaemonSet", name)["spec"]["template"]["spec"]["initContainers"]
        assert ours == {
            **first,
            "name": "image-pull-kernelpair",
            "image": FRONT_END,
            "imagePullPolicy": "IfNotPresent",
        }


def test_a_second_run_changes_nothing(way: str) -> None:
    once = rendered(stream(release(), way))
    assert rendered(once) == once


def test_undo_gives_the_release_back(way: str) -> None:
    data = stream(release(), way)
    assert read(undone(rendered(data))) == read(data)


def test_undo_gives_the_text_back_where_helm_wrote_it() -> None:
    data = stream(release())
    lines = zip(data.splitlines(), undone(rendered(data)).splitlines(), strict=True)
    assert [before for before, after in lines if before != after] == []


def test_changed_settings_rebuild(way: str) -> None:
    """The Secret of a fitted release is exchanged, as `helm upgrade` with a chart of manifests would."""
    other = with_settings(notebook={"image": {"name": "example.org/other"}})
    once = rendered(stream(release(), way))
    changed = once.replace(z2jh.encoded(VALUES).encode(), z2jh.encoded(other).encode())
    assert read(rendered(changed)) == read(rendered(stream(release(other), way)))


@pytest.mark.parametrize("encoding", ["ends", "does not end"])
def test_a_configuration_without_a_last_line_end(encoding: str) -> None:
    objects = release()
    text = CONFIG.strip("\n") + ("\n" if encoding == "ends" else "")
    pick(objects, "ConfigMap", "hub")["data"][CONFIG_KEY] = text
    once = rendered(stream(objects))
    assert pick(read(once), "ConfigMap", "hub")["data"][CONFIG_KEY].rstrip("\n") == text.rstrip("\n") + "\n" + LINE
    assert read(undone(once)) == objects
    assert rendered(once) == once


def checksum(objects: list[z2jh.Object]) -> str:
    found = pick(read(rendered(stream(objects))), "Deployment", "hub")
    annotations = found["spec"]["template"]["metadata"]["annotations"]
    assert annotations["checksum/secret"] == "12e3"
    return str(annotations["checksum/config-map"])


def test_the_hub_restarts_when_something_changed_and_only_then(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = [checksum(release())]
    assert re.fullmatch("kernelpair-[0-9a-f]{64}", seen[0])
    assert checksum(release()) == seen[0]
    assert checksum(release(with_values(debug={"enabled": True}))) == seen[0], "the chart's own business"
    assert checksum(release(pullers=())) == seen[0]
    seen.append(checksum(release(with_settings(userChoice=True))))
    charts = release()
    pick(charts, "Deployment", "hub")["spec"]["template"]["metadata"]["annotations"]["checksum/config-map"] = "cd34"
    seen.append(checksum(charts))
    monkeypatch.setitem(HUB_FILES, "load.py", "# a later one\n")
    seen.append(checksum(release()))
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize(
    "metadata",
    [
        *({"labels": {"a": "b"}, "annotations": there} for there in (None, {}, {"checksum/secret": "12e3"})),
        {"annotations": None},
        {},
        None,
        "absent",
    ],
)
def test_a_hub_without_a_checksum_gets_one(metadata: dict[str, Any] | str | None) -> None:
    objects = release()
    template = pick(objects, "Deployment", "hub")["spec"]["template"]
    template["metadata"] = metadata
    if metadata == "absent":
        del template["metadata"]
    once = rendered(stream(objects))
    made = pick(read(once), "Deployment", "hub")["spec"]["template"]["metadata"]["annotations"]
    assert re.fullmatch("kernelpair-[0-9a-f]{64}", made["checksum/config-map"])
    assert read(undone(once)) == objects
    assert rendered(once) == once


def test_pull_secrets_and_policy_reach_the_pullers() -> None:
    image = {"name": "example.org/front-end", "pullPolicy": "Always", "pullSecrets": ["mine", {"name": "there"}]}
    objects = release(with_settings(notebook={"image": image}))
    for name in ("continuous-image-puller", "hook-image-puller"):
        pick(objects, "DaemonSet", name)["spec"]["template"]["spec"]["imagePullSecrets"] = [{"name": "there"}]
    once = rendered(stream(objects))
    pod = pick(read(once), "DaemonSet", "hook-image-puller")["spec"]["template"]["spec"]
    assert pod["imagePullSecrets"] == [{"name": "there"}, {"name": "mine"}]
    assert pod["initContainers"][-1]["imagePullPolicy"] == "Always"
    assert read(undone(once)) == objects


def test_a_bundle_image_is_pulled_too() -> None:
    objects = release(with_settings(gateway={"bundle": {"image": {"name": "example.org/bundle", "tag": "2"}}}))
    containers = pick(read(rendered(stream(objects))), "DaemonSet", "continuous-image-puller")
    images = [c["image"] for c in containers["spec"]["template"]["spec"]["initContainers"]]
    assert images == ["example.org/user:1", FRONT_END, "example.org/bundle:2"]


def test_an_image_that_is_pulled_already_is_not_pulled_twice() -> None:
    objects = release(with_settings(notebook={"image": {"name": "example.org/user", "tag": "1"}}))
    once = read(rendered(stream(objects)))
    for name in ("continuous-image-puller", "hook-image-puller"):
        assert pick(once, "DaemonSet", name) == pick(objects, "DaemonSet", name)


def test_other_daemon_sets_are_left_alone() -> None:
    others = [one for one in release(release="other") if one["kind"] == "DaemonSet"]
    for one in others:
        one["metadata"]["name"] += "-other"
    data = stream([*release(), *others])
    assert [pick(read(rendered(data)), "DaemonSet", one["metadata"]["name"]) for one in others] == others


# Names are the operator's: release, fullnameOverride, namespace, a subchart's own name or alias.
NAMED: dict[str, dict[str, str]] = {
    "other release": {"release": "prod"},
    "fullnameOverride": {"fullname": "prod-jhub"},
    "namespace": {"namespace": "hubs"},
    "subchart": {"release": "binder", "app": "jupyterhub", "fullname": "binder"},
    "alias": {"release": "umbrella", "app": "teaching", "fullname": "teaching", "namespace": "hubs"},
}


@pytest.mark.parametrize("named", NAMED.values(), ids=NAMED)
def test_a_hub_is_recognised_under_any_names(named: dict[str, str]) -> None:
    objects = release(**named)  # type: ignore[arg-type]
    once = rendered(stream(objects))
    hub = f"{named['fullname']}-hub" if "fullname" in named else "hub"
    made = pick(read(once), "ConfigMap", f"{hub}-kernelpair-hub")
    assert made["metadata"].get("namespace") == named.get("namespace")
    settings = json.loads(made["data"]["settings.json"])
    assert (settings["runtime"], settings["namespace"]) == (f"{hub}-kernelpair", named.get("namespace", ""))
    puller = pick(read(once), "DaemonSet", hub.removesuffix("hub") + "continuous-image-puller")
    assert puller["spec"]["template"]["spec"]["initContainers"][-1]["image"] == FRONT_END
    assert read(undone(once)) == objects
    assert rendered(once) == once


def test_several_hubs_have_settings_of_their_own(way: str) -> None:
    one = release(with_settings(userChoice=True), release="a", fullname="a")
    two = release(with_settings(optIn=True), release="b", fullname="b")
    off = release({"custom": {}}, release="c", fullname="c")
    other_namespace = release(namespace="elsewhere", release="a", fullname="a")
    objects = [*one, *two, *off, *other_namespace]
    once = rendered(stream(objects, way))
    found = read(once)
    for name, namespace, key in (("a", "", "userChoice"), ("b", "", "optIn"), ("a", "elsewhere", "enabled")):
        config = pick(found, "ConfigMap", f"{name}-hub-kernelpair-hub", namespace)
        assert json.loads(config["data"]["settings.json"])["settings"][key] is True
    assert pick(found, "Deployment", "c-hub") == pick(read(stream(off, way)), "Deployment", "c-hub")
    assert len(found) == len(objects) + 6
    assert rendered(once) == once
    assert read(undone(once)) == read(stream(objects, way))


def test_the_container_that_mounts_the_configuration_is_the_hub() -> None:
    objects = release()
    pod = pick(objects, "Deployment", "hub")["spec"]["template"]["spec"]
    pod["containers"].insert(0, {"name": "first", "image": "x"})
    pod["containers"].append({**pod["containers"][1], "name": "second"})
    found = pick(read(rendered(stream(objects))), "Deployment", "hub")["spec"]["template"]["spec"]["containers"]
    mounted = [c["name"] for c in found if any(m["name"] == "kernelpair-hub" for m in c.get("volumeMounts", []))]
    assert mounted == ["hub"]


def test_helm_4_learns_where_the_new_objects_belong() -> None:
    found = read(rendered(stream(release(), "helm4")))
    key = "postrenderer.helm.sh/postrender-filename"
    file = pick(found, "Deployment", "hub")["metadata"]["annotations"][key]
    for name in ("hub-kernelpair", "hub-kernelpair-hub"):
        assert pick(found, "ConfigMap", name)["metadata"]["annotations"][key] == file


def test_a_split_object_may_stand_beside_the_hub() -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "lab", "annotations": {"kernelpair/settings": json.dumps(SETTINGS)}},
        "spec": {
            "containers": [
                {"name": "notebook", "image": "u", "volumeMounts": [{"name": "home", "mountPath": "/home/jovyan"}]}
            ],
            "volumes": [{"name": "home", "emptyDir": {}}],
        },
    }
    data = stream([*release(), pod])
    once = rendered(data)
    found = read(once)
    assert [c["name"] for c in pick(found, "Pod", "lab")["spec"]["containers"]] == ["notebook", "kernel"]
    assert pick(found, "ConfigMap", "hub-kernelpair-hub")
    assert pick(found, "ConfigMap", "lab-kernelpair")
    assert rendered(once) == once
    assert read(undone(once)) == read(data)
