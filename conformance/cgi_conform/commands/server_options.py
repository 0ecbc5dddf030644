"""The options that name a server, for all commands that take one, and the words that name the same server in a hint."""

import argparse
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

from cgi_conform.cases import variants
from cgi_conform.cases.answer import PROFILES
from cgi_conform.cases.case import SYSTEM
from cgi_conform.cases.reproduce import Reach
from cgi_conform.numbers import whole_number
from cgi_conform.running.plan import WORKERS, Plan
from cgi_conform.servers.definition import ServerDefinition, named_server
from cgi_conform.servers.ports import ADDRESS, free_port, is_free

USUAL_PORT = 8000


def configure_workers(parser: argparse.ArgumentParser) -> None:
    """Adds -j."""
    text = f"at most N workers, fewer for quick cases; each has its own server and tries one case at a time (default: {WORKERS}; never more than server.toml allows)"
    parser.add_argument("-j", dest="workers", type=whole_number(), metavar="N", help=text)


def configure_server(parser: argparse.ArgumentParser) -> None:
    """Adds the three options that name a server, and --has."""
    which = _by_start(parser)
    which.add_argument("--url", metavar="URL", help="a server that runs already, such as http://127.0.0.1:8000")
    parser.add_argument("--root", metavar="DIR", help="with --url: the document root of that server")
    _capabilities(parser)


def configure_profile(parser: argparse.ArgumentParser) -> None:
    """Adds --profile."""
    text = f"the profile to judge the server by (default: {PROFILES[0]}, or the first one of a server without it)"
    parser.add_argument("--profile", choices=PROFILES, help=text)


def configure_started(parser: argparse.ArgumentParser) -> None:
    """Adds the two options that name a server for the suite to start, and --has."""
    _by_start(parser)
    _capabilities(parser)


def _by_start(parser: argparse.ArgumentParser) -> "argparse._MutuallyExclusiveGroup":
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--server", metavar="NAME",
        help="a known server (cgi-conform servers lists them), or a folder with a server.toml (cgi-conform init-server)",
    )  # fmt: skip
    which.add_argument(
        "--command", metavar="CMD",
        help="start this command in the document root; {port}, {root} and {here} (the current folder) are replaced",
    )  # fmt: skip
    return which


def _capabilities(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--has", action="append", default=[], metavar="CAPABILITY[=ARGUMENTS]",
        help="the server has this capability (listed below) if ARGUMENTS are added to its command; may be given several times",
    )  # fmt: skip
    configure_layout(parser)
    parser.epilog = "\n\n".join(filter(None, [parser.epilog, variants.told()]))


def configure_layout(parser: argparse.ArgumentParser) -> None:
    """Adds --script-suffix, --lacks and --script-program."""
    configure_suffix(parser)
    parser.add_argument(
        "--lacks", action="append", default=[], choices=SYSTEM, metavar="NEED",
        help=f"the system of the server lacks this, so cases that need it are skipped: {', '.join(SYSTEM)}; may be given several times",
    )  # fmt: skip
    parser.add_argument(
        "--script-program", type=Path, metavar="FILE",
        help="copies of this program take the place of the scripts, for a system without sh and Perl (fixtures/scripts has its source)",
    )  # fmt: skip


def configure_suffix(parser: argparse.ArgumentParser) -> None:
    """Adds --script-suffix."""
    parser.add_argument(
        "--script-suffix", metavar=".SUFFIX",
        help="the server knows scripts by this suffix: the scripts get it, and requests name them so (/cgi-bin/hello.cgi)",
    )  # fmt: skip


def started_server(options: Any) -> ServerDefinition:
    """Returns the server that --server or --command names, with the capabilities of --has."""
    return named_server(options.server, options.command, variants.declared(options.has), options.script_suffix, options.lacks,
                        options.script_program)


def named_again(options: Any, profile: str | None = None) -> str:
    """Returns the options that name the server and the profile, as a user types them."""
    told = [(f"--{name}", getattr(options, name, None)) for name in ("server", "command", "url", "root")]
    told += [("--has", word) for word in options.has]
    told.append(("--script-suffix", getattr(options, "script_suffix", None)))
    told.append(("--script-program", str(getattr(options, "script_program", None) or "")))
    told += [("--lacks", need) for need in getattr(options, "lacks", ())]
    if profile not in (None, PROFILES[0]):
        told.append(("--profile", profile))
    return " ".join(text for name, value in told if value for text in (name, shlex.quote(value)))


def lines_lead_to(options: Any, plan: Plan) -> Reach:
    """Returns the server for pasted lines: the one at the URL, or one that `cgi-conform serve` starts at a free port."""
    return at_free_port(lines_at_usual_port(options, plan))


def lines_at_usual_port(options: Any, plan: Plan) -> Reach:
    """Returns the server for pasted lines, the same on each machine: the usual port may not be free there."""
    words = named_again(options, plan.profile)
    if plan.server is None:
        return Reach(*plan.address, server=words)
    if plan.server.takes_free_port:
        return Reach(port="PORT", server=words, starts=f"cgi-conform serve {words}")
    return Reach(ADDRESS, USUAL_PORT, server=words, starts=f"cgi-conform serve {words} --port {USUAL_PORT}")


def at_free_port(reach: Reach) -> Reach:
    """Returns the server at another port if its port is the usual one and not free here."""
    if not reach.starts or reach.port != USUAL_PORT or is_free(USUAL_PORT):
        return reach
    port = free_port()
    return replace(reach, port=port, starts=f"{reach.starts.removesuffix(str(USUAL_PORT))}{port}")
