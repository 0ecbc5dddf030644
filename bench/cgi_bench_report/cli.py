"""cgi-bench-report: reads the JSON of cgi-bench, writes a page and a table, and judges gates."""

import argparse
import fnmatch
import os
import sys
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from cgi_bench_report.gate import Gate, Verdict, judge, parse_gate
from cgi_bench_report.markdown import caption, cpu_table, footprint_table, servers_table, table, write_between
from cgi_bench_report.page import page
from cgi_bench_report.results import METRICS, ReportError, Results, read_results
from cgi_bench_report.targets import Outcome, outcomes, read_targets, targets_table
from cgi_conform.did_you_mean import did_you_mean
from cgi_conform.octets import visible
from cgi_conform.usage import Parser

_EPILOG = """
gates, with POINT = SCENARIO/CLIENTS or SCENARIO/at-RATE:
  POINT: A >= 1.2 * B                 requests/s of two targets
  POINT p99: A <= B                   another metric: {metrics}
  POINT: A >= 1.5 * best(B, C, D)     the best of the targets that were measured
  POINT p99: A <= 2 * A@POINT         a target at another point
  POINT memory: A <= 40 MB            a number with the unit of the metric

exit status: 0 all gates hold; 1 a gate fails, or a target is INVALID; 2 wrong usage, or a name that was not measured
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns the exit status."""
    parser = Parser(
        prog="cgi-bench-report",
        description="Shows the JSON of cgi-bench as bars, latency curves and ratios.",
        epilog=_EPILOG.format(metrics=", ".join(METRICS)),
    )
    add = parser.add_argument
    add("files", nargs="+", type=Path, metavar="FILE", help="a file written by cgi-bench --benchmark_out=FILE")
    add("--report", type=Path, metavar="DIR", help="write index.html and summary.md into DIR")
    add("--reference", metavar="TARGET", help="the target to compare the others with (default: the first one)")
    add("--gate", action="append", default=[], metavar="GATE",
        help="a condition that must hold, such as 'cgi-hello/8: ref >= 1.2 * lighttpd', or @FILE for all of a file of "
             "targets (may be given several times)")
    add("--targets", type=Path, metavar="FILE", help="add the table of a file of targets, such as bench/targets.toml")
    add("--only", metavar="GLOB,…", default="*", help="the points in the table, such as 'cgi-*/8,static-1k/*'")
    add("--readme", type=Path, metavar="FILE", help="write the table between the marks in FILE")
    add("--readme-targets", metavar="GLOB,…", default="*", help="the targets in the table of --readme, such as 'ref,go'")
    options = parser.parse_all(sys.argv[1:] if arguments is None else arguments)
    try:
        status = _report(options)
        sys.stdout.flush()
        return status
    except ReportError as error:
        told = str(error)
    except OSError as error:
        if error.filename is None:  # nothing reads the output any more, or its disk is full
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        told = f'"{error.filename}": {error.strerror}' if error.filename else f"cannot write the output: {error.strerror}"
    print(f"cgi-bench-report: {visible(told)}", file=sys.stderr)
    return 2


def _report(options: argparse.Namespace) -> int:
    results = read_results(options.files)
    if not results.targets:
        raise ReportError("the files hold no measured target (run cgi-bench again)")
    reference = options.reference or results.targets[0]
    if reference not in results.targets:
        raise ReportError(f'--reference: "{reference}" was not measured{_nearest(reference, results.targets)}')
    verdicts = [judge(gate, results) for text in options.gate for gate in _gates_of(text)]
    found = outcomes(read_targets(options.targets), results) if options.targets else []
    names = _named("--only", options.only, results.points, "point")
    text = f"{table(results, reference, names, results.targets)}\n{caption(results)}"
    whole = text + _more_tables(results, reference, names, found) + _gates(verdicts)
    if options.report:
        options.report.mkdir(parents=True, exist_ok=True)
        (options.report / "index.html").write_text(page(results, reference, verdicts, found), "utf-8")
        (options.report / "summary.md").write_text(whole, "utf-8")
    if options.readme:
        shown = _named("--readme-targets", options.readme_targets, results.targets, "target")
        write_between(options.readme, f"{table(results, reference, names, shown)}\n{caption(results)}")
    print(whole, end="")
    return 0 if all(verdict.holds for verdict in verdicts) and not results.invalid else 1


def _gates_of(text: str) -> list[Gate]:
    """Returns the gate of a condition, or those of @FILE."""
    if not text.startswith("@"):
        return [parse_gate(text)]
    return [goal.gate for goal in read_targets(Path(text[1:]))]


def _more_tables(results: Results, reference: str, names: list[str], found: list[Outcome]) -> str:
    tables = {
        "Processor time": cpu_table(results, reference, names),
        "Memory and threads": footprint_table(results, names),
        "Servers": servers_table(results),
        "Targets": targets_table(found) if found else "",
    }
    return "".join(f"\n## {title}\n\n{text}" for title, text in tables.items() if text)


def _named(option: str, globs: str, measured: Collection[str], kind: str) -> list[str]:
    """Returns the measured points or targets that match one of the globs, in the order of the globs."""
    named = [name for glob in globs.split(",") for name in measured if fnmatch.fnmatchcase(name, glob)]
    if not named:
        raise ReportError(f'{option} "{globs}" matches no measured {kind}{_nearest(globs, measured)}')
    return list(dict.fromkeys(named))


def _nearest(word: str, measured: Iterable[str]) -> str:
    """Returns a hint with the name that is most similar, or with all names."""
    names = list(measured)
    return did_you_mean(word, names) or f" (measured: {', '.join(names)})"


def _gates(verdicts: list[Verdict]) -> str:
    lines = [f"{'holds' if one.holds else 'FAILS'}  `{one.gate.text}`: {one.why}" for one in verdicts]
    return "".join(f"\n{line}\n" for line in lines)
