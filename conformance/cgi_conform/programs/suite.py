"""Runs the checks of the programs against one server."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cgi_conform.cases.answer import PROFILES
from cgi_conform.errors import UserError
from cgi_conform.judging.known_failures import KnownFailure, load_known_failures, known_failure_of, in_release, stale
from cgi_conform.programs.attempt import Found, attempt
from cgi_conform.programs.definition import Check, Program
from cgi_conform.programs.findings import CheckResult, ServerFindings, totals
from cgi_conform.programs.site import made
from cgi_conform.servers.definition import ServerDefinition
from cgi_conform.servers.instance import Instance
from cgi_conform.servers.launch import start

_MOST_USEFUL = "rfc3875"  # CGI programs are written for this profile


@dataclass(frozen=True)
class Contender:
    """A server in a profile, and its known failures."""

    server: ServerDefinition
    profile: str
    rules: tuple[KnownFailure, ...]


def contender(server: ServerDefinition, profile: str | None) -> Contender:
    """Returns the server in a profile. If `profile` is None, that is rfc3875, or the first profile of the server."""
    server.installed()
    if profile is not None and profile not in PROFILES:
        raise UserError(f'unknown profile "{profile}" (known: {", ".join(PROFILES)})')
    if profile is not None and profile not in server.profiles:
        known = ", ".join(server.profiles)
        raise UserError(f'server "{server.name}" has no profile {profile} (its profiles: {known})')
    chosen = profile or (_MOST_USEFUL if _MOST_USEFUL in server.profiles else server.profiles[0])
    path = server.expect_file(chosen, "programs")
    rules = in_release(load_known_failures(path), server.version()) if path.exists() else ()
    return Contender(server.for_profile(chosen), chosen, rules)


def user() -> str:
    """Returns "root" if root starts the server, else "user"."""
    return "root" if os.geteuid() == 0 else "user"


def try_programs(
    one: Contender,
    programs: Sequence[Program],
    corpus: Sequence[str],
    seconds: float,
    progress: Callable[[str], None] = lambda name: None,
) -> tuple[ServerFindings, str]:
    """Returns the results of all checks, and a message if the server died."""
    results: list[CheckResult] = []
    message = ""
    with made(programs, seconds) as site:
        instance: Instance | None = None
        try:
            for program in programs:
                for check in program.checks:
                    progress(check.id)
                    rule = known_failure_of(one.rules, check.id, user())
                    if program.missing:
                        results.append(_result(check, program, "skip", program.missing))
                    elif rule is not None and not rule.is_tried:
                        results.append(_result(check, program, "skip", rule.note))
                    elif program.name in site.broken:
                        results.append(_result(check, program, "error", site.broken[program.name]))
                    else:
                        instance = instance or start(one.server, site.docroot)
                        found = attempt(check, program, site, instance.port, seconds)
                        results.append(_judged(check, program, found, rule))
                        if death := instance.died(within=1.0):
                            message = message or f'server "{one.server.name}" died during check "{check.id}": {death}'
                            results[-1] = _result(check, program, "error", f"the server died: {death}", found)
                            instance.stop()
                            instance = None
        finally:
            if instance is not None:
                instance.stop()
    results.sort(key=lambda result: result["id"])
    return {
        "server": {"name": one.server.name, "title": one.server.title, "version": one.server.version()},
        "profile": one.profile,
        "totals": totals(results),
        "stale": stale(one.rules, corpus),
        "checks": results,
    }, message


def _judged(check: Check, program: Program, found: Found, rule: KnownFailure | None) -> CheckResult:
    if not found.wrong:
        return _result(check, program, "unexpected-pass" if rule else "pass", rule.reason if rule else "", found)
    if rule is None:
        return _result(check, program, "fail", found.wrong, found)
    if rule.saw is not None and rule.saw != found.saw:
        note = f"expected to fail with {rule.saw} ({rule.reason}), but:\n{found.wrong}"
        return _result(check, program, "fail", note, found)
    return _result(check, program, "expected", rule.reason, found)


def _result(check: Check, program: Program, verdict: str, note: str, found: Found | None = None) -> CheckResult:
    return {
        "id": check.id,
        "program": program.name,
        "title": check.title,
        "packages": list(program.packages) if program.missing else [],
        "verdict": verdict,
        "note": note,
        "saw": found.saw if found else None,
        "command": found.command if found else "",
    }
