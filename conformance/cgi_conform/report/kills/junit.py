"""junit.xml of a proof: a testcase for each case, fault and branch; what is not proven is a failure."""

from collections.abc import Iterator
from xml.etree import ElementTree

from cgi_conform.proof.kills_json import KILLED, PROVEN, SKIPPED, Kills
from cgi_conform.report.junit import xml_text

_GOOD = (KILLED, PROVEN)


def text(kills: Kills) -> str:
    """The XML text."""
    entries = list(_entries(kills))
    verdicts = [verdict for _, _, verdict, _ in entries]
    skipped = verdicts.count(SKIPPED)
    counts = {
        "tests": str(len(entries)),
        "failures": str(len(entries) - skipped - sum(verdict in _GOOD for verdict in verdicts)),
        "errors": "0",
        "skipped": str(skipped),
    }
    root = ElementTree.Element("testsuites", {"name": "cgi-conform prove", **counts})
    suite = ElementTree.SubElement(root, "testsuite", {"name": "cgi-conform prove", **counts})
    for group, name, verdict, note in entries:
        element = ElementTree.SubElement(suite, "testcase", {"classname": group, "name": xml_text(name)})
        if verdict == SKIPPED:
            ElementTree.SubElement(element, "skipped", {"message": xml_text(note)})
        elif verdict not in _GOOD:
            ElementTree.SubElement(element, "failure", {"message": xml_text(note), "type": verdict})
    ElementTree.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _entries(kills: Kills) -> Iterator[tuple[str, str, str, str]]:
    """Group, name, verdict, and what is to be said of it."""
    for case in kills["cases"]:
        yield f"case.{case['profile']}", case["id"], case["verdict"], case["note"] or f"fault {case['fault']}"
    for fault in kills["faults"]:
        yield "fault", fault["name"], fault["verdict"], f"{fault['written']}: kills no case"
    for branch in kills["branches"]:
        name = f"{branch['id']} response {branch['response']} status {branch['status']}"
        yield f"branch.{branch['profile']}", name, branch["verdict"], branch["note"]
