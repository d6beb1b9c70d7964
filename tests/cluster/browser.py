"""A person at a hub, in Chromium: logs in, picks a profile, works in JupyterLab.

Elements are found by what JupyterHub and JupyterLab call them; nothing is waited for but what it is waited for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from selenium.common.exceptions import ElementClickInterceptedException, TimeoutException
from selenium.common.exceptions import StaleElementReferenceException as Stale
from selenium.webdriver import Chrome, ChromeOptions, ChromeService, Keys
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

SECONDS = 120
NO_NEWS, NEWS_SECONDS = (".Toastify__toast button", "No"), 10
POLL = 0.1
WIDTH, HEIGHT = 1280, 800
# Without the network of its maker, and as root.
OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    f"--window-size={WIDTH},{HEIGHT}",
)
CELL = ".jp-Notebook .jp-CodeCell"
ACTIVE = f"{CELL}.jp-mod-active"


class Browser:
    """One window. `shots` is the folder for screenshots."""

    def __init__(self, driver: Chrome, shots: Path) -> None:
        self.driver, self.shots = driver, shots

    def _wait(self, until: Callable[[Chrome], Any], told: str = "", seconds: float = SECONDS) -> Any:
        return WebDriverWait(self.driver, seconds, POLL).until(until, told)

    def _shown(self, selector: str, text: str) -> WebElement | None:
        found = self.driver.find_elements(By.CSS_SELECTOR, selector)
        with contextlib.suppress(Stale):
            return next((one for one in found if one.is_displayed() and text in one.text), None)
        return None

    def find(self, selector: str, text: str = "") -> WebElement:
        """The first element that is shown and holds a text, as soon as there is one."""
        try:
            element: WebElement = self._wait(lambda _: self._shown(selector, text))
        except TimeoutException as error:
            self.shot("missed")
            raise TimeoutException(f"no {selector} {text!r} at {self.driver.current_url}; see missed.png") from error
        return element

    def click(self, selector: str, text: str = "") -> None:
        """Click on an element, as soon as nothing is in its way."""

        def clicked(_: Any) -> bool:
            try:
                self.find(selector, text).click()
            except (ElementClickInterceptedException, Stale):
                return False
            return True

        self._wait(clicked, f"{selector} {text!r} can't be clicked")

    def gone(self, selector: str) -> None:
        """Return when no such element is there."""
        self._wait(lambda driver: not driver.find_elements(By.CSS_SELECTOR, selector), f"{selector} stays")

    def type(self, text: str, *keys: str) -> None:
        """Type where the focus is; `keys` are pressed together afterwards."""
        actions = ActionChains(self.driver, duration=0).send_keys(text)
        for key in keys[:-1]:
            actions.key_down(key)
        actions.send_keys(*keys[-1:])
        for key in keys[:-1]:
            actions.key_up(key)
        actions.perform()

    def shot(self, name: str) -> None:
        """Keep a picture of the window."""
        self.driver.save_screenshot(str(self.shots / f"{name}.png"))

    def log_in(self, url: str, user: str) -> None:
        """Log in at a hub whose authenticator takes any name."""
        self.driver.get(url)
        self.find("input[name=username]").send_keys(user)
        self.find("input[name=password]").send_keys("x")
        self.click("#login_submit")

    def choose(self, profile: str) -> None:
        """Pick a profile on the spawn page, of which a picture is kept, and start."""
        self.click("#kubespawner-profiles-list label", profile)
        self.shot("profiles")
        self.click("form#spawn_form [type=submit]")

    def open_lab(self) -> None:
        """Wait for JupyterLab, and say no to news."""
        self.find(".jp-Launcher")
        with contextlib.suppress(TimeoutException):
            self._wait(lambda _: self._shown(*NO_NEWS), seconds=NEWS_SECONDS)
            self.click(*NO_NEWS)
        self.gone(".Toastify__toast")

    def launch(self, section: str, card: str) -> str:
        """Start what a card of the launcher stands for; returns what the card says."""
        found = self.find(f".jp-LauncherCard[data-category='{section}']", card)
        name = found.text
        found.click()
        return name

    def new_notebook(self, kernel: str) -> str:
        """Open a notebook from the launcher, and wait until its kernel is idle; returns what the launcher calls it."""
        name = self.launch("Notebook", kernel)
        # Before that JupyterLab drops what is run, without a word.
        self.find(".jp-StatusBar-Left", "| Idle")
        return name

    def new_launcher(self) -> None:
        """Open a launcher in a tab of its own."""
        self.click(".lm-TabBar-addButton")

    def accept(self, title: str) -> None:
        """Say yes to a dialog."""
        self.find(".jp-Dialog-header", title)
        self.click(".jp-Dialog .jp-mod-accept")
        self.gone(".jp-Dialog")

    def run(self, code: str) -> WebElement:
        """Run code in the active cell, which is the notebook's last; its output, as soon as it has one."""
        self.click(f"{ACTIVE} .cm-content")
        number = len(self.driver.find_elements(By.CSS_SELECTOR, CELL))
        self.type(code, Keys.SHIFT, Keys.ENTER)
        return self.find(f"[data-windowed-list-index='{number - 1}'] .jp-OutputArea-output")


@contextlib.contextmanager
def chromium(shots: Path, profile: Path) -> Iterator[Browser]:
    """A window of Debian's Chromium with an empty profile."""
    options = ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for option in (*OPTIONS, f"--user-data-dir={profile}"):
        options.add_argument(option)
    driver = Chrome(options, ChromeService("/usr/bin/chromedriver"))
    try:
        yield Browser(driver, shots)
    finally:
        driver.quit()
