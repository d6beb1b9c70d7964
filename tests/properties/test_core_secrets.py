"""What must never reach a container or the record: credentials, values of variables, privileges."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kernelpair.core import environment, names, split
from tests.strategies import pair_settings, pods
from tests.strategies.budget import share
from tests.strategies.oracles import expanded, leaves
from tests.strategies.pairs import pair_of, running


def _user(pod: dict[str, Any]) -> dict[str, Any]:
    return next(c for c in pod["spec"]["containers"] if c["name"] in ("notebook", "main"))


@given(
    pods.pods(), st.one_of(pair_settings.plain(kernel__passHubCredentials=v) for v in ("auto", False)), st.booleans()
)
@share(0.5)
def test_the_kernel_never_gets_a_credential_of_the_hub(pod, settings, completes):
    """Guarantee: unless passed, no token of the hub is in the kernel container, under any name and by any reference."""
    kernel = running(pair_of(pod, settings, completes).pod, names.KERNEL)
    assert pods.SECRET not in json.dumps(kernel)
    assert pods.SECRET not in str(expanded(kernel["env"]))
    assert not {entry["name"] for entry in kernel["env"]} & set(pods.CREDENTIALS)
    assert "jupyterhub-internal-certs" not in {mount["name"] for mount in kernel["volumeMounts"]}


@given(pods.pods(), pair_settings.plain(kernel__passHubCredentials=True))
@share(0.5)
def test_credentials_that_are_passed_arrive(pod, settings):
    """Guarantee: with passHubCredentials the kernel has every variable and every mount of the user's container."""
    kernel, user = running(pair_of(pod, settings).pod, names.KERNEL), _user(pod)
    wanted = environment.point_at(user.get("env") or [], user["name"], names.KERNEL)
    assert kernel["env"][: len(wanted)] == wanted
    mounts = user.get("volumeMounts") or []
    assert kernel["volumeMounts"][: len(mounts)] == mounts


@given(pods.pods(), pair_settings.parsed, st.booleans())
@share(0.5)
def test_the_record_holds_no_value_of_a_variable(pod, settings, completes):
    """Guarantee: kernelpair/status never has the value of an environment variable, a secret or not."""
    pair = pair_of(pod, settings, completes)
    told = leaves(json.loads(pair.pod["metadata"]["annotations"][names.STATUS]))
    assert not any(pods.SECRET in str(leaf) for leaf in told)
    values = {entry.get("value") for entry in _user(pod).get("env") or []}
    assert not {value for value in values if value and "$" in value} & {str(leaf) for leaf in told}
    assert told == [*leaves(json.loads(split.status.write(pair.record)))]


@given(pods.pods(), pair_settings.parsed, st.booleans())
@share(0.5)
def test_no_token_of_the_gateway_is_in_the_pair(pod, settings, completes):
    """Guarantee: the gateway's token is made in the pod; no manifest, argument or variable holds one."""
    pair = pair_of(pod, settings, completes).pod
    given_names = {entry["name"] for c in pair["spec"]["containers"] for entry in c.get("env") or []}
    assert not given_names & {"KG_AUTH_TOKEN", "JUPYTER_GATEWAY_AUTH_TOKEN", "KERNELPAIR_TOKEN"}


_NEVER_MORE = ("runAsUser", "runAsGroup", "runAsNonRoot", "readOnlyRootFilesystem", "seccompProfile", "seLinuxOptions")


@given(pods.pods(), pair_settings.without_overrides, st.booleans())
@share(0.5)
def test_no_container_gains_privileges(pod, settings, completes):
    """Guarantee: kernel and init container run as the user's did; the notebook never has more, and no privilege."""
    pair, user = pair_of(pod, settings, completes).pod, _user(pod)
    before = user.get("securityContext")
    assert running(pair, names.KERNEL).get("securityContext") == before
    for init in pair["spec"].get("initContainers") or []:
        if init["name"] == names.HOME_INIT:
            assert init.get("securityContext") == before
    after, before = running(pair, user["name"]).get("securityContext") or {}, before or {}
    assert {key: after.get(key) for key in _NEVER_MORE} == {key: before.get(key) for key in _NEVER_MORE}
    assert not after.get("privileged")
    assert not (after.get("capabilities") or {}).get("add")
    assert (after.get("capabilities") or {}).get("drop") == ((before.get("capabilities") or {}).get("drop"))
    assert after.get("allowPrivilegeEscalation") is not True


@given(pods.pods(), pair_settings.without_overrides)
@share(0.5)
def test_gpus_are_hidden_from_who_did_not_ask(pod, settings):
    """Guarantee: NVIDIA_VISIBLE_DEVICES is none on the notebook, and on a kernel without a GPU, unless the pod says."""
    pair, user = pair_of(pod, settings).pod, _user(pod)
    name = "NVIDIA_VISIBLE_DEVICES"
    stated = [entry for entry in user.get("env") or [] if entry["name"] == name]
    resources = user.get("resources") or {}
    counts = [*((resources.get("limits") or {}).items()), *((resources.get("requests") or {}).items())]
    asks = bool(resources.get("claims")) or any(k.startswith("nvidia.com/") and str(v) != "0" for k, v in counts)
    if not stated:
        assert {"name": name, "value": "none"} in running(pair, user["name"])["env"]
        found = [e["value"] for e in running(pair, names.KERNEL)["env"] if e["name"] == name]
        set_by_operator = settings["kernel.env"].get(name)
        assert found == ([set_by_operator] if set_by_operator else [] if asks else ["none"])
