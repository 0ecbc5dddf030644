"""Settings and fixtures for all tests of the runner."""

import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

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
