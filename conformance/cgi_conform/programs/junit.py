"""programs.xml: the findings as JUnit, one testcase per check and server; classname = server and profile."""

from xml.etree import ElementTree

from cgi_conform.programs.findings import RED, CheckResult, Findings


def text(findings: Findings) -> str:
    """The XML text; what it quotes has been made printable before."""
    root = ElementTree.Element("testsuites", {"name": "cgi-conform programs"})
    for one in findings["servers"]:
        name = f"{one['server']['name']}.{one['profile']}"
        suite = ElementTree.SubElement(root, "testsuite", {"name": name, "tests": str(one["totals"]["selected"])})
        for check in one["checks"]:
            _testcase(suite, name, check)
        for entry in one["stale"]:
            element = ElementTree.SubElement(suite, "testcase", {"classname": name, "name": entry["glob"]})
            message = f'{entry["file"]}: "{entry["glob"]}" matches no check'
            ElementTree.SubElement(element, "failure", {"message": message, "type": "stale"})
    ElementTree.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _testcase(suite: ElementTree.Element, name: str, check: CheckResult) -> None:
    element = ElementTree.SubElement(suite, "testcase", {"classname": name, "name": check["id"]})
    verdict = check["verdict"]
    if verdict == "skip":
        ElementTree.SubElement(element, "skipped", {"message": check["note"]})
    elif verdict in RED:
        kind = "error" if verdict == "error" else "failure"
        told = ElementTree.SubElement(element, kind, {"message": check["title"], "type": verdict})
        told.text = f"{check['note']}\n$ {check['command']}"
    elif verdict == "expected":
        ElementTree.SubElement(element, "system-out").text = f"expected to fail: {check['note']}"
