"""`cgi-conform prove`: proves that each case can fail. It runs the cases against the faulty server with its faults.

    sound     without a fault, the server passes the case
    killed    with the fault that the case names, the server fails the case and does not die
    branches  the case accepts each status of its list, and rejects it when it is taken off the list
    faults    every fault is named by a case, and makes a case fail

A case that is not sound or not killed is tried once more after the others, because a busy machine can miss a pause of
the client or the time of a step. A line on standard error names each of them.

Exit status: 0 everything is proven; 1 something is not; 2 wrong usage or wrong data; 5 nothing could be tried.
"""

import argparse
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path

from cgi_conform.cases.answer import PROFILES
from cgi_conform.cases.case import NEEDS, Case
from cgi_conform.cases.load import load_cases, select
from cgi_conform.commands.server_options import configure_suffix, configure_workers
from cgi_conform.data.faulty.faults import Fault, find
from cgi_conform.errors import UserError
from cgi_conform.numbers import whole_number
from cgi_conform.paths import fixtures
from cgi_conform.proof import forked_server
from cgi_conform.proof.fault_files import check_globs, load_faults, unknown, unmatched
from cgi_conform.progress import show_progress
from cgi_conform.proof.fault_worker import ProofInputs, FaultWorker, TaskOutcome
from cgi_conform.proof.kills_json import SURVIVED, BranchProof, CaseProof, Kills, assembled, exit_status
from cgi_conform.proof.proofs import Branch, Tried, branch_skipped, branches, case_proof, fault_proofs
from cgi_conform.proof.tasks import Task, branch_tasks, fault_tasks, sound_tasks
from cgi_conform.running.capabilities import missing
from cgi_conform.running.plan import WORKERS, Options, Plan, make_plan
from cgi_conform.running.workers import Workers
from cgi_conform.servers.definition import ServerDefinition, load_server
from cgi_conform.wall import since_start
from cgi_conform.write import need_folder

_Outcomes = Mapping[str, Mapping[str, Tried]]  # by profile and case id
_Wanted = Mapping[str, Sequence[Case]]  # by profile

def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `prove`."""
    add = parser.add_argument
    add("globs", nargs="*", metavar="CASE-GLOB", help="cases to prove, by id or topic (default: all)")
    add("--profile", action="append", choices=PROFILES, help="the profile to prove them in (default: all of the server's)")
    add("--fault", action="append", default=[], metavar="NAME", help="only the cases that name this fault (or a glob of faults)")
    add("--needs", choices=NEEDS, metavar="CAPABILITY", help="only cases that need this capability (root, user, limits, …)")
    add("--sample", type=whole_number(), metavar="N", help="prove about one case in N, always the same ones")
    configure_workers(parser)
    add("--report", type=Path, metavar="DIR", help="write kills.json, kills.md, kills.html and junit.xml")
    configure_suffix(parser)
    add("--server", default="faulty", metavar="NAME", help="the server that gets the faults (default: %(default)s)")


def main(options: argparse.Namespace) -> int:
    """Proves the cases, reports, and returns the exit status."""
    if options.report:
        need_folder(options.report)
    profiles = list(dict.fromkeys(options.profile or load_server(options.server).profiles))
    common = Options(server=options.server, sample=options.sample, workers=options.workers, script_suffix=options.script_suffix)
    plans = {profile: make_plan(replace(common, profile=profile)) for profile in profiles}
    server = _definition(plans[profiles[0]])
    subject = forked_server.subject(server)
    faults, wrong = load_faults(subject.folder)
    corpus = plans[profiles[0]].rewritten(load_cases(fixtures() / "cases"))
    chosen = select(corpus, options.globs, fixtures() / "cases")
    cases = {case.id: case for case in chosen if options.needs in (None, *case.needs) and common.samples(case.id)}
    work = _Work.of(list(cases.values()), plans, options.fault)
    check_globs(options.fault, faults, [branch.fault for branch in work.branches])
    if not (options.globs or options.fault or options.needs):
        wrong += unmatched(faults, corpus)
    _prove(work, ProofInputs(cases, plans, faults, subject, fixtures()), options.workers or WORKERS)
    shown = [find(name, faults) for name in {case["fault"] for case in work.proven} if not unknown(name, faults)]
    kills = assembled(
        {"name": server.name, "title": server.title, "version": server.version()},
        plans[profiles[0]].capabilities.user,
        profiles,
        len(corpus),
        work.proven,
        fault_proofs(shown, work.proven),
        work.branched,
    )
    wrong += [said for said in work.broken if not any(said in line for line in wrong)]
    return _report(options, kills, wrong)


@dataclass
class _Work:
    """The cases and branches to prove, and the proofs so far."""

    wanted: dict[str, list[Case]] = field(default_factory=dict)  # by profile
    branches: list[Branch] = field(default_factory=list)
    proven: list[CaseProof] = field(default_factory=list)
    branched: list[BranchProof] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, cases: Sequence[Case], plans: Mapping[str, Plan], globs: Sequence[str]) -> "_Work":
        """Returns the cases and branches whose faults match a glob, or all of them if there is no glob.

        Those that need a missing capability count as proven with the verdict "skip".
        """

        def chosen(fault: str) -> bool:
            return not globs or any(fnmatchcase(fault, glob) for glob in globs)

        work = cls()
        for profile, plan in plans.items():
            mine = [case for case in cases if profile in case.expect]
            work.wanted[profile] = []
            for case in mine:
                reason = missing(case, plan.capabilities)
                if chosen(case.fault_in(profile)):
                    if reason is None:
                        work.wanted[profile].append(case)
                    else:
                        work.proven.append(case_proof(case, profile, Tried("skip", reason)))
                for branch in branches(case, profile):
                    if chosen(branch.fault):
                        if reason is None:
                            work.branches.append(branch)
                        else:
                            work.branched.append(branch_skipped(branch, reason))
        return work


def _prove(work: _Work, inputs: ProofInputs, count: int) -> None:
    with Workers(count, lambda: FaultWorker(inputs)) as workers:

        def without_fault(wanted: _Wanted, branched: Sequence[Branch], what: str) -> list[TaskOutcome]:
            tasks = [task for profile, cases in wanted.items() for task in sound_tasks(cases, profile)]
            return _carried_out(workers, [*tasks, *branch_tasks(branched)], what)

        sound = without_fault(work.wanted, work.branches, "without a fault, and branches")
        red = {(profile, name) for profile, found in _by_profile(sound).items() for name in found if found[name].verdict != "pass"}
        sound += without_fault(_once_more(work.wanted, red), [], "once more without a fault")
        without = _by_profile(sound)

        def with_faults(wanted: _Wanted, what: str) -> list[TaskOutcome]:
            tasks: list[Task] = []
            for profile, cases in wanted.items():
                seconds = {name: tried.seconds for name, tried in without[profile].items() if tried.verdict == "pass"}
                tasks += fault_tasks([case for case in cases if case.id in seconds], inputs.plans[profile], seconds)
            return _carried_out(workers, tasks, what)

        killed = with_faults(work.wanted, "with their faults")
        proven = _proofs(work.wanted, inputs.faults, without, _by_profile(killed))
        left = {(one["profile"], one["id"]) for one in proven if one["verdict"] == SURVIVED}
        left -= {(found.task.profile, name) for found in killed if found.broken for name in found.task.cases}
        killed += with_faults(_once_more(work.wanted, left), "once more with their faults")
        workers.end()
    work.proven += _proofs(work.wanted, inputs.faults, without, _by_profile(killed))
    work.branched += [proof for found in sound for proof in found.branches]
    work.broken = sorted({found.broken for found in [*sound, *killed] if found.broken})


def _once_more(wanted: _Wanted, these: Collection[tuple[str, str]]) -> _Wanted:
    """Returns the cases that are among `these`, by profile and id, and says that they are tried once more."""
    for profile, name in sorted(these):
        print(f"cgi-conform: tried once more: {name} in {profile}", file=sys.stderr, flush=True)
    return {profile: [case for case in cases if (profile, case.id) in these] for profile, cases in wanted.items()}


def _proofs(wanted: _Wanted, faults: Mapping[str, Fault], without: _Outcomes, broken: _Outcomes) -> list[CaseProof]:
    return [
        case_proof(case, profile, without[profile][case.id], broken[profile].get(case.id), faults.get(case.fault_in(profile)))
        for profile, cases in wanted.items()
        for case in cases
    ]


def _carried_out(workers: Workers[Task, TaskOutcome], tasks: Sequence[Task], what: str) -> list[TaskOutcome]:
    """Carries out the tasks, the longest first, and shows the progress on a terminal."""
    found: list[TaskOutcome] = []
    try:
        for one in workers.results(sorted(tasks, key=lambda task: -task.waits)):
            found.append(one)
            show_progress(f"{what}: {len(found)}/{len(tasks)}")
    finally:
        show_progress("")
    return found


def _by_profile(found: Sequence[TaskOutcome]) -> _Outcomes:
    """Returns the last outcome of each case."""
    tried: dict[str, dict[str, Tried]] = {profile: {} for profile in PROFILES}
    for one in found:
        tried[one.task.profile] |= one.tried
    return tried


def _definition(plan: Plan) -> ServerDefinition:
    assert plan.server is not None
    return plan.server


def _report(options: argparse.Namespace, kills: Kills, wrong: Sequence[str]) -> int:
    from cgi_conform.report import kills as reports  # imported after the proof, because templates are slow
    from cgi_conform.report.kills import terminal
    from cgi_conform.report.terminal import style_for

    if options.report:
        reports.write_all(kills, options.report)
    print(terminal.text(kills, style_for(sys.stdout)), end="")
    print(f"{since_start():.1f} s", flush=True)
    if wrong:
        raise UserError("\n".join(wrong).split("\n"))
    return exit_status(kills)
