"""`cgi-conform bisect`: how far a server has come, and the first thing that keeps it from the next level.

For whoever is writing one: level by level (levels.py), from files to everything, and no further than the first that
is red.  Nothing is excused: expectation files do not count.
"""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cgi_conform.answer import PROFILES
from cgi_conform.case import Case, load_cases
from cgi_conform.clauses import load_clauses
from cgi_conform.errors import NOTHING_RAN, SERVER, UserError
from cgi_conform.levels import Level, climbed, load_levels
from cgi_conform.paths import fixtures
from cgi_conform.plan import Options, make_plan
from cgi_conform.results import CaseResult
from cgi_conform.run import configure_server
from cgi_conform.session import JOBS, carry_out

_RED = ("error", "fail", "warn")


@dataclass(frozen=True)
class Step:
    """What trying the cases of a level found: those that are red in order, and how many were judged and were not."""

    level: Level
    red: list[CaseResult]
    judged: int
    skipped: int
    messages: list[str]


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of `bisect`."""
    parser.epilog = "levels: see fixtures/levels.toml; exit status: 0 the last one, or --until, is reached, 1 it is not"
    configure_server(parser)
    add = parser.add_argument
    add("--profile", choices=PROFILES, default=PROFILES[0], help="what the server is judged by (default: %(default)s)")
    add("--until", metavar="LEVEL", help="stop there, with 0 if it is reached (default: the last one)")
    add("-j", dest="jobs", type=int, metavar="N", help=JOBS)
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
        step = _try(level, mine, chosen, options.jobs) if mine else Step(level, [], 0, 0, [])
        judged += step.judged
        print(_line(step), flush=True)
        for message in step.messages:
            print(f"cgi-conform: {message}", file=sys.stderr)
        if step.red:
            print(_stopped(plan.title, reached, step, cases, _words(options)), end="")
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


def _try(level: Level, cases: Sequence[Case], options: Options, jobs: int | None) -> Step:
    chosen = replace(options, select=[case.id for case in cases])
    outcome = carry_out(chosen, make_plan(chosen), cases, jobs)
    found = {result["id"]: result for result in outcome.results["cases"]}
    red = [found[case.id] for case in cases if found[case.id]["verdict"] in _RED]
    skipped = outcome.results["totals"]["skip"]
    return Step(level, red, len(cases) - skipped, skipped, outcome.messages)


def _line(step: Step) -> str:
    told = f"{len(step.red)} of them red" if step.red else "reached"
    skipped = f" ({step.skipped} more could not be judged here)" if step.skipped else ""
    return f"{step.level.name:<10}{step.judged:>5} cases  {told}{skipped}"


def _stopped(title: str, reached: Level | None, step: Step, cases: Sequence[Case], words: Sequence[str]) -> str:
    """How far it went, what stopped it, and what to do next."""
    from cgi_conform.report.terminal import failure, style_for

    first = step.red[0]
    topic = first["topic"]
    here = f'{title} reaches "{reached.name}": {reached.about}.' if reached else f"{title} reaches no level yet."
    arguments = " ".join([first["id"], *words])
    clauses = load_clauses(fixtures() / "clauses.toml")
    return "\n".join([
        "", here, f'The first thing that keeps it from "{step.level.name}" ({step.level.about}):', "",
        failure(first, clauses, style_for(sys.stdout)), "",
        "next", f"      cgi-conform replay {arguments}    # every octet of it",
        f"      cgi-conform show {first['id']}{_profile(words)}    # the rule, and what CPython answered",
        f"      cgi-conform run {topic} {' '.join(words)}    # the rest of its topic", "",
    ])  # fmt: skip


def _profile(words: Sequence[str]) -> str:
    return " ".join(["", *words[words.index("--profile") :]]) if "--profile" in words else ""


def _words(options: argparse.Namespace) -> list[str]:
    """The options that name the server and the profile, as one types them."""
    found = [(f"--{name}", getattr(options, name)) for name in ("server", "command", "url", "root")]
    if options.profile != PROFILES[0]:
        found.append(("--profile", options.profile))
    return [text for name, value in found if value for text in (name, shlex.quote(value))]
