"""The rendered pair, running: each fact that the demo claims, and what the launcher promises about its end."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.localpod import demo, pair
from tests.localpod.containers import kill_leftovers, processes

STOP_SECONDS = 10
pytestmark = pytest.mark.xdist_group("the running pair")  # one pair, in one worker


@pytest.fixture(scope="module")
def running() -> Iterator[pair.Pair]:
    sandbox = Path(tempfile.mkdtemp(prefix="kernelpair-test-"))
    ports = pair.pick_ports()
    try:
        with pair.Pair(pair.render(pair.helm(), ports), sandbox, ports) as started:
            started.wait(demo.START_SECONDS)
            yield started
    finally:
        kill_leftovers(sandbox)
        shutil.rmtree(sandbox)


@pytest.fixture(scope="module")
def result(running: pair.Pair) -> pair.Result:
    return running.run()


@pytest.fixture(scope="module")
def token(running: pair.Pair) -> bytes:
    return (running.pod.volumes["kernelpair-run"] / "token").read_bytes()


def image_prefix(running: pair.Pair, container: str) -> Path:
    return running.running.containers[container].container.image.prefix


def test_the_kernel_runs_in_the_user_images_interpreter(running: pair.Pair, result: pair.Result) -> None:
    assert result.kernel["prefix"] == str(image_prefix(running, "kernel"))
    assert Path(result.kernel["executable"]).parent == image_prefix(running, "kernel") / "bin"


def test_the_kernel_has_the_user_images_packages_alone(result: pair.Result) -> None:
    assert "humanize" in result.kernel["packages"]
    assert not {"jupyterlab", "jupyter-server", "jupyter-kernel-gateway"} & set(result.kernel["packages"])


def test_the_server_runs_the_front_ends_packages_alone(running: pair.Pair, result: pair.Result) -> None:
    server = running.running.containers["notebook"].process.pid
    assert pair.loaded_from(server, image_prefix(running, "notebook"))
    assert not pair.loaded_from(server, image_prefix(running, "kernel"))


def test_the_gateways_packages_are_installed_out_of_the_kernels_sight(running: pair.Pair, result: pair.Result) -> None:
    packages = running.pod.volumes["kernelpair-gateway"]
    assert list(packages.glob("site-*/kernel_gateway/__init__.py"))
    assert not [entry for entry in result.kernel["path"] if entry.startswith(str(packages))]
    assert not [value for value in result.kernel["env"].values() if str(packages) in value]


def test_the_image_is_left_as_it_was(running: pair.Pair, result: pair.Result) -> None:
    assert not list(image_prefix(running, "kernel").glob("lib/python*/site-packages/kernel_gateway"))
    assert not list(running.home.glob(".cache/pip")) + list(running.home.glob(".local/lib"))


def test_the_kernel_has_the_containers_environment_without_the_launchers_part(
    running: pair.Pair, result: pair.Result
) -> None:
    container = running.running.containers["kernel"].container.env
    expected = {name: value for name, value in container.items() if not name.startswith(("KERNELPAIR_", "KG_"))}
    assert {name: result.kernel["env"].get(name) for name in expected} == expected
    assert pair.leaked(result.kernel["env"]) == []
    assert pair.leaked(container) != []


def test_kernel_image_names_the_audited_image(running: pair.Pair, result: pair.Result) -> None:
    assert result.kernel["env"]["KERNEL_IMAGE"] == "example.org/user:demo"
    assert running.pod.annotations["auditing.image"] == "example.org/user:demo"


def test_the_kernel_starts_in_the_notebooks_folder(running: pair.Pair, result: pair.Result) -> None:
    assert result.kernel["folder"] == str(running.home)


def test_the_saved_notebook_holds_the_outputs(running: pair.Pair, result: pair.Result) -> None:
    executed = [cell for cell in result.notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in executed] == [1, 2, 3, 4]
    texts = [pair.output_text(cell) for cell in executed]
    assert texts[0] == result.kernel["executable"]
    assert texts[2:] == ["No module named 'jupyterlab'", "example.org/user:demo"]


def test_the_server_lists_the_running_kernel(running: pair.Pair, result: pair.Result) -> None:
    assert [kernel["id"] for kernel in running.get("api/kernels")] == [result.kernel_id]


def test_the_token_is_in_the_run_folder_and_nowhere_else(running: pair.Pair, result: pair.Result, token: bytes) -> None:
    assert len(token) == 43
    alive = processes(running.pod.sandbox)
    assert result.kernel["pid"] in alive
    for pid in alive:
        for name in ("cmdline", "environ"):
            assert token not in Path(f"/proc/{pid}/{name}").read_bytes(), (name, pid)
    assert token.decode() not in result.kernel["env"].values()
    files = [path for path in running.pod.sandbox.rglob("*") if path.is_file() and token in path.read_bytes()]
    assert files == [running.pod.volumes["kernelpair-run"] / "token"]


def test_the_notebooks_log_holds_none_of_its_variables(running: pair.Pair, result: pair.Result) -> None:
    log = running.running.containers["notebook"].log.read_text()
    assert "started kernel" in log
    assert "JUPYTER_GATEWAY_URL" not in log


def test_the_demos_own_checks_hold(running: pair.Pair, result: pair.Result) -> None:
    assert all(demo.checks(running, result).values())


def test_the_gateway_killed_is_a_failure_and_the_next_start_reuses_its_packages(
    running: pair.Pair, result: pair.Result
) -> None:
    first = running.running.containers["kernel"]
    first.process.kill()
    assert first.process.wait(STOP_SECONDS) == -signal.SIGKILL
    first.health.stop()
    running.running.start(first.container)
    running.wait(demo.START_SECONDS)
    log = first.log.read_text()
    assert log.count("with pip") == 1
    assert log.count("are there from an earlier start") == 1


def test_told_to_stop_both_containers_end_in_time_with_0(running: pair.Pair, result: pair.Result) -> None:
    shutil.copy(pair.NOTEBOOK, running.home / "again.ipynb")
    running.run("again.ipynb")  # so that there is a kernel to stop, in the restarted gateway too
    for container in running.running.containers.values():
        container.terminate()
    codes = {name: each.process.wait(STOP_SECONDS) for name, each in running.running.containers.items()}
    assert codes == {"notebook": 0, "kernel": 0}
    kill_leftovers(running.pod.sandbox)
    assert processes(running.pod.sandbox) == {}


def test_a_failing_step_is_named_with_its_reason(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pair, "VALUES", Path(sys.prefix) / "no-such-values.yaml")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    handler = signal.getsignal(signal.SIGTERM)
    try:
        assert demo.main([]) == 1
    finally:
        signal.signal(signal.SIGTERM, handler)
    shown = capfd.readouterr().out
    assert "step 3 (helm template" in shown
    assert "no-such-values.yaml" in shown
