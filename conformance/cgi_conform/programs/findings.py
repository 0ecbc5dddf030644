"""programs.json: what the checks of the programs gave, per server; the same octets for the same findings.

A server may be expected to fail a check: programs.toml beside its definition (programs.rfc3875.toml in that
profile) says which and why, in the format of expect.toml, and must be true.
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
    packages: list[str]  # to be installed, where it was skipped
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
    """All that a run found; `corpus` is how many checks there are, selected or not."""
    suite: Suite = {"version": __version__, "cases": corpus}
    return {"format": FORMAT, "suite": suite, "user": user, "servers": list(servers)}


def totals(checks: Sequence[CheckResult]) -> dict[str, int]:
    """How many checks have each verdict."""
    counted = {verdict: sum(check["verdict"] == verdict for check in checks) for verdict in VERDICTS}
    return {**counted, "selected": len(checks)}


def exit_status(findings: Findings) -> int:
    """0 all is well, 1 something is red, 5 nothing ran."""
    servers = findings["servers"]
    if any(one["stale"] or any(check["verdict"] in RED for check in one["checks"]) for one in servers):
        return 1
    ran = any(check["verdict"] != "skip" for one in servers for check in one["checks"])
    return 0 if ran else NOTHING_RAN


def write(findings: Findings, folder: Path) -> None:
    """Writes programs.json."""
    schema.write_json(findings, folder / "programs.json", "programs.schema.json")
