"""A whole run: the cases tried by workers in their order, and the results of every case that was selected.

Nothing is lost: a case that broke the runner is an error and not missing.
"""

import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from cgi_conform.case import Case, case_ids
from cgi_conform.errors import SERVER, UserError
from cgi_conform.expectations import stale
from cgi_conform.order import ordered
from cgi_conform.paths import fixtures
from cgi_conform.plan import Options, Plan
from cgi_conform.results import CaseResult, Results, assembled
from cgi_conform.trial import untried
from cgi_conform.workers import Workers

INTERRUPTED = 130
_MANY = 20  # cases: fewer are done before so many servers have started
_WORKERS = 12
JOBS = f"servers and cases at a time (default: {_WORKERS} for many cases)"  # for --help

Progress = Callable[[CaseResult, int], None]


@dataclass
class Outcome:
    """What a run found; `messages` tell of servers that did not start or died."""

    results: Results
    messages: list[str]
    seconds: dict[str, float]


@dataclass
class _Known:
    """What is known so far: results by case id, and messages."""

    results: dict[str, CaseResult] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def tell(self, messages: Sequence[str]) -> None:
        self.messages += [message for message in messages if message not in self.messages]


def carry_out(
    options: Options,
    plan: Plan,
    cases: Sequence[Case],
    jobs: int | None = None,
    *,
    strict: bool = False,
    strict_observed: bool = False,
    progress: Progress = lambda result, number: None,
) -> Outcome:
    """Try the cases and put the results together; `jobs` None: as many as pay off."""
    tried = [case for case in cases if not any(fnmatchcase(case.id, glob) for glob in options.skip)]
    begun = time.monotonic()
    known = _Known()
    try:
        if tried:
            _try_all(ordered(tried, plan, options.shuffle), plan, _count(jobs, len(tried)), progress, known)
    except KeyboardInterrupt:
        raise UserError(f"interrupted after {len(known.results)} of {len(tried)} cases", INTERRUPTED) from None
    if known.messages and all(result["verdict"] in ("error", "skip") for result in known.results.values()):
        raise UserError(known.messages[0], SERVER)
    results = [known.results.get(case.id) or untried(case, plan, "skip", "left out by --skip") for case in cases]
    seconds = {result["id"]: result.pop("seconds") for result in results if "seconds" in result}
    seconds[""] = time.monotonic() - begun
    corpus = case_ids(fixtures() / "cases")
    return Outcome(
        assembled(
            {"name": plan.name, "title": plan.title, "version": plan.version},
            plan.profile,
            plan.abilities.user,
            len(corpus),
            results,
            stale(plan.rules, corpus),
            strict,
            strict_observed,
        ),
        known.messages,
        seconds,
    )


def _count(jobs: int | None, cases: int) -> int:
    """Returns how many cases are tried at a time."""
    if jobs is None:
        return _WORKERS if cases > _MANY else 1
    if jobs < 1:
        raise UserError(f"-j {jobs}: at least one")
    return jobs


def _try_all(cases: Sequence[Case], plan: Plan, count: int, progress: Progress, known: _Known) -> None:
    """Tries the cases; `known` holds what is known when this is interrupted."""
    workers = Workers(plan, count)
    try:
        workers.begin((case, fixtures()) for case in cases)
        for case in cases:
            try:
                result, messages = workers.result(case, fixtures())
            except Exception as error:  # of the runner: the other cases are tried all the same
                print(f"{case.id}: {traceback.format_exc()}", end="", file=sys.stderr)
                told = traceback.format_exception_only(type(error), error)[-1].strip()
                result, messages = untried(case, plan, "error", f"the runner broke: {told}"), []
            known.results[case.id] = result
            known.tell(messages)
            progress(result, len(known.results))
        known.tell(workers.deaths())
    finally:
        workers.stop()
