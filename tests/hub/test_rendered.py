"""The harness itself: what it finds in manifests, and the container that it lays out."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from tests.hub.rendered import SERVICE_ACCOUNT, choose, hubs, lay_out
from tests.localpod.kubelet import PodError
from tests.releases import z2jh

FOLDER = z2jh.FOLDER
CONFIG = f"{FOLDER}/{z2jh.CONFIG_KEY}"
Object = dict[str, Any]


def changed(**parts: Any) -> list[Object]:
    """A release whose hub has these parts added: volumes, volumeMounts, env; other parts go to the pod's spec."""
    objects = copy.deepcopy(z2jh.release())
    spec = z2jh.pick(objects, "Deployment", "hub")["spec"]["template"]["spec"]
    for name, part in parts.items():
        if name in ("volumeMounts", "env"):
            spec["containers"][0][name] += part
        elif name == "volumes":
            spec[name] += part
        else:
            spec[name] = part
    return objects


def test_files_are_where_the_container_has_them(tmp_path: Path) -> None:
    pod = lay_out(z2jh.release(), tmp_path, "jupyter")
    there = pod.root / FOLDER.lstrip("/")
    assert pod.config == CONFIG
    assert (there / "config" / "hub").read_text() == "hub"
    assert (there / "secret" / "hub.config.JupyterHub.cookie_secret").read_text() == "ab" * 32
    assert (pod.root / SERVICE_ACCOUNT.lstrip("/") / "namespace").read_text() == "jupyter"
    assert f'Path("{there}")' in (there / "z2jh.py").read_text()


def test_the_environment_is_the_containers(tmp_path: Path) -> None:
    env = lay_out(changed(env=[{"name": "AT", "value": f"$(HUB_SERVICE_HOST) {FOLDER}/x"}]), tmp_path, "jupyter").env
    assert env["AT"] == f"{env['HUB_SERVICE_HOST']} {tmp_path}/container{FOLDER}/x"
    assert (env["HUB_SERVICE_PORT"], env["HELM_RELEASE_NAME"], env["POD_NAMESPACE"]) == ("8081", "jhub", "jupyter")
    assert env["CONFIGPROXY_AUTH_TOKEN"] == "cd" * 32


def test_service_links_can_be_off(tmp_path: Path) -> None:
    assert "HUB_SERVICE_HOST" not in lay_out(changed(enableServiceLinks=False), tmp_path, "jupyter").env


def test_projected_volumes(tmp_path: Path) -> None:
    sources = [
        {"configMap": {"name": "hub", "items": [{"key": "z2jh.py", "path": "deep/z2jh.py"}]}},
        {"secret": {"name": "absent", "optional": True}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
    ]
    objects = changed(
        volumes=[{"name": "all", "projected": {"sources": sources}}],
        volumeMounts=[{"name": "all", "mountPath": "/srv/all"}],
    )
    root = lay_out(objects, tmp_path, "jupyter").root / "srv" / "all"
    files = {str(file.relative_to(root)) for file in root.rglob("*") if file.is_file()}
    assert files == {"deep/z2jh.py", "namespace"}
    assert (root / "namespace").read_text() == "jupyter"


def test_what_is_missing_is_an_error_unless_it_is_optional(tmp_path: Path) -> None:
    volume = {"name": "own", "configMap": {"name": "absent"}}
    with pytest.raises(PodError, match="ConfigMap absent is not in the manifests"):
        lay_out(changed(volumes=[volume]), tmp_path, "jupyter")
    volume["configMap"]["optional"] = True  # type: ignore[index]
    lay_out(changed(volumes=[volume]), tmp_path / "optional", "jupyter")


def test_one_of_several_hubs(tmp_path: Path) -> None:
    """Each sees the objects of its own namespace."""
    other = z2jh.release({"singleuser": {"uid": 7}}, namespace="elsewhere")
    objects = [*z2jh.release(), *other, *z2jh.release(fullname="b", release="b")]
    assert [one["metadata"]["name"] for one in hubs(objects)] == ["hub", "hub", "b-hub"]
    with pytest.raises(ValueError, match="expected one hub called hub in the manifests, found 2"):
        lay_out(objects, tmp_path, "jupyter", "hub")
    pod = lay_out(objects, tmp_path, "jupyter", "b-hub")
    assert (pod.name, pod.namespace, pod.env["B_HUB_SERVICE_PORT"]) == ("b-hub", "jupyter", "8081")
    pod = lay_out([*z2jh.release(fullname="b"), *other], tmp_path / "other", "jupyter", "hub")
    assert "B_HUB_SERVICE_PORT" not in pod.env
    assert (pod.namespace, pod.env["POD_NAMESPACE"]) == ("elsewhere", "elsewhere")


def test_a_folder_of_files_is_a_hub_too(tmp_path: Path) -> None:
    """As a chart may have it: one mount, and the configuration's file named in a shell's words."""
    objects = z2jh.release()
    container = z2jh.pick(objects, "Deployment", "hub")["spec"]["template"]["spec"]["containers"][0]
    container["args"] = ["sh", "-c", "exec jupyterhub --config=/etc/jupyterhub/jupyterhub_config.py"]
    container["volumeMounts"] = [{"name": "config", "mountPath": "/etc/jupyterhub"}]
    pod = lay_out(objects, tmp_path, "jupyter")
    assert Path(f"{pod.root}{pod.config}").read_text() == z2jh.CONFIG


@pytest.mark.parametrize(
    ("chosen", "form"),
    [
        (choose(), {}),
        (choose("a"), {"profile": "a"}),
        (
            choose("a", image="unlisted-choice", image__unlisted="x:1"),
            {
                "profile": "a",
                "profile-option-a--image": "unlisted-choice",
                "profile-option-a--image--unlisted-choice": "x:1",
            },
        ),
    ],
)
def test_the_form_of_a_choice(chosen: dict[str, str], form: dict[str, str]) -> None:
    assert chosen == form
