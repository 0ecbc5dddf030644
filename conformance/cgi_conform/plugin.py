"""The pytest plugin: collects the case files, runs each case as an item, reports its verdict.

Workers (workers.py) try the cases, with --workers several at a time; every worker of pytest-xdist has one of them. The
result of a case travels in the user properties of its report: "cgi-conform" holds it, "cgi-conform-server" the message
of a server that did not start or died.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from cgi_conform.cases.answer import PROFILES
from cgi_conform.cases.case import Case
from cgi_conform.cases.load import case_ids, load_cases
from cgi_conform.errors import UserError
from cgi_conform.http.delivery import DELIVERIES
from cgi_conform.judging.known_failures import stale
from cgi_conform.judging.results import ALWAYS_RED, CaseResult
from cgi_conform.running.order import ordered
from cgi_conform.running.plan import Options, Plan, make_plan
from cgi_conform.running.target import check_target
from cgi_conform.running.workers import Workers

RESULT = "cgi-conform"
SERVER_MESSAGE = "cgi-conform-server"
_PLAN = pytest.StashKey[Plan]()
_OPTIONS = pytest.StashKey[Options]()
_WORKERS = pytest.StashKey[Workers]()
_FOLDERS = pytest.StashKey[set[Path]]()
_FAILURES = pytest.StashKey[set[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("cgi-conform", "the server under test, and how it is judged")

    def add(name: str, text: str, **more: Any) -> None:
        try:
            group.addoption(f"--{name.replace('_', '-')}", dest=f"conform_{name}", help=text, **more)
        except ValueError:  # another plugin has it: --timeout of pytest-timeout
            pass

    add("server", "a known server, or a folder with a server.toml")
    add("command", "a command that starts a server, with {port} and {root}")
    add("url", "a server that runs already")
    add("root", "the document root of the server at --url")
    add("has", "a capability of the server: NAME or NAME=ARGUMENTS", action="append")
    add("profile", "what it is judged by", choices=PROFILES)
    add("timeout", "seconds to wait for the next octet", type=float)
    add("case_timeout", "seconds for a whole case", type=float)
    add("start_timeout", "seconds to wait until a server has started", type=float)
    add("delivery", "how requests are cut into writes", choices=DELIVERIES)
    add("expect", "a file of expected failures, instead of the server's own")
    add("skip", "leave out cases whose id matches", action="append")
    add("select", "take only cases whose id matches", action="append")
    add("shuffle", "run in an order that depends on this number", type=int)
    add("sample", "take only about one case in so many", type=int)
    add("workers", "try so many cases at a time", type=int)


def pytest_configure(config: pytest.Config) -> None:
    options = Options.of(config.option, "conform_")
    try:
        config.stash[_PLAN] = make_plan(options)
    except UserError as error:
        raise pytest.UsageError(error.message) from None
    config.stash[_OPTIONS] = options
    # A worker of pytest-xdist gets its cases one by one: there is nothing to begin with.
    count = 1 if hasattr(config, "workerinput") else options.workers or 1
    config.stash[_WORKERS] = Workers(config.stash[_PLAN], count)
    folders: set[Path] = set()
    config.stash[_FOLDERS] = folders
    failures: set[str] = set()
    config.stash[_FAILURES] = failures


def pytest_report_header(config: pytest.Config) -> str:
    plan = config.stash[_PLAN]
    told = [f"{plan.title}, profile {plan.profile}", plan.release_note]
    return "\n".join(f"cgi-conform: {line}" for line in told if line)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "CaseFile | None":
    if file_path.suffix == ".toml" and file_path.parent.name == "cases":
        found: CaseFile = CaseFile.from_parent(parent, path=file_path)
        return found
    return None


class CaseFile(pytest.File):
    """A topic file."""

    def collect(self) -> Iterable["CaseItem"]:
        config = self.config
        config.stash[_FOLDERS].add(self.path.parent)
        worker = hasattr(config, "workerinput")  # the controller has looked for faults already
        try:
            cases = load_cases(self.path.parent, [self.path.stem], validate=not worker)
        except UserError as error:
            raise self.CollectError(error.message) from None
        profile = config.stash[_PLAN].profile
        for case in cases:
            if profile in case.expect:
                yield CaseItem.from_parent(self, name=case.id, case=case)


class CaseItem(pytest.Item):
    """A case."""

    def __init__(self, *, case: Case, **more: Any) -> None:
        super().__init__(**more)
        self.case = case
        self.result: CaseResult | None = None

    def runtest(self) -> None:
        found = self.config.stash[_WORKERS].result(self.case, self.fixtures)
        self.result = found.result
        self.user_properties.append((RESULT, self.result))
        self.user_properties += [(SERVER_MESSAGE, message) for message in found.messages]
        verdict, note = self.result["verdict"], self.result["note"]
        if found.failure and found.failure not in self.config.stash[_FAILURES]:  # told once, not for each case
            self.config.stash[_FAILURES].add(found.failure)
            self.user_properties.append((SERVER_MESSAGE, found.failure))
            raise Red(verdict)
        if verdict == "skip":
            pytest.skip(note)
        if verdict == "expected":
            pytest.xfail(note)
        if verdict in ALWAYS_RED:
            raise Red(verdict)

    @property
    def fixtures(self) -> Path:
        return self.path.parent.parent

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        if not isinstance(excinfo.value, Red) or self.result is None:
            return str(super().repr_failure(excinfo))
        from cgi_conform.report.terminal import Style, failure

        return failure(self.result, {}, Style())

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.case.id


class Red(Exception):
    """A verdict that turns the run red."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    options = config.stash[_OPTIONS]
    plan = config.stash[_PLAN]

    def wanted(item: CaseItem) -> bool:
        chosen = not options.select or any(fnmatchcase(item.case.id, glob) for glob in options.select)
        chosen = chosen and options.samples(item.case.id)
        return chosen and not any(fnmatchcase(item.case.id, glob) for glob in options.skip)

    ours = [item for item in items if isinstance(item, CaseItem)]
    left = [item for item in ours if not wanted(item)]
    config.hook.pytest_deselected(items=left)
    taken = {(item.case.file, item.case.id): item for item in ours if wanted(item)}
    order = ordered([item.case for item in taken.values()], plan, options.shuffle)
    others = [item for item in items if not isinstance(item, CaseItem)]
    items[:] = [*others, *(taken[case.file, case.id] for case in order)]


@pytest.hookimpl(tryfirst=True)  # type: ignore[misc]
def pytest_runtestloop(session: pytest.Session) -> None:
    items = getattr(session, "items", [])  # the controller of pytest-xdist has none
    if not session.config.option.collectonly:
        try:
            check_target(session.config.stash[_PLAN])
        except UserError as error:
            raise pytest.UsageError(error.message) from None
        ours = [item for item in items if isinstance(item, CaseItem)]
        session.config.stash[_WORKERS].begin((item.case, item.fixtures) for item in ours)


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """A server may die after the last case that was judged with it."""
    if nextitem is None:
        messages = item.config.stash[_WORKERS].deaths()
        item.user_properties += [(SERVER_MESSAGE, message) for message in messages]


def pytest_sessionfinish(session: pytest.Session) -> None:
    session.config.stash[_WORKERS].stop()
    if hasattr(session.config, "workerinput"):
        return
    names = [name for folder in session.config.stash[_FOLDERS] for name in case_ids(folder)]
    for entry in stale(session.config.stash[_PLAN].rules, names) if names else []:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(f'{entry["file"]}: "{entry["glob"]}" matches no case ({entry["reason"]})', red=True)
