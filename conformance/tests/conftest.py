"""What every test of the runner shares."""

import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("here", deadline=None, database=None)  # machines are loaded, checkouts read-only
settings.load_profile("here")


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder for document roots and logs; it must be empty in the end."""
    folder = Path(tempfile.mkdtemp(prefix="cgi-conform-test-"))
    folder.chmod(0o755)  # tmp_path is not for everybody, and would be passed over by root
    yield folder
    folder.rmdir()


@pytest.fixture
def hangup() -> Iterator[None]:
    """SIGHUP as a terminal has it, also where the tests run under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)
