"""`cgi-conform matrix`: tries the cases against many servers, one after the other, and puts the results side by side.

Servers do not run beside each other: the workers of one run keep the machine busy, and a second run would slow down
the cases that measure time. A server that cannot be judged is a row that says why, and the others go on.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cgi_conform.cases.answer import PROFILES
from cgi_conform.cases.case import Case
from cgi_conform.cases.clauses import load_clauses
from cgi_conform.cases.load import load_cases
from cgi_conform.columns import in_columns
from cgi_conform.commands.server_options import configure_workers
from cgi_conform.errors import INTERRUPTED, SERVER, UserError
from cgi_conform.judging import matrix as matrix_file
from cgi_conform.judging.matrix import FOUND, Absent, Matrix, MatrixRun, distinct
from cgi_conform.judging.results import Results, Server, read, result_files
from cgi_conform.numbers import seconds, whole_number
from cgi_conform.paths import fixtures
from cgi_conform.progress import show_progress
from cgi_conform.running.plan import Options, Plan, make_plan
from cgi_conform.running.session import RunOutcome, carry_out
from cgi_conform.servers.definition import ServerDefinition, known_servers, load_server
from cgi_conform.write import need_folder

_HEAD = ("server", "profile", *FOUND, "result")


@dataclass(frozen=True)
class MatrixTask:
    """A server to judge in a profile, or the reason why it cannot be judged."""

    options: Options = Options()
    plan: Plan | None = None
    absent: Absent | None = None


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `matrix`."""
    add = parser.add_argument
    add("globs", nargs="*", metavar="CASE-GLOB", help="cases to run, by id or topic (default: all)")
    add("--server", action="append", default=[], metavar="NAME",
        help="a known server, or a folder with a server.toml; may be given several times (default: all known servers)")  # fmt: skip
    add("--profile", choices=PROFILES, help="judge by this profile only (default: each profile of a server)")
    add("--from", dest="files", nargs="+", type=Path, metavar="FILE",
        help="run nothing: take results.json files, or all those below a folder")  # fmt: skip
    add("--report", type=Path, metavar="DIR", help="write the site: index.html, servers/, rules/, runs/, matrix.json")
    configure_workers(parser)
    add("--sample", type=whole_number(), metavar="N", help="run about one case in N, always the same ones")
    add("--timeout", type=seconds, default=5.0, metavar="S", help="seconds to wait for the next octet (default: %(default)g)")


def main(options: argparse.Namespace) -> int:
    """Judges the servers, or reads results, and reports. Returns the exit status."""
    if options.files and (options.globs or options.sample):
        chosen = f'"{options.globs[0]}"' if options.globs else f"--sample {options.sample}"
        raise UserError(f"--from takes whole results, and cannot choose cases (leave out {chosen})")
    if options.report:
        need_folder(options.report)
    interrupted = False
    if options.files:
        runs, absent = _read(options)
    else:
        runs, absent, interrupted = _judge(_tasks(options), load_cases(fixtures() / "cases", options.globs))
    matrix = _report(options, runs, absent)
    print(table(matrix), end="", flush=True)
    return INTERRUPTED if interrupted else matrix_file.overall_status(matrix)


def _report(options: argparse.Namespace, runs: Sequence[Results], absent: Sequence[Absent]) -> Matrix:
    clauses = load_clauses(fixtures() / "clauses.toml")
    if not options.report:
        return matrix_file.assembled(runs, absent, clauses)
    from cgi_conform.report.matrix import write_site  # imported after the runs, because templates are slow

    names = {run["server"]["name"] for run in runs} | {one.server["name"] for one in absent}
    cases = {case.id: case for case in load_cases(fixtures() / "cases", validate=False)}
    findings = dict(_findings(options.server, names))
    return write_site(options.report, runs, absent, cases, clauses, findings)


def _findings(chosen: Iterable[str], names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yields name and findings.md of the servers that have the file: the known ones and those in folders."""
    servers = [*known_servers(), *(load_server(name) for name in chosen)]
    for server in servers:
        path = server.here / "findings.md"
        if server.name in names and path.is_file():
            yield server.name, path.read_text("utf-8")


def _tasks(options: argparse.Namespace) -> list[MatrixTask]:
    """Returns a task for each server and profile. A broken definition or expectation ends the command at once."""
    named = _named(options.server)
    servers = named or {server.name: server for server in known_servers() if not server.instrument}
    tasks = []
    for word, server in servers.items():
        profiles = [each for each in server.profiles if options.profile in (None, each)]
        tasks += [_task(replace(Options.of(options), server=word, profile=each), server, bool(named)) for each in profiles]
        if not profiles:
            reason = f"cannot be judged in profile {options.profile} (its profiles: {', '.join(server.profiles)})"
            tasks.append(MatrixTask(absent=_absent(server, options.profile, reason)))
    return tasks


def _named(words: Iterable[str]) -> dict[str, ServerDefinition]:
    """Returns the servers that the user named. UserError if two have one name: they would share a page."""
    servers = {word: load_server(word) for word in words}
    by_name: dict[str, str] = {}
    for word, server in servers.items():
        if (other := by_name.setdefault(server.name, word)) != word:
            raise UserError(f'--server "{other}" and "{word}" are both called "{server.name}" (rename one of the folders)')
    return servers


def _task(options: Options, server: ServerDefinition, named: bool) -> MatrixTask:
    """Returns the task of one run. A server that is not installed is an error only if the user named it."""
    if server.program is None:
        reason = f"not installed (looked for {server.sought})"
        return MatrixTask(absent=_absent(server, options.profile, reason, SERVER if named else 0))
    return MatrixTask(options, make_plan(options))


def _absent(server: ServerDefinition, profile: str, reason: str, status: int = 0) -> Absent:
    return Absent({"name": server.name, "title": server.title, "version": ""}, profile, reason, status)


def _judge(tasks: Sequence[MatrixTask], cases: Sequence[Case]) -> tuple[list[Results], list[Absent], bool]:
    """Carries out the tasks. Returns the results, the servers without results, and whether the user interrupted."""
    runs: list[Results] = []
    absent: list[Absent] = []
    interrupted = False
    for number, task in enumerate(tasks, 1):
        if task.plan is None:
            absent += [task.absent] if task.absent else []
            continue
        server: Server = {"name": task.plan.name, "title": task.plan.title, "version": task.plan.version}
        selected = [case for case in cases if task.plan.profile in case.expect and task.options.samples(case.id)]
        if interrupted or not selected:
            reason = "not tried: interrupted" if interrupted else f"none of these cases is judged in {task.plan.profile}"
            absent.append(Absent(server, task.plan.profile, reason))
            continue
        outcome = _carry_out(task.options, task.plan, selected, f"{number}/{len(tasks)} {task.plan.name}")
        runs.append(outcome.results)
        interrupted = outcome.interrupted
        for message in outcome.messages:
            print(f"cgi-conform: {message}", file=sys.stderr)
    return runs, absent, interrupted


def _carry_out(options: Options, plan: Plan, cases: Sequence[Case], head: str) -> RunOutcome:
    try:
        return carry_out(
            options,
            plan,
            cases,
            progress=lambda result, number: show_progress(f"{head} {number}/{len(cases)} {result['id'][:60]}"),
            interrupted=lambda: print("cgi-conform: interrupted: writing the results so far", file=sys.stderr, flush=True),
            partial=True,
        )
    finally:
        show_progress("")


def _read(options: argparse.Namespace) -> tuple[list[Results], list[Absent]]:
    """Returns the results in the files, and the servers of --server that no file holds."""
    runs = distinct([(path, read(path)) for path in result_files(options.files)])
    names = _named(options.server)
    wanted = {server.name for server in names.values()}
    chosen = [
        run
        for run in runs
        if options.profile in (None, run["profile"]) and (not names or run["server"]["name"] in wanted)
    ]
    there = {(run["server"]["name"], run["profile"]) for run in chosen}
    absent = [
        _absent(server, profile, "no file holds its results", SERVER)
        for server in names.values()
        for profile in server.profiles
        if options.profile in (None, profile) and (server.name, profile) not in there
    ]
    return chosen, absent


def table(matrix: Matrix) -> str:
    """Returns a line for each run: server, profile, the number of cases with each verdict, and the result."""
    rows = [_HEAD, *(_row(run) for run in matrix["runs"])]
    return "".join(line + "\n" for line in in_columns(rows, right=range(2, len(_HEAD) - 1)))


def _row(run: MatrixRun) -> list[str]:
    head = [run["server"]["name"], run["profile"]]
    if "areas" not in run:
        return [*head, *("-" for _ in FOUND), run["reason"]]
    levels = [counts for area in run["areas"].values() for counts in area.values()]
    numbers = [str(sum(counts.get(verdict, 0) for counts in levels)) for verdict in FOUND]
    return [*head, *numbers, run["conclusion"]]
