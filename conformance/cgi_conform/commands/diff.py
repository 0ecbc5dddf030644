"""`cgi-conform diff A B`: sends the same octets to two servers and prints where their answers differ.

A and B may each be a known server, a folder with a server.toml, a command with {port} and {root}, the URL of a
running server (with --root), or the results.json of an earlier run, or the folder that holds it. The exit statuses are those of diff(1).

If A is the results.json of an earlier run, the new failures of B follow, by cause: the server changed, or the cases did.
"""

import argparse
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from cgi_conform.cases.answer import PROFILES
from cgi_conform.cases.case import Case
from cgi_conform.cases.changelog import read_changelog
from cgi_conform.cases.load import load_cases
from cgi_conform.commands.server_options import configure_workers
from cgi_conform.errors import INTERRUPTED, UserError
from cgi_conform.http.delivery import DELIVERIES
from cgi_conform.judging.compare import Comparison, compared
from cgi_conform.judging.new_failures import new_failures
from cgi_conform.judging.results import Results, read
from cgi_conform.numbers import seconds
from cgi_conform.paths import fixtures
from cgi_conform.running.plan import Options, make_plan
from cgi_conform.running.session import carry_out
from cgi_conform.servers.definition import load_server, server_names
from cgi_conform.write import need_folder

SAME, DIFFER, TROUBLE = 0, 1, 2
EPILOG = "exit status: 0 the answers are the same; 1 they differ; 2 the servers cannot be compared; 130 interrupted"


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `diff`."""
    parser.epilog = EPILOG
    add = parser.add_argument
    which = (
        "a known server, a folder with a server.toml, 'CMD {port} {root}', http://HOST:PORT (with --root), "
        "or a results.json, or its folder"
    )
    add("a", metavar="A", help=which)
    add("b", metavar="B", help="the other server, named in the same ways")
    add("globs", nargs="*", default=[], metavar="CASE-GLOB", help="cases to compare, by id or topic (default: all)")
    add("--root", action="append", metavar="DIR", default=[], help="the document root of a server at a URL; twice for two URLs")
    add("--profile", choices=PROFILES, help=f"the profile to judge both by (default: {PROFILES[0]}, or the first one that both have)")
    add("--report", type=Path, metavar="DIR", help="write diff.json, diff.md and diff.html")
    configure_workers(parser)
    add("--timeout", type=seconds, default=5.0, metavar="S", help="seconds to wait for an answer (default: %(default)g)")
    add("--delivery", choices=DELIVERIES, default="whole", help="how to cut requests into writes (default: whole)")


def main(options: argparse.Namespace) -> int:
    """Runs the servers, compares the results, and reports."""
    if options.report:
        need_folder(options.report)
    try:
        a, b = _both(options)
        comparison = compared(a, b)
        if _earlier(options.a):
            comparison["new_failures"] = new_failures(a, b, read_changelog().since(a["suite"]["version"]))
        if not comparison["totals"]["compared"] and not comparison.get("new_failures"):
            raise UserError("both servers have no answered case in common (choose other cases or another --profile)")
        if options.report:
            from cgi_conform.report.comparison import write_all

            write_all(comparison, options.report)
    except UserError as error:
        error.status = error.status if error.status == INTERRUPTED else TROUBLE
        raise
    from cgi_conform.report.comparison import text

    width = shutil.get_terminal_size((120, 24)).columns if sys.stdout.isatty() else 120
    print(text(comparison, max(60, min(width, 160))), end="")
    return status(comparison)


def status(comparison: Comparison) -> int:
    """Returns the exit status, 0 or 1."""
    return DIFFER if comparison["totals"]["differ"] or comparison.get("new_failures") else SAME


def _both(options: argparse.Namespace) -> Iterator[Results]:
    """Yields the results of A and of B."""
    cases = load_cases(fixtures() / "cases", options.globs)
    options.profile = options.profile or _profile(options.a, options.b)
    names = {case.id for case in cases if options.profile in case.expect}
    roots = list(options.root)
    for word in (options.a, options.b):
        if not word.startswith("http://") or not roots:
            root = None
        else:
            root = roots.pop(0) if len(roots) > 1 else roots[0]
        if path := _earlier(word):
            results = read(path)
            results["cases"] = [case for case in results["cases"] if not options.globs or case["id"] in names]
            yield results
        else:
            yield _run(word, root, options, cases)


def _earlier(word: str) -> Path | None:
    """Returns the results.json of an earlier run that a word names by itself or by its folder, or None for a server."""
    if "{port}" in word:
        return None
    path = Path(word)
    if word.endswith(".json"):
        return path
    is_server = word in server_names() or (path / "server.toml").exists()
    return path / "results.json" if not is_server and (path / "results.json").is_file() else None


def _profile(*words: str) -> str:
    """Returns the first profile that all of them have, or the default if there is none."""
    having = [_profiles(word) for word in words]
    return next((each for each in PROFILES if all(each in profiles for profiles in having)), PROFILES[0])


def _profiles(word: str) -> Sequence[str]:
    """Returns the profiles of a server, or that of an earlier run."""
    if path := _earlier(word):
        return [read(path)["profile"]]
    return load_server(word).profiles if _kind(word) == "server" else PROFILES


def _kind(word: str) -> str:
    return "url" if word.startswith("http://") else "command" if "{port}" in word else "server"


def _run(word: str, root: str | None, options: argparse.Namespace, cases: list[Case]) -> Results:
    kind = _kind(word)
    chosen = Options(
        server=word if kind == "server" else None,
        command=word if kind == "command" else None,
        url=word if kind == "url" else None,
        root=root,
        profile=options.profile,
        timeout=options.timeout,
        delivery=options.delivery,
        workers=options.workers,
    )
    plan = make_plan(chosen)
    selected = [case for case in cases if plan.profile in case.expect]
    if not selected:
        raise UserError(f"nothing to compare: no such case has an expectation for {plan.profile}")
    outcome = carry_out(chosen, plan, selected)
    if outcome.messages:
        raise UserError(outcome.messages[0].split("\n"))
    return outcome.results
