"""How the post-renderer behaves as a part of Helm: errors that people see, the plugin, and hooks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.helm.helms import Helm

SETTINGS = {"enabled": True, "notebook": {"image": {"name": "front-end", "tag": "1"}}}


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """Make a chart of one PodTemplate whose settings are the value `settings`, as they are."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text(yaml.safe_dump({"apiVersion": "v2", "name": "one", "version": "0.1.0"}))
    (tmp_path / "templates" / "pod.yaml").write_text(
        """\
apiVersion: v1
kind: PodTemplate
metadata:
  name: one
  annotations:
    kernelpair/settings: {{ .Values.settings | quote }}
template:
  spec:
    containers:
      - name: notebook
        image: user
        env: [{name: HOME, value: /home/jovyan}]
        volumeMounts: [{name: home, mountPath: /home/jovyan}]
    volumes:
      - name: home
        emptyDir: {}
"""
    )
    return tmp_path


def values(tmp_path: Path, settings: object) -> tuple[str, Path]:
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump({"settings": json.dumps(settings)}))
    return ("--values", file)


def test_good_settings_render(helm: Helm, chart: Path) -> None:
    rendered = helm.template(*values(chart, SETTINGS), chart=chart, renderer="kernelpair")
    documents = [document for document in yaml.safe_load_all(rendered) if document]
    assert {document["kind"] for document in documents} == {"PodTemplate", "ConfigMap"}


def test_bad_settings_fail_helm_with_our_message(helm: Helm, chart: Path) -> None:
    wrong = {**SETTINGS, "kernel": {"prot": 8889}}
    done = helm.run("template", "x", chart, *values(chart, wrong), "--post-renderer", "kernelpair")
    assert done.returncode != 0
    assert b"kernel.prot" in done.stderr
    assert b"PodTemplate one" in done.stderr
    assert b"kind:" not in done.stdout


def test_a_bad_flag_fails_helm_with_our_message(helm: Helm, chart: Path) -> None:
    flag = {"PRIMEHUB_FEATURE_ENABLE_KERNEL_GATEWAY": "perhaps"}
    done = helm.run("template", "x", chart, *values(chart, SETTINGS), "--post-renderer", "kernelpair", **flag)
    assert done.returncode != 0
    assert b"PRIMEHUB_FEATURE_ENABLE_KERNEL_GATEWAY" in done.stderr
    assert b"perhaps" in done.stderr
    assert b"kind:" not in done.stdout


@pytest.mark.parametrize(("flag", "kinds"), [("true", {"PodTemplate", "ConfigMap"}), ("false", {"PodTemplate"})])
def test_the_environment_outranks_the_settings(helm: Helm, chart: Path, flag: str, kinds: set[str]) -> None:
    given = values(chart, {**SETTINGS, "enabled": flag == "false"})
    environment = {"PRIMEHUB_FEATURE_ENABLE_KERNEL_GATEWAY": flag}
    done = helm.run("template", "x", chart, *given, "--post-renderer", "kernelpair", **environment)
    assert done.returncode == 0, done.stderr.decode()
    assert {document["kind"] for document in yaml.safe_load_all(done.stdout) if document} == kinds


def test_arguments_reach_the_renderer(helm: Helm, chart: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.txt"
    arguments = ("--post-renderer-args", "--report", "--post-renderer-args", report)
    helm.template(*values(chart, SETTINGS), *arguments, chart=chart, renderer="kernelpair")
    assert "PodTemplate one" in report.read_text()


def test_the_plugin_installs_from_the_folder_that_kernelpair_names(helm4: Helm, chart: Path, tmp_path: Path) -> None:
    folder = subprocess.run(
        [Path(sys.executable).parent / "kernelpair", "plugin-path"], capture_output=True, text=True, check=True
    ).stdout.strip()
    data = tmp_path / "data"
    home = {"HELM_DATA_HOME": str(data), "HELM_PLUGINS": str(data / "plugins")}
    installed = helm4.run("plugin", "install", folder, **home)
    assert installed.returncode == 0, installed.stderr.decode()
    listed = helm4.run("plugin", "list", **home).stdout.decode()
    assert "kernelpair" in listed
    assert "postrenderer/v1" in listed
    done = helm4.run("template", "x", chart, *values(chart, SETTINGS), "--post-renderer", "kernelpair", **home)
    assert done.returncode == 0, done.stderr.decode()
    assert b"name: kernel\n" in done.stdout
