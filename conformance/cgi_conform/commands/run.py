"""`cgi-conform run`: tries the cases against one server and reports. The exit status says if the server conforms."""

import argparse
import os
import random
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

from cgi_conform.cases.case import Case
from cgi_conform.cases.clauses import load_clauses
from cgi_conform.cases.load import case_ids, load_cases, load_presupposed, nearest_id
from cgi_conform.commands.server_options import configure_profile, configure_server, configure_workers, lines_lead_to
from cgi_conform.errors import INTERRUPTED, NOTHING_RAN, SERVER, UserError
from cgi_conform.http.delivery import DELIVERIES
from cgi_conform.judging.known_failures import write_known_failures
from cgi_conform.judging.results import Results, exit_status, red_verdicts
from cgi_conform.paths import fixtures
from cgi_conform.progress import show_progress
from cgi_conform.running.better_profile import better_profile
from cgi_conform.running.plan import CASE_TIMEOUT, Options, Plan, make_plan
from cgi_conform.running.session import RunOutcome, carry_out
from cgi_conform.servers.definition import START_TIMEOUT
from cgi_conform.wall import since_start
from cgi_conform.write import need_folder

FORMATS = ("text", "tap", "github")
_INTERRUPTED = "interrupted: writing the results so far (interrupt again to stop at once)"


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `run`."""
    add = parser.add_argument
    add("globs", nargs="*", metavar="CASE-GLOB", help="cases to run, by id or topic (default: all)")
    configure_server(parser)
    configure_profile(parser)
    add("--strict", action="store_true", help="a recommended case that fails turns the run red")
    add("--strict-observed", action="store_true", help="an observed case that differs turns the run red")
    add("--skip", action="append", default=[], metavar="GLOB", help="do not run these cases (may be given several times)")
    add("--expect", metavar="FILE", help="the known failures (default: expect.toml, or in profile rfc3875 expect.rfc3875.toml, beside server.toml)")
    add("--write-expect", type=Path, metavar="FILE", help="write the failures of this run to FILE as known failures")
    add("--report", type=Path, metavar="DIR", help="write results.json, junit.xml, summary.md, index.html, badge.json")
    add("--format", choices=FORMATS, default="github" if os.environ.get("GITHUB_ACTIONS") == "true" else "text",
        help="how to report: text; tap, the Test Anything Protocol; or github, text with annotations and a step summary "
        "(default: github in a workflow of GitHub, else text)")  # fmt: skip
    configure_workers(parser)
    add("--shuffle", nargs="?", type=int, const=-1, metavar="SEED", help="run the cases in a random order")
    add("--sample", type=int, metavar="N", help="run about one case in N, always the same ones")
    add("--timeout", type=float, default=5.0, metavar="S", help="seconds to wait for the next octet (default: %(default)g)")
    add("--case-timeout", type=float, default=CASE_TIMEOUT, metavar="S", help="seconds for a whole case (default: %(default)g)")
    add("--start-timeout", type=float, metavar="S",
        help=f"seconds for the server to start (default: {START_TIMEOUT:g}, or what its server.toml says)")  # fmt: skip
    add("--delivery", choices=DELIVERIES, default="whole", help="how to cut requests into writes (default: whole)")
    add("--times", action="store_true", help="write the seconds of each case into results.json")
    add("--slowest", type=int, default=0, metavar="N", help="show the N slowest cases")


def main(options: argparse.Namespace) -> int:
    """Runs the cases, reports, and returns the exit status."""
    if options.shuffle == -1:
        options.shuffle = random.SystemRandom().randrange(1_000_000)
    cases = load_cases(fixtures() / "cases", options.globs)
    chosen = Options.of(options)
    plan = make_plan(chosen)
    selected = [case for case in cases if plan.profile in case.expect and chosen.samples(case.id)]
    if not selected:
        others = {profile for case in cases for profile in case.expect} - {plan.profile}
        hint = f" (--profile {min(others)})" if others else ""
        among = f" and is in --sample {chosen.sample}" if chosen.sample else hint
        raise UserError(f"nothing to run: no such case has an expectation for {plan.profile}{among}", NOTHING_RAN)
    if options.shuffle is not None:
        # TAP must begin with its version.
        print(f"order: --shuffle={options.shuffle}", file=sys.stderr if options.format == "tap" else sys.stdout, flush=True)
    _check_skipped(options.skip)
    if options.report:
        need_folder(options.report)
    try:
        outcome = carry_out(
            chosen,
            plan,
            selected,
            beside=[case for case in load_presupposed(fixtures() / "cases", selected) if plan.profile in case.expect],
            strict=options.strict,
            strict_observed=options.strict_observed,
            progress=lambda result, number: show_progress(f"{number}/{len(selected)} {result['id'][:60]}"),
            interrupted=_interrupted,
            partial=True,
        )
    finally:
        show_progress("")
    return _report(options, plan, selected, outcome)


def _check_skipped(globs: list[str]) -> None:
    """Raises UserError if a glob matches no case: it is misspelt, or the case does not exist any more."""
    known = case_ids(fixtures() / "cases") if globs else []
    for glob in globs:
        if not any(fnmatchcase(name, glob) for name in known):
            raise UserError(f'--skip "{glob}" matches no case{nearest_id(glob, known)}')


def _report(options: argparse.Namespace, plan: Plan, cases: list[Case], outcome: RunOutcome) -> int:
    from cgi_conform.report import github, tap, terminal, write_all  # imported after the run, because templates are slow

    path = fixtures() / "clauses.toml"
    clauses = load_clauses(path) if path.exists() else {}
    by_id = {case.id: case for case in plan.rewritten(cases)}
    results = outcome.results
    for_github = options.format == "github"
    if options.times:
        for result in results["cases"]:
            result["seconds"] = outcome.seconds.get(result["id"], 0.0)
    with github.commands_stopped() if for_github else nullcontext():
        if options.format == "tap":
            print(tap.text(results), end="", flush=True)
        else:
            style = terminal.style_for(sys.stdout, lines_lead_to(options, plan))
            style = replace(style, listed=_listed(options, plan))
            print(terminal.text(results, clauses, style, options.slowest, outcome.seconds), end="", flush=True)
        if options.report:
            write_all(results, options.report, by_id, clauses)
        for told in _remarks(options, plan, results):
            print(tap.comment(told) if options.format == "tap" else told, flush=True)
        for message in outcome.messages:
            print(f"cgi-conform: {message}", file=sys.stdout if for_github else sys.stderr)
    if for_github:
        github.write_summary(results, clauses)
        for line in github.annotations(results, by_id, _expectations(options, plan)):
            print(line, flush=True)
    if outcome.interrupted:
        return INTERRUPTED
    return SERVER if outcome.messages else exit_status(results)


def _remarks(options: argparse.Namespace, plan: Plan, results: Results) -> Iterator[str]:
    """Yields the lines that follow the report. Writes the file of --write-expect."""
    if options.write_expect:
        yield from _write_expect(options, plan, results)
    if plan.release_note:
        yield plan.release_note
    if hint := better_profile(Options.of(options), results):
        yield hint
    yield f"{since_start():.1f} s"


def _write_expect(options: argparse.Namespace, plan: Plan, results: Results) -> Iterator[str]:
    """Writes the failures as known failures, and yields what to do with the file."""
    path: Path = options.write_expect
    count = write_known_failures(path, results["cases"], plan.known_failures, {*red_verdicts(results), "warn"})
    entries = "1 expectation" if count == 1 else f"{count} expectations"
    yield f'{entries} written to "{path}": write the reason into each entry (an entry with ?? turns the run red)'
    own = plan.server.expect_file(plan.profile) if plan.server is not None and options.server else None
    if own is not None and path.absolute().parent == own.parent and path.name != own.name:
        yield f'in profile {plan.profile}, runs read the file "{own.name}" (rename this one, or use --expect)'


def _listed(options: argparse.Namespace, plan: Plan) -> str:
    """Returns where the user finds the reasons and the answers of the known failures."""
    path = _expectations(options, plan)
    page = f"{options.report}/index.html shows" if options.report else "--report DIR writes a page that shows"
    return f': "{path}" gives each reason; {page} the answers'


def _expectations(options: argparse.Namespace, plan: Plan) -> Path | None:
    """Returns the path of the known failures."""
    if options.expect:
        return Path(options.expect)
    return plan.server.expect_file(plan.profile) if plan.server is not None else None


def _interrupted() -> None:
    show_progress("")
    print(f"cgi-conform: {_INTERRUPTED}", file=sys.stderr, flush=True)
