"""`cgi-conform programs`: tries real CGI programs on servers and prints one table of programs and servers."""

import argparse
import sys
from pathlib import Path

from cgi_conform.cases.answer import PROFILES
from cgi_conform.errors import SERVER, UserError
from cgi_conform.numbers import seconds
from cgi_conform.programs import junit
from cgi_conform.programs.definition import load_programs
from cgi_conform.programs.findings import ServerFindings, assembled, exit_status, write
from cgi_conform.programs.suite import contender, try_programs, user
from cgi_conform.programs.table import text
from cgi_conform.progress import show_progress
from cgi_conform.servers.definition import from_command, load_server
from cgi_conform.write import need_folder, write_whole


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `programs`."""
    add = parser.add_argument
    add("globs", nargs="*", metavar="PROGRAM-GLOB", help="programs or checks to try (default: all that are installed)")
    add("--server", action="append", default=[], metavar="NAME",
        help="a known server, or a folder with a server.toml (may be given several times)")  # fmt: skip
    add("--command", action="append", default=[], metavar="CMD",
        help="the command that starts a server; {port} and {root} are replaced (may be given several times)")  # fmt: skip
    add("--profile", choices=PROFILES, help="the profile to start the servers for (default: rfc3875 if a server has it)")
    add("--report", type=Path, metavar="DIR", help="write programs.json and programs.xml (JUnit)")
    add("--timeout", type=seconds, default=60.0, metavar="S", help="seconds for each check (default: %(default)g)")


def main(options: argparse.Namespace) -> int:
    """Tries the programs, reports, and returns the exit status."""
    if options.report:
        need_folder(options.report)
    servers = [load_server(name) for name in options.server] + [from_command(text) for text in options.command]
    if not servers:
        raise UserError("name a server: --server NAME or --command 'CMD {port} {root}'")
    contenders = [contender(server, options.profile) for server in servers]
    programs = load_programs(options.globs)
    corpus = [check.id for program in load_programs() for check in program.checks]
    found: list[ServerFindings] = []
    messages: list[str] = []
    for one in contenders:

        def progress(name: str, server: str = one.server.name) -> None:
            show_progress(f"{server}: {name}")

        findings, message = try_programs(one, programs, corpus, options.timeout, progress)
        found.append(findings)
        messages += [message] if message else []
    show_progress("")
    whole = assembled(user(), len(corpus), found)
    if options.report:
        write(whole, options.report)
        write_whole(options.report / "programs.xml", junit.text(whole))
    print(text(whole), end="", flush=True)
    for message in messages:
        print(f"cgi-conform: {message}", file=sys.stderr)
    return SERVER if messages else exit_status(whole)
