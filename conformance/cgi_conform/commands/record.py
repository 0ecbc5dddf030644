"""`cgi-conform record`: keeps what a server answered as fixtures/recordings/NAME.json.

An existing recording is never changed silently: a difference is named, and replaced only with --force.  With
case globs only those cases are recorded; the others stay as they are, if they are of the same server.

Another release of the same branch (3.13.5 where the recording is of 3.13.0) replaces nothing: what it answers
otherwise is added to the recording, as judging/recordings.py tells.
"""

import argparse
import sys
from pathlib import Path

from cgi_conform.cases.answer import PROFILES
from cgi_conform.cases.load import case_ids, load_cases
from cgi_conform.commands.server_options import configure_workers
from cgi_conform.errors import UserError
from cgi_conform.judging.recordings import (
    Recorded,
    Recording,
    changed,
    is_other_release,
    read_recording,
    recording_of,
    recording_text,
    with_otherwise_of,
    with_release,
)
from cgi_conform.judging.results import Results, read, server_line
from cgi_conform.paths import fixtures
from cgi_conform.running.plan import Options, make_plan
from cgi_conform.running.session import carry_out
from cgi_conform.servers.definition import server_names
from cgi_conform.write import write_whole

def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `record`."""
    parser.add_argument("globs", nargs="*", metavar="CASE-GLOB", help="record only these cases, keep the others")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--server", metavar="NAME", help="run this server and record it")
    source.add_argument("--from", dest="results", type=Path, metavar="FILE", help="record what a results.json holds")
    parser.add_argument("--profile", choices=PROFILES, default=PROFILES[0], help="the profile it is run in")
    parser.add_argument("--timeout", type=float, default=5.0, metavar="S", help="seconds to wait for an answer")
    configure_workers(parser)
    parser.add_argument("--force", action="store_true", help="replace a recording that differs")


def main(options: argparse.Namespace) -> int:
    """Record a run, or the results in a file."""
    results = read(options.results) if options.results else _run(options)
    if "incomplete" in results:
        raise UserError(f'"{options.results}" holds a run that is incomplete: {results["incomplete"]} (run it to its end)')
    new = recording_of(results)
    if options.results and options.globs:
        chosen = {case.id for case in load_cases(fixtures() / "cases", options.globs)}
        new["cases"] = {name: answer for name, answer in new["cases"].items() if name in chosen}
    if new["server"]["name"] not in server_names():
        raise UserError(f'"{new["server"]["name"]}" is no known server: only their answers are recorded (cgi-conform servers)')
    if unknown := sorted(set(new["cases"]) - set(case_ids(fixtures() / "cases"))):
        raise UserError(f'"{options.results}" holds a case that does not exist: "{unknown[0]}" (run the suite again)')
    path = fixtures() / "recordings" / f"{new['server']['name']}.json"
    print(record(new, path, bool(options.globs), options.force))
    return 0


def _run(options: argparse.Namespace) -> Results:
    """Returns the results of a run; what is expected to fail is recorded like the rest."""
    cases = load_cases(fixtures() / "cases", options.globs)
    chosen = Options(
        server=options.server,
        profile=options.profile,
        timeout=options.timeout,
        workers=options.workers,
    )
    plan = make_plan(chosen)
    selected = [case for case in cases if plan.profile in case.expect]
    outcome = carry_out(chosen, plan, selected)
    for message in outcome.messages:
        print(f"cgi-conform: {message}", file=sys.stderr)
    return outcome.results


def record(new: Recording, path: Path, partial: bool, force: bool) -> str:
    """Write the recording if that is allowed; what was done, in a sentence."""
    if not new["cases"]:
        raise UserError(f'server "{new["server"]["name"]}" answered no case: nothing to record')
    if not path.exists():
        write_whole(path, recording_text(new))
        return f"{path}: {len(new['cases'])} cases of {server_line(new['server'])}"
    old = read_recording(path)
    if is_other_release(old, new):
        return _add_release(old, new, path, force)
    if partial:
        new = merged(old, new, path)
    new = with_otherwise_of(old, new)
    if recording_text(old) == recording_text(new):
        return f"{path}: unchanged"
    told = difference(old, new)
    if not force:
        raise UserError(f'"{path}" differs: {told} (--force replaces it)')
    write_whole(path, recording_text(new))
    return f"{path}: replaced: {told}"


def _add_release(old: Recording, new: Recording, path: Path, force: bool) -> str:
    version = new["server"]["version"]
    if old["user"] != new["user"]:
        raise UserError(f'"{path}" is of user {old["user"]}, not {new["user"]}: record {version} as {old["user"]}')
    whole = with_release(old, new)
    was, became = (_cases_of(recording, version) for recording in (old, whole))
    if was == became:
        return f"{path}: unchanged"
    told = f"{version} answers {_counted(sorted(became or {}))} otherwise than {old['server']['version']}"
    if was is not None and not force:
        differ = sorted(name for name in {*was, *(became or {})} if was.get(name) != (became or {}).get(name))
        raise UserError(f'"{path}" differs for {version}: {_counted(differ)} (--force replaces it)')
    write_whole(path, recording_text(whole))
    return f"{path}: added: {told}"


def _cases_of(recording: Recording, version: str) -> dict[str, Recorded] | None:
    """Returns what another release answers otherwise; None if that was never recorded."""
    return next((each["cases"] for each in recording.get("otherwise", []) if each["version"] == version), None)


def merged(old: Recording, new: Recording, path: Path) -> Recording:
    """Returns the old recording with the newly recorded cases; both must be of the same server."""
    for key, was, became in _facts(old, new):
        if was != became:
            raise UserError(f'"{path}" is of {key} {was}, not {became}: record all cases, not some')
    whole = new.copy()
    whole["cases"] = {**old["cases"], **new["cases"]}
    return whole


def difference(old: Recording, new: Recording) -> str:
    """Returns what is different, in a few words."""
    told = [f"{key} {was} became {became}" for key, was, became in _facts(old, new) if was != became]
    cases = changed(old, new)
    if cases:
        told.append(_counted(cases))
    return "; ".join(told) or "the number of cases in the suite"


def _counted(cases: list[str]) -> str:
    """Returns how many cases, and the first of them."""
    more = f" and {len(cases) - 3} more" if len(cases) > 3 else ""
    return f"{len(cases)} cases, {', '.join(cases[:3])}{more}" if cases else "no case"


def _facts(old: Recording, new: Recording) -> list[tuple[str, str, str]]:
    return [
        ("server", server_line(old["server"]), server_line(new["server"])),
        ("profile", old["profile"], new["profile"]),
        ("user", old["user"], new["user"]),
    ]
