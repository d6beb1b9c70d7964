"""The launcher up to the gateway itself, which tests/localpod runs: its settings, its way to pip, its ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import gateway as launcher
import kernelpair_packages as packages
import pytest
from kernelpair_settings import Failure, Settings, kernel_environment
from kernelpair_state import State

from kernelpair import runtimefiles

END_SECONDS = 20


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """The kernel container's environment, with the interpreter of the tests in the user image's place."""
    for name in ("run", "packages", "home", "opt"):
        (tmp_path / name).mkdir()
    for name, text in runtimefiles.contents().items():  # as the pod mounts them
        (tmp_path / "opt" / name).write_text(text)
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": str(tmp_path / "home"),
        "PIP_RETRIES": "0",
        "KERNELPAIR_PORT": "1",
        "KERNELPAIR_RUN": str(tmp_path / "run"),
        "KERNELPAIR_SOURCE": "pip",
        "KERNELPAIR_PACKAGES": str(tmp_path / "packages"),
        "KERNELPAIR_PIP_REQUIREMENT": "jupyter-kernel-gateway==3.0.1",
        "KERNELPAIR_START_TIMEOUT": "30",
    }


@pytest.fixture
def silent_index() -> Iterator[str]:
    """A package index that takes connections and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/simple"


def launch(env: dict[str, str]) -> subprocess.Popen[str]:
    shell = ["/bin/sh", str(Path(env["HOME"]).parent / "opt" / "gateway.sh")]
    return subprocess.Popen(shell, env=env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def end(env: dict[str, str]) -> tuple[int, list[str]]:
    """The launcher's exit code and its lines."""
    process = launch(env)
    _, said = process.communicate(timeout=END_SECONDS)
    return process.returncode, said.splitlines()


def told(env: dict[str, str]) -> dict[str, str]:
    """What the notebook server is told by files, which it can read whoever it is."""
    files = list(Path(env["KERNELPAIR_RUN"]).iterdir())
    assert {file.stat().st_mode & 0o777 for file in files} <= {0o644}
    return {file.name: file.read_text() for file in files}


def left_running(folder: Path) -> list[str]:
    """Processes that work below `folder`, which pip's temporary folder is."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.fsencode(folder) in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found


def test_without_a_python_the_image_is_told_what_it_lacks(env: dict[str, str], tmp_path: Path) -> None:
    code, lines = end({**env, "PATH": str(tmp_path)})
    assert code == 1
    assert len(lines) == 1
    assert lines[0].startswith(f"kernelpair: no Python 3.9 or newer on PATH in this image (PATH={tmp_path}): install")
    assert told(env) == {"failure": lines[0].removeprefix("kernelpair: ") + "\n"}


def test_without_a_folder_to_tell_it_in_a_reason_stands_in_the_log(env: dict[str, str], tmp_path: Path) -> None:
    env["KERNELPAIR_RUN"] = str(tmp_path / "not there")
    assert end({**env, "PATH": str(tmp_path)})[0] == 1
    code, lines = end({**env, "KERNELPAIR_SOURCE": "image"})
    assert code == 1
    assert len(lines) == 2


@pytest.mark.parametrize("name", ["KERNELPAIR_PORT", "KERNELPAIR_RUN", "KERNELPAIR_PIP_REQUIREMENT"])
def test_a_missing_setting_is_named(env: dict[str, str], name: str) -> None:
    del env[name]
    code, lines = end(env)
    assert code == 1
    assert lines[-1].endswith(f"{name} is not set: this container was not made by kernelpair")


@pytest.mark.parametrize(("name", "value"), [("PORT", "http"), ("START_TIMEOUT", "soon"), ("SOURCE", "conda")])
def test_a_wrong_setting_is_named(env: dict[str, str], name: str, value: str) -> None:
    code, lines = end({**env, f"KERNELPAIR_{name}": value})
    assert code == 1
    assert lines[-1].endswith(f"KERNELPAIR_{name}={value!r} makes no sense here")


def test_source_image_without_a_gateway_in_the_image_fails(env: dict[str, str]) -> None:
    code, lines = end({**env, "KERNELPAIR_SOURCE": "image"})
    assert code == 1
    assert lines[-1].endswith("has no jupyter-kernel-gateway >= 3, and source is image")


def test_an_index_that_refuses_ends_with_advice_and_leaves_nothing_that_looks_installed(
    env: dict[str, str], tmp_path: Path
) -> None:
    code, lines = end({**env, "KERNELPAIR_PIP_INDEX_URL": "http://user:hidden@127.0.0.1:1/simple"})
    assert code == 1
    assert "pip could not install jupyter-kernel-gateway==3.0.1 (exit code 1" in lines[-1]
    assert "preinstall" in lines[-1]
    assert "hidden" not in "\n".join(lines)
    reason, *pips = told(env)["failure"].splitlines()
    assert reason == lines[-1].partition("] ")[2] + ":"
    assert [line.strip() for line in pips] == lines[-1 - len(pips) : -1]
    assert pips
    assert not list((tmp_path / "packages").glob("site-*"))
    assert list((tmp_path / "home").iterdir()) == []


def test_pip_is_killed_when_the_time_is_up(env: dict[str, str], tmp_path: Path, silent_index: str) -> None:
    code, lines = end({**env, "KERNELPAIR_PIP_INDEX_URL": silent_index, "KERNELPAIR_START_TIMEOUT": "2"})
    assert code == 1
    assert "not ready within 2 s: pip was still installing the gateway: preinstall" in lines[-1]
    assert "gateway.pip.indexUrl" in lines[-1]
    assert told(env) == {"failure": lines[-1].partition("] ")[2] + "\n"}
    assert left_running(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_while_pip_runs_it_ends_with_0_and_takes_pip_along(
    env: dict[str, str], tmp_path: Path, silent_index: str, number: signal.Signals
) -> None:
    process = launch({**env, "KERNELPAIR_PIP_INDEX_URL": silent_index})
    assert process.stderr is not None
    while "with pip" not in process.stderr.readline():
        assert process.poll() is None
    time.sleep(0.3)
    assert told(env) == {"doing": "installing jupyter-kernel-gateway==3.0.1 with pip"}
    process.send_signal(number)
    _, said = process.communicate(timeout=END_SECONDS)
    assert process.returncode == 0, said
    assert "told to stop while starting" in said
    assert told(env) == {}
    assert left_running(tmp_path) == []


def test_an_interrupted_installation_is_redone(env: dict[str, str], tmp_path: Path) -> None:
    stale = tmp_path / "packages" / "unfinished" / "site" / "kernel_gateway"
    stale.mkdir(parents=True)
    code, lines = end({**env, "KERNELPAIR_PIP_INDEX_URL": "http://127.0.0.1:1/simple"})
    assert code == 1
    assert [line for line in lines if line.endswith("with pip")]
    assert not stale.exists()


def test_a_finished_installation_is_reused_and_one_for_other_settings_is_not(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings.read(env)
    asked: list[Path] = []

    def install(_settings: object, target: Path, _scratch: Path, _state: object) -> None:
        asked.append(target)
        target.mkdir()

    monkeypatch.setattr(packages, "_pip", install)
    state = State(settings.run)
    first = packages.installed(settings, state)
    assert packages.installed(settings, state) == first
    other = packages.installed(settings._replace(requirement="jupyter-kernel-gateway==3.0.0"), state)
    assert len(asked) == 2
    assert other != first
    assert {path.name for path in settings.packages.iterdir()} == {first.name, other.name}


def test_pip_sees_the_operators_sources_and_nothing_of_the_users(env: dict[str, str], tmp_path: Path) -> None:
    container = {
        **env,
        "PIP_INDEX_URL": "http://operator/simple",
        "PIP_CERT": "/ca.crt",
        "PIP_TARGET": "/somewhere",
        "PIP_USER": "1",
        "XDG_CONFIG_HOME": "/home/jovyan/.config",
        "LD_LIBRARY_PATH": "/opt/lib",
    }
    seen = packages.pip_environment(Settings.read(env), container, tmp_path)
    assert seen == {
        "PATH": env["PATH"],
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "LD_LIBRARY_PATH": "/opt/lib",
        "PIP_INDEX_URL": "http://operator/simple",
        "PIP_CERT": "/ca.crt",
        "PIP_RETRIES": "0",
        "PIP_USER": "0",
        "PIP_REQUIRE_VIRTUALENV": "0",
        "PIP_NO_INPUT": "1",
        "PIP_NO_CACHE_DIR": "1",
    }


def test_the_settings_index_wins_over_the_operators(env: dict[str, str], tmp_path: Path) -> None:
    settings = Settings.read({**env, "KERNELPAIR_PIP_INDEX_URL": "http://settings/simple"})
    seen = packages.pip_environment(settings, {"PIP_INDEX_URL": "http://operator/simple"}, tmp_path)
    assert seen["PIP_INDEX_URL"] == "http://settings/simple"


def test_the_settings_certificate_wins_over_the_operators(env: dict[str, str], tmp_path: Path) -> None:
    settings = Settings.read({**env, "KERNELPAIR_PIP_CA_CERTIFICATE": "/settings.pem"})
    assert packages.pip_environment(settings, {"PIP_CERT": "/operator.pem"}, tmp_path)["PIP_CERT"] == "/settings.pem"


def test_a_certificate_that_the_image_lacks_is_named(env: dict[str, str]) -> None:
    code, lines = end({**env, "KERNELPAIR_PIP_CA_CERTIFICATE": "/not/there.pem"})
    assert code == 1
    assert lines[-1].endswith("this image has no file /not/there.pem, which gateway.pip.caCertificate names")


def test_kernels_inherit_everything_but_the_launchers_part() -> None:
    container = {"LD_LIBRARY_PATH": "", "KERNEL_IMAGE": "", "KERNELPAIR_RUN": "", "KG_AUTH_TOKEN": "", "HOME": ""}
    assert kernel_environment(container) == ["LD_LIBRARY_PATH", "KERNEL_IMAGE", "HOME"]


class FakeSpecs:
    kernel_dirs = ("/opt/share/jupyter/kernels", "/usr/share/jupyter/kernels")

    def __init__(self, *names: str) -> None:
        self.find_kernel_specs = lambda: dict.fromkeys(names, "")


def test_an_image_without_any_kernel_is_refused_with_the_places_searched_and_the_way_out() -> None:
    with pytest.raises(Failure) as refused:
        launcher.check_kernels(FakeSpecs(), "no python3 or python on PATH")
    assert str(refused.value) == (
        "no kernel can run in this image: no python3 or python on PATH, and no kernelspec in"
        " /opt/share/jupyter/kernels, /usr/share/jupyter/kernels: install ipykernel in the image"
        " (python -m pip install ipykernel), or another kernel with its kernelspec in one of these folders"
    )


def test_an_image_with_other_kernels_only_is_warned(capfd: pytest.CaptureFixture[str]) -> None:
    launcher.check_kernels(FakeSpecs("ir", "julia"), "/bin/python3 has no ipykernel")
    said = capfd.readouterr().err
    assert "Python notebooks can't run in this image, only ir, julia: /bin/python3 has no ipykernel" in said


@pytest.mark.parametrize("lacks", ["", "no ipykernel in the packages of /bin/python3"])  # a kernelspec has its own
def test_an_image_with_python_s_kernel_is_fine(lacks: str, capfd: pytest.CaptureFixture[str]) -> None:
    launcher.check_kernels(FakeSpecs("python3"), lacks)
    assert capfd.readouterr().err == ""


def test_a_failure_is_told_until_a_start_succeeds_and_a_kill_is_one(env: dict[str, str]) -> None:
    State(env["KERNELPAIR_RUN"]).doing("starting the gateway")  # and is killed
    second = State(env["KERNELPAIR_RUN"])
    killed = told(env)["failure"]
    assert killed.startswith("it was killed while it was starting the gateway.")
    second.doing("starting the gateway")
    assert told(env) == {"failure": killed, "doing": "starting the gateway"}
    second.failed("no")
    assert told(env) == {"failure": "no\n"}
    third = State(env["KERNELPAIR_RUN"])
    third.doing("starting the gateway")
    third.ready()
    assert told(env) == {}
