"""`cgi-conform record`: keeps what a server answered, in fixtures/recordings/TOPIC.toml.

A recorded answer is never changed silently: a difference is named, and replaced only with --force. With case globs
only those cases are recorded; the others stay as they are, if they are of the same server.

Another release of the same branch (3.13.5 where 3.13.0 is recorded) replaces nothing: what it answers otherwise is
added, as judging/timelines.py tells.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from cgi_conform.cases.answer import PROFILES
from cgi_conform.cases.load import case_ids, load_cases
from cgi_conform.commands.server_options import configure_workers
from cgi_conform.errors import UserError
from cgi_conform.judging.recordings import Recording, read_recordings, recording_of, write_recordings
from cgi_conform.judging.releases import branch
from cgi_conform.judging.results import Results, read, refuse_part, server_line
from cgi_conform.judging.timelines import alike, answer_of, release_of, with_answer, with_first_answer
from cgi_conform.numbers import counted, seconds
from cgi_conform.paths import REPO, fixtures, own_corpus
from cgi_conform.running.plan import Options, make_plan
from cgi_conform.running.session import carry_out
from cgi_conform.servers.definition import server_names


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `record`."""
    parser.add_argument("globs", nargs="*", metavar="CASE-GLOB", help="record only these cases, keep the others")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--server", metavar="NAME", help="run this server and record it")
    source.add_argument("--from", dest="results", type=Path, metavar="FILE", help="record what a results.json holds")
    parser.add_argument("--profile", choices=PROFILES, default=PROFILES[0], help="the profile it is run in")
    parser.add_argument("--timeout", type=seconds, default=5.0, metavar="S", help="seconds to wait for an answer")
    configure_workers(parser)
    parser.add_argument("--force", action="store_true", help="replace a recording that differs")


def main(options: argparse.Namespace) -> int:
    """Records a run, or the results in a file."""
    if REPO is None and own_corpus():
        raise UserError(
            "recordings are written into a checkout, and this package is installed "
            "(record in a checkout; or copy its fixtures/ and name the copy: CGI_CONFORM_FIXTURES=DIR)"
        )
    results = read(options.results) if options.results else _run(options)
    if options.results:
        refuse_part(options.results, results)
    if "incomplete" in results:
        raise UserError(f'"{options.results}" holds a run that is incomplete: {results["incomplete"]} (run it to its end)')
    new = recording_of(results)
    if options.results and options.globs:
        chosen = {case.id for case in load_cases(fixtures() / "cases", options.globs)}
        new = replace(new, cases={name: answer for name, answer in new.cases.items() if name in chosen})
    if new.name not in server_names():
        raise UserError(f'"{new.name}" is no known server: only their answers are recorded (cgi-conform servers)')
    if unknown := sorted(set(new.cases) - set(case_ids(fixtures() / "cases"))):
        raise UserError(f'"{options.results}" holds a case that does not exist: "{unknown[0]}" (run the suite again)')
    print(record(new, fixtures(), bool(options.globs), options.force))
    return 0


def _run(options: argparse.Namespace) -> Results:
    """Returns the results of a run. Known failures are recorded like all other answers."""
    cases = load_cases(fixtures() / "cases", options.globs)
    chosen = Options.of(options)
    plan = make_plan(chosen)
    if plan.script_suffix:
        raise UserError(f'scripts of server "{plan.name}" have the suffix {plan.script_suffix}: answers to rewritten cases are not recorded')
    selected = [case for case in cases if plan.profile in case.expect]
    outcome = carry_out(chosen, plan, selected)
    for message in outcome.messages:
        print(f"cgi-conform: {message}", file=sys.stderr)
    return outcome.results


def record(new: Recording, fixtures: Path, partial: bool, force: bool) -> str:
    """Writes the recording if that is allowed, or else nothing. Returns what was done, in a sentence."""
    where, version = f"{fixtures / 'recordings'}: {new.name}", new.versions[0]
    if not new.cases:
        raise UserError(f'server "{new.name}" answered no case: nothing to record')
    recordings = read_recordings(fixtures)
    old = next((each for each in recordings if each.name == new.name), None)
    differs = ""
    if old is None:
        whole, told = new, f"{counted(len(new.cases), 'case')} of {server_line(new.server)}"
    elif is_other_release(old, new):
        if old.user != new.user:
            raise UserError(f"{where} is of user {old.user}, not {new.user}: record {version} as {old.user}")
        whole = with_release(old, new)
        told = f"added: {version} answers {_counted(_otherwise(whole, version))} otherwise than {old.versions[0]}"
        differs = f" for {version}: {_counted(changed(old, whole))}" if version in old.versions else ""
    else:
        whole = recorded_again(old, new, partial, where)
        differs = f": {difference(old, whole)}"
        told = f"replaced{differs}"
    if whole == old:
        return f"{where}: unchanged"
    if differs and not force:
        raise UserError(f"{where} differs{differs} (--force replaces it)")
    write_recordings(fixtures, recordings, [whole, *(each for each in recordings if each is not old)])
    return f"{where}: {told}"


def is_other_release(old: Recording, new: Recording) -> bool:
    """Tells whether the second is of another release of the server that the first is of, from the same branch."""
    was, became = release_of(old.versions[0]), release_of(new.versions[0])
    same = (old.title, old.profile, branch(was)) == (new.title, new.profile, branch(became))
    return same and was != became


def with_release(old: Recording, new: Recording) -> Recording:
    """Returns the old recording and what the new one, of another release, answers otherwise.

    A case that the new one does not have keeps what is known of it.
    """
    version = new.versions[0]
    first, *others = (each for each in old.versions if release_of(each) != release_of(version))
    cases = old.cases.copy()
    for case in old.cases.keys() & new.cases.keys():
        cases[case] = with_answer(cases[case], version, answer_of(new.cases[case], version), [first, *others])
    return replace(old, versions=(first, *sorted([*others, version], key=release_of)), cases=cases)


def recorded_again(old: Recording, new: Recording, partial: bool, where: str) -> Recording:
    """Returns the new recording, with what the old one knew of other releases, and of other cases if it is partial."""
    for key, was, became in _facts(old, new):
        if partial and was != became:
            raise UserError(f"{where} is of {key} {was}, not {became}: record all cases, not some")
    if release_of(old.versions[0]) != release_of(new.versions[0]):
        return new
    version = new.versions[0]
    cases = old.cases.copy() if partial else {}
    for case, timeline in new.cases.items():
        known = old.cases.get(case, timeline)
        cases[case] = with_first_answer(known, version, answer_of(timeline, version))
    return replace(new, versions=(version, *old.versions[1:]), cases=cases)


def difference(old: Recording, new: Recording) -> str:
    """Returns what is different, in a few words."""
    told = [f"{key} {was} became {became}" for key, was, became in _facts(old, new) if was != became]
    if cases := changed(old, new):
        told.append(_counted(cases))
    return "; ".join(told) or "the number of cases in the suite"


def changed(old: Recording, new: Recording) -> list[str]:
    """Returns the ids of cases that differ, those missing on one side included."""
    return sorted(case for case in old.cases.keys() | new.cases.keys() if old.cases.get(case) != new.cases.get(case))


def _otherwise(recording: Recording, version: str) -> list[str]:
    """Returns the cases that a version answers otherwise than the first one."""
    first, cases = recording.versions[0], recording.cases
    return sorted(name for name in cases if not alike(answer_of(cases[name], version), answer_of(cases[name], first)))


def _counted(cases: list[str]) -> str:
    """Returns how many cases, and the first of them."""
    more = f" and {len(cases) - 3} more" if len(cases) > 3 else ""
    return f"{counted(len(cases), 'case')}, {', '.join(cases[:3])}{more}" if cases else "no case"


def _facts(old: Recording, new: Recording) -> list[tuple[str, str, str]]:
    return [
        ("server", server_line(old.server), server_line(new.server)),
        ("profile", old.profile, new.profile),
        ("user", old.user, new.user),
    ]
