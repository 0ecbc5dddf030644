"""The results as text: a table of checks and servers, then failures, known failures and skipped checks."""

from cgi_conform.columns import in_columns
from cgi_conform.programs.findings import RED, CheckResult, Findings, ServerFindings

_WORDS = {
    "pass": "pass",
    "fail": "FAIL",
    "expected": "fails",
    "unexpected-pass": "PASSED",
    "skip": "-",
    "error": "ERROR",
}
_INDENT = " " * 6


def text(findings: Findings) -> str:
    """Returns the whole report."""
    servers = findings["servers"]
    parts = [_table(servers)]
    for one in servers:
        parts += [_failure(one, check) for check in one["checks"] if check["verdict"] in RED]
        parts += [
            f'STALE {entry["file"]}: "{entry["glob"]}" matches no check ({entry["reason"]})\n' for entry in one["stale"]
        ]
    parts += [part for part in (_expected(servers), _skipped(servers)) if part]
    return "\n".join([*parts, "".join(_total(one) for one in servers)])


def _table(servers: list[ServerFindings]) -> str:
    rows = [["", *(one["server"]["name"] for one in servers), ""]]
    rows.append(["check", *(one["profile"] for one in servers), ""])
    by_server = [{check["id"]: check for check in one["checks"]} for one in servers]
    for check in servers[0]["checks"]:
        rows.append([check["id"], *(_WORDS[found[check["id"]]["verdict"]] for found in by_server), check["title"]])
    return "".join(line + "\n" for line in in_columns(rows))


def _failure(one: ServerFindings, check: CheckResult) -> str:
    lines = [f"{_WORDS[check['verdict']]:<6}{check['id']} on {one['server']['name']}: {check['title']}"]
    lines += [f"{_INDENT}{line}" for line in check["note"].splitlines()]
    lines += [f"{_INDENT}$ {line}" for line in check["command"].strip().splitlines()]
    return "\n".join(lines) + "\n"


def _expected(servers: list[ServerFindings]) -> str:
    where: dict[tuple[str, str], list[str]] = {}
    for one in servers:
        for check in one["checks"]:
            if check["verdict"] == "expected":
                where.setdefault((check["id"], check["note"]), []).append(one["server"]["name"])
    reasons: dict[tuple[str, str], list[str]] = {}
    for (name, note), on in where.items():
        reasons.setdefault((", ".join(on), note), []).append(name)
    return "".join(
        f"known failures of {on}: {', '.join(ids)}\n{_INDENT}{note}\n" for (on, note), ids in reasons.items()
    )


def _skipped(servers: list[ServerFindings]) -> str:
    reasons: dict[str, list[str]] = {}
    packages: dict[str, None] = {}
    for one in servers:
        for check in one["checks"]:
            if check["verdict"] == "skip":
                ids = reasons.setdefault(check["note"], [])
                ids += [check["id"]] if check["id"] not in ids else []
                packages.update(dict.fromkeys(check["packages"]))
    lines = [f"skipped: {', '.join(ids)}: {note}\n" for note, ids in reasons.items()]
    if packages:
        lines.append(f"to try them: apt-get install --no-install-recommends {' '.join(packages)}\n")
    return "".join(lines)


def _total(one: ServerFindings) -> str:
    counts = one["totals"]
    said = [f"{counts[verdict]} {verdict}" for verdict in _WORDS if counts[verdict]]
    server = one["server"]
    version = f" ({server['version']})" if server["version"] else ""
    return f"{server['name']}{version}, profile {one['profile']}: {', '.join(said)}\n"
