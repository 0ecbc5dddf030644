"""The options that name a server, for every command that takes one, and the words that name it again in a hint."""

import argparse
import shlex
from typing import Any

from cgi_conform.cases import variants
from cgi_conform.cases.answer import PROFILES
from cgi_conform.cases.reproduce import Reach
from cgi_conform.running.plan import WORKERS, Plan
from cgi_conform.servers.definition import ServerDefinition, named_server
from cgi_conform.servers.ports import ADDRESS, free_port, is_free

USUAL_PORT = 8000


def configure_workers(parser: argparse.ArgumentParser) -> None:
    """Adds -j."""
    text = f"workers: so many cases at a time, each with a server of its own (default: {WORKERS} for many cases)"
    parser.add_argument("-j", dest="workers", type=int, metavar="N", help=text)


def configure_server(parser: argparse.ArgumentParser) -> None:
    """Adds the three ways to name a server, and what it can do."""
    which = _by_start(parser)
    which.add_argument("--url", metavar="URL", help="a server that runs already, such as http://127.0.0.1:8000")
    parser.add_argument("--root", metavar="DIR", help="with --url: the document root that server has")
    _capabilities(parser)


def configure_started(parser: argparse.ArgumentParser) -> None:
    """Adds the ways to name a server that the suite starts, and what it can do."""
    _by_start(parser)
    _capabilities(parser)


def _by_start(parser: argparse.ArgumentParser) -> "argparse._MutuallyExclusiveGroup":
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--server", metavar="NAME",
        help="a known server (cgi-conform servers), or your folder with a server.toml (cgi-conform init-server)",
    )  # fmt: skip
    which.add_argument(
        "--command", metavar="CMD",
        help="start this, in the document root; {port} and {root} are filled in, {here} is the current folder",
    )  # fmt: skip
    return which


def _capabilities(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--has", action="append", default=[], metavar="CAPABILITY[=ARGUMENTS]",
        help="the server can do this if ARGUMENTS are added to its command (repeat it; capabilities: see below)",
    )  # fmt: skip
    parser.epilog = "\n\n".join(filter(None, [parser.epilog, variants.told()]))


def started_server(options: Any) -> ServerDefinition:
    """Returns the server that --server or --command names, with what --has declares."""
    return named_server(options.server, options.command, variants.declared(options.has))


def named_again(options: Any, profile: str | None = None) -> str:
    """Returns the options that name the server and the profile, as one types them."""
    told = [(f"--{name}", getattr(options, name, None)) for name in ("server", "command", "url", "root")]
    told += [("--has", word) for word in options.has]
    if profile not in (None, PROFILES[0]):
        told.append(("--profile", profile))
    return " ".join(text for name, value in told if value for text in (name, shlex.quote(value)))


def lines_lead_to(options: Any, plan: Plan) -> Reach:
    """Returns the place that pasted lines lead to: the server at the URL, or one that `cgi-conform serve` starts."""
    words = named_again(options, plan.profile)
    if plan.server is None:
        return Reach(*plan.address, server=words)
    if plan.server.takes_free_port:
        return Reach(port="PORT", server=words, starts=f"cgi-conform serve {words}")
    port = USUAL_PORT if is_free(USUAL_PORT) else free_port()
    return Reach(ADDRESS, port, server=words, starts=f"cgi-conform serve {words} --port {port}")
