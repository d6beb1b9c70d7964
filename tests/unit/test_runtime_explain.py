"""What the notebook server says of a kernel's death, whom it tells, and the usage figures that it gives."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import kernelpair_explain as explain
import kernelpair_figures as figures
import kernelpair_reports as reports
import pytest

MIB = 2**20


def record(reason: str, container: bool = False, code: int | None = None, **other: Any) -> dict[str, Any]:
    fields = {"time": 1.0, "usage": 3990 * MIB, "limit": 4096 * MIB, "kernels": {"k": 600 * MIB}}
    return {**fields, "reason": reason, "container": container, "code": code, **other}


@pytest.mark.parametrize(
    ("told", "name", "text"),
    [
        (
            record("guard", code=-9),
            "KernelKilled",
            "This kernel was stopped just before the memory of the kernel container ran out: 3.9 GiB of its 4.0 GiB"
            f" were in use, 600 MiB of them by this kernel. Other kernels go on. {explain.ADVICE}",
        ),
        (
            record("memory", code=-9, kernels={"k": 0}),
            "KernelKilled",
            "This kernel was killed because the memory of the kernel container ran out: 3.9 GiB of its 4.0 GiB were in"
            f" use when last seen. {explain.ADVICE}",
        ),
        (
            record("memory", True),
            "KernelKilled",
            "The kernel container was killed, with all kernels in it, because its memory ran out: 3.9 GiB of its 4.0"
            f" GiB were in use when last seen, 600 MiB of them by this kernel. {explain.ADVICE}",
        ),
        (
            record("unknown", True, usage=100 * MIB, limit=None),
            "KernelDied",
            "The kernel container ended, with all kernels in it; 100 MiB of memory were in use"
            " when last seen, so that memory is not known to be the cause.",
        ),
        (record("signal", code=-11), "KernelDied", "This kernel was killed by signal 11 (SIGSEGV)."),
        (record("signal", code=-200), "KernelDied", "This kernel was killed by signal 200 (unknown)."),
        (record("exit", code=3), "KernelDied", "This kernel ended by itself, with exit code 3."),
    ],
)
def test_each_reason_has_its_sentence(told: dict[str, Any], name: str, text: str) -> None:
    assert explain.explain(told, "k") == (name, text, 1.0)


def test_what_is_not_known_is_not_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERNELPAIR_RUN", str(tmp_path))
    assert explain.explain(record("unknown"), "k") is None
    assert explain.why("k", 0.0) is None
    reports.write(str(tmp_path), reports.DEATHS, [record("exit", code=1)])
    assert explain.why("other", 0.0) is None
    assert explain.why("k", 1.5) is None  # an earlier death
    assert explain.why("k", 1.0) is not None


def message(kind: str, state: str = "", parent: str = "", session: str = "browser", **content: Any) -> dict[str, Any]:
    parents = {"msg_id": parent, "msg_type": "execute_request", "session": session} if parent else {}
    if state:
        content["execution_state"] = state
    return {"header": {"msg_type": kind, "session": "kernel"}, "parent_header": parents, "content": content}


def request(name: str, session: str = "browser") -> dict[str, Any]:
    return {"header": {"msg_id": name, "msg_type": "execute_request", "session": session}}


def names(found: list[explain.Request]) -> list[str]:
    return [one.header["msg_id"] for one in found]


def test_the_cell_that_runs_is_the_one_that_is_busy() -> None:
    requests = explain.Requests()
    for name in ("first", "second", "third"):
        requests.sent(request(name), "old")
    requests.sent(request("theirs", "another"), "old")
    assert names(requests.running("browser")) == []
    assert names(requests.next("browser")) == ["first"]
    requests.note(message("status", "busy", "first"), "k")
    requests.note(message("status", "idle", "first"), "k")
    requests.note(message("status", "busy", "second"), "k")
    requests.note(message("execute_input", parent="second", execution_count=7), "k")
    (running,) = requests.running("browser")
    assert (running.header["msg_id"], running.remote_id, running.execution_count) == ("second", "k", 7)
    assert requests.kernel_session == "kernel"
    requests.note(message("status", "restarting"), "k")
    requests.end("browser")
    assert names(requests.next("browser")) == []
    assert names(requests.next("another")) == ["theirs"]
    requests.clear()
    assert names(requests.next("another")) == []


SAMPLE = {
    "time": 1.0,
    "usage": 3 * 1024 * MIB,
    "limit": 4 * 1024 * MIB,
    "cpu": {"usage": 1.2, "limit": 2.0},
    "kernels": {"k": {"pid": 7, "resident": 900 * MIB, "held": 800 * MIB, "cpu": 0.5}},
}


def config(**traits: Any) -> SimpleNamespace:
    defaults = {"mem_limit": 0, "mem_warning_threshold": 0.1, "track_cpu_percent": False, "track_disk_usage": False}
    defaults |= {"cpu_limit": 0, "cpu_warning_threshold": 0.1, "disk_warning_threshold": 0.1}
    return SimpleNamespace(**{**defaults, **traits})


def test_the_containers_limit_counts_and_else_the_configured_one() -> None:
    limit = SAMPLE["limit"]
    memory = {"rss": limit, "pss": limit, "warn": False}
    expected = {"rss": SAMPLE["usage"], "pss": SAMPLE["usage"], "limits": {"memory": memory}}
    assert figures.container_metrics(SAMPLE, None) == expected
    assert figures.container_metrics(SAMPLE, config(mem_limit=5)) == expected
    unlimited = {**SAMPLE, "limit": None}
    assert figures.container_metrics(unlimited, None)["limits"]["memory"] == {"rss": 0, "pss": 0}
    for given in (3100 * MIB, lambda rss, pss: 3100 * MIB):
        told = figures.container_metrics(unlimited, config(mem_limit=given))["limits"]["memory"]
        assert told == {"rss": 3100 * MIB, "pss": 3100 * MIB, "warn": True}
    silent = figures.container_metrics(SAMPLE, config(mem_warning_threshold=0))
    assert silent["limits"]["memory"] == {"rss": limit, "pss": limit}


def test_cpu_and_disk_are_shown_as_configured(tmp_path: Path) -> None:
    shown = figures.container_metrics(SAMPLE, config(track_cpu_percent=True, cpu_limit=8))
    assert shown["cpu_percent"] == 120.0
    assert shown["limits"]["cpu"] == {"cpu": 2.0, "warn": False}
    busy = {**SAMPLE, "cpu": {"usage": 1.9, "limit": 2.0}}
    assert figures.container_metrics(busy, config(track_cpu_percent=True))["limits"]["cpu"]["warn"]
    free = {**SAMPLE, "cpu": {"usage": 1.9, "limit": None}}
    assert "cpu" not in figures.container_metrics(free, config(track_cpu_percent=True))["limits"]
    disk = figures.container_metrics(SAMPLE, config(track_disk_usage=True, disk_path=str(tmp_path)))
    assert disk["limits"]["disk"]["disk"] == disk["disk_total"] > disk["disk_used"] > 0


def test_a_kernels_figures_stand_against_the_containers_limits() -> None:
    told = figures.kernel_usage(SAMPLE, "k", None)
    assert told.pop("hostname")
    assert told == {
        "pid": 7,
        "kernel_cpu": 50.0,
        "kernel_memory": 900 * MIB,
        "host_cpu_percent": 60.0,
        "cpu_count": 2.0,
        "host_virtual_memory": {
            "total": 4096 * MIB,
            "available": 1024 * MIB,
            "percent": 75.0,
            "used": 3072 * MIB,
            "free": 1024 * MIB,
        },
        "host_usage_flag": True,
    }
    assert figures.kernel_usage(SAMPLE, "new", None) == {"reason": "loading"}
