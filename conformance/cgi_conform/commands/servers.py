"""`cgi-conform servers`: lists the known servers, whether they are installed, and their exact versions.

With --install, installs servers instead.
"""

import argparse
from collections.abc import Sequence

from cgi_conform.columns import in_columns
from cgi_conform.servers.definition import ServerDefinition, known_servers
from cgi_conform.servers.install import EVERY, install

_HEAD = ("name", "version", "profiles", "capabilities")


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the option of `servers`."""
    parser.add_argument(
        "--install", nargs="+", metavar="NAME",
        help=f"install these servers by apt-get, or with {EVERY!r} each one that apt has; only root can do it",
    )  # fmt: skip


def main(options: argparse.Namespace) -> int:
    """Prints the table, or a line about each server that it installs."""
    if options.install:
        for line in install(options.install):
            print(line)
        return 0
    print(table([(server, server.version()) for server in known_servers()]), end="")
    return 0


def table(servers: Sequence[tuple[ServerDefinition, str]]) -> str:
    """Returns a table with name, version or the command that installs the server, profiles and capabilities."""
    rows = [_HEAD, *(_row(server, version) for server, version in servers)]
    return "".join(line + "\n" for line in in_columns(rows))


def _row(server: ServerDefinition, version: str) -> tuple[str, str, str, str]:
    known = version or "version unknown"
    if server.instrument:  # ci/gate.sh searches for the words "test instrument"
        known = f"test instrument ({known})"
    lost = f"cgi-conform servers --install {server.name}" if server.packages else server.sought
    shown = known if server.program is not None else f"not installed ({lost})"  # ci/gate.sh searches for "not installed"
    return server.name, shown, " ".join(server.profiles), " ".join(sorted(server.variants)) or "-"
