"""bench/servers: the definitions are valid, and the two of cgi-server differ only in the number of loops."""

import tomllib
from pathlib import Path

import pytest

from cgi_conform.servers.definition import load_server

SERVERS = Path(__file__).resolve().parents[1] / "servers"


@pytest.mark.parametrize("folder", sorted(path.parent for path in SERVERS.glob("*/server.toml")), ids=lambda path: path.name)
def test_a_definition_is_valid(folder: Path) -> None:
    server = load_server(str(folder))
    assert server.name == folder.name
    assert server.title and server.command


def test_one_loop_is_the_only_difference() -> None:
    usual, one = (tomllib.loads((SERVERS / name / "server.toml").read_text("utf-8")) for name in ("cgi-server", "cgi-server-1"))
    assert one.pop("title") != usual.pop("title")
    assert one.pop("command") == [*usual.pop("command"), "--loops", "1"]
    assert one == usual
