"""`cgi-conform run`: tries the cases against one server and reports. The exit status says if the server conforms."""

import argparse
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from fnmatch import fnmatchcase
from pathlib import Path

from cgi_conform.cases.case import Case
from cgi_conform.cases.load import case_ids, load_cases, load_presupposed, nearest_id
from cgi_conform.commands.run_report import configure_report, report
from cgi_conform.commands.server_options import (
    configure_profile,
    configure_server,
    configure_workers,
    lines_at_usual_port,
    lines_lead_to,
)
from cgi_conform.errors import NOTHING_RAN, SERVER, UserError
from cgi_conform.http.delivery import DELIVERIES
from cgi_conform.judging.known_failures import write_known_failures
from cgi_conform.judging.results import Results, Shard, red_verdicts
from cgi_conform.judging.shards import digest_of_choice, part_of_run
from cgi_conform.numbers import counted, seconds, whole_number
from cgi_conform.paths import fixtures
from cgi_conform.progress import show_progress
from cgi_conform.running.better_profile import better_profile
from cgi_conform.running.plan import CASE_TIMEOUT, Options, Plan, make_plan
from cgi_conform.running.session import RunOutcome, carry_out
from cgi_conform.servers.definition import START_TIMEOUT
from cgi_conform.write import need_file, need_folder

_INTERRUPTED = "interrupted: writing the results so far (interrupt again to stop at once)"


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `run`."""
    add = parser.add_argument
    add("globs", nargs="*", metavar="CASE-GLOB", help="cases to run, by id or topic (default: all)")
    configure_server(parser)
    configure_profile(parser)
    configure_report(parser)
    add("--skip", action="append", default=[], metavar="GLOB", help="do not run these cases (may be given several times)")
    add("--expect", metavar="FILE", help="the known failures (default: expect.toml, or in profile rfc3875 expect.rfc3875.toml, beside server.toml)")
    add("--write-expect", type=Path, metavar="FILE", help="write the failures of this run to FILE as known failures")
    configure_workers(parser)
    add("--shuffle", nargs="?", type=whole_number(0, 10**18 - 1), const=-1, metavar="SEED", help="run the cases in a random order")
    add("--sample", type=whole_number(), metavar="N", help="run about one case in N, always the same ones")
    add("--shard", type=part_of_run, metavar="I/N",
        help="run part I of N, always the same cases, so that N machines share a run (cgi-conform merge puts the results together)")  # fmt: skip
    add("--timeout", type=seconds, default=5.0, metavar="S", help="seconds to wait for the next octet (default: %(default)g)")
    add("--case-timeout", type=seconds, default=CASE_TIMEOUT, metavar="S", help="seconds for a whole case (default: %(default)g)")
    add("--start-timeout", type=seconds, metavar="S",
        help=f"seconds for the server to start (default: {START_TIMEOUT:g}, or what its server.toml says)")  # fmt: skip
    add("--delivery", choices=DELIVERIES, default="whole", help="how to cut requests into writes (default: whole)")
    add("--times", action="store_true", help="write the seconds of each case into results.json")
    add("--slowest", type=whole_number(0, 1_000_000), default=0, metavar="N", help="show the N slowest cases")


def main(options: argparse.Namespace) -> int:
    """Runs the cases, reports, and returns the exit status."""
    if options.shuffle == -1:
        options.shuffle = random.SystemRandom().randrange(1_000_000)
    cases = load_cases(fixtures() / "cases", options.globs)
    chosen = Options.of(options)
    plan = _plan(chosen, options.format)
    whole = [case for case in cases if plan.profile in case.expect and chosen.samples(case.id)]
    if not whole:
        others = {profile for case in cases for profile in case.expect} - {plan.profile}
        hint = f" (--profile {min(others)})" if others else ""
        among = f" and is in --sample {chosen.sample}" if chosen.sample else hint
        raise UserError(f"nothing to run: no such case has an expectation for {plan.profile}{among}", NOTHING_RAN)
    selected = [case for case in whole if not options.shard or options.shard.holds(case.id)]
    if not selected:
        told = f'--shard "{options.shard}" holds none of the {len(whole)} chosen cases (choose fewer parts, or more cases)'
        print(f"cgi-conform: {told}", file=sys.stderr)
    if options.shuffle is not None:
        # TAP must begin with its version.
        print(f"order: --shuffle={options.shuffle}", file=sys.stderr if options.format == "tap" else sys.stdout, flush=True)
    _check_skipped(options.skip)
    if options.report:
        need_folder(options.report)
    if options.write_expect:
        need_file(options.write_expect)
    beside = [case for case in load_presupposed(fixtures() / "cases", selected) if plan.profile in case.expect]
    try:
        outcome = carry_out(
            chosen,
            plan,
            selected,
            beside=beside,
            strict=options.strict,
            strict_observed=options.strict_observed,
            progress=lambda result, number: show_progress(f"{number}/{len(selected)} {result['id'][:60]}"),
            interrupted=_interrupted,
            partial=True,
        )
    finally:
        show_progress("")
    for result in outcome.results["cases"] if options.times else ():
        result["seconds"] = outcome.seconds.get(result["id"], 0.0)
    if options.shard:
        outcome.results["shard"] = _shard(options, plan, whole, outcome)
    return report(
        outcome,
        options,
        plan.rewritten([*selected, *beside]),
        reach=lines_lead_to(options, plan),
        expectations=_expectations(options, plan),
        remarks=_remarks(options, plan, outcome.results),
        slowest=options.slowest,
    )


def _plan(chosen: Options, format_: str) -> Plan:
    """Returns the plan of the run. If the server cannot be started, GitHub is told, too."""
    try:
        return make_plan(chosen)
    except UserError as error:
        if format_ == "github" and error.status == SERVER:
            from cgi_conform.report import github

            github.tell_refusal(error.message)
        raise


def _shard(options: argparse.Namespace, plan: Plan, cases: Sequence[Case], outcome: RunOutcome) -> Shard:
    """Returns what results.json says about the part that this run is. `cases` are those of all parts."""
    return {
        "part": options.shard.number,
        "parts": options.shard.count,
        "chosen": digest_of_choice(cases, plan.profile),
        "delivery": plan.delivery,
        "suffix": plan.script_suffix,
        "reach": asdict(lines_at_usual_port(options, plan)),
        "note": plan.release_note,
        "messages": [message.partition("\n")[0] for message in outcome.messages],  # without lines of the server's log
    }


def _check_skipped(globs: list[str]) -> None:
    """Raises UserError if a glob matches no case: it is misspelt, or the case does not exist any more."""
    known = case_ids(fixtures() / "cases") if globs else []
    for glob in globs:
        if not any(fnmatchcase(name, glob) for name in known):
            raise UserError(f'--skip "{glob}" matches no case{nearest_id(glob, known)}')


def _remarks(options: argparse.Namespace, plan: Plan, results: Results) -> Iterator[str]:
    """Yields the lines that follow the report. Writes the file of --write-expect."""
    if options.write_expect:
        yield from _write_expect(options, plan, results)
    if plan.release_note:
        yield plan.release_note
    if hint := better_profile(Options.of(options), results):
        yield hint


def _write_expect(options: argparse.Namespace, plan: Plan, results: Results) -> Iterator[str]:
    """Writes the failures as known failures, and yields what to do with the file."""
    path: Path = options.write_expect
    if "incomplete" in results:
        yield f'nothing written to "{path}": the run has not judged every case'
        return
    count = write_known_failures(
        path,
        results["cases"],
        plan.known_failures,
        {*red_verdicts(results), "warn"},
        case_ids(fixtures() / "cases"),
        plan.capabilities.user,
    )
    yield f'{counted(count, "expectation")} written to "{path}": write the reason into each entry (an entry with ?? turns the run red)'
    own = plan.server.expect_file(plan.profile) if plan.server is not None and options.server else None
    if own is not None and path.absolute().parent == own.parent and path.name != own.name:
        yield f'in profile {plan.profile}, runs read the file "{own.name}" (rename this one, or use --expect)'


def _expectations(options: argparse.Namespace, plan: Plan) -> Path | None:
    """Returns the path of the known failures."""
    if options.expect:
        return Path(options.expect)
    return plan.server.expect_file(plan.profile) if plan.server is not None else None


def _interrupted() -> None:
    show_progress("")
    print(f"cgi-conform: {_INTERRUPTED}", file=sys.stderr, flush=True)
