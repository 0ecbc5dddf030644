"""`cgi-conform merge`: reports a run that several machines shared by `--shard I/N`, as one machine would have done.

Starts no server. The report lacks only the hint at a better profile, which needs one, and the file that gives the
reasons of many known failures: the reasons are in index.html.
"""

import argparse
from pathlib import Path

from cgi_conform.cases.load import load_cases
from cgi_conform.cases.reproduce import Reach
from cgi_conform.cases.script_suffix import with_suffix
from cgi_conform.commands.run_report import configure_report, report
from cgi_conform.commands.server_options import at_free_port
from cgi_conform.judging.results import read, result_files
from cgi_conform.judging.shards import merged
from cgi_conform.paths import fixtures
from cgi_conform.running.session import RunOutcome
from cgi_conform.write import need_folder


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `merge`."""
    parser.add_argument(
        "results", nargs="+", type=Path, metavar="RESULTS",
        help="the results.json of a part, or a folder with those of several parts (cgi-conform run --shard I/N --report DIR)",
    )  # fmt: skip
    configure_report(parser)


def main(options: argparse.Namespace) -> int:
    """Merges the results of the parts, reports, and returns the exit status of the whole run."""
    files = [(path, read(path)) for path in result_files(options.results)]
    results = merged(files, options.strict, options.strict_observed)
    if options.report:
        need_folder(options.report)
    shards = sorted((run["shard"] for _, run in files), key=lambda shard: shard["part"])
    names = {result["id"] for result in results["cases"]}
    cases = [case for case in load_cases(fixtures() / "cases", validate=False) if case.id in names]
    return report(
        RunOutcome(results, list(dict.fromkeys(message for shard in shards for message in shard["messages"])), {}),
        options,
        with_suffix(cases, shards[0]["suffix"], fixtures()),
        reach=at_free_port(Reach(**shards[0]["reach"])),
        expectations=None,
        remarks=dict.fromkeys(shard["note"] for shard in shards if shard["note"]),
    )
