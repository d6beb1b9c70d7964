"""The init container that completes the hub's Secret: never over what is there, whoever else writes meanwhile."""

from __future__ import annotations

import base64
import functools
import re
from pathlib import Path
from typing import Any

import pytest

from tests.chart_hub.modules import FOLDER
from tests.chart_hub.rendered import hub_pod, release
from tests.hub.hubs import HUBS, program

DRIVER = Path(__file__).with_name("tokens_driver.py")
KEYS = ["a.cookie", "b.proxy", "c/crypt~"]
THERE = base64.b64encode(b"there").decode()
LATE = base64.b64encode(b"late").decode()

JOBS: dict[str, dict[str, Any]] = {
    "none": {"data": None},
    "emptied": {"data": {}},
    "one": {"data": {"b.proxy": THERE, "other": THERE}},
    "all": {"data": dict.fromkeys(KEYS, THERE)},
    "race": {"data": None, "race": {"a.cookie": LATE}},
    "race for all": {"data": {"x": THERE}, "race": dict.fromkeys(KEYS, LATE)},
    "forbidden": {"data": None, "status": 403},
}


@functools.cache
def of_hub(hub: str) -> dict[str, Any]:
    jobs = [{"folder": FOLDER, "keys": KEYS, "race": None, "status": 200, **job} for job in JOBS.values()]
    return dict(zip(JOBS, program(hub, str(DRIVER), jobs), strict=True))


@pytest.fixture(params=[pytest.param(hub, marks=pytest.mark.xdist_group(hub)) for hub in HUBS])
def results(request: pytest.FixtureRequest) -> dict[str, Any]:
    return of_hub(request.param)


def tokens(data: dict[str, str]) -> list[str]:
    """The fresh ones, each 32 random bytes as 64 hexadecimal digits: what JupyterHub wants of its cookie secret."""
    texts = [base64.b64decode(text).decode() for text in data.values() if text not in (THERE, LATE)]
    assert all(re.fullmatch(r"[0-9a-f]{64}", text) for text in texts)
    assert len(set(texts)) == len(texts)
    return texts


@pytest.mark.parametrize("name", ["none", "emptied"])
def test_all_keys_are_made(results: dict[str, Any], name: str) -> None:
    result = results[name]
    assert result["made"] == KEYS
    assert list(result["data"]) == KEYS
    assert len(tokens(result["data"])) == 3


def test_what_is_there_stays(results: dict[str, Any]) -> None:
    result = results["one"]
    assert result["made"] == ["a.cookie", "c/crypt~"]
    assert (result["data"]["b.proxy"], result["data"]["other"]) == (THERE, THERE)
    assert len(tokens(result["data"])) == 2


def test_nothing_is_written_where_nothing_is_missing(results: dict[str, Any]) -> None:
    result = results["all"]
    assert (result["made"], result["patches"], result["data"]) == ([], 0, dict.fromkeys(KEYS, THERE))


def test_what_someone_else_wrote_meanwhile_stays(results: dict[str, Any]) -> None:
    result = results["race"]
    assert (result["made"], result["patches"]) == (["b.proxy", "c/crypt~"], 2)
    assert result["data"]["a.cookie"] == LATE
    assert len(tokens(result["data"])) == 2
    result = results["race for all"]
    assert (result["made"], result["patches"]) == ([], 1)
    assert result["data"] == {"x": THERE, **dict.fromkeys(KEYS, LATE)}


def test_a_refusal_is_raised(results: dict[str, Any]) -> None:
    assert results["forbidden"]["error"] == 403
    assert results["forbidden"]["data"] is None


def test_the_hub_and_its_init_container_agree_on_the_keys() -> None:
    pod = hub_pod(release({}))
    [made], [hub] = pod["initContainers"], pod["containers"]
    references = [entry["valueFrom"].get("secretKeyRef", {}) for entry in hub["env"]]
    assert sorted(reference["key"] for reference in references if reference) == made["command"][2:]
