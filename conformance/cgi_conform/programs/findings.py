"""programs.json: the results of the checks for each server. The same results give the same octets.

programs.toml beside a server's definition (programs.rfc3875.toml in that profile) lists the known failures and their
reasons, in the format of expect.toml. A known failure that passes turns the run red.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from cgi_conform import __version__, schema
from cgi_conform.errors import NOTHING_RAN
from cgi_conform.judging.results import FORMAT, Server, Stale, Suite

VERDICTS = ("pass", "fail", "expected", "unexpected-pass", "skip", "error")
RED = frozenset({"fail", "unexpected-pass", "error"})


class CheckResult(TypedDict):
    id: str
    program: str
    title: str
    packages: list[str]  # the packages to install, if the check was skipped
    verdict: str
    note: str
    saw: int | None
    command: str


class ServerFindings(TypedDict):
    server: Server
    profile: str
    totals: dict[str, int]
    stale: list[Stale]
    checks: list[CheckResult]


class Findings(TypedDict):
    format: int
    suite: Suite
    user: str
    servers: list[ServerFindings]


def assembled(user: str, corpus: int, servers: Sequence[ServerFindings]) -> Findings:
    """Returns the results of a run. `corpus` is the number of all checks, selected or not."""
    suite: Suite = {"version": __version__, "cases": corpus}
    return {"format": FORMAT, "suite": suite, "user": user, "servers": list(servers)}


def totals(checks: Sequence[CheckResult]) -> dict[str, int]:
    """Returns the number of checks for each verdict."""
    counted = {verdict: sum(check["verdict"] == verdict for check in checks) for verdict in VERDICTS}
    return {**counted, "selected": len(checks)}


def exit_status(findings: Findings) -> int:
    """Returns 0 if every check is as expected, 1 if one is red, and 5 if none ran."""
    servers = findings["servers"]
    if any(one["stale"] or any(check["verdict"] in RED for check in one["checks"]) for one in servers):
        return 1
    ran = any(check["verdict"] != "skip" for one in servers for check in one["checks"])
    return 0 if ran else NOTHING_RAN


def write(findings: Findings, folder: Path) -> None:
    """Writes programs.json. Crashes if the results do not have the shape of the schema, which is a bug of the suite."""
    schema.write_json(findings, folder / "programs.json", "programs.schema.json")
