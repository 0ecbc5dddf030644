"""A whole run: the cases tried by workers in their order, and the results of every case that was selected.

Nothing is lost: a case that broke the runner is an error and not missing. A run may end before all cases have been
tried: somebody interrupts it, the server does not start, or it gives no answer any more (row.py). What is known then is
an outcome, too, and says that it is incomplete.
"""

import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from cgi_conform.cases.case import Case
from cgi_conform.cases.load import case_ids
from cgi_conform.endings import Interruption, handled
from cgi_conform.errors import INTERRUPTED, SERVER, UserError
from cgi_conform.judging.known_failures import stale
from cgi_conform.judging.results import CaseResult, Results, assembled
from cgi_conform.paths import fixtures
from cgi_conform.running.order import ordered
from cgi_conform.running.plan import Options, Plan
from cgi_conform.running.row import Row
from cgi_conform.running.target import check_target
from cgi_conform.running.trial import Found
from cgi_conform.running.verdict import not_tried, untried
from cgi_conform.running.workers import Workers
from cgi_conform.servers.pool import PLAIN, server_key

_MANY = 20  # cases: fewer are done before so many servers have started
_WORKERS = 12
JOBS = f"servers and cases at a time (default: {_WORKERS} for many cases)"  # for --help

Progress = Callable[[CaseResult, int], None]


@dataclass
class Outcome:
    """The outcome of a run; `messages` tell of servers that did not start or died, and why the run ended early."""

    results: Results
    messages: list[str]
    seconds: dict[str, float]
    interrupted: bool = False


@dataclass
class _Known:
    """The state of a run: results by case id, messages, and why cases are left that were not tried.

    A server that does not start is one message for each variant; one for the run if it is the plain server.
    """

    results: dict[str, CaseResult] = field(default_factory=dict)
    deaths: list[str] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)  # by variant
    end: str = ""  # why no more cases are tried
    interrupted: bool = False

    def add(self, case: Case, found: Found) -> None:
        self.results[case.id] = found.result
        self.tell(found.messages)
        if found.failure and server_key(case) == PLAIN:
            self.failures = {"": found.failure}
        elif found.failure and "" not in self.failures:
            self.failures.setdefault(case.variant, found.failure)

    def tell(self, deaths: Sequence[str]) -> None:
        self.deaths += [message for message in deaths if message not in self.deaths]

    @property
    def messages(self) -> list[str]:
        return [*self.deaths, *self.failures.values(), *([self.end] if self.end else [])]

    @property
    def incomplete(self) -> str:
        """Returns why not all cases have been tried, in a line."""
        if self.interrupted:
            return "interrupted"
        reasons = [*self.failures.values(), *([self.end] if self.end else [])]
        return "; ".join(reason.partition("\n")[0] for reason in reasons)


def carry_out(
    options: Options,
    plan: Plan,
    cases: Sequence[Case],
    jobs: int | None = None,
    *,
    strict: bool = False,
    strict_observed: bool = False,
    progress: Progress = lambda result, number: None,
    partial: bool = False,
    interrupted: Callable[[], None] = lambda: None,
) -> Outcome:
    """Try the cases and put the results together; `jobs` None: as many as pay off.

    UserError if the run ends early, unless `partial` says that the caller can do with less. An interruption is told to
    `interrupted` as soon as it comes; servers take their time to end.
    """
    chosen = [case for case in cases if not any(fnmatchcase(case.id, glob) for glob in options.skip)]
    count = _count(jobs, len(chosen))
    known = _Known()
    check_target(plan)
    if chosen:
        _try_all(ordered(chosen, plan, options.shuffle), plan, count, progress, known, interrupted)
    if known.incomplete and not partial:
        raise UserError(known.messages[-1], INTERRUPTED if known.interrupted else SERVER)
    left = {case.id for case in chosen}
    results = [
        known.results.get(case.id)
        or (not_tried(case, plan, known.incomplete) if case.id in left else untried(case, plan, "skip", "left out by --skip"))
        for case in cases
    ]
    seconds = {result["id"]: result.pop("seconds") for result in results if "seconds" in result}
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
            known.incomplete,
        ),
        known.messages,
        seconds,
        known.interrupted,
    )


def _count(jobs: int | None, cases: int) -> int:
    """Returns how many cases are tried at a time."""
    if jobs is None:
        return _WORKERS if cases > _MANY else 1
    if jobs < 1:
        raise UserError(f"-j {jobs}: at least one")
    return jobs


def _try_all(
    cases: Sequence[Case], plan: Plan, count: int, progress: Progress, known: _Known, interrupted: Callable[[], None]
) -> None:
    """Tries the cases, or as many as there is a reason to try."""
    here = fixtures()
    workers = Workers(plan, count)
    row = Row(lambda: workers.server_is_alive(here))
    with _interruptible(workers) as interruption:
        try:
            workers.begin((case, here) for case in cases)
            for case in cases:
                found = _result(workers, case, plan, here)
                known.add(case, found)
                progress(found.result, len(known.results))
                if found.failure and server_key(case) == PLAIN:
                    break
                if row.ends_with(found):
                    known.end = f'server "{plan.name}" {row.reason}: the run ends here'
                    break
            else:
                known.tell(workers.deaths())
        except KeyboardInterrupt:
            known.interrupted = True
            interrupted()
        finally:
            interruption.may_interrupt = False
            # stop() causes all that a worker finds from here on.
            for case in cases:
                if (known_now := workers.finished(case, here)) is not None:
                    known.add(case, known_now)
            workers.stop()
    if known.interrupted:
        tried = sum(result.get("tried", True) for result in known.results.values())
        known.end = f"interrupted after {tried} of {len(cases)} cases"


def _result(workers: Workers, case: Case, plan: Plan, here: Path) -> Found:
    try:
        return workers.result(case, here)
    except Exception as error:  # of the runner: the other cases are tried all the same
        print(f"{case.id}: {traceback.format_exc()}", end="", file=sys.stderr)
        told = traceback.format_exception_only(type(error), error)[-1].strip()
        return Found(untried(case, plan, "error", f"the runner broke: {told}"))


@contextmanager
def _interruptible(workers: Workers) -> Iterator[Interruption]:
    """Turns the first signal into a KeyboardInterrupt; a second one ends the process and its servers at once."""

    def at_once() -> None:
        try:
            workers.kill()
        finally:
            os._exit(INTERRUPTED)

    interruption = Interruption(at_once)
    if threading.current_thread() is not threading.main_thread():  # which alone gets signals
        yield interruption
        return
    with handled(interruption):
        yield interruption
