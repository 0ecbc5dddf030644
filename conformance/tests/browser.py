"""Chromium without a window, for the tests of pages."""

import importlib.util
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = {"chromium": "chromium", "chromium-driver": "chromedriver"}
NEEDS_CHROMIUM = [
    pytest.mark.xdist_group("chromium"),
    *(
        pytest.mark.skipif(shutil.which(program) is None, reason=f"package {package} is not installed")
        for package, program in PROGRAMS.items()
    ),
    pytest.mark.skipif(importlib.util.find_spec("selenium") is None, reason="package python3-selenium is not installed"),
]
VISIBLE = "return [...document.querySelectorAll(arguments[0])].filter((one) => one.offsetParent).map((one) => one.id)"


class Browser:
    """Chromium with one window."""

    def __init__(self, folder: Path) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.options import Options
        from selenium.webdriver.chrome.service import Service

        options = Options()
        # The sandbox of Chromium needs a user other than root and namespaces, which containers often lack.
        for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={folder}/data"):
            options.add_argument(word)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        environment = {**os.environ, "HOME": str(folder), "TMPDIR": str(folder)}  # the program leaves its files there
        service = Service(shutil.which("chromedriver"), env=environment)
        self.driver = webdriver.Chrome(service=service, options=options)

    def look(self, width: int, scheme: str = "light") -> None:
        """Sets the width of the window and the preferred colours."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def visit(self, url: str) -> None:
        """Loads a page, also if the window shows it already."""
        self.driver.get("about:blank")
        self.driver.get(url)

    def open(self, page: Path, rest: str = "") -> None:
        self.visit(f"{page.as_uri()}{rest}")

    def ask(self, script: str, *arguments: object) -> Any:
        return self.driver.execute_script(script, *arguments)

    def visible(self, selector: str) -> list[str]:
        """Returns the ids of the visible elements."""
        found: list[str] = self.ask(VISIBLE, selector)
        return found

    def press(self, *keys: str) -> None:
        """Sends keys to the element that has the focus, as a keyboard does."""
        from selenium.webdriver import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def choose(self, name: str, value: str) -> None:
        """Chooses an option of a select in the filter, or types into its text."""
        script = "const one = document.getElementById('filter').elements[arguments[0]]; one.value = arguments[1];"
        self.ask(f"{script} one.dispatchEvent(new Event('input', {{ bubbles: true }}))", name, value)

    def wait_for(self, script: str, *arguments: object) -> object:
        """Waits until the script returns a true value, and returns it."""
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.driver, 60).until(lambda driver: driver.execute_script(script, *arguments))

    def requests(self) -> list[str]:
        """Returns the URLs that the window asked for since the last call."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [one["params"]["request"]["url"] for one in messages if one["method"] == "Network.requestWillBeSent"]


def contrast(one: str, other: str) -> float:
    """Returns the contrast of two CSS colours as WCAG 2 defines it."""

    def light(colour: str) -> float:
        parts = [int(number) / 255 for number in re.findall(r"\d+", colour)[:3]]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dark = sorted((light(one), light(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)
