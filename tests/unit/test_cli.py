"""The command line's own part: options, files, reports, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kernelpair import __version__, cli
from tests import command
from tests.bad_input.manifests import FRONT_END, pod

POD = pod().encode()
OPTED_IN = pod().replace("kernelpair/settings: '", "kernelpair/split: 'true' # '").encode()
SETTINGS = json.dumps({"enabled": True, "notebook": FRONT_END})


def test_no_command_means_render() -> None:
    assert command.run([], POD) == command.run(["render"], POD)
    assert b"name: kernel\n" in command.run([], POD).out


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["explain", "--help"], ["undo", "--help"]])
def test_help_and_version_are_no_errors(arguments: list[str]) -> None:
    done = command.run(arguments)
    assert (done.code, done.err) == (0, "")
    assert (__version__ if "--version" in arguments else "usage: kernelpair") in done.out.decode()


def test_python_runs_the_package() -> None:
    done = subprocess.run([sys.executable, "-m", "kernelpair"], input=POD, capture_output=True, check=True)
    assert done.stdout == command.run([], POD).out


def test_explain_reads_files_and_stdin(tmp_path: Path) -> None:
    file = tmp_path / "manifests.yaml"
    file.write_bytes(POD)
    said = command.run(["explain", str(file)])
    assert said.code == 0
    assert said == command.run(["explain"], POD) == command.run(["explain", "-", "-o", "table"], POD)


def test_explain_says_in_json_what_it_says_in_a_table() -> None:
    said = json.loads(command.run(["explain", "-o", "json"], POD).out)
    (found,) = said["pods"]
    assert said["problems"] == []
    assert found["verdict"] == "split"
    assert (found["object"], found["document"], found["source"]) == ("Pod ada", 1, "lab/templates/ada.yaml")
    assert [c["name"] for c in found["before"]["containers"]] == ["notebook"]
    assert [c["image"] for c in found["after"]["containers"]] == ["front-end:1", "example.org/scipy:2026"]
    assert (found["before"]["qos"], found["after"]["qos"]) == ("BestEffort", "BestEffort")
    assert [warning["reason"] for warning in found["warnings"]] == ["first-to-die"]


def test_explain_of_a_refused_stream_shows_the_report_and_fails() -> None:
    done = command.run(["explain", "-o", "json"], pod(spec="  hostNetwork: true\n").encode())
    assert done.code == 1
    said = json.loads(done.out)
    assert [found["verdict"] for found in said["pods"]] == ["refused"]
    assert [problem["key"] for problem in said["problems"]] == ["spec.hostNetwork"]
    assert "the pod uses the node's network" in done.err


def test_explain_knows_what_only_writing_finds() -> None:
    text = pod(container="      resources: &r {}\n").replace("\n  volumes:", "\n  x: *r\n  volumes:")
    done = command.run(["explain", "-o", "json"], text.encode())
    assert done.code == 1
    (problem,) = json.loads(done.out)["problems"]
    assert problem["what"] == "anchors or merge keys inside what must be edited"


@pytest.mark.parametrize("arguments", [["--report", "{}"], ["render", "--report={}"], ["--report", "{}", "render"]])
def test_the_report_is_written_beside_the_output(tmp_path: Path, arguments: list[str]) -> None:
    file = tmp_path / "report.txt"
    done = command.run([argument.format(file) for argument in arguments], POD)
    assert done == command.run([], POD)
    assert file.read_bytes() == command.run(["explain"], POD).out


def test_the_report_is_json_when_its_name_says_so(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    command.run(["--report", str(file)], POD)
    assert file.read_bytes() == command.run(["explain", "-o", "json"], POD).out


def test_the_report_is_written_of_a_refused_and_of_a_silent_stream_too(tmp_path: Path) -> None:
    file = tmp_path / "report.txt"
    bad = pod(spec="  hostNetwork: true\n").encode()
    done = command.run(["--report", str(file)], bad)
    assert (done.code, done.out) == (1, b"")
    assert "1 refused; 1 problem: nothing is written" in file.read_text()
    off = pod({"enabled": False}).encode()
    assert command.run(["--report", str(file)], off) == command.Done(0, off, "")
    assert "because: the flag is off" in file.read_text()


def test_a_report_that_cannot_be_written_is_wrong_usage(tmp_path: Path) -> None:
    done = command.run(["--report", str(tmp_path / "no" / "folder")], POD)
    assert (done.code, done.out) == (2, b"")
    assert "can't write the report" in done.err


@pytest.mark.parametrize("before", [True, False])
def test_options_count_before_and_behind_the_command(tmp_path: Path, before: bool) -> None:
    file = tmp_path / "settings.json"
    file.write_text(SETTINGS)
    options = ["--settings", str(file)]
    done = command.run([*options, "render"] if before else ["render", *options], OPTED_IN)
    assert done.code == 0
    assert b"name: kernel\n" in done.out
    explained = command.run([*options, "explain"] if before else ["explain", *options], OPTED_IN)
    assert b"1 split" in explained.out


def test_settings_and_manifests_cannot_both_be_stdin() -> None:
    done = command.run(["--settings", "-"], POD)
    assert (done.code, done.out) == (2, b"")
    assert "--settings needs a file" in done.err


def test_settings_from_stdin_serve_explain_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "manifests.yaml"
    file.write_bytes(OPTED_IN)
    assert b"1 split" in command.run(["explain", str(file), "--settings=-"], SETTINGS.encode()).out


@pytest.mark.parametrize(
    "arguments", [["explain", "no-such-file"], ["undo", "no-such-file"], ["--settings=no-such-file"]]
)
def test_a_missing_file_is_wrong_usage(arguments: list[str]) -> None:
    done = command.run(arguments, POD)
    assert (done.code, done.out) == (2, b"")
    assert "can't read no-such-file: No such file or directory" in done.err


@pytest.mark.parametrize(
    "arguments", [["--target=RayCluster"], ["undo", "--target", "=a"], ["explain", "--target=A=b..c"]]
)
def test_a_target_that_is_none_is_wrong_usage(arguments: list[str]) -> None:
    done = command.run(arguments, POD)
    assert (done.code, done.out) == (2, b"")
    assert "write KIND=path.to.template" in done.err


def test_wrong_usage_is_shown_by_helm_4() -> None:
    done = command.run(["--helm4-errors", "--nonsense"], POD)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(b"--- |-\n  kernelpair: unrecognized arguments: --nonsense\n  usage: ")


def test_helm_4s_argument_changes_nothing_where_there_is_no_error() -> None:
    assert command.run(["--helm4-errors"], POD) == command.run([], POD)


def test_an_interrupt_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(arguments: list[str]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_run", interrupted)
    assert command.run([]) == command.Done(130, b"", "")


def test_the_plugin_folder_holds_the_plugin() -> None:
    done = command.run(["plugin-path"])
    assert done.code == 0
    assert (Path(done.out.decode().strip()) / "plugin.yaml").is_file()


def test_render_imports_no_parser_of_yaml_where_nothing_is_ours() -> None:
    """Helm calls kernelpair with every release: what isn't needed isn't loaded."""
    code = (
        "import sys; from kernelpair import cli; cli.main([]);"
        "unwanted = {'yaml', 'argparse', 'json', 'dataclasses', 'inspect', 'pathlib'};"
        "sys.exit(' '.join(sorted(unwanted & set(sys.modules))))"
    )
    for data in (b"kind: A\n", pod({"enabled": False}).encode()):
        done = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True, check=False)
        assert done.stdout == data
        assert set(done.stderr.decode().split()) <= {"json"}
