"""`cgi-conform servers`: lists the known servers, whether they are installed, and their exact versions."""

import argparse
from collections.abc import Sequence

from cgi_conform.columns import in_columns
from cgi_conform.servers.definition import ServerDefinition, known_servers

_HEAD = ("name", "version", "profiles", "variants")


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds nothing: `servers` has no options."""


def main(options: argparse.Namespace) -> int:
    """Prints the table."""
    print(table([(server, server.version()) for server in known_servers()]), end="")
    return 0


def table(servers: Sequence[tuple[ServerDefinition, str]]) -> str:
    """Returns a table with name, version or "not installed", profiles and variants."""
    rows = [_HEAD, *(_row(server, version) for server, version in servers)]
    return "".join(line + "\n" for line in in_columns(rows))


def _row(server: ServerDefinition, version: str) -> tuple[str, str, str, str]:
    known = version or "version unknown"
    if server.instrument:  # ci/gate.sh searches for the words "test instrument"
        known = f"test instrument ({known})"
    shown = known if server.program is not None else f"not installed ({server.sought})"
    return server.name, shown, " ".join(server.profiles), " ".join(sorted(server.variants)) or "-"
