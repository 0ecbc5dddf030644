"""`cgi-conform bisect`: how far a server has come, and the first thing that keeps it from the next level.

For whoever is writing one: level by level (levels.py), from files to everything, and no further than the first that
is red.  Nothing is excused: expectation files do not count.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cgi_conform.cases.answer import PROFILES
from cgi_conform.cases.case import Case
from cgi_conform.cases.clauses import load_clauses
from cgi_conform.cases.levels import Level, climbed, load_levels
from cgi_conform.cases.load import load_cases
from cgi_conform.commands.server_options import configure_server, configure_workers, lines_lead_to, named_again
from cgi_conform.errors import NOTHING_RAN, SERVER, UserError
from cgi_conform.judging.results import CaseResult
from cgi_conform.paths import fixtures
from cgi_conform.running.plan import Options, Plan, make_plan
from cgi_conform.running.session import carry_out
from cgi_conform.typed import typed

_RED = ("error", "fail", "warn")


@dataclass(frozen=True)
class LevelResult:
    """What trying the cases of a level found: those that are red in order, and how many were judged and were not."""

    level: Level
    red: list[CaseResult]
    judged: int
    skipped: int
    messages: list[str]


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `bisect`."""
    parser.epilog = "levels: see fixtures/levels.toml; exit status: 0 the last one, or --until, is reached, 1 it is not"
    configure_server(parser)
    add = parser.add_argument
    add("--profile", choices=PROFILES, default=PROFILES[0], help="what the server is judged by (default: %(default)s)")
    add("--until", metavar="LEVEL", help="stop there, with 0 if it is reached (default: the last one)")
    configure_workers(parser)
    add("--timeout", type=float, default=5.0, metavar="S", help="seconds to wait for an answer (default: %(default)g)")


def main(options: argparse.Namespace) -> int:
    """Climb, and say how far it went."""
    chosen = replace(Options.of(options), expect=os.devnull)
    plan = make_plan(chosen)
    levels = load_levels(fixtures() / "levels.toml")
    names = [level.name for level in levels]
    if options.until is not None and options.until not in names:
        raise UserError(f'no level "{options.until}" (known: {", ".join(names)})')
    cases = load_cases(fixtures() / "cases")
    reached: Level | None = None
    judged = 0
    for level, mine in climbed(levels, cases, options.profile):
        step = _try(level, mine, chosen, plan) if mine else LevelResult(level, [], 0, 0, [])
        judged += step.judged
        print(_line(step), flush=True)
        for message in step.messages:
            print(f"cgi-conform: {message}", file=sys.stderr)
        if step.red:
            print(_stopped(plan, reached, step, options), end="")
            return 1
        if step.messages:
            return SERVER
        reached = level
        if level.name == options.until:
            break
    if not judged:
        raise UserError("nothing ran", NOTHING_RAN)
    assert reached is not None
    print(f'\n{plan.title} reaches "{reached.name}": {reached.about}')
    return 0


def _try(level: Level, cases: Sequence[Case], options: Options, plan: Plan) -> LevelResult:
    outcome = carry_out(options, plan, cases)
    found = {result["id"]: result for result in outcome.results["cases"]}
    red = [found[case.id] for case in cases if found[case.id]["verdict"] in _RED]
    skipped = outcome.results["totals"]["skip"]
    return LevelResult(level, red, len(cases) - skipped, skipped, outcome.messages)


def _line(step: LevelResult) -> str:
    told = f"{len(step.red)} of them red" if step.red else "reached"
    skipped = f" ({step.skipped} more could not be judged here)" if step.skipped else ""
    return f"{step.level.name:<10}{step.judged:>5} cases  {told}{skipped}"


def _stopped(plan: Plan, reached: Level | None, step: LevelResult, options: argparse.Namespace) -> str:
    """Returns how far it went, what stopped it, and what to do next."""
    from cgi_conform.report.terminal import failure, style_for

    first = step.red[0]
    here = f'{plan.title} reaches "{reached.name}": {reached.about}.' if reached else f"{plan.title} reaches no level yet."
    server = named_again(options, plan.profile)
    profile = f" --profile {plan.profile}" if plan.profile != PROFILES[0] else ""
    clauses = load_clauses(fixtures() / "clauses.toml")
    style = style_for(sys.stdout, lines_lead_to(options, plan))
    next_lines = [
        *([f'{style.reach.starts}    # a server for the "again" line'] if style.reach.starts else []),
        f"cgi-conform replay {first['id']} {server}    # every octet of it",
        f"cgi-conform show {first['id']}{profile}    # the rule, and what CPython answered",
        f"cgi-conform run {first['topic']} {server}    # the rest of its topic",
    ]
    return "\n".join([
        "", here, f'The first thing that keeps it from "{step.level.name}" ({step.level.about}):', "",
        failure(first, clauses, style), "", "next", *(f"      {typed(line)}" for line in next_lines), "",
    ])  # fmt: skip
