"""junit.xml of a proof: a testcase for each case, fault and branch. It fails if its proof is missing."""

from collections.abc import Iterator

from cgi_conform.proof.kills_json import KILLED, PROVEN, SKIPPED, Kills
from cgi_conform.report.junit_xml import JUnitDocument, JUnitOutcome

_GOOD = (KILLED, PROVEN)


def text(kills: Kills) -> str:
    """Returns the XML text."""
    entries = list(_entries(kills))
    verdicts = [verdict for _, _, verdict, _ in entries]
    skipped = verdicts.count(SKIPPED)
    counts = {
        "tests": len(entries),
        "failures": len(entries) - skipped - sum(verdict in _GOOD for verdict in verdicts),
        "errors": 0,
        "skipped": skipped,
    }
    document = JUnitDocument("cgi-conform prove", **counts)
    suite = document.add_suite("cgi-conform prove", **counts)
    for group, name, verdict, note in entries:
        suite.add_case(group, name, _outcome(verdict, note))
    return document.text()


def _outcome(verdict: str, note: str) -> JUnitOutcome | None:
    if verdict == SKIPPED:
        return JUnitOutcome("skipped", message=note)
    return None if verdict in _GOOD else JUnitOutcome("failure", message=note, type=verdict)


def _entries(kills: Kills) -> Iterator[tuple[str, str, str, str]]:
    """Yields group, name, verdict and note of each testcase."""
    for case in kills["cases"]:
        yield f"case.{case['profile']}", case["id"], case["verdict"], case["note"] or f"fault {case['fault']}"
    for fault in kills["faults"]:
        yield "fault", fault["name"], fault["verdict"], f"{fault['written']}: kills no case"
    for branch in kills["branches"]:
        name = f"{branch['id']} response {branch['response']} status {branch['status']}"
        yield f"branch.{branch['profile']}", name, branch["verdict"], branch["note"]
