"""The worker of `prove`: tries cases against the faulty server, without faults and with them.

The cases without a fault and the branches come first. The time that a case took without its fault decides how long the
worker waits for the server with the fault.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from cgi_conform.cases.answer import SILENT, Status
from cgi_conform.cases.case import Case
from cgi_conform.cases.docroot import Docroot
from cgi_conform.cases.layout import Layout
from cgi_conform.data.faulty.faults import Broken, Fault, compiled, find
from cgi_conform.errors import UserError
from cgi_conform.http.exchange import play
from cgi_conform.http.timeouts import CaseDeadline
from cgi_conform.judging.judge import Judgement, CaseContext, judge, settled
from cgi_conform.judging.results import CaseResult
from cgi_conform.octets import Tokens
from cgi_conform.proof import forked_server
from cgi_conform.proof.fresh_docroot import FreshDocroot
from cgi_conform.proof.kills_json import BranchProof
from cgi_conform.proof.proofs import Branch, Tried, branch_proof, branch_untried, on_the_status
from cgi_conform.proof.tasks import PATIENCE, Task
from cgi_conform.running.plan import Plan
from cgi_conform.running.trial import try_case
from cgi_conform.servers.instance import Instance
from cgi_conform.servers.launch import Starter
from cgi_conform.servers.once_more import start_once_more
from cgi_conform.servers.ports import ADDRESS
from cgi_conform.servers.server_pool import ServerPool

_GRACE = 1.0  # seconds of reading after a complete answer before a case counts as survived


@dataclass
class TaskOutcome:
    """The outcome of a task. `broken` is the reason if the fault could not be put into the server."""

    task: Task
    tried: dict[str, Tried] = field(default_factory=dict)
    branches: list[BranchProof] = field(default_factory=list)
    broken: str = ""


@dataclass(frozen=True)
class ProofInputs:
    """The data that all workers need: cases and faults by name, plans by profile, and the server to put faults into."""

    cases: Mapping[str, Case]
    plans: Mapping[str, Plan]
    faults: Mapping[str, Fault]
    subject: forked_server.Subject
    fixtures: Path


class FaultWorker:
    """Tries cases against the server with faults in it."""

    def __init__(self, inputs: ProofInputs) -> None:
        self._inputs = inputs
        server = next(plan.server for plan in inputs.plans.values())
        self._zygote = forked_server.Zygote(inputs.subject)
        self._docroot = FreshDocroot(inputs.fixtures, server.layout if server else Layout())

    def carry_out(self, task: Task) -> TaskOutcome:
        """Tries the cases or the branches of a task and returns the outcome."""
        found = TaskOutcome(task)
        try:
            fault = find(task.fault, self._inputs.faults) if task.fault else None
            codes = compiled(fault, self._inputs.subject.folder) if fault else {}
        except Broken as error:
            found.broken = str(error)
            found.tried = {name: Tried("error", str(error)) for name in task.cases}
            found.branches = [branch_untried(branch, str(error)) for branch in task.branches]
            return found
        starter = self._zygote.starter(codes)
        if task.branches:
            self._try_branches(task, found, starter)
        else:
            self._try_cases(task, found, starter, dies=fault is not None and fault.dies)
        return found

    def end(self) -> list[str]:
        """Ends the process that the servers are forked from. Each task has ended its servers by then."""
        self._zygote.end()
        return []

    def _try_cases(self, task: Task, found: TaskOutcome, starter: Starter, *, dies: bool) -> None:
        plan = self._inputs.plans[task.profile]
        pool = self._pool(plan, starter)
        try:
            for name in task.cases:
                if self._docroot.has_changed():
                    pool.stop()
                    pool = self._pool(plan, starter)
                result = self._try(name, plan, task, pool)
                if task.fault and result["verdict"] == "pass" and not self._docroot.has_changed():
                    result = self._try(name, replace(plan, grace=_GRACE), task, pool)  # the octets that must not come may be late
                found.tried[name] = Tried.of(result)
                if dies and result["verdict"] != "error" and pool.one_ends(PATIENCE):
                    found.tried[name] = Tried("error", "the server ended after the answer")
        finally:
            pool.stop()

    def _try(self, name: str, plan: Plan, task: Task, pool: ServerPool) -> CaseResult:
        return try_case(*_with_timeouts(self._inputs.cases[name], plan, task), pool, self._inputs.fixtures).result

    def _try_branches(self, task: Task, found: TaskOutcome, starter: Starter) -> None:
        plan = self._inputs.plans[task.profile]
        same: dict[str, list[Branch]] = {}
        for branch in task.branches:
            same.setdefault(branch.case, []).append(branch)
        pool = self._pool(plan, starter)
        try:
            for name, group in same.items():
                case = self._inputs.cases[name]
                try:
                    instance = pool.instance(case)
                except UserError as error:
                    found.branches += [branch_untried(branch, error.message.partition("\n")[0]) for branch in group]
                    continue
                found.branches += _judged(case, group, plan, instance, pool.docroot)
        finally:
            pool.stop()

    def _pool(self, plan: Plan, starter: Starter) -> ServerPool:
        assert plan.server is not None
        return ServerPool(plan.server, self._inputs.fixtures, starter, self._docroot.get())


def _with_timeouts(case: Case, plan: Plan, task: Task) -> tuple[Case, Plan]:
    """Returns the case and the plan with the timeouts of the task, if it has a fault.

    A limit of the case becomes longer, so that a server has time to break the silence. The timeout becomes shorter, so
    that a silent server does not take long.
    """
    if not task.fault:
        return case, plan
    patience = task.patience[case.id]
    limit = None if case.limit is None else max(case.limit, patience)
    return replace(case, limit=limit), replace(plan, timeout=patience, case_timeout=4 * patience)


def _judged(case: Case, group: Sequence[Branch], plan: Plan, instance: Instance, docroot: Docroot) -> list[BranchProof]:
    """Plays only the exchange of a case, once, and judges it with each branch and without it."""
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
        deadline=CaseDeadline.from_now(plan.case_timeout),
    )
    context = CaseContext(tokens, lambda name: b"")

    def judged(index: int, statuses: Sequence[Status]) -> Judgement:
        return judge(on_the_status(expectation, index, statuses), exchange, context)

    proofs = []
    for branch in group:
        statuses = expectation.answers[branch.index].status
        alone = judged(branch.index, [branch.status])
        taken = not _blamed(alone) and not _blamed(judged(branch.index, statuses))
        refused = _blamed(judged(branch.index, [status for status in statuses if status != branch.status]))
        proofs.append(branch_proof(branch, alone.saw, taken=taken, refused=refused))
    return proofs


def _blamed(judgement: Judgement) -> bool:
    """Returns whether the status is a mismatch."""
    return any(mismatch.what == "status" for mismatch in judgement.mismatches)
