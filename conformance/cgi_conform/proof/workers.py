"""Tries cases against the server with their faults in it, in several processes at once.

There are more processes than cores, for most of the time is waiting: for octets that must not come, or for ends of
scripts. Each has a document root of its own, laid out afresh when a fault has made the server change it. First
come the cases without a fault, and the branches; how long a case took tells how long to wait for an answer of the
server with the fault.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from cgi_conform.cases.answer import SILENT, Status
from cgi_conform.cases.case import Case
from cgi_conform.cases.docroot import Docroot, lay_out, reachable_tmp, remove
from cgi_conform.errors import UserError
from cgi_conform.http.exchange import play
from cgi_conform.http.patience import Cap
from cgi_conform.judging.judge import Judgement, Surroundings, judge, settled
from cgi_conform.octets import Tokens
from cgi_conform.proof import forked_server
from cgi_conform.proof.kills_json import BranchProof
from cgi_conform.proof.tasks import PATIENCE, Task
from cgi_conform.proof.verdicts import Branch, Tried, branch_proof, branch_untried, on_the_status
from cgi_conform.running.forks import Pool
from cgi_conform.running.plan import Plan
from cgi_conform.running.trial import try_case
from cgi_conform.servers.launch import ADDRESS, Instance, Starter
from cgi_conform.servers.once_more import start_once_more
from cgi_conform.servers.pool import Running
from faulty.faults import Broken, Fault, compiled, find

_GRACE = 1.0  # seconds to look for what must not come, before a case is said to survive


@dataclass
class Found:
    """What a task came to; `broken` says why its fault could not be put in."""

    task: Task
    tried: dict[str, Tried] = field(default_factory=dict)
    branches: list[BranchProof] = field(default_factory=list)
    broken: str = ""


@dataclass(frozen=True)
class Bench:
    """What every process shares."""

    cases: Mapping[str, Case]
    plans: Mapping[str, Plan]
    faults: Mapping[str, Fault]
    subject: forked_server.Subject
    fixtures: Path
    base: Path


@contextmanager
def workshop(bench: Bench, jobs: int) -> Iterator[Callable[[Sequence[Task], str], list[Found]]]:
    """Processes that carry out tasks, the longest first; the text tells a person who watches what they are."""
    global _bench
    _bench = bench
    with Pool(jobs, _carry_out) as pool:

        def carry_out(tasks: Sequence[Task], what: str) -> list[Found]:
            found: list[Found] = []
            try:
                for one in pool.results(sorted(tasks, key=lambda task: -task.waits)):
                    found.append(one)
                    _show_progress(f"{what}: {len(found)}/{len(tasks)}")
            finally:
                _show_progress("")
            return found

        yield carry_out


def _show_progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


@contextmanager
def base() -> Iterator[Path]:
    """Gives a directory for the document roots of all processes."""
    made = Path(tempfile.mkdtemp(prefix="cgi-conform-prove-", dir=reachable_tmp()))
    made.chmod(0o711)
    try:
        yield made
    finally:
        remove(made)


_bench: Bench | None = None
_docroot: tuple[Docroot, object] | None = None


def _carry_out(task: Task) -> Found:
    assert _bench is not None
    tempfile.tempdir = str(_bench.base)  # what an interrupted process leaves there goes with the base
    found = Found(task)
    try:
        fault = find(task.fault, _bench.faults) if task.fault else None
        codes = compiled(fault, _bench.subject.folder) if fault else {}
    except Broken as error:
        found.broken = str(error)
        found.tried = {name: Tried("error", str(error)) for name in task.cases}
        found.branches = [branch_untried(branch, str(error)) for branch in task.branches]
        return found
    starter = forked_server.starter(_bench.subject, codes)
    if task.branches:
        _try_branches(task, found, starter)
    else:
        _try_cases(task, found, starter, dies=fault is not None and fault.dies)
    return found


def _try_cases(task: Task, found: Found, starter: Starter, *, dies: bool) -> None:
    assert _bench is not None
    plan = _bench.plans[task.profile]
    running: Running | None = None
    try:
        for name in task.cases:
            if running is None or _changed():
                if running is not None:
                    running.stop()
                running = _running(plan, starter)
            case = _bench.cases[name]
            result = try_case(*_unhurried(case, plan, task), running, _bench.fixtures).result
            if task.fault and result["verdict"] == "pass" and not _changed():  # too late to be seen, perhaps
                result = try_case(*_unhurried(case, replace(plan, grace=_GRACE), task), running, _bench.fixtures).result
            found.tried[name] = Tried.of(result)
            if dies and result["verdict"] != "error" and running.one_ends(PATIENCE):
                found.tried[name] = Tried("error", "the server ended after the answer")
    finally:
        if running is not None:
            running.stop()


def _unhurried(case: Case, plan: Plan, task: Task) -> tuple[Case, Plan]:
    """Returns the patience of a fault: a server that breaks a silence gets its time, one that is silent gets less."""
    if not task.fault:
        return case, plan
    patience = task.patience[case.id]
    limit = None if case.limit is None else max(case.limit, patience)
    return replace(case, limit=limit), replace(plan, timeout=patience, case_timeout=4 * patience)


def _try_branches(task: Task, found: Found, starter: Starter) -> None:
    assert _bench is not None
    plan = _bench.plans[task.profile]
    same: dict[str, list[Branch]] = {}
    for branch in task.branches:
        same.setdefault(branch.case, []).append(branch)
    running = _running(plan, starter)
    try:
        for name, group in same.items():
            case = _bench.cases[name]
            try:
                instance = running.instance(case)
            except UserError as error:
                found.branches += [branch_untried(branch, error.message.partition("\n")[0]) for branch in group]
                continue
            found.branches += _judged(case, group, plan, instance, running.docroot)
    finally:
        running.stop()


def _judged(case: Case, group: Sequence[Branch], plan: Plan, instance: Instance, docroot: Docroot) -> list[BranchProof]:
    """Plays the exchange once, with nothing before or after it, and judges it with each branch and without."""
    expectation = case.expect[plan.profile]
    tokens = Tokens(instance.port, str(docroot.root), str(docroot.base))
    exchange = play(
        case.steps,
        (ADDRESS, instance.port),
        tokens,
        timeout=PATIENCE if group[0].status == SILENT else plan.timeout,
        limit=case.limit,
        judged=[answer.connection for answer in expectation.answers],
        settled=settled(expectation),
        signal=instance.signal,
        start=partial(start_once_more, instance),
        cap=Cap(plan.case_timeout, time.monotonic() + plan.case_timeout),
    )
    around = Surroundings(tokens, lambda name: b"")

    def judged(index: int, statuses: Sequence[Status]) -> Judgement:
        return judge(on_the_status(expectation, index, statuses), exchange, around)

    proofs = []
    for branch in group:
        statuses = expectation.answers[branch.index].status
        alone = judged(branch.index, [branch.status])
        taken = not _blamed(alone) and not _blamed(judged(branch.index, statuses))
        refused = _blamed(judged(branch.index, [status for status in statuses if status != branch.status]))
        proofs.append(branch_proof(branch, alone.saw, taken=taken, refused=refused))
    return proofs


def _blamed(judgement: Judgement) -> bool:
    return any(mismatch.what == "status" for mismatch in judgement.mismatches)


def _running(plan: Plan, starter: Starter) -> Running:
    assert _bench is not None and plan.server is not None
    return Running(plan.server, _bench.fixtures, starter, _fresh())


def _fresh() -> Docroot:
    """Returns a document root as the fixtures have it."""
    global _docroot
    assert _bench is not None
    if _docroot is None or _changed():
        if _docroot is not None:
            remove(_docroot[0].base)
        made = lay_out(_bench.fixtures, Path(tempfile.mkdtemp(dir=_bench.base)))
        _docroot = made, _state(made.base)
    return _docroot[0]


def _changed() -> bool:
    return _docroot is not None and _state(_docroot[0].base) != _docroot[1]


def _state(top: Path | str) -> object:
    """Returns what a server could change of the document root. A server cannot change a directory it cannot read."""
    known: list[object] = []
    try:
        entries = list(os.scandir(top))
    except PermissionError:
        return None
    for entry in entries:
        status = entry.stat(follow_symlinks=False)
        inside = _state(entry.path) if entry.is_dir(follow_symlinks=False) else None
        known.append((entry.name, status.st_mode, status.st_uid, status.st_size, status.st_ctime_ns, inside))
    return known
