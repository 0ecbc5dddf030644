"""junit.xml as GitLab, Jenkins and their kin read it: one testcase per case, classname = topic.

What turned the run red is a failure (or an error, where runner or server broke); warnings and differences pass,
with what was seen in system-out.  A stale expectation is a failing testcase of its own; so is the end of a run before
all cases have been tried, and these cases are skipped.
"""

import re
from collections.abc import Mapping
from xml.etree import ElementTree

from cgi_conform.cases.case import Case
from cgi_conform.cases.clauses import Clause
from cgi_conform.cases.places import shown_file
from cgi_conform.judging.results import CaseResult, Results, red_cases, red_verdicts, server_line
from cgi_conform.report.beside import joined
from cgi_conform.report.rule import rules

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(results: Results, cases: Mapping[str, Case], clauses: Mapping[str, Clause]) -> str:
    """Returns the XML text."""
    red = red_verdicts(results)
    errors = results["totals"]["error"]
    incomplete = results.get("incomplete", "")
    errors += bool(incomplete)
    counts = {
        "tests": str(results["totals"]["selected"] + len(results["stale"]) + bool(incomplete)),
        "failures": str(len(red_cases(results)) - results["totals"]["error"] + len(results["stale"])),
        "errors": str(errors),
        "skipped": str(results["totals"]["skip"]),
    }
    root = ElementTree.Element("testsuites", {"name": "cgi-conform", **counts})
    name = f"cgi-conform {results['profile']}: {server_line(results['server'])}"
    suite = ElementTree.SubElement(root, "testsuite", {"name": xml_text(name), **counts})
    properties = ElementTree.SubElement(suite, "properties")
    for key, value in _facts(results).items():
        ElementTree.SubElement(properties, "property", {"name": key, "value": xml_text(value)})
    for case in results["cases"]:
        _testcase(suite, case, cases.get(case["id"]), clauses, case["verdict"] in red)
    for entry in results["stale"]:
        attributes = {"classname": "expectations", "name": xml_text(entry["glob"])}
        element = ElementTree.SubElement(suite, "testcase", attributes)
        message = f'{entry["file"]}: "{entry["glob"]}" matches no case'
        _add(element, "failure", entry["reason"], {"message": message, "type": "stale"})
    if incomplete:
        element = ElementTree.SubElement(suite, "testcase", {"classname": "run", "name": "all cases were tried"})
        _add(element, "error", "", {"message": f"incomplete: {incomplete}", "type": "incomplete"})
    ElementTree.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _facts(results: Results) -> dict[str, str]:
    return {
        "server": results["server"]["name"],
        "server-version": results["server"]["version"],
        "profile": results["profile"],
        "user": results["user"],
        "suite-version": results["suite"]["version"],
        **({"incomplete": results["incomplete"]} if "incomplete" in results else {}),
    }


def _testcase(
    suite: ElementTree.Element,
    result: CaseResult,
    case: Case | None,
    clauses: Mapping[str, Clause],
    red: bool,
) -> None:
    attributes = {"classname": result["topic"], "name": result["id"]}
    if case is not None:
        attributes["file"] = shown_file(case)
    if "seconds" in result:
        attributes["time"] = f"{result['seconds']:.3f}"
    element = ElementTree.SubElement(suite, "testcase", attributes)
    verdict = result["verdict"]
    if verdict == "skip":
        _add(element, "skipped", "", {"message": result["note"]})
    elif red:
        kind = "error" if verdict == "error" else "failure"
        facts = {"message": result["title"], "type": f"{verdict} {result['level']}"}
        _add(element, kind, _story(result, clauses), facts)
    elif verdict != "pass":
        _add(element, "system-out", f"{verdict}\n{_story(result, clauses)}", {})


def _story(case: CaseResult, clauses: Mapping[str, Clause]) -> str:
    """Returns what a person needs to understand the verdict without leaving the page."""
    told = [f"{rule.id} ({rule.level}): {rule.text}\n{rule.link}" for rule in rules(case, clauses) if rule.text]
    told += [case["note"]] if case["note"] else []
    for item in case["mismatches"]:
        told.append(f"{item['what']}\n  expected {item['expected']}\n  got      {joined(item['got'], item)}")
        if item["at"] is not None:
            told[-1] += f"\n  first differing octet: {item['at']}"
    told.append(f"again: {case['again']}")
    return "\n".join(told)


def _add(parent: ElementTree.Element, tag: str, content: str, attributes: dict[str, str]) -> None:
    clean = {name: xml_text(value) for name, value in attributes.items()}
    ElementTree.SubElement(parent, tag, clean).text = xml_text(content) or None


def xml_text(value: str) -> str:
    """XML 1.0 has no way to write most control characters."""
    return _NOT_XML.sub("?", value)
