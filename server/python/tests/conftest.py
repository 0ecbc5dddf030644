"""Settings and fixtures for the tests of the Python package of cgi-server."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
USERS = Path(__file__).with_name("users")
PROGRAM = Path(os.environ.get("CGI_CONFORM_BUILD") or CHECKOUT / "build") / "server" / "cgi-server"


@pytest.fixture(autouse=True)
def program(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Makes the package start the program of the build tree, and returns its path."""
    if not PROGRAM.exists():
        pytest.skip("cgi-server is not built (ci/build)")
    monkeypatch.setenv("CGI_SERVER_PROGRAM", str(PROGRAM))
    return PROGRAM


@pytest.fixture
def site() -> Iterator[Path]:
    """Yields a copy of the files of users: a document root, also for scripts of the user nobody."""
    folder = Path(tempfile.mkdtemp(prefix="cgi-server-python-"))
    folder.chmod(0o755)  # not tmp_path: the user nobody cannot enter it
    shutil.copytree(USERS, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (folder / "scripts").iterdir():
        path.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
