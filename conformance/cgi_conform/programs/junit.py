"""programs.xml: the results as JUnit, one testcase per check and server; its classname is server and profile."""

from cgi_conform.programs.findings import RED, CheckResult, Findings
from cgi_conform.report.junit_xml import JUnitDocument, JUnitOutcome


def text(findings: Findings) -> str:
    """Returns the XML text. The quoted octets must be printable text already."""
    document = JUnitDocument("cgi-conform programs")
    for one in findings["servers"]:
        name = f"{one['server']['name']}.{one['profile']}"
        suite = document.add_suite(name, tests=one["totals"]["selected"])
        for check in one["checks"]:
            suite.add_case(name, check["id"], _outcome(check))
        for entry in one["stale"]:
            message = f'{entry["file"]}: "{entry["glob"]}" matches no check'
            suite.add_case(name, entry["glob"], JUnitOutcome("failure", message=message, type="stale"))
    return document.text()


def _outcome(check: CheckResult) -> JUnitOutcome | None:
    verdict = check["verdict"]
    if verdict == "skip":
        return JUnitOutcome("skipped", message=check["note"])
    if verdict in RED:
        kind = "error" if verdict == "error" else "failure"
        return JUnitOutcome(kind, f"{check['note']}\n$ {check['command']}", check["title"], verdict)
    return JUnitOutcome("system-out", f"known failure: {check['note']}") if verdict == "expected" else None
