"""A pod for every reason, and beside it one that is nearly the same and passes."""

from __future__ import annotations

import json
import string

import pytest

from kernelpair.core import names, pods, split, urls
from kernelpair.core.reasons import SENTENCES, Finding, Reason, Refused
from tests.unit.core import build
from tests.unit.core.build import MISSING, chosen, pod, refusals, user, warnings

# Of the renderer: they are about the release, or compare the pair with the pod.
RENDERERS = {Reason.QUOTA, Reason.NO_SETTINGS, Reason.BURSTABLE, Reason.FIRST_TO_DIE}
_SIDE = {"name": "side", "image": "s"}


def _with(*more):
    made = pod()
    return {**made, "spec": {**made["spec"], "containers": [*made["spec"]["containers"], *more]}}


def _two(annotations=None):
    made = pod(annotations=annotations)
    return {**made, "spec": {"containers": [user(name="main"), _SIDE]}}


def _env_reference(name):
    return user(
        env=[{"name": "X", "valueFrom": {"resourceFieldRef": {"containerName": name, "resource": "limits.cpu"}}}]
    )


def _info_volume(name):
    item = {"path": "p", "resourceFieldRef": {"containerName": name, "resource": "limits.cpu"}}
    return [{"name": "info", "downwardAPI": {"items": [item]}}]


_TOKEN = {"JUPYTERHUB_API_TOKEN": "t"}
_8889 = [{"containerPort": 8889}]
_8_GB = {"limits": {"memory": "8 GB"}}
REFUSED = [
    (Reason.NOT_A_POD, {"spec": {"containers": "notebook"}}, {}),
    (Reason.NOT_A_POD, [], {}),
    (Reason.NOT_A_POD, pod(user(name=MISSING)), {}),
    (Reason.NOT_A_POD, pod(user(env=[{"value": "nameless"}])), {}),
    (Reason.NOT_A_POD, pod(user(args=["--port", 8888])), {}),
    (Reason.NOT_A_POD, pod(_env_reference("kernel")), {}),
    (Reason.NOT_A_POD, pod(volumes=_info_volume("kernel")), {}),
    (Reason.NO_CONTAINER, {"spec": {"containers": []}}, {}),
    (Reason.NO_CONTAINER, {}, {}),
    (Reason.AMBIGUOUS_CONTAINER, _two(), {}),
    (Reason.UNKNOWN_CONTAINER, _two({names.CONTAINER: "gone"}), {}),
    (Reason.NO_IMAGE, pod(user(image=MISSING)), {}),
    (Reason.NO_IMAGE, pod(user(image="")), {}),
    (Reason.KERNEL_NAME_TAKEN, _with({"name": "kernel", "image": "k"}), {}),
    (Reason.KERNEL_NAME_TAKEN, pod(initContainers=[{"name": "kernel", "image": "k"}]), {}),
    (Reason.KERNEL_NAME_TAKEN, pod(user(name="kernel")), {}),
    (Reason.PORT_TAKEN, pod(user(ports=_8889)), {}),
    (Reason.PORT_TAKEN, _with({**_SIDE, "ports": _8889}), {}),
    (Reason.PORT_TAKEN, pod(user(ports=[{"containerPort": 9999}])), {"kernel__port": 9999}),
    (Reason.HOST_NETWORK, pod(hostNetwork=True), {}),
    (Reason.WINDOWS, pod(os={"name": "windows"}), {}),
    (Reason.WINDOWS, pod(nodeSelector={"kubernetes.io/os": "windows"}), {}),
    (Reason.GATEWAY_ALREADY_SET, pod(user(env=build.env(JUPYTER_GATEWAY_URL="http://other"))), {}),
    (Reason.VOLUME_TAKEN, pod(volumes=[{"name": names.RUN_VOLUME}]), {}),
    (Reason.VOLUME_TAKEN, pod(initContainers=[{"name": names.HOME_INIT, "image": "x"}]), {}),
    (Reason.VOLUME_TAKEN, pod(initContainers=[{"name": names.BUNDLE_INIT, "image": "x"}]), {}),
    (Reason.VOLUME_TAKEN, pod(volumes=[{"name": names.BUNDLE_VOLUME}]), {}),
    (Reason.MOUNT_TAKEN, pod(user(volumeMounts=[build.HOME_MOUNT, {"mountPath": "/run/kernelpair/"}])), {}),
    (Reason.MOUNT_TAKEN, pod(user(volumeMounts=[build.HOME_MOUNT, {"mountPath": "/opt/kernelpair-bundle"}])), {}),
    (Reason.HOME_UNKNOWN, pod(user(volumeMounts=[])), {}),
    # A folder below somebody's home is not that home.
    (Reason.HOME_UNKNOWN, pod(user(volumeMounts=[{"name": "home", "mountPath": "/home/jovyan/work"}])), {}),
    (
        Reason.SEARCH_PATH_HIDDEN,
        pod(user(env=[{"name": "JUPYTER_CONFIG_PATH", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}])),
        {},
    ),
    (
        Reason.SEARCH_PATH_HIDDEN,
        pod(user(env=[{"name": "JUPYTER_PATH", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}])),
        {},
    ),
    (Reason.HOME_UNKNOWN, pod(user(volumeMounts=[], workingDir="/")), {}),
    (Reason.BAD_QUANTITY, pod(user(resources=_8_GB)), {"podResources": True}),
    (Reason.BAD_QUANTITY, pod(user(resources=_8_GB)), {"notebook__reserve": {"memory": "1Mi"}}),
    (Reason.RESERVE_TOO_LARGE, pod(user(resources={"limits": {"cpu": 1}})), {"notebook__reserve": {"cpu": "1"}}),
    (Reason.OVERRIDE_LOSES_ORIGINAL, pod(user(env=build.env(LD_X="1"))),
     {"kernel__overrides": {"env": build.env(LD_X="2")}}),
    (Reason.OVERRIDE_LOSES_ORIGINAL, pod(user(env=build.env(**_TOKEN))),
     {"notebook__overrides": {"env": build.env(JUPYTERHUB_API_TOKEN="mine")}}),
    # A reference to a container that isn't there would find ours.
    (Reason.NOT_A_POD, _with({**_SIDE, "env": _env_reference("kernel")["env"]}), {}),
    (Reason.STATUS_UNREADABLE, pod(annotations={names.STATUS: "{"}), {}),
    (Reason.STATUS_UNREADABLE, pod(annotations={names.STATUS: "[" * 100_000}), {}),
    (Reason.STATUS_UNREADABLE, pod(annotations={names.STATUS: '{"version":2}'}), {}),
    (Reason.STATUS_UNREADABLE, pod(annotations={names.STATUS: '{"version":1}'}), {}),
]  # fmt: skip
PASSES = [
    # The name decides, whatever else there is; so does the annotation.
    (_with(_SIDE), {}),
    (_two({names.CONTAINER: "main"}), {}),
    # `notebook` is found without asking the annotation.
    (pod(annotations={names.CONTAINER: "gone"}), {}),
    # A gateway on another port doesn't meet this one; hostNetwork false and a stray UDP name are no reasons.
    (pod(user(ports=_8889)), {"kernel__port": 9999}),
    (pod(hostNetwork=False, hostPID=False, os={"name": "linux"}), {}),
    # Another container's gateway is its own affair.
    (_with({**_SIDE, "env": build.env(JUPYTER_GATEWAY_URL="http://other")}), {}),
    # Folders above ours hide nothing: ours are mounted below them.
    (pod(user(volumeMounts=[build.HOME_MOUNT, {"name": "x", "mountPath": "/run"}])), {}),
    # Quantities nobody computes with pass as they are; the API server judges them.
    (pod(user(resources={"limits": {"memory": "8 GB"}})), {}),
    (pod(user(resources={"limits": {"memory": "8 GB", "cpu": 2}})), {"notebook__reserve": {"cpu": "1"}}),
    # A reserve of what the pod doesn't state takes nothing.
    (pod(), {"notebook__reserve": {"cpu": "1"}}),
    # An explicit 0 can be shared: both get 0.
    (pod(user(resources={"limits": {"cpu": 2}, "requests": {"cpu": 0}})), {"notebook__reserve": {"cpu": "1"}}),
    # The other container keeps the original.
    (pod(user(env=build.env(A="1"))), {"kernel__overrides": {"env": build.env(A="2")}}),
    # Another container may read its own resources.
    (_with({**_SIDE, "env": _env_reference("side")["env"]}), {}),
    (pod(volumes=_info_volume("notebook")), {}),
    # Unset fields, as people leave them.
    (pod(user(env=None, ports=[], resources={}, lifecycle=None), volumes=None, initContainers=[]), {}),
]  # fmt: skip
WARNED = [
    (Reason.RUNS_AS_ROOT, pod(user(securityContext={"runAsUser": 0})), {}),
    (Reason.RUNS_AS_ROOT, pod(user(securityContext={"runAsUser": None}), securityContext={"runAsUser": 0}), {}),
    (Reason.UID_UNSET, pod(user(securityContext=MISSING)), {}),
    (Reason.ENV_FROM, pod(user(envFrom=[{"secretRef": {"name": "s"}}])), {}),
    (Reason.EXEC_PROBE, pod(user(readinessProbe={"exec": {"command": ["true"]}})), {}),
    (Reason.SHARED_PROCESSES, pod(shareProcessNamespace=True), {}),
    (Reason.HOST_PID, pod(hostPID=True), {}),
    (Reason.HOME_IN_POD, pod(user(volumeMounts=[], workingDir="/home/jovyan")), {}),
    (Reason.HOME_NOT_SHARED, pod(user(volumeMounts=[], workingDir="/home/jovyan")), {"kernel__sharedHome": "none"}),
    (Reason.TOKEN_DERIVED, pod(user(env=build.env(**_TOKEN, AUTH="Bearer $(JUPYTERHUB_API_TOKEN)"))), {}),
]
NOT_WARNED = [
    pod(user(securityContext=MISSING), securityContext={"runAsUser": 1000}),
    pod(user(securityContext={"runAsUser": 1000}), securityContext={"runAsUser": 0}),
    pod(user(envFrom=[])),
    pod(user(readinessProbe={"httpGet": {"port": 8888}})),
    # The token itself is expected to stay behind; no word about it.
    pod(user(env=build.env(**_TOKEN, ESCAPED="$$(JUPYTERHUB_API_TOKEN)"))),
    pod(shareProcessNamespace=False),
]
DECIDED = [
    (Reason.OFF, {names.SPLIT: "true"}, {"enabled": False}),
    (Reason.NOT_OPTED_IN, None, {"optIn": True}),
    (Reason.OPTED_OUT, {names.SPLIT: "false"}, {}),
    (Reason.BAD_OPT_IN, {names.SPLIT: "yes"}, {}),
]


@pytest.mark.parametrize(("reason", "made", "values"), REFUSED)
def test_pod_is_refused(reason, made, values):
    assert refusals(made, **values) == [reason]


@pytest.mark.parametrize(("made", "values"), PASSES)
def test_pod_is_split(made, values):
    assert refusals(made, **values) == []


@pytest.mark.parametrize(("reason", "made", "values"), WARNED)
def test_pod_is_split_with_a_warning(reason, made, values):
    assert warnings(made, **values) == [reason]


@pytest.mark.parametrize("made", NOT_WARNED)
def test_pod_is_split_without_a_word(made):
    assert warnings(made) == []


@pytest.mark.parametrize(("reason", "annotations", "values"), DECIDED)
def test_pod_is_left_alone(reason, annotations, values):
    assert pods.decide(pod(annotations=annotations), chosen(**values)).reason is reason


@pytest.mark.parametrize(
    ("container", "of_spawner", "found"),
    [
        ({"args": ["--ServerApp.default_url=/rstudio/"]}, "", "/rstudio/"),
        ({}, "/desktop", "/desktop"),
        ({}, "/lab", None),
    ],
)
def test_a_page_of_the_users_image_keeps_the_pod_plain(container, of_spawner, found):
    page = urls.plain_page(pod(user(**container)), chosen(), of_spawner)
    assert (page and (page.reason, page.value)) == (found and (Reason.PLAIN_URL, found))


def _broken_pair():
    made = build.pair(pod()).pod
    return {**made, "spec": {**made["spec"], "containers": made["spec"]["containers"][:1]}}


def test_a_pair_without_its_kernel_is_refused():
    with pytest.raises(Refused, match="no container kernel"):
        split.undo(_broken_pair())


def test_every_reason_has_a_case():
    tables = {row[0] for table in (REFUSED, WARNED, DECIDED) for row in table}
    assert tables | RENDERERS | {Reason.PAIR_BROKEN, Reason.PLAIN_URL} == set(Reason)
    assert not tables & RENDERERS


def test_every_refusal_is_told_at_once():
    made = pod(user(image=MISSING, volumeMounts=[]), hostNetwork=True, os={"name": "windows"})
    found = refusals(made)
    assert found == [Reason.HOST_NETWORK, Reason.WINDOWS, Reason.NO_IMAGE, Reason.HOME_UNKNOWN]


def test_refusals_hold_no_warnings():
    made = pod(user(securityContext=MISSING, envFrom=[{}]), hostNetwork=True)
    assert refusals(made) == [Reason.HOST_NETWORK]


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_sentence_that_can_be_filled(reason):
    finding = Finding(reason, "spec", "{value}", "{0} {")
    assert finding.what
    used = {field for text in SENTENCES[reason] for _, field, _, _ in string.Formatter().parse(text) if field}
    assert used <= {"value", "detail"}
    # What was decided by the operator needs no why and no fix.
    decided = {Reason.OFF, Reason.NOT_OPTED_IN, Reason.OPTED_OUT, Reason.PLAIN_URL}
    assert (finding.why and finding.fix) or reason in decided


@pytest.mark.parametrize(("reason", "made", "values"), REFUSED)
def test_findings_say_where(reason, made, values):
    with pytest.raises(Refused) as refused:
        build.pair(made, **values)
    where = [finding.key for finding in refused.value.findings]
    assert all(key.startswith(("spec.", "metadata.")) for key in where) or made == []


def test_no_sentence_tells_the_value_of_a_variable():
    made = pod(user(env=build.env(JUPYTER_GATEWAY_URL="http://u:s3cret@x", JUPYTERHUB_API_TOKEN="s3cret")))
    with pytest.raises(Refused) as refused:
        build.pair(made, notebook__overrides={"env": build.env(JUPYTERHUB_API_TOKEN="s3cret-2")})
    told = json.dumps([(*f[1:], f.what, f.why, f.fix) for f in refused.value.findings])
    assert "s3cret" not in told
