"""Divides the work of `prove` into tasks for workers: cases without a fault, cases with their faults, and branches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cgi_conform.cases.case import Case
from cgi_conform.proof.proofs import Branch
from cgi_conform.running.plan import Plan
from cgi_conform.servers.server_pool import server_key

PATIENCE = 3.0  # seconds, the shortest timeout for a server with a fault
_LONGER = 5.0  # the timeout is so many times the seconds that the case took without a fault
_SOUND = 12  # cases in a task, so that all workers have work until the end
_BRANCHES = 40  # branches in a task


@dataclass(frozen=True)
class Task:
    """Cases or branches of one profile to try against the same server, with or without a fault."""

    profile: str
    fault: str  # "" for none
    cases: tuple[str, ...]
    patience: Mapping[str, float] = field(default_factory=dict)
    branches: tuple[Branch, ...] = ()
    waits: float = 0.0  # the seconds that the task takes at least


def sound_tasks(cases: Sequence[Case], profile: str) -> list[Task]:
    """Returns tasks for the cases without a fault. A task has cases with the same server."""
    groups: dict[object, list[Case]] = {}
    for case in cases:
        groups.setdefault(server_key(case), []).append(case)
    pieces = [group[at : at + _SOUND] for group in groups.values() for at in range(0, len(group), _SOUND)]
    return [Task(profile, "", tuple(case.id for case in piece), waits=_waits(piece)) for piece in pieces]


def fault_tasks(cases: Sequence[Case], plan: Plan, seconds: Mapping[str, float]) -> list[Task]:
    """Returns tasks for the cases with their faults. `seconds` is the time of each case without its fault."""
    profile, most = plan.profile, plan.timeout
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(case.fault_in(profile), []).append(case)
    tasks = []
    for name, group in groups.items():
        patience = {case.id: min(max(PATIENCE, _LONGER * seconds[case.id]), most) for case in group}
        tasks.append(Task(profile, name, tuple(patience), patience, waits=_waits(group) + sum(patience.values())))
    return tasks


def branch_tasks(branches: Sequence[Branch]) -> list[Task]:
    """Returns tasks for the branches. A task has branches with the same fault."""
    groups: dict[tuple[str, str], list[Branch]] = {}
    for branch in branches:
        groups.setdefault((branch.profile, branch.fault), []).append(branch)
    return [
        Task(profile, fault, (), branches=tuple(group[at : at + _BRANCHES]))
        for (profile, fault), group in groups.items()
        for at in range(0, len(group), _BRANCHES)
    ]


def _waits(cases: Sequence[Case]) -> float:
    """Returns the seconds that the cases wait at least."""
    steps = [step for case in cases for step in case.steps]
    limits = sum(case.limit or 0.0 for case in cases)
    return limits + sum(step.pause + (step.wait_blocked or step.wait_gone or 0.0) for step in steps)
