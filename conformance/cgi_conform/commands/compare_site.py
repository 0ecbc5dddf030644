"""`cgi-conform compare-site DIR`: requests every file and script of a folder from two servers, and lists what differs.

By default it compares the newest installed CPython that has `http.server --cgi` with cgi-server. Both serve the folder
itself. The command never writes into it, but the scripts run, several times each, and may do so.
"""

import argparse
import itertools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from cgi_conform.cases.answer import PROFILES
from cgi_conform.cases.docroot import Docroot
from cgi_conform.commands.server_options import USUAL_PORT
from cgi_conform.errors import SERVER, UserError
from cgi_conform.numbers import counted, seconds, whole_number
from cgi_conform.progress import show_progress
from cgi_conform.servers.definition import ServerDefinition, load_server, server_names
from cgi_conform.servers.instance import Instance
from cgi_conform.servers.launch import start
from cgi_conform.servers.ports import ADDRESS, free_port, is_free
from cgi_conform.sites.documented import Pair
from cgi_conform.sites.site_answer import SiteAnswer, ask
from cgi_conform.sites.site_comparison import Ask, TwoServers, compared_site
from cgi_conform.sites.site_requests import SiteRequest, site_requests
from cgi_conform.sites.site_text import SiteSide, site_text

OURS = "cgi-server"
EPILOG = (
    "exit status: 0 the answers are the same; 1 they differ; 2 wrong usage; 3 a server is not installed, did not start, or "
    "died; 130 interrupted"
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `compare-site`."""
    parser.epilog = EPILOG
    add = parser.add_argument
    add("folder", type=Path, metavar="DIR", help="the folder that the servers serve; its scripts run, several times each")
    add("--server", action="append", default=[], metavar="NAME",
        help="a known server, or a folder with a server.toml; twice (default: the newest CPython, and cgi-server)")  # fmt: skip
    add("--profile", choices=PROFILES, default=PROFILES[0],
        help="the profile to start a server for, if it has it (default: %(default)s)")  # fmt: skip
    add("--allow-documented", action="store_true", help="a documented difference does not turn the exit status to 1")
    add("--limit", type=whole_number(), default=2000, metavar="N", help="send at most N requests (default: %(default)d)")
    add("--max-size", type=whole_number(), default=16 << 20, metavar="OCTETS",
        help="compare at most so much of an answer; of a larger file, only the head (default: %(default)d)")  # fmt: skip
    add("--timeout", type=seconds, default=10.0, metavar="S", help="seconds for an answer, and so for a script (default: %(default)g)")


def main(options: argparse.Namespace) -> int:
    """Starts both servers, asks them, and prints the differences."""
    if not options.folder.is_dir():
        raise UserError(f'"{options.folder}" is not a directory (name the folder that your server serves)')
    servers = _servers(options)
    whole = options.folder.resolve()
    docroot = Docroot(whole.parent, whole.name)
    requests = list(itertools.islice(site_requests(whole, options.max_size), options.limit + 1))
    titles = [_title(server) for server in servers]
    print(f"{options.folder}: {titles[0]} and {titles[1]} serve this folder, and its scripts run", flush=True)
    instances: list[Instance] = []
    try:
        for server in servers:
            instances.append(start(server, docroot))
        first, second = (_ask(instance, docroot, options) for instance in instances)
        both = TwoServers(first, second, lambda request, a, b: _pair(request, a, b, servers, options.profile))
        found = compared_site(both, requests[: options.limit], lambda number: show_progress(f"{number}/{min(len(requests), options.limit)}"))
    finally:
        show_progress("")
        for instance in instances:
            instance.stop()
    for line in site_text(found, *_sides(options, servers)):
        print(line)
    if len(requests) > options.limit:
        print(f"sent only {counted(options.limit, 'request')}: the folder has more (--limit)")
    differ = [members for _, members in found.differing if not (options.allow_documented and found.is_documented(members))]
    return 1 if differ else 0


def _servers(options: argparse.Namespace) -> list[ServerDefinition]:
    """Returns the two servers, as the profile starts them. UserError if one is not installed."""
    if len(options.server) not in (0, 2):
        raise UserError(f"--server names {counted(len(options.server), 'server')} (name both servers, or none)")
    found = [load_server(name) for name in options.server] or [_newest_cpython(), load_server(OURS)]
    for server in found:
        server.installed()
    return [server.for_profile(options.profile if options.profile in server.profiles else server.profiles[0]) for server in found]


def _newest_cpython() -> ServerDefinition:
    names = [name for name in server_names() if re.fullmatch(r"cpython-\d+\.\d+", name)]
    newest_first = sorted(names, key=lambda name: [int(number) for number in re.findall(r"\d+", name)], reverse=True)
    for server in map(load_server, newest_first):
        if server.program is not None:
            return server
    known = ", ".join(name.removeprefix("cpython-") for name in newest_first)
    raise UserError(f"no Python with http.server --cgi is installed: Python {known} has it (or name two others: --server NAME)", SERVER)


def _ask(instance: Instance, docroot: Docroot, options: argparse.Namespace) -> Ask:
    def asked(request: SiteRequest) -> SiteAnswer:
        answer = ask((ADDRESS, instance.port), request, str(docroot.root), options.timeout, options.max_size)
        if answer.response is None and (how := instance.died(within=1.0)) is not None:
            raise UserError(f'server "{instance.name}" died at {request}: {how}', SERVER)
        return answer

    return asked


def _pair(
    request: SiteRequest, first: SiteAnswer, second: SiteAnswer, servers: list[ServerDefinition], profile: str
) -> Pair | None:
    """Returns the answers by server, if CPython and cgi-server are compared."""
    names = [server.name for server in servers]
    if not names[0].startswith("cpython-") or names[1] != OURS:
        first, second, names = second, first, names[::-1]
    return Pair(request, first, second, profile) if names[0].startswith("cpython-") and names[1] == OURS else None


def _title(server: ServerDefinition) -> str:
    version = server.version()
    return version if server.title.lower() in version.lower() else f"{server.title} ({version})" if version else server.title


def _sides(options: argparse.Namespace, servers: list[ServerDefinition]) -> Iterator[SiteSide]:
    """Yields both servers with the commands that start them again."""
    names = options.server or [server.name for server in servers]
    for number, (name, server) in enumerate(zip(names, servers, strict=True)):
        port = USUAL_PORT + number if is_free(USUAL_PORT + number) else free_port()
        profile = f" --profile {options.profile}" if options.profile in server.profiles and options.profile != PROFILES[0] else ""
        root = shlex.quote(str(options.folder))
        yield SiteSide(server.name, f"cgi-conform serve {shlex.quote(name)} --root {root} --port {port}{profile}", port)
