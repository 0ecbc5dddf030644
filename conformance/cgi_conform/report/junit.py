"""junit.xml for GitLab, Jenkins and similar programs: one testcase per case; its classname is the topic.

A case that turned the run red is a failure, or an error if the suite or the server failed. Warnings and differences
pass, and system-out holds the details. A blocked case is skipped and names the case that blocks it. Each stale
expectation adds a failing testcase. If the run ended early, the cases that it did not try are skipped, and one more
testcase is an error.
"""

from collections.abc import Mapping

from cgi_conform.cases.case import Case
from cgi_conform.cases.clauses import Clause
from cgi_conform.cases.locations import shown_file
from cgi_conform.judging.results import CaseResult, Results, red_cases, red_verdicts, server_line
from cgi_conform.report.beside import joined
from cgi_conform.report.junit_xml import JUnitDocument, JUnitOutcome, JUnitSuite
from cgi_conform.report.rule import rules


def text(results: Results, cases: Mapping[str, Case], clauses: Mapping[str, Clause]) -> str:
    """Returns the XML text."""
    red = red_verdicts(results)
    errors = results["totals"]["error"]
    incomplete = results.get("incomplete", "")
    counts = {
        "tests": results["totals"]["selected"] + len(results["stale"]) + bool(incomplete),
        "failures": len(red_cases(results)) - errors + len(results["stale"]),
        "errors": errors + bool(incomplete),
        "skipped": results["totals"]["skip"] + results["totals"]["blocked"],
    }
    document = JUnitDocument("cgi-conform", **counts)
    suite = document.add_suite(f"cgi-conform {results['profile']}: {server_line(results['server'])}", **counts)
    suite.add_properties(_facts(results))
    for case in results["cases"]:
        _add_case(suite, case, cases.get(case["id"]), clauses, case["verdict"] in red)
    for entry in results["stale"]:
        message = f'{entry["file"]}: "{entry["glob"]}" matches no case'
        suite.add_case("expectations", entry["glob"], JUnitOutcome("failure", entry["reason"], message, "stale"))
    if incomplete:
        outcome = JUnitOutcome("error", "", f"incomplete: {incomplete}", "incomplete")
        suite.add_case("run", "all cases were tried", outcome)
    return document.text()


def _facts(results: Results) -> dict[str, str]:
    return {
        "server": results["server"]["name"],
        "server-version": results["server"]["version"],
        "profile": results["profile"],
        "user": results["user"],
        "suite-version": results["suite"]["version"],
        **({"incomplete": results["incomplete"]} if "incomplete" in results else {}),
        **({"shard": f"{results['shard']['part']}/{results['shard']['parts']}"} if "shard" in results else {}),
    }


def _add_case(
    suite: JUnitSuite, result: CaseResult, case: Case | None, clauses: Mapping[str, Clause], red: bool
) -> None:
    more: dict[str, str] = {}
    if case is not None:
        more["file"] = shown_file(case)
    if "seconds" in result:
        more["time"] = f"{result['seconds']:.3f}"
    suite.add_case(result["topic"], result["id"], _outcome(result, clauses, red), **more)


def _outcome(result: CaseResult, clauses: Mapping[str, Clause], red: bool) -> JUnitOutcome | None:
    verdict = result["verdict"]
    if verdict == "blocked":
        return JUnitOutcome("skipped", message=f"blocked by {result['blocked']}")
    if verdict == "skip":
        return JUnitOutcome("skipped", message=result["note"])
    if red:
        kind = "error" if verdict == "error" else "failure"
        return JUnitOutcome(kind, _story(result, clauses), result["title"], f"{verdict} {result['level']}")
    return None if verdict == "pass" else JUnitOutcome("system-out", f"{verdict}\n{_story(result, clauses)}")


def _story(case: CaseResult, clauses: Mapping[str, Clause]) -> str:
    """Returns the rule, the mismatches and the line that repeats the case."""
    told = [f"{rule.id} ({rule.level}): {rule.text}\n{rule.link}" for rule in rules(case, clauses) if rule.text]
    told += [case["note"]] if case["note"] else []
    for item in case["mismatches"]:
        told.append(f"{item['what']}\n  expected {item['expected']}\n  got      {joined(item['got'], item)}")
        if item["at"] is not None:
            told[-1] += f"\n  first differing octet: {item['at']}"
    told.append(f"again: {case['again']}")
    return "\n".join(told)
