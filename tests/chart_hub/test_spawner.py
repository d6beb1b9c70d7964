"""The chart's spawner with real KubeSpawner: the PodTemplate with what is the user's laid over it, then split."""

from __future__ import annotations

import copy
import functools
import json
from pathlib import Path
from typing import Any

import pytest

from ci import kubeconform
from kernelpair.core import names, settings, split
from kernelpair.hub.files import settings_file
from tests.chart_hub.cases import CASES, FLAG, NAME, TAG, Case, Object, edited
from tests.chart_hub.rendered import mounted, one, release
from tests.hub.hubs import HUBS, program

DRIVER = Path(__file__).with_name("spawn_driver.py")
USER = "ann@example.org"
SETTINGS = "kernelpair/settings.json"
OF_THE_USER = ("JUPYTERHUB_", "JPY_")
FIX = "upgrade the release with --post-renderer kernelpair"


@functools.cache
def objects(values: str, *more: str) -> list[Object]:
    return release(json.loads(values), *more)


def template(case: Case) -> Object | None:
    """The PodTemplate as it is in the cluster when the user comes."""
    if case.edit is None:
        return None
    through = ("--post-renderer", "kernelpair") if case.pair else ()
    document = copy.deepcopy(one(objects(json.dumps(case.values), *through), "PodTemplate"))
    case.edit(document)
    return document


def files(case: Case) -> dict[str, str]:
    """What the hub mounts: of the release as it is, or as the post-renderer makes it."""
    through = ("--post-renderer", "kernelpair") if case.hook else ()
    held = mounted(objects(json.dumps(case.values), *through))
    return held if case.hook != "bad" else {**held, SETTINGS: settings_file({"enabled": 1}, "", "")}


def annotated(values: str) -> Any:
    """The settings in the PodTemplate's annotation."""
    return json.loads(one(objects(values), "PodTemplate")["metadata"]["annotations"]["kernelpair/settings"])


@functools.cache
def of_hub(hub: str) -> dict[str, Any]:
    """Every case of one hub: in one process, which takes most of its time to import the hub."""
    jobs = [
        {
            "files": files(case),
            "template": template(case),
            "user": USER,
            "server": case.server,
            "options": case.options,
            "status": case.status,
            "busy": case.busy,
        }
        for case in CASES
    ]
    return dict(zip((case.name for case in CASES), program(hub, str(DRIVER), jobs, timeout=120), strict=True))


@pytest.fixture(params=[pytest.param(hub, marks=pytest.mark.xdist_group(hub)) for hub in HUBS])
def results(request: pytest.FixtureRequest) -> dict[str, Any]:
    return of_hub(request.param)


def case_of(name: str) -> Case:
    return next(case for case in CASES if case.name == name)


def container(pod: Object, name: str = "notebook") -> Object:
    return next(box for box in pod["spec"]["containers"] if box["name"] == name)


def variables(box: Object) -> dict[str, Any]:
    return {entry["name"]: entry.get("value") for entry in box["env"]}


def without_the_users(pod: Object) -> Object:
    """A pod or template without what is one user's: names, labels, annotations, the hub's variables, the claim."""
    made = copy.deepcopy(pod)
    for key in ("apiVersion", "kind"):
        made.pop(key, None)
    metadata = made["metadata"]
    metadata.pop("name", None)
    for block in ("labels", "annotations"):
        kept = {
            key: text
            for key, text in metadata.get(block, {}).items()
            if not key.startswith("hub.jupyter.org/") and key not in ("component", "app.kubernetes.io/managed-by")
        }
        metadata[block] = kept
    if "kernelpair/status" in metadata["annotations"]:
        metadata["annotations"]["kernelpair/status"] = "{}"
    for box in made["spec"]["containers"]:
        box["env"] = [entry for entry in box["env"] if not entry["name"].startswith(OF_THE_USER)]
    for volume in made["spec"].get("volumes", []):
        if volume["name"] == "home":
            volume.clear()
            volume["name"] = "home"
        if volume["name"] == names.RUNTIME_VOLUME:
            volume["configMap"]["name"] = "the object's own"
    return made


def test_a_default_users_pod_is_the_template_but_for_what_is_the_users(results: dict[str, Any]) -> None:
    for name in ("default", "named server", "no storage", "profile that says nothing"):
        result = results[name]
        document = template(case_of(name))
        assert document is not None
        assert "error" not in result
        assert without_the_users(result["pod"]) == without_the_users(document["template"]), name
        assert result["errors"] == result["starting"] == result["progress"] == []
        assert result["asked"] == "/api/v1/namespaces/jupyter/podtemplates/x-kernelpair-singleuser"


def test_what_is_the_users(results: dict[str, Any]) -> None:
    pod, claim = results["default"]["pod"], results["default"]["claim"]
    assert claim.startswith("claim-ann-")
    assert pod["spec"]["volumes"] == [{"name": "home", "persistentVolumeClaim": {"claimName": claim}}]
    assert pod["metadata"]["name"].startswith("jupyter-ann-")
    labels = {
        "app.kubernetes.io/name": "kernelpair",
        "app.kubernetes.io/instance": "x",
        "app.kubernetes.io/component": "singleuser-server",
        "app.kubernetes.io/managed-by": "kubespawner",
        "component": "singleuser-server",
    }
    assert labels.items() <= pod["metadata"]["labels"].items()
    env = variables(container(pod))
    assert env["JUPYTERHUB_USER"] == USER
    assert env["JUPYTERHUB_SERVICE_URL"].startswith("http://0.0.0.0:8888/user/")


def test_a_folder_of_one_claim_for_all(results: dict[str, Any]) -> None:
    pod = results["static storage"]["pod"]
    assert pod["spec"]["volumes"] == [{"name": "home", "persistentVolumeClaim": {"claimName": "homes"}}]
    [mount] = container(pod)["volumeMounts"]
    assert mount["subPath"].startswith("h/ann-")


def test_an_edited_template_changes_the_next_spawn(results: dict[str, Any]) -> None:
    pod = results["edited"]["pod"]
    expected = copy.deepcopy(one(objects("{}"), "PodTemplate"))
    edited(expected)
    wanted = without_the_users(expected["template"])
    box = container(wanted)
    box["ports"] = [{"name": "more", "containerPort": 7000}, {"name": "notebook-port", "containerPort": 8888}]
    who = box["env"].pop(0)
    assert [entry for entry in container(without_the_users(pod))["env"] if entry["name"] != "WHO"] == box["env"]
    order = [entry["name"] for entry in container(pod)["env"]]
    assert order.index("WHO") > max(order.index("JUPYTERHUB_USER"), order.index("JUPYTER_PORT"))
    assert who in container(pod)["env"]
    del box["env"]
    plain = without_the_users(pod)
    del container(plain)["env"]
    assert plain == wanted


def test_a_profile_wins_over_the_template(results: dict[str, Any]) -> None:
    pod = results["profile"]["pod"]
    box = container(pod)
    assert (box["image"], box["imagePullPolicy"], box["args"]) == ("example.org/large:1", "Never", ["start-large"])
    assert box["resources"] == {
        "limits": {"memory": 8 * 2**30, "nvidia.com/gpu": "1"},
        "requests": {"memory": "1Gi"},
    }
    env = variables(box)
    wanted = {"SHARED": "profile", "OWN": "template", "EMPTY": "", "JUPYTER_IMAGE": "example.org/large:1"}
    assert wanted.items() <= env.items()
    assert env["MEM_GUARANTEE"] == str(2**30)
    assert env["MEM_LIMIT"] == str(8 * 2**30)
    assert env["JUPYTERHUB_DEFAULT_URL"] == "/tree"
    spec = pod["spec"]
    assert spec["tolerations"] == [{"key": "b", "operator": "Exists"}]
    assert {volume["name"]: volume for volume in spec["volumes"]}["scratch"] == {"name": "scratch", "emptyDir": {}}
    assert {volume["name"] for volume in spec["volumes"]} == {"home", "scratch"}
    assert {mount["mountPath"] for mount in box["volumeMounts"]} == {"/home/jovyan", "/scratch"}
    assert spec["restartPolicy"] == "Always"
    assert spec["imagePullSecrets"] == [{"name": "pull"}]
    assert spec["serviceAccountName"] == "large"
    assert "automountServiceAccountToken" not in spec
    assert box["securityContext"]["allowPrivilegeEscalation"] is True
    assert box["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_an_operators_hook_gets_a_dict_with_metadata(results: dict[str, Any]) -> None:
    pod = results["operator's hook"]["pod"]
    assert pod["metadata"]["labels"]["hook"] == pod["metadata"]["name"]
    assert container(pod)["image"] == "example.org/hooked:1"


def test_the_api_servers_refusal_is_told(results: dict[str, Any]) -> None:
    assert results["over quota"]["error"] == ["ApiException", 403, ""]
    [line] = [message for message in results["over quota"]["errors"] if "Failed for" in message]
    assert '"name": "notebook"' in line


FAILURES = {
    "busy for too long": "the PodTemplate x-kernelpair-singleuser in the namespace jupyter can't be read "
    "(the API server answers 503). Fix: start it again",
    "gone": "the PodTemplate x-kernelpair-singleuser in the namespace jupyter can't be read "
    "(the API server answers 404). Fix: bring it back with helm upgrade",
    "no notebook": "the PodTemplate x-kernelpair-singleuser has no container called notebook"
    ". Fix: give the user's container that name",
    "unknown field in a folder": "a folder or claim in the PodTemplate x-kernelpair-singleuser can't be filled in "
    "(KeyError('nobody')). Fix: use fields that KubeSpawner knows, such as {username}",
    "pair without hook": "the PodTemplate x-kernelpair-singleuser is a pair, and this hub has no hook to make users' "
    "pods of pairs: only a part of the release went through the post-renderer. "
    f"Fix: {FIX}, hub included",
    "torn pair": "the PodTemplate x-kernelpair-singleuser is a pair that can't be taken back (",
}


def test_a_busy_api_server_is_asked_again(results: dict[str, Any]) -> None:
    assert results["busy API server"]["errors"] == []
    assert without_the_users(results["busy API server"]["pod"]) == without_the_users(results["default"]["pod"])


@pytest.mark.parametrize("name", FAILURES)
def test_without_a_usable_template_the_spawn_fails_with_a_sentence(results: dict[str, Any], name: str) -> None:
    result = results[name]
    kind, status, message = result["error"]
    assert (kind, status) == ("HTTPError", 422)
    assert message.startswith(f"This server can't start: {FAILURES[name]}")
    assert result["pod"] is None
    [line] = result["errors"]
    assert line.startswith(f"No pod for {USER}: {FAILURES[name]}")


def test_a_flag_without_post_rendering_is_loud_and_the_pod_plain(results: dict[str, Any]) -> None:
    result = results["flag on without hook"]
    why = f"kernelGateway.enabled is on, but this release did not go through the post-renderer. Fix: {FIX}"
    [starting], [line], [told] = result["starting"], result["errors"], result["progress"]
    assert starting.startswith(f"kernelpair: USER PODS ARE NOT SPLIT: {why}")
    assert line.startswith(f"kernelpair: plain pod for {USER}: {why}")
    assert told.startswith(f"No separate kernel container: {why}")
    assert without_the_users(result["pod"]) == without_the_users(results["default"]["pod"])


def test_a_hook_that_can_not_be_used_is_loud_and_the_pod_plain(results: dict[str, Any]) -> None:
    result = results["flag on, hook unusable"]
    [starting], [line], [told] = result["starting"], result["errors"], result["progress"]
    assert "USER PODS ARE NOT SPLIT: the settings can't be used" in starting
    assert "see the hub's log where it starts" in line
    assert "see the hub's log where it starts" in told
    assert without_the_users(result["pod"]) == without_the_users(results["default"]["pod"])


@pytest.mark.parametrize("name", ["pair", "hook, PodTemplate plain"])
def test_a_spawned_pair_is_the_static_pair_but_for_what_is_the_users(results: dict[str, Any], name: str) -> None:
    """`split(merge(undo(template), pod))`, and that is what the post-renderer shows in the PodTemplate."""
    result = results[name]
    document = template(case_of("pair"))
    assert document is not None
    assert without_the_users(result["pod"]) == without_the_users(document["template"])
    plain = split.undo(result["pod"])
    parsed = settings.parse(annotated(json.dumps(FLAG)))
    runtime = json.loads(files(case_of("pair"))[SETTINGS])["runtime"]
    assert one(objects(json.dumps(FLAG), "--post-renderer", "kernelpair"), "ConfigMap", runtime)["data"]
    assert split.split(plain, parsed, runtime).pod == result["pod"]
    assert result["errors"] == result["starting"] == result["progress"] == []
    [line] = [text for _, text in result["log"] if text.startswith("kernelpair: split: ")]
    assert f"user={USER} " in line
    assert result["classes"][:3] == [
        "kernelpair.hub.spawners.TemplateSpawner",
        "spawner.TemplateSpawner",
        "kubespawner.spawner.KubeSpawner",
    ]


def test_a_profiles_image_and_devices_are_the_kernels(results: dict[str, Any]) -> None:
    pod = results["pair, profile"]["pod"]
    notebook, kernel = container(pod), container(pod, "kernel")
    assert (notebook["image"], kernel["image"]) == (f"{NAME}:{TAG}", "example.org/large:1")
    assert kernel["resources"]["limits"] == {"memory": 8 * 2**30, "nvidia.com/gpu": "1"}
    assert "resources" not in notebook
    assert "JUPYTERHUB_API_TOKEN" not in variables(kernel)


def test_the_operators_hook_runs_between_merge_and_split(results: dict[str, Any]) -> None:
    pod = results["pair, operator's hook"]["pod"]
    assert container(pod, "kernel")["image"] == "example.org/hooked:1"
    assert pod["metadata"]["labels"]["hook"] == pod["metadata"]["name"]


def test_every_pod_is_valid(results: dict[str, Any]) -> None:
    """But for the field that no API has: proof that it was sent."""
    streams = {name: json.dumps(result["pod"]).encode() for name, result in results.items() if result["pod"]}
    assert "fromTheFuture" in json.dumps(results["edited"]["pod"])
    del streams["edited"]
    assert kubeconform.check_all(streams, (kubeconform.VERSIONS[0], kubeconform.VERSIONS[-1])) == []
