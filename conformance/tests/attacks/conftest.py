"""Each attack on cgi-server leaves figures: a table beside the JUnit file of the run.

ci/attack runs these tests. The stage pytest of ci/test does not: an attack takes seconds, and loads the machine.
"""

import json
import re
import resource
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

pytest.register_assert_rewrite("under_attack")

from figures import Figure, write  # noqa: E402
from test_cgi_server import PROGRAM, root  # noqa: E402
from under_attack import Attack  # noqa: E402

__all__ = ["root"]  # a fixture
_PROPERTY = "figure"
_found: list[Figure] = []  # of the tests that have ended


@pytest.fixture
def attack(request: pytest.FixtureRequest, root: Path, tmp_path: Path) -> Iterator[Attack]:
    """Yields an attack with the name of the test."""
    if not PROGRAM.exists():
        pytest.skip("cgi-server is not built (ci/build)")
    name = re.sub(r"\[(.+)\]", r" (\1)", request.node.name.removeprefix("test_")).replace("_", " ")
    begun = Attack(name, root, tmp_path / "log")
    yield begun
    for figure in begun.figures:  # also if the attack has failed
        request.node.user_properties.append((_PROPERTY, json.dumps(asdict(figure))))


@pytest.fixture(scope="session", autouse=True)
def many_descriptors() -> Iterator[None]:
    """Raises the limit on the descriptors of the tests: they hold thousands of connections."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "teardown":  # the properties of the fixtures are complete now
        _found.extend(Figure(**json.loads(str(text))) for name, text in report.user_properties if name == _PROPERTY)


def pytest_sessionfinish(session: pytest.Session) -> None:
    file = session.config.option.xmlpath
    if file is not None and not hasattr(session.config, "workerinput"):
        write(Path(file).parent, _found)
