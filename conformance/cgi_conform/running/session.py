"""Runs all selected cases with workers, and puts the results together.

Every selected case has a result. An exception in the suite becomes an error of the case. A run may end early: the user
interrupts it, the server does not start, or the server becomes unresponsive (unresponsive.py). Then the outcome
contains the results known so far, and says that it is incomplete.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from cgi_conform.cases.case import Case
from cgi_conform.cases.layout import temporary
from cgi_conform.cases.load import case_ids
from cgi_conform.cases.presuppositions import Direct, direct
from cgi_conform.errors import INTERRUPTED, SERVER, UserError
from cgi_conform.judging.blocked import with_blocked
from cgi_conform.judging.known_failures import stale
from cgi_conform.judging.results import CaseResult, Results, assembled
from cgi_conform.paths import fixtures
from cgi_conform.running.case_result import not_tried, untried
from cgi_conform.running.case_worker import CaseTask, CaseWorker
from cgi_conform.running.order import ordered
from cgi_conform.running.plan import WORKERS, Options, Plan
from cgi_conform.running.target import check_target
from cgi_conform.running.trial import CaseOutcome, is_alive
from cgi_conform.running.unresponsive import UnresponsiveServer
from cgi_conform.running.workers import WorkerEnded, Workers
from cgi_conform.servers.instance import end_at_once
from cgi_conform.servers.launch import start
from cgi_conform.servers.ports import ADDRESS
from cgi_conform.servers.server_pool import PLAIN, Key, server_key
from cgi_conform.signals import Interruption, handled

Progress = Callable[[CaseResult, int], None]


@dataclass
class RunOutcome:
    """The outcome of a run.

    `messages` are about servers that did not start or died, and about an early end of the run.
    """

    results: Results
    messages: list[str]
    seconds: dict[str, float]
    interrupted: bool = False


@dataclass
class _Known:
    """The state of a run that goes on: results by case id, messages, and the reason if it ends early.

    If the server does not start, there is one message for each variant, or one for the whole run for the plain server.
    """

    results: dict[str, CaseResult] = field(default_factory=dict)
    deaths: list[str] = field(default_factory=list)
    not_started: dict[Key, str] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)  # by variant
    end: str = ""  # the reason why the run ends early
    interrupted: bool = False

    def add(self, case: Case, found: CaseOutcome) -> None:
        self.results[case.id] = found.result
        self.tell(found.messages)
        if found.failure:
            self.not_started[server_key(case)] = found.failure
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
        """Returns the reason why the run is incomplete, in a line; "" if it is complete."""
        if self.interrupted:
            return "interrupted"
        reasons = [*self.failures.values(), *([self.end] if self.end else [])]
        return "; ".join(reason.partition("\n")[0] for reason in reasons)


def carry_out(
    options: Options,
    plan: Plan,
    cases: Sequence[Case],
    *,
    beside: Sequence[Case] = (),
    strict: bool = False,
    strict_observed: bool = False,
    progress: Progress = lambda result, number: None,
    partial: bool = False,
    interrupted: Callable[[], None] = lambda: None,
) -> RunOutcome:
    """Tries the cases, as this server gets them, and returns the outcome.

    `beside` are cases that some of them presuppose. They are tried, too. Those that block a case are part of the results.

    Raises UserError if the run ends early, unless `partial` is true. After an interruption, calls `interrupted` before
    the servers end, which may take seconds.
    """
    cases, beside = plan.rewritten(cases), plan.rewritten(beside)
    named = direct([*cases, *beside])
    plan = plan.for_cases(named)
    chosen = [case for case in (*cases, *beside) if not any(fnmatchcase(case.id, glob) for glob in options.skip)]
    known = _Known()
    check_target(plan)
    if chosen:
        _try_all(ordered(chosen, plan, options.shuffle), plan, worker_count(options, plan), progress, known, interrupted)
    if known.incomplete and not partial:
        raise UserError(known.messages[-1].split("\n"), INTERRUPTED if known.interrupted else SERVER)
    left = {case.id for case in chosen}
    results = [
        known.results.get(case.id)
        or (not_tried(case, plan, known.incomplete) if case.id in left else untried(case, plan, "skip", "left out by --skip"))
        for case in cases
    ]
    seconds = {name: result.pop("seconds") for name, result in known.results.items() if "seconds" in result}
    corpus = case_ids(fixtures() / "cases")
    return RunOutcome(
        assembled(
            {"name": plan.name, "title": plan.title, "version": plan.version},
            plan.profile,
            plan.capabilities.user,
            len(corpus),
            _with_blockers(results, named, known.results),
            stale(plan.known_failures, corpus),
            strict,
            strict_observed,
            known.incomplete,
        ),
        known.messages,
        seconds,
        known.interrupted,
    )


def worker_count(options: Options, plan: Plan) -> int:
    """Returns the largest number of workers: at most as many as the server may run at once."""
    count = options.workers or WORKERS
    allowed = plan.server.workers if plan.server is not None else None
    return min(count, allowed or count)


def _with_blockers(results: Sequence[CaseResult], named: Direct, tried: Mapping[str, CaseResult]) -> list[CaseResult]:
    """Returns the results with the blocked cases, and with the cases that block them."""
    found = with_blocked(results, named, tried.values())
    there = {result["id"] for result in found}
    blockers = {result["blocked"] for result in found if result["verdict"] == "blocked"} - there
    return [*found, *(tried[name] for name in sorted(blockers))]


def _try_all(
    cases: Sequence[Case], plan: Plan, count: int, progress: Progress, known: _Known, interrupted: Callable[[], None]
) -> None:
    """Tries the cases until the last one or an early end."""
    unresponsive = UnresponsiveServer(lambda: _answers(plan))
    tasks = [CaseTask(case, known.not_started) for case in cases]
    interruption = Interruption(end_at_once)
    with handled(interruption), Workers(count, lambda: CaseWorker(plan, fixtures())) as workers:
        try:
            for case, found in zip(cases, workers.results(tasks)):
                known.add(case, found)
                progress(found.result, len(known.results))
                if found.failure and server_key(case) == PLAIN:
                    break
                if unresponsive.ends_with(found):
                    known.end = f'server "{plan.name}" {unresponsive.reason}: the run ends here'
                    break
            else:
                known.tell(workers.end())
        except WorkerEnded as ended:
            known.end = f"{ended}: the run ends here (is the machine out of memory?)"
        except KeyboardInterrupt:
            known.interrupted = True
            interrupted()
        finally:
            interruption.may_interrupt = False
            for number, found in workers.finished().items():
                known.add(cases[number], found)
    if known.interrupted:
        tried = sum(result.get("tried", True) for result in known.results.values())
        known.end = f"interrupted after {tried} of {len(cases)} cases"


def _answers(plan: Plan) -> bool:
    """Returns whether a plain GET is answered. If the suite starts the server, it starts a new one for this."""
    if plan.server is None:
        return is_alive(plan.address, plan)
    with temporary(fixtures(), plan.server.layout) as docroot:
        try:
            instance = start(plan.server, docroot, timeout=plan.start_timeout)
        except UserError:
            return False
        try:
            return is_alive((ADDRESS, instance.port), plan)
        finally:
            instance.stop()
