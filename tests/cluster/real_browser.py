"""A person at the hub, in Chromium: from the login to a notebook in the user's image, and through a kill for memory.

Screenshots go to KERNELPAIR_SCREENSHOTS, else to the cache; `make screenshots` renews those in the documentation.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Keys

from ci import tools
from tests.cluster.browser import Browser, chromium
from tests.cluster.hub import Hub
from tests.cluster.kubectl import eventually
from tests.cluster.release import Release, released

USER = "ada"
PROFILES = [
    {"display_name": "Data science", "description": "Python with numpy and matplotlib, 1 GB", "default": True},
    {"display_name": "Small", "description": "The same, 512 MB", "kubespawner_override": {"mem_limit": "512M"}},
]
PLOT = (
    "import numpy as np, matplotlib.pyplot as plt; x = np.linspace(0, 12, 400)",
    "plt.figure(figsize=(7, 2.6)); plt.plot(x, np.exp(-x / 4) * np.sin(3 * x)); plt.show()",
)
FILE_SECONDS = 60


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    with released("helm4", tmp_path_factory.mktemp("helm4"), {"singleuser.profileList": PROFILES}) as release:
        yield release


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    shots = Path(os.environ.get("KERNELPAIR_SCREENSHOTS") or tools.cache_folder() / "screenshots")
    shots.mkdir(parents=True, exist_ok=True)
    print(f"screenshots: {shots}")
    with chromium(shots, tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


def test_a_day_at_the_hub(release: Release, hub: Hub, browser: Browser) -> None:
    browser.log_in(hub.url, USER)
    browser.choose("Data science")
    browser.open_lab()
    image = release.image("singleuser", "image").rpartition("/")[2].partition(":")[0]
    assert browser.new_notebook("Python 3").split() == ["Python", "3", "(ipykernel)", "|", image]
    # A library that the front-end's image lacks.
    assert browser.run("import humanize; humanize.naturalsize(123456789)").text == "'123.5 MB'"
    browser.type(PLOT[0], Keys.SHIFT, Keys.ENTER)
    browser.run(PLOT[1])
    browser.find(".jp-OutputArea-output img")
    browser.shot("notebook")
    _terminal_is_in_the_users_image(release, browser)
    _too_much_memory_is_explained(browser)


def _terminal_is_in_the_users_image(release: Release, browser: Browser) -> None:
    browser.new_launcher()
    browser.launch("Other", "Terminal")
    browser.click(".jp-Terminal .xterm-screen")
    browser.type('python3 -c \'import humanize, sys; print(sys.prefix, file=open("where.txt", "w"))\'', Keys.ENTER)
    read = "import pathlib; file = pathlib.Path('where.txt'); print(file.read_text() if file.exists() else '', end='')"
    inside = ("exec", f"jupyter-{USER}", "--container=kernel", "--", "python3", "-c")
    prefix = release.namespace.run(*inside, "import sys; print(sys.prefix)")
    written = eventually(lambda: release.namespace.run(*inside, read), "the terminal writes where it is", FILE_SECONDS)
    assert written == prefix
    browser.shot("terminal")


def _too_much_memory_is_explained(browser: Browser) -> None:
    """In the page that is open, which then goes on."""
    browser.click(".lm-TabBar-tabLabel", "Untitled.ipynb")
    told = browser.run("x = [bytearray(2**23) for _ in range(1000)]").text
    assert " ".join(told.split()).startswith(
        "KernelKilled: This kernel was stopped just before the memory of the kernel container ran out"
    )
    browser.accept("Kernel Restarting")
    assert browser.run("6 * 7").text == "42"
    browser.shot("memory")
