"""Who gets which environment variable, as tables; cases that look odd say why they are left alone."""

from __future__ import annotations

import pytest

from kernelpair.core import split
from tests.unit.core import build
from tests.unit.core.build import IMAGE, both, env, pod, user

TOKEN = {"JUPYTERHUB_API_TOKEN": "s3cret"}
OURS_NOTEBOOK = ["JUPYTER_GATEWAY_URL", "JUPYTER_GATEWAY_CONNECT_TIMEOUT", "JUPYTER_GATEWAY_REQUEST_TIMEOUT",
                 "KERNEL_IMAGE", "JUPYTER_CONFIG_PATH", "JUPYTER_PATH", "KERNELPAIR_RUN",
                 "KERNELPAIR_PACKAGES", "KERNELPAIR_START_TIMEOUT", "NVIDIA_VISIBLE_DEVICES"]  # fmt: skip
CASES = [
    # variables, names in the notebook, names in the kernel
    ({"A": "1", "B": "$(A)"}, "A B", "A B"),
    ({**TOKEN, "A": "1"}, "JUPYTERHUB_API_TOKEN A", "A"),
    ({"JPY_API_TOKEN": "t", "CONFIGPROXY_AUTH_TOKEN": "t", "JUPYTERHUB_CRYPT_KEY": "t"},
     "JPY_API_TOKEN CONFIGPROXY_AUTH_TOKEN JUPYTERHUB_CRYPT_KEY", ""),
    # No secrets, and other variables refer to them.
    ({"JUPYTERHUB_USER": "alice", "JUPYTERHUB_CLIENT_ID": "c", "DATA": "/data/$(JUPYTERHUB_USER)"},
     "JUPYTERHUB_USER JUPYTERHUB_CLIENT_ID DATA", "JUPYTERHUB_USER JUPYTERHUB_CLIENT_ID DATA"),
    # A token stays one under another name, however far.
    ({**TOKEN, "AUTH": "Bearer $(JUPYTERHUB_API_TOKEN)", "HEADER": "x: $(AUTH)"},
     "JUPYTERHUB_API_TOKEN AUTH HEADER", ""),
    # Escaped: a text that only looks like a reference.
    ({**TOKEN, "DOC": "$$(JUPYTERHUB_API_TOKEN)"}, "JUPYTERHUB_API_TOKEN DOC", "DOC"),
    ({**TOKEN, "AUTH": "$$$(JUPYTERHUB_API_TOKEN)"}, "JUPYTERHUB_API_TOKEN AUTH", ""),
    ({"PATH": "/p", "PYTHONPATH": "/p", "LD_PRELOAD": "/p", "CONDA_PREFIX": "/c"},
     "", "PATH PYTHONPATH LD_PRELOAD CONDA_PREFIX"),
    ({"CONDA_PREFIX": "/c", "R_HOME": "$(CONDA_PREFIX)/lib/R"}, "", "CONDA_PREFIX R_HOME"),
    # Only by their exact names or prefixes: these describe no interpreter.
    ({"XPATH": "1", "PATHS": "1", "MYLD_X": "1", "PYTHONUNBUFFERED": "1"},
     "XPATH PATHS MYLD_X PYTHONUNBUFFERED", "XPATH PATHS MYLD_X PYTHONUNBUFFERED"),
    # dask-gateway's client logs in with the hub's token.
    ({**TOKEN, "DASK_GATEWAY__ADDRESS": "http://x"}, "JUPYTERHUB_API_TOKEN DASK_GATEWAY__ADDRESS",
     "JUPYTERHUB_API_TOKEN DASK_GATEWAY__ADDRESS"),
    # Its names are read in any case, but for the prefix.
    ({**TOKEN, "DASK_gateway__Address": "http://x"}, "JUPYTERHUB_API_TOKEN DASK_gateway__Address",
     "JUPYTERHUB_API_TOKEN DASK_gateway__Address"),
    # A class of the operator's own may need it; other ways to log in don't.
    ({**TOKEN, "DASK_GATEWAY__AUTH__TYPE": "ours.Auth"}, "JUPYTERHUB_API_TOKEN DASK_GATEWAY__AUTH__TYPE",
     "JUPYTERHUB_API_TOKEN DASK_GATEWAY__AUTH__TYPE"),
    ({**TOKEN, "DASK_GATEWAY__ADDRESS": "x", "DASK_GATEWAY__AUTH__TYPE": "basic"},
     "JUPYTERHUB_API_TOKEN DASK_GATEWAY__ADDRESS DASK_GATEWAY__AUTH__TYPE",
     "DASK_GATEWAY__ADDRESS DASK_GATEWAY__AUTH__TYPE"),
    # dask without a gateway doesn't.
    ({**TOKEN, "DASK_DISTRIBUTED__X": "1"}, "JUPYTERHUB_API_TOKEN DASK_DISTRIBUTED__X", "DASK_DISTRIBUTED__X"),
    # Both a secret and the user image's: it is a secret.
    ({**TOKEN, "CONDA_TOKEN": "$(JUPYTERHUB_API_TOKEN)"}, "JUPYTERHUB_API_TOKEN CONDA_TOKEN", ""),
]  # fmt: skip


def _names(container, known):
    return " ".join(entry["name"] for entry in container["env"] if entry["name"] in known)


@pytest.mark.parametrize(("variables", "in_notebook", "in_kernel"), CASES)
def test_variables_are_divided(variables, in_notebook, in_kernel):
    notebook, kernel = both(user(env=env(**variables)))
    assert _names(notebook, variables) == in_notebook
    assert _names(kernel, variables) == in_kernel


@pytest.mark.parametrize(("passed", "expected"), [("auto", ""), (True, "JUPYTERHUB_API_TOKEN"), (False, "")])
def test_credentials_are_passed_as_set(passed, expected):
    assert _names(both(user(env=env(**TOKEN)), kernel__passHubCredentials=passed)[1], TOKEN) == expected


def test_false_keeps_credentials_even_from_dask():
    variables = {**TOKEN, "DASK_GATEWAY__ADDRESS": "http://x"}
    assert _names(both(user(env=env(**variables)), kernel__passHubCredentials=False)[1], TOKEN) == ""


def test_a_name_that_stands_twice_is_followed_in_both_meanings():
    # A refers to the first B; B goes to the kernel alone, so A would be left with a dangling reference.
    variables = [*env(PATH="/p", B="x", A="$(B)"), {"name": "B", "value": "$(PATH)"}]
    notebook, kernel = both(user(env=variables))
    assert _names(notebook, {"A", "B", "PATH"}) == ""
    assert _names(kernel, {"A", "B", "PATH"}) == "PATH B A B"


@pytest.mark.parametrize("field", ["command", "args"])
def test_the_notebook_keeps_what_its_command_refers_to(field):
    notebook, _ = both(user(env=env(PATH="/p", LD_X="1"), **{field: ["$(PATH)/start"]}))
    assert _names(notebook, {"PATH", "LD_X"}) == "PATH"


def test_both_keep_what_a_mount_refers_to():
    mount = {"name": "d", "mountPath": "/d", "subPathExpr": "$(CONDA_X)/$(B)"}
    variables = env(A="1", B="$(A)", CONDA_X="c")
    for container in both(user(env=variables, volumeMounts=[build.HOME_MOUNT, mount])):
        assert container["env"][:3] == variables


def test_the_notebook_is_told_where_the_gateway_is():
    notebook, _ = both(user(), kernel__port=9999)
    told = {entry["name"]: entry["value"] for entry in notebook["env"]}
    assert list(told) == OURS_NOTEBOOK
    assert told["JUPYTER_GATEWAY_URL"] == "http://127.0.0.1:9999"
    assert told["KERNEL_IMAGE"] == IMAGE
    assert told["NVIDIA_VISIBLE_DEVICES"] == "none"


SEARCH_PATHS = [
    ([], "/opt/kernelpair"),
    (env(JUPYTER_CONFIG_PATH="/etc/j"), "/opt/kernelpair:/etc/j"),
    # The kubelet's last one counts.
    (env(JUPYTER_CONFIG_PATH="/a") + env(JUPYTER_CONFIG_PATH="/b"), "/opt/kernelpair:/b"),
    # Of the user image's prefix: the notebook doesn't get it, but ours.
    (env(CONDA_PREFIX="/c", JUPYTER_CONFIG_PATH="$(CONDA_PREFIX)/etc"), "/opt/kernelpair"),
    # Empty means none.
    (env(JUPYTER_CONFIG_PATH=""), "/opt/kernelpair"),
    # Derived from a token, of all things: comes back all the same.
    (env(**TOKEN, JUPYTER_CONFIG_PATH="$(JUPYTERHUB_API_TOKEN)"), "/opt/kernelpair:$(JUPYTERHUB_API_TOKEN)"),
]


@pytest.mark.parametrize(("variable", "ours"), split.environment.SEARCH_PATHS.items())
@pytest.mark.parametrize(("variables", "expected"), SEARCH_PATHS)
def test_ours_stands_in_front_of_the_operators_search_paths(variable, ours, variables, expected):
    there = [{**e, "name": variable if e["name"] == "JUPYTER_CONFIG_PATH" else e["name"]} for e in variables]
    notebook, kernel = both(user(env=there))
    found = [e.get("value") for e in notebook["env"] if e["name"] == variable][-1]
    assert found == expected.replace("/opt/kernelpair", ours)
    own = [e for e in there if e["name"] == variable and "TOKEN" not in e["value"]]
    assert [e for e in kernel["env"] if e["name"] == variable] == own


GPUS = [
    # resources, variables, notebook, kernel ([]: not set)
    ({}, [], ["none"], ["none"]),
    ({"limits": {"nvidia.com/gpu": 1}}, [], ["none"], []),
    ({"requests": {"nvidia.com/mig-1g.5gb": "1"}}, [], ["none"], []),
    ({"limits": {"nvidia.com/gpu.shared": 1}}, [], ["none"], []),
    ({"claims": [{"name": "gpu"}]}, [], ["none"], []),
    # A profile takes the default GPU away by asking for none: the image's own `all` would show every GPU of the node.
    ({"limits": {"nvidia.com/gpu": "0"}}, [], ["none"], ["none"]),
    ({"limits": {"amd.com/gpu": 1}}, [], ["none"], ["none"]),
    # The operator knows better.
    ({}, env(NVIDIA_VISIBLE_DEVICES="all"), ["all"], ["all"]),
]


@pytest.mark.parametrize(("resources", "variables", "in_notebook", "in_kernel"), GPUS)
def test_gpus_are_seen_by_who_asks_for_them(resources, variables, in_notebook, in_kernel):
    made = both(user(resources=resources, env=variables))
    found = [[e["value"] for e in c["env"] if e["name"] == "NVIDIA_VISIBLE_DEVICES"] for c in made]
    assert found == [in_notebook, in_kernel]


def test_kernel_env_adds_and_never_replaces():
    _, kernel = both(user(env=env(A="pod")), kernel__env={"A": "settings", "B": "$(A)"})
    assert [e["value"] for e in kernel["env"] if e["name"] in "AB"] == ["pod", "$(A)"]


def test_kernel_env_does_not_bring_back_what_was_withheld():
    _, kernel = both(user(env=env(**TOKEN)), kernel__env={"JUPYTERHUB_API_TOKEN": "x"})
    assert _names(kernel, TOKEN) == ""


OVERRIDES = [
    ({"notebook__overrides": {"env": env(A="over", NEW="1")}}, env(A="1")),
    ({"kernel__overrides": {"env": env(A="over")}}, env(A="1")),
    ({"notebook__overrides": {"env": env(PATH="/front")}}, env(PATH="/user", A="1")),
    ({"kernel__overrides": {"env": env(JUPYTERHUB_API_TOKEN="other")}}, env(**TOKEN, A="1")),
    ({"notebook__overrides": {"env": env(A="over")}}, env(A="1", B="2") + env(A="3")),
    ({"notebook__overrides": {"workingDir": None, "tty": True, "volumeMounts": []}}, []),
    ({"notebook__overrides": {"lifecycle": {"preStop": {"httpGet": {}}}}}, []),
]


@pytest.mark.parametrize(("values", "variables"), OVERRIDES)
def test_overrides_are_lifted_by_undo(values, variables):
    made = pod(user(env=variables, workingDir="/w"))
    assert split.undo(build.pair(made, **values).pod) == made


def test_overrides_are_laid_over_the_container():
    notebook, kernel = both(
        user(env=env(A="1"), workingDir="/w"),
        notebook__overrides={"workingDir": None, "env": env(A="2")},
        kernel__overrides={"livenessProbe": {"httpGet": {"port": 8889}}},
    )
    assert "workingDir" not in notebook
    assert notebook["env"][0] == {"name": "A", "value": "2"}
    assert kernel["env"][0] == {"name": "A", "value": "1"}
    assert kernel["livenessProbe"] == {"httpGet": {"port": 8889}}
