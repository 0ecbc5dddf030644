"""Settings and fixtures for all tests of the runner."""

import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from browser import Browser

settings.register_profile("here", deadline=None, database=None)  # machines may be loaded, and checkouts read-only
settings.load_profile("here")


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Yields a folder for document roots and logs. The test fails if the folder is not empty at the end."""
    folder = Path(tempfile.mkdtemp(prefix="cgi-conform-test-"))
    folder.chmod(0o755)  # not tmp_path: other users cannot enter it, so the suite does not use it as root
    yield folder
    folder.rmdir()


@pytest.fixture
def hangup() -> Iterator[None]:
    """Gives SIGHUP its default effect, even if the tests run under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("chromium"))
    try:
        yield browser
    finally:
        browser.driver.quit()


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """Yields the browser with a wide window. The test fails if a script of a page complains."""
    chromium.look(1440)
    chromium.driver.get_log("browser")
    yield chromium
    assert chromium.driver.get_log("browser") == []
