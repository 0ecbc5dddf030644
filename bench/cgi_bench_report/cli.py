"""cgi-bench-report: reads the JSON of cgi-bench, writes a page and a table, and judges gates."""

import argparse
import fnmatch
import sys
from collections.abc import Sequence
from pathlib import Path

from cgi_bench_report.gate import Verdict, judge, parse_gate
from cgi_bench_report.markdown import caption, table, write_between
from cgi_bench_report.page import page
from cgi_bench_report.results import ReportError, Results, read_results

_EPILOG = """
metrics of gates: requests/s (the default), p50, p90, p99, p99.9, cpu, memory.
exit status: 0 all gates hold; 1 a gate fails, or a target is INVALID; 2 wrong usage, or a name that was not measured.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="cgi-bench-report",
        description="Shows the JSON of cgi-bench as bars, latency curves and ratios.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("files", nargs="+", type=Path, metavar="FILE", help="a file written by cgi-bench --benchmark_out=FILE")
    add("--report", type=Path, metavar="DIR", help="write index.html and summary.md into DIR")
    add("--reference", metavar="TARGET", help="the target to compare the others with (default: the first one)")
    add("--gate", action="append", default=[], metavar="GATE",
        help="a condition that must hold, such as 'cgi-hello/8: ref >= 1.2 * lighttpd' (may be given several times)")
    add("--only", metavar="GLOB,…", default="*", help="the points in the table, such as 'cgi-*/8,static-1k/*'")
    add("--readme", type=Path, metavar="FILE", help="write the table between the marks in FILE")
    options = parser.parse_args(arguments)
    try:
        return _report(options)
    except ReportError as error:
        print(f"cgi-bench-report: {error}", file=sys.stderr)
        return 2


def _report(options: argparse.Namespace) -> int:
    results = read_results(options.files)
    if not results.targets:
        raise ReportError("the files hold no measured target (run cgi-bench again)")
    reference = options.reference or results.targets[0]
    if reference not in results.targets:
        raise ReportError(f'--reference: "{reference}" was not measured (measured: {", ".join(results.targets)})')
    verdicts = [judge(parse_gate(text), results) for text in options.gate]
    text = f"{table(results, reference, _named(results, options.only))}\n{caption(results)}"
    if options.report:
        options.report.mkdir(parents=True, exist_ok=True)
        (options.report / "index.html").write_text(page(results, reference, verdicts), "utf-8")
        (options.report / "summary.md").write_text(text + _gates(verdicts), "utf-8")
    if options.readme:
        write_between(options.readme, text)
    print(text + _gates(verdicts), end="")
    return 0 if all(verdict.holds for verdict in verdicts) and not results.invalid else 1


def _named(results: Results, globs: str) -> list[str]:
    named = [name for glob in globs.split(",") for name in results.points if fnmatch.fnmatchcase(name, glob)]
    if not named:
        raise ReportError(f'--only "{globs}" matches no measured point (measured: {", ".join(results.points)})')
    return list(dict.fromkeys(named))


def _gates(verdicts: list[Verdict]) -> str:
    lines = [f"{'holds' if one.holds else 'FAILS'}  `{one.gate.text}`: {one.why}" for one in verdicts]
    return "".join(f"\n{line}\n" for line in lines)
