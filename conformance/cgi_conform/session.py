"""A whole run: pytest in this process, and the results of every case that was selected.

Nothing is lost: a case that broke the runner, or that never ran, is an error and not missing.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from cgi_conform.case import Case, case_ids
from cgi_conform.errors import NOTHING_RAN, SERVER, UserError
from cgi_conform.expectations import stale
from cgi_conform.paths import REPO, fixtures
from cgi_conform.plan import Options, Plan
from cgi_conform.results import CaseResult, Results, assembled
from cgi_conform.trial import untried

INTERRUPTED = 130
_MANY = 20  # cases: fewer are done before so many servers have started
_HANDS = 12
JOBS = f"servers and cases at a time (default: {_HANDS} for many cases)"  # for --help
_NEEDLESS = (
    "terminal cacheprovider faulthandler logging doctest unittest nose junitxml pastebin stepwise debugging capture "
    "warnings recwarn monkeypatch tmpdir threadexception unraisableexception pytester_assertions setuponly setupplan"
)


@dataclass
class Outcome:
    """What a run found; `messages` tell of servers that did not start or died."""

    results: Results
    messages: list[str]
    seconds: dict[str, float]


@dataclass(eq=False)  # pytest keeps its plugins in sets
class Collected:
    """Listens to pytest: results by case id, as they come in."""

    progress: Callable[[CaseResult, int], None]
    results: dict[str, CaseResult] = field(default_factory=dict)
    crashed: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)
    interrupted: bool = False

    def pytest_runtest_logreport(self, report: Any) -> None:
        result = dict(report.user_properties).get("cgi-conform")
        name = report.nodeid.partition("::")[2]
        for key, message in report.user_properties:
            if key == "cgi-conform-server" and message not in self.messages:
                self.messages.append(message)
        if report.when == "call" and result is not None:
            self.results[name] = result
            self.progress(result, len(self.results))
        elif report.failed:
            self.crashed[name] = str(report.longrepr)

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.trouble.append(str(report.longrepr))

    def pytest_internalerror(self, excrepr: object) -> None:
        self.trouble.append(str(excrepr))

    def pytest_keyboard_interrupt(self) -> None:
        self.interrupted = True


def carry_out(
    options: Options,
    plan: Plan,
    cases: Sequence[Case],
    jobs: int | None = None,
    *,
    strict: bool = False,
    strict_observed: bool = False,
    progress: Callable[[CaseResult, int], None] = lambda result, number: None,
) -> Outcome:
    """Try the cases and put the results together; `jobs` None: as many as pay off."""
    tried = [case for case in cases if not any(fnmatchcase(case.id, glob) for glob in options.skip)]
    begun = time.monotonic()
    collected = Collected(progress)
    if tried:
        _pytest(options, tried, _hands(jobs, len(tried)), collected)
    if collected.interrupted:
        raise UserError(f"interrupted after {len(collected.results)} of {len(tried)} cases", INTERRUPTED)
    if collected.trouble:
        raise RuntimeError("\n".join(collected.trouble))
    if collected.messages and all(result["verdict"] in ("error", "skip") for result in collected.results.values()):
        raise UserError(collected.messages[0], SERVER)
    for name, text in collected.crashed.items():
        print(f"{name}: {text}", file=sys.stderr)
    results: list[CaseResult] = []
    for case in cases:
        found = collected.results.get(case.id)
        if found is None and case in tried:
            crash = collected.crashed.get(case.id, "no result").strip().splitlines()[-1]
            found = untried(case, plan, "error", f"the runner broke: {crash}")
        results.append(found or untried(case, plan, "skip", "left out by --skip"))
    seconds = {result["id"]: result.pop("seconds") for result in results if "seconds" in result}
    seconds[""] = time.monotonic() - begun
    corpus = case_ids(fixtures() / "cases")
    version = plan.server.version() if plan.server else ""
    return Outcome(
        assembled(
            {"name": plan.name, "title": plan.title, "version": version},
            plan.profile,
            plan.abilities.user,
            len(corpus),
            results,
            stale(plan.rules, corpus),
            strict,
            strict_observed,
        ),
        collected.messages,
        seconds,
    )


def _hands(jobs: int | None, cases: int) -> int:
    """How many cases are tried at a time."""
    if jobs is None:
        return _HANDS if cases > _MANY else 1
    if jobs < 1:
        raise UserError(f"-j {jobs}: at least one")
    return jobs


def _pytest(options: Options, cases: Sequence[Case], hands: int, collected: Collected) -> None:
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # none is needed, and each costs start-up time
    import pytest

    files = sorted({case.file for case in cases})
    arguments = ["-c", os.devnull, f"--rootdir={REPO}", "--noconftest", "-p", "cgi_conform.plugin"]
    arguments += [word for name in _NEEDLESS.split() for word in ("-p", f"no:{name}")]
    arguments += replace(options, hands=hands).arguments() + [str(path) for path in files]
    status = pytest.main(arguments, plugins=[collected])
    if status == pytest.ExitCode.NO_TESTS_COLLECTED and not collected.trouble:
        raise UserError("nothing ran", NOTHING_RAN)
