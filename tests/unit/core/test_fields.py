"""DESIGN's table, row by row: what each field of the user's container becomes in the notebook and in the kernel."""

from __future__ import annotations

import json

import pytest

from kernelpair.core import names, split
from tests.strategies.oracles import exact
from tests.unit.core import build
from tests.unit.core.build import FRONT_END, IMAGE, MISSING, both, chosen, pod, user

LAUNCHER = ["/opt/kernelpair-bundle/start", "/opt/kernelpair/gateway.py"]
_HTTP = {"httpGet": {"port": 8888}}
_EXEC = {"exec": {"command": ["gitpuller"]}}
_GPU = {"limits": {"nvidia.com/gpu": 1}, "requests": {"cpu": "1"}, "claims": [{"name": "c"}]}
ROWS = [
    # field, as written, in the notebook, in the kernel (MISSING: not there)
    ("image", "r:1", FRONT_END, "r:1"),
    ("imagePullPolicy", "Always", "IfNotPresent", "Always"),
    ("imagePullPolicy", MISSING, "IfNotPresent", MISSING),
    ("command", ["tini"], ["tini"], LAUNCHER),
    ("args", ["lab"], ["lab"], LAUNCHER),
    # With neither, the image's own CMD would run: the launcher takes its place, the ENTRYPOINT stays.
    ("args", MISSING, MISSING, LAUNCHER),
    ("args", [], [], LAUNCHER),
    ("command", None, None, MISSING),
    ("resources", _GPU, MISSING, _GPU),
    ("resources", None, MISSING, None),
    ("resizePolicy", [{"resourceName": "cpu"}], MISSING, [{"resourceName": "cpu"}]),
    ("volumeDevices", [{"devicePath": "/dev/x"}], MISSING, [{"devicePath": "/dev/x"}]),
    ("envFrom", [{"secretRef": {}}], [{"secretRef": {}}], [{"secretRef": {}}]),
    ("ports", [{"containerPort": 8888}], [{"containerPort": 8888}], MISSING),
    ("readinessProbe", _HTTP, _HTTP, MISSING),
    ("livenessProbe", _EXEC, _EXEC, MISSING),
    ("startupProbe", None, None, MISSING),
    ("stdin", True, True, MISSING),
    ("tty", True, True, MISSING),
    ("lifecycle", {"postStart": _EXEC, "preStop": _HTTP}, {"preStop": _HTTP}, {"postStart": _EXEC}),
    ("lifecycle", {"postStart": _EXEC}, MISSING, {"postStart": _EXEC}),
    ("lifecycle", {"preStop": {"sleep": {"seconds": 1}}}, {"preStop": {"sleep": {"seconds": 1}}}, MISSING),
    ("lifecycle", {}, {}, MISSING),
    ("lifecycle", None, None, MISSING),
    ("workingDir", "/w", "/w", "/w"),
    ("terminationMessagePath", "/t", "/t", "/t"),
    ("terminationMessagePolicy", "File", "File", "File"),
    ("restartPolicy", "Never", "Never", "Never"),
    ("restartPolicyRules", [{"action": "Restart"}], [{"action": "Restart"}], [{"action": "Restart"}]),
    # What we don't know stays where it was.
    ("futureField", {"a": [1]}, {"a": [1]}, MISSING),
]


@pytest.mark.parametrize(("field", "written", "in_notebook", "in_kernel"), ROWS)
def test_field_goes_where_the_table_says(field, written, in_notebook, in_kernel):
    notebook, kernel = both(user(**{field: written}))
    assert notebook.get(field, MISSING) == in_notebook
    assert kernel.get(field, MISSING) == in_kernel


def test_launcher_replaces_the_command_and_leaves_no_args_to_it():
    notebook, kernel = both(user(command=["tini", "--"], args=["lab"]))
    assert (notebook["command"], notebook["args"]) == (["tini", "--"], ["lab"])
    assert kernel["command"] == LAUNCHER
    assert "args" not in kernel


SECURITY = [
    (None, None),
    ({}, {}),
    ({"runAsUser": 0, "runAsGroup": 1}, {"runAsUser": 0, "runAsGroup": 1}),
    ({"privileged": True}, {}),
    ({"privileged": True, "allowPrivilegeEscalation": True}, {"allowPrivilegeEscalation": False}),
    ({"allowPrivilegeEscalation": False}, {"allowPrivilegeEscalation": False}),
    ({"capabilities": {"add": ["NET_ADMIN"]}}, {}),
    ({"capabilities": {"add": ["NET_ADMIN"], "drop": ["ALL"]}}, {"capabilities": {"drop": ["ALL"]}}),
    ({"capabilities": None, "readOnlyRootFilesystem": True}, {"readOnlyRootFilesystem": True}),
    ({"seLinuxOptions": {"level": "s0"}, "seccompProfile": {"type": "RuntimeDefault"}},) * 2,
    ({"appArmorProfile": {"type": "RuntimeDefault"}, "runAsNonRoot": True},) * 2,
    # A privilege of a kind we don't know is none the notebook needs.
    ({"futurePrivilege": True}, {}),
]


@pytest.mark.parametrize(("written", "in_notebook"), SECURITY)
def test_notebook_keeps_the_user_and_no_privilege(written, in_notebook):
    notebook, kernel = both(user(securityContext=written))
    assert notebook["securityContext"] == in_notebook
    assert kernel["securityContext"] == written


def test_without_a_security_context_none_is_made_up():
    notebook, kernel = both(user(securityContext=MISSING))
    assert "securityContext" not in notebook
    assert "securityContext" not in kernel


CERTIFICATES = {"name": "certs", "mountPath": "/etc/jupyterhub/ssl"}
PATH_BY_EXPRESSION = {"name": "x", "mountPath": "/d", "subPathExpr": "$(A)"}
_KEY = build.env(JUPYTERHUB_SSL_KEYFILE="/etc/jupyterhub/ssl/ssl.key")
MOUNTS = [
    # mounts beside the home, variables, which of them the kernel has
    ([{"name": "jupyterhub-internal-certs", "mountPath": "/c"}], [], []),
    ([CERTIFICATES], _KEY, []),
    ([CERTIFICATES], [], [CERTIFICATES]),
    # A folder beside that of the key is none of the hub's.
    ([{"name": "x", "mountPath": "/etc/jupyterhub/ss"}], _KEY, [{"name": "x", "mountPath": "/etc/jupyterhub/ss"}]),
    ([PATH_BY_EXPRESSION], [], [PATH_BY_EXPRESSION]),
]


@pytest.mark.parametrize(("mounts", "env", "in_kernel"), MOUNTS)
def test_kernel_has_every_mount_but_the_hubs_certificates(mounts, env, in_kernel):
    notebook, kernel = both(user(volumeMounts=[build.HOME_MOUNT, *mounts], env=env))
    ours = [
        {"name": "kernelpair-runtime", "mountPath": "/opt/kernelpair", "readOnly": True},
        {"name": "kernelpair-run", "mountPath": "/run/kernelpair"},
    ]
    packages = {"name": "kernelpair-gateway", "mountPath": "/opt/kernelpair-gateway"}
    assert notebook["volumeMounts"] == [build.HOME_MOUNT, *mounts, *ours, {**packages, "readOnly": True}]
    bundle = {"name": "kernelpair-bundle", "mountPath": "/opt/kernelpair-bundle", "readOnly": True}
    assert kernel["volumeMounts"] == [build.HOME_MOUNT, *in_kernel, *ours, packages, bundle]


REFERENCES = [({}, "kernel"), ({"containerName": "notebook"}, "kernel"), ({"containerName": ""}, "kernel"),
              ({"containerName": None}, "kernel"), ({"containerName": "side"}, "side")]  # fmt: skip


@pytest.mark.parametrize(("written", "named"), REFERENCES)
def test_references_to_its_resources_follow_them_to_the_kernel(written, named):
    reference = {"resource": "limits.memory", **written}
    env = [{"name": "MEM", "valueFrom": {"resourceFieldRef": reference}}]
    for container in both(user(env=env)):
        assert container["env"][0]["valueFrom"]["resourceFieldRef"]["containerName"] == named


def test_files_about_its_resources_follow_them_to_the_kernel():
    mine, other = ({"path": n, "resourceFieldRef": {"containerName": n}} for n in ("notebook", "side"))
    sources = [{"secret": {}}, {"downwardAPI": {"items": [mine, other]}}]
    volumes = [{"name": "a", "downwardAPI": {"items": [mine]}}, {"name": "b", "projected": {"sources": sources}}]
    made = pod(volumes=volumes)
    found = build.pair(made).pod
    told = json.dumps(found["spec"]["volumes"][:2])
    assert told.count('"containerName": "kernel"') == 2
    assert told.count('"containerName": "side"') == 1
    assert split.undo(found) == made


def test_profiles_by_annotation_cover_both_containers():
    prefix = "container.apparmor.security.beta.kubernetes.io/"
    found = build.pair(pod(annotations={prefix + "notebook": "runtime/default", prefix + "side": "x"})).pod
    annotations = found["metadata"]["annotations"]
    assert annotations[prefix + "kernel"] == annotations[prefix + "notebook"] == "runtime/default"
    assert annotations[prefix + "side"] == "x"


@pytest.mark.parametrize("before", [None, {}, {"auditing.image": "stale"}, {"auditing.image": None}])
def test_the_audit_annotation_names_the_users_image_whatever_was_there(before):
    made = pod(annotations=before)
    found = build.pair(made).pod
    assert found["metadata"]["annotations"]["auditing.image"] == IMAGE
    assert exact(split.undo(found)) == exact(made)


def test_a_job_gets_a_native_sidecar():
    made = pod(initContainers=[{"name": "first", "image": "f"}])
    found = build.pair(made, completes=True).pod["spec"]
    assert [c["name"] for c in found["containers"]] == ["notebook"]
    assert [(c["name"], c.get("restartPolicy")) for c in found["initContainers"]] == [
        ("first", None),
        ("kernelpair-bundle", None),
        ("kernel", "Always"),
    ]
    assert split.undo(build.pair(made, completes=True).pod) == made


def test_pull_secrets_of_the_front_end_are_added_once():
    secrets = ["front", {"name": "own"}]
    found = build.pair(pod(imagePullSecrets=[{"name": "own"}]), notebook__image__pullSecrets=secrets).pod
    assert found["spec"]["imagePullSecrets"] == [{"name": "own"}, {"name": "front"}]


def test_pull_secrets_of_the_bundle_are_added_too():
    bundle = {"name": "example.org/bundle", "tag": "1", "pullSecrets": ["bundle", "front", {"name": "own"}]}
    before = pod(imagePullSecrets=[{"name": "own"}])
    found = build.pair(before, notebook__image__pullSecrets=["front"], gateway__bundle__image=bundle).pod
    assert found["spec"]["imagePullSecrets"] == [{"name": "own"}, {"name": "front"}, {"name": "bundle"}]
    assert split.undo(found) == before


def test_runtime_config_map_is_named_after_its_owner():
    assert names.runtime_config_map("hub") == "hub-kernelpair"
    long, other = names.runtime_config_map("a" * 250), names.runtime_config_map("a" * 249 + "b")
    assert len(long) <= 253
    assert long != other
    assert names.runtime_config_map("a" * 242) == "a" * 242 + "-kernelpair"


def test_every_runtime_file_is_in_the_volume():
    volume = build.pair(pod()).pod["spec"]["volumes"][0]
    assert volume == {"name": "kernelpair-runtime", "configMap": {"name": "hub-kernelpair"}}


def test_settings_say_what_the_launcher_is_told():
    _, kernel = both(
        user(),
        kernel__port=9999,
        gateway__timeouts__start=7,
        gateway__pip={"indexUrl": "https://i.example.org", "caCertificate": "/ca.pem"},
    )
    told = {entry["name"]: entry["value"] for entry in kernel["env"]}
    assert told["KERNELPAIR_PORT"] == "9999"
    assert told["KERNELPAIR_START_TIMEOUT"] == "7"
    assert told["KERNELPAIR_PIP_INDEX_URL"] == "https://i.example.org"
    assert told["KERNELPAIR_PIP_CA_CERTIFICATE"] == "/ca.pem"
    assert "KERNELPAIR_PIP_CONSTRAINTS" not in told
    assert "KERNELPAIR_MEMORY_GUARD" not in told
    _, unguarded = both(user(), kernel__memoryGuard=False)
    assert {"name": "KERNELPAIR_MEMORY_GUARD", "value": "false"} in unguarded["env"]
    assert "KERNELPAIR_PRESTART" not in told
    for wish in (True, False):
        _, wished = both(user(), kernel__prestart=wish)
        assert {"name": "KERNELPAIR_PRESTART", "value": str(wish).lower()} in wished["env"]
    assert chosen(kernel__port=9999)["kernel.port"] == 9999


@pytest.mark.parametrize(("where", "told"), [("kernel", set()), ("notebook", {"notebook"}), ("off", {"off"})])
def test_the_notebook_is_told_where_terminals_open_unless_it_is_as_by_default(where, told):
    notebook, kernel = both(user(), notebook__terminals=where)
    assert {entry["value"] for entry in notebook["env"] if entry["name"] == "KERNELPAIR_TERMINALS"} == told
    assert "KERNELPAIR_TERMINALS" not in [entry["name"] for entry in kernel["env"]]


def test_resources_of_the_users_container_are_read_from_the_kernel_everywhere():
    def reading(name, container):
        return {"name": name, "valueFrom": {"resourceFieldRef": {"containerName": container, "resource": "limits.cpu"}}}

    other = {"name": "sidecar", "image": "s", "env": [reading("THEIRS", "notebook"), reading("OWN", "sidecar")]}
    first = {"name": "first", "image": "i", "env": [reading("THEIRS", "notebook")]}
    made = pod(containers=[other, user()], initContainers=[first])
    pair = build.pair(made).pod
    assert pair["spec"]["containers"][0]["env"] == [reading("THEIRS", "kernel"), reading("OWN", "sidecar")]
    assert pair["spec"]["initContainers"][0] == {**first, "env": [reading("THEIRS", "kernel")]}
    assert split.undo(pair) == made
