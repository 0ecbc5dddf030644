"""Makes each case an item of pytest, so that -k, -x, --junitxml and pytest-xdist work.

Each pytest process starts its own server and tries its cases one after the other. If a recommended case fails, pytest
shows a warning. If an observed case differs, the item passes, as in `cgi-conform run`. If a case presupposes others,
these are tried first; if one of them is red, the item is skipped. The first item fails instead if the red case itself
was not chosen: otherwise nothing would be red.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cgi_conform.cases.case import Case
from cgi_conform.cases.clauses import load_clauses
from cgi_conform.cases.load import case_ids, load_cases
from cgi_conform.cases.locations import line_of
from cgi_conform.cases.presuppositions import direct, presupposed
from cgi_conform.errors import UserError
from cgi_conform.judging.blocked import blocker
from cgi_conform.judging.known_failures import stale
from cgi_conform.judging.results import ALWAYS_RED
from cgi_conform.paths import fixtures
from cgi_conform.report.terminal import Style, failure
from cgi_conform.running.case_worker import CaseWorker
from cgi_conform.running.order import ordered
from cgi_conform.running.plan import Options, make_plan
from cgi_conform.running.trial import CaseOutcome


class Cases:
    """Collects the cases after all other tests, and ends the servers after the last case."""

    def __init__(self, config: pytest.Config) -> None:
        try:
            options = Options(server=config.getoption("cgi_server"), profile=config.getoption("cgi_profile") or "")
            self.plan = make_plan(options)
            self.clauses = load_clauses(fixtures() / "clauses.toml")
            cases = self.plan.rewritten(case for case in load_cases(fixtures() / "cases") if self.plan.profile in case.expect)
        except UserError as error:
            raise pytest.UsageError(error.message) from None
        for rule in stale(self.plan.known_failures, case_ids(fixtures() / "cases")):
            raise pytest.UsageError(f'{rule["file"]}: "{rule["glob"]}" matches no case (remove the entry)')
        self.cases = ordered(cases, self.plan)
        self.by_id = {case.id: case for case in cases}
        self.presuppositions = direct(cases)
        self.plan = self.plan.for_cases(self.presuppositions)
        self.outcomes: dict[str, CaseOutcome] = {}
        self.worker = CaseWorker(self.plan, fixtures())
        self.told: set[str] = set()  # messages about servers that did not start, and cases: each fails one item only
        self.selected: set[str] = set()

    def pytest_report_header(self) -> list[str]:
        """Returns the server and the profile."""
        told = (f"{self.plan.title}, profile {self.plan.profile}", self.plan.release_note)
        return [f"cgi-conform: {line}" for line in told if line]

    def outcome(self, name: str) -> CaseOutcome:
        """Returns the outcome of a case, which is tried only once."""
        if name not in self.outcomes:
            self.outcomes[name] = self.worker.try_case(self.by_id[name])
        return self.outcomes[name]

    def blocker(self, name: str) -> str:
        """Returns the red case that blocks a case, or ""."""
        needed = [each for each in presupposed([name], self.presuppositions) if each in self.by_id]
        return blocker(name, self.presuppositions, {each: self.outcome(each).result["verdict"] for each in needed})

    @pytest.hookimpl(tryfirst=True)  # type: ignore[misc]
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Adds the cases before -k and similar options choose among all items."""
        where = fixtures() / "cases"
        collector = Collection.from_parent(session, name="cgi-conform", nodeid="cgi-conform", path=where, cases=self)
        items.extend(session.genitems(collector))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Learns which cases the options have chosen."""
        self.selected = {item.case.id for item in session.items if isinstance(item, CaseItem)}

    def pytest_runtest_teardown(self, nextitem: pytest.Item | None) -> None:
        """Ends the servers after the last item. If a server has died by then, that item fails."""
        if nextitem is None and (messages := self.worker.end()):
            pytest.fail("\n".join(messages), pytrace=False)

    def pytest_unconfigure(self) -> None:
        """Ends the servers if the session stopped early."""
        self.worker.end()


class Collection(pytest.Collector):
    """Collects all cases of the profile."""

    def __init__(self, *, cases: Cases, **more: Any) -> None:
        super().__init__(**more)
        self.cases = cases

    def collect(self) -> Iterator["CaseItem"]:
        """Yields an item for each case."""
        for case in self.cases.cases:
            yield CaseItem.from_parent(self, name=case.id, case=case, cases=self.cases)


class Red(Exception):
    """Raised for a verdict that turns a run red. Reports show its text."""


class CaseItem(pytest.Item):
    """One case as an item of pytest."""

    def __init__(self, *, case: Case, cases: Cases, **more: Any) -> None:
        super().__init__(**more)
        self.case = case
        self.cases = cases

    def runtest(self) -> None:
        """Tries the case. If the server died after an earlier case, this case reports it."""
        blocked = self.cases.blocker(self.case.id)
        found = self.cases.outcome(self.case.id)
        verdict, note = found.result["verdict"], found.result["note"]
        if blocked and verdict != "skip":
            verdict, note = "blocked", f"blocked by {blocked}"
        self.user_properties.append(("cgi-conform", verdict))
        if found.failure and found.failure not in self.cases.told:
            self.cases.told.add(found.failure)
            raise Red(found.failure)
        if verdict == "blocked" and blocked not in self.cases.selected | self.cases.told:
            self.cases.told.add(blocked)  # -k and similar options have left this case out
            raise Red(f"{note}, which is red:\n{failure(self.cases.outcome(blocked).result, self.cases.clauses, Style())}")
        if verdict in ("skip", "blocked"):
            pytest.skip(note)
        if verdict == "expected":
            pytest.xfail(note)
        told = failure(found.result, self.cases.clauses, Style())
        if found.messages or verdict in ALWAYS_RED:
            raise Red("\n".join([*found.messages, told]))
        if verdict == "warn":
            self.warn(pytest.PytestWarning(told))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        """Returns the text for reports, without a traceback for a red case."""
        return str(excinfo.value) if isinstance(excinfo.value, Red) else str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Returns the file and line of the case, and its id. pytest counts lines from 0."""
        return self.case.file, line_of(self.case) - 1, self.case.id
