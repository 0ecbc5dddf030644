"""A suite for pytest: each test has a server of its own."""

from pathlib import Path
from urllib.request import urlopen

import pytest


@pytest.fixture
def server(cgi_server):
    return cgi_server(Path(__file__).parent, cgi_directories=["/scripts"], profile="rfc3875")


def test_the_query_reaches_the_script(server):
    with urlopen(f"{server.url}/scripts/query?name=Ann") as response:
        assert response.read() == b"name=Ann\n"


def test_the_script_complains(server):
    with urlopen(f"{server.url}/scripts/query") as response:
        assert response.status == 204
    assert "the query is empty" in server.wait_for_log("'/scripts/query' says")
