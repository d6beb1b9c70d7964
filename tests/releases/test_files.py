"""The real files in a hub's ConfigMap."""

from __future__ import annotations

import re

import pytest

from kernelpair.hub.files import hub_files
from tests.releases.test_fit import rendered
from tests.releases.z2jh import pick, read, release, stream


@pytest.fixture(autouse=True)
def short_files() -> None:
    """Nothing: these tests are about the real ones."""


def test_the_config_map_holds_every_file_of_the_hub_to_the_byte() -> None:
    found = read(rendered(stream(release())))
    config = pick(found, "ConfigMap", "hub-kernelpair-hub")
    (volume,) = pick(found, "Deployment", "hub")["spec"]["template"]["spec"]["volumes"][2:]
    held = {item["path"]: config["data"][item["key"]] for item in volume["configMap"]["items"]}
    assert held.pop("settings.json")
    assert held == hub_files()


def test_the_config_map_is_one_that_kubernetes_takes() -> None:
    """Keys as the API server checks them, at most 1 MiB in all."""
    data = pick(read(rendered(stream(release()))), "ConfigMap", "hub-kernelpair-hub")["data"]
    assert all(re.fullmatch(r"[-._a-zA-Z0-9]{1,253}", key) for key in data)
    assert sum(map(len, data.values())) < 512 * 1024


def test_the_texts_can_be_read_in_the_output() -> None:
    out = rendered(stream(release())).decode()
    assert "\n  load.py: |\n    " in out
    assert "\n  settings.json: |\n    {\n" in out
