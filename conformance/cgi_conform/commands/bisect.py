"""`cgi-conform bisect`: finds the level that a server reaches, and the first case that keeps it from the next level.

It helps a person who writes a server. It tries the levels (cases/levels.py) in order, from plain files to the whole
suite, and stops after the first red one. It ignores expectation files, so known failures count as failures.
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
from cgi_conform.commands.server_options import configure_profile, configure_server, configure_workers
from cgi_conform.commands.server_options import lines_lead_to, named_again
from cgi_conform.did_you_mean import did_you_mean
from cgi_conform.errors import NOTHING_RAN, SERVER, UserError
from cgi_conform.judging.results import CaseResult
from cgi_conform.numbers import seconds
from cgi_conform.paths import fixtures
from cgi_conform.running.plan import Options, Plan, make_plan
from cgi_conform.running.session import carry_out
from cgi_conform.typed import typed

_RED = ("error", "fail", "warn")


@dataclass(frozen=True)
class LevelResult:
    """The outcome of one level: its red cases in order, and the numbers of judged and skipped cases."""

    level: Level
    red: list[CaseResult]
    judged: int
    skipped: int
    messages: list[str]


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `bisect`."""
    parser.epilog = (
        "fixtures/levels.toml lists the levels. "
        "exit status: 0 the server reaches the last level, or that of --until; 1 it does not"
    )
    configure_server(parser)
    configure_profile(parser)
    add = parser.add_argument
    add("--until", metavar="LEVEL", help="the last level to try (default: all)")
    configure_workers(parser)
    add("--timeout", type=seconds, default=5.0, metavar="S", help="seconds to wait for an answer (default: %(default)g)")


def main(options: argparse.Namespace) -> int:
    """Tries the levels and prints which one the server reaches."""
    chosen = replace(Options.of(options), expect=os.devnull)
    plan = make_plan(chosen)
    levels = load_levels(fixtures() / "levels.toml")
    names = [level.name for level in levels]
    if options.until is not None and options.until not in names:
        hint = did_you_mean(options.until, names) or f" (known: {', '.join(names)})"
        raise UserError(f'unknown level "{options.until}"{hint}')
    cases = load_cases(fixtures() / "cases")
    reached: Level | None = None
    judged = 0
    for level, mine in climbed(levels, cases, plan.profile):
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
    skipped = f" ({step.skipped} more skipped)" if step.skipped else ""
    cases = "case " if step.judged == 1 else "cases"
    return f"{step.level.name:<10}{step.judged:>5} {cases}  {told}{skipped}"


def _stopped(plan: Plan, reached: Level | None, step: LevelResult, options: argparse.Namespace) -> str:
    """Returns the level that the server reaches, the case that stops it, and the next commands."""
    from cgi_conform.report.terminal import failure, style_for

    first = step.red[0]
    here = f'{plan.title} reaches "{reached.name}": {reached.about}.' if reached else f"{plan.title} reaches no level yet."
    server = named_again(options, plan.profile)
    profile = f" --profile {plan.profile}" if plan.profile != PROFILES[0] else ""
    clauses = load_clauses(fixtures() / "clauses.toml")
    style = style_for(sys.stdout, lines_lead_to(options, plan))
    next_lines = [
        *([f'{style.reach.starts}    # start a server for the "again" line'] if style.reach.starts else []),
        f"cgi-conform replay {first['id']} {server}    # show every octet",
        f"cgi-conform show {first['id']}{profile}    # show the rule and the answers of CPython",
        f"cgi-conform run {first['topic']} {server}    # run all cases of this topic",
    ]
    return "\n".join([
        "", here, f'The first case that keeps it from "{step.level.name}" ({step.level.about}):', "",
        failure(first, clauses, style), "", "next", *(f"      {typed(line)}" for line in next_lines), "",
    ])  # fmt: skip
