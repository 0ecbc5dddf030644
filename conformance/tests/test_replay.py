"""cgi-conform replay: plays a case once, shows the octets of both sides, and judges the answer."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cgi_conform.cli import main
from cgi_conform.commands.replay import Marks, transcript
from cgi_conform.http.connection import Connection
from cgi_conform.http.exchange import Exchange

CASES = r"""
[[case]]
id      = "post/refused"
title   = "POST is refused"
clauses = ["seed/post-outside-cgi-is-501"]
fault   = "post-allowed"
send    = 'POST /x HTTP/1.0\r\n\r\n'
[case.cgihttpserver]
level  = "required"
status = 501

[[case]]
id      = "post/by-root"
title   = "POST is refused to root"
clauses = ["seed/post-outside-cgi-is-501"]
fault   = "post-allowed"
needs   = ["launch"]
send    = 'POST /x HTTP/1.0\r\n\r\n'
[case.cgihttpserver]
level  = "required"
status = 501
"""


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "post.toml").write_text(CASES)
    monkeypatch.setenv("CGI_CONFORM_FIXTURES", str(tmp_path))


@pytest.fixture
def server() -> Iterator[int]:
    """Starts a server that answers one request with 405, and returns its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            while not connection.recv(4096).endswith(b"\r\n\r\n"):
                pass
            connection.sendall(b"HTTP/1.0 405 No\r\n\r\nno\xff\n")

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.close()


@pytest.mark.usefixtures("corpus")
def test_replay_shows_the_octets_of_both_sides_and_the_verdict(server: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "post/refused", "--url", f"http://127.0.0.1:{server}", "--root", "/"]) == 1
    told = capsys.readouterr().out
    for line in ("> POST /x HTTP/1.0\\r\\n", "> \\r\\n", "< HTTP/1.0 405 No\\r\\n", "< no\\xff\\n"):
        assert f"\n{line}\n" in told
    assert told.endswith("post/refused (required): not as expected\n  expected  status 501\n  got       status 405\n")


@pytest.mark.usefixtures("corpus")
def test_a_case_that_needs_a_missing_capability_says_why_it_cannot_be_played(
    capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", "post/by-root", "--url", "http://127.0.0.1:9", "--root", "/"]) == 2
    assert "cannot be played here: it needs a server that cgi-conform starts" in capsys.readouterr().err


@pytest.mark.usefixtures("corpus")
def test_a_refused_connection_exits_with_3(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert main(["replay", "post/refused", "--url", f"http://127.0.0.1:{port}", "--root", "/"]) == 3
    assert f"no connection to 127.0.0.1 port {port}" in capsys.readouterr().err


def test_received_octets_are_cut_where_the_client_looked_at_the_connection() -> None:
    connection = Connection("main", bytearray(b"x"), bytearray(b"ab\ncd"), "closed")
    connection.sent_at, connection.first_at, connection.last_at = 10.0, 10.5, 12.0
    told = transcript(Exchange({"main": connection}), Marks({"main": [(11.0, 3)]}), b"log line\n")
    assert told.splitlines() == [
        "> 1 octet",
        "> x",
        "< first octet after 0.500 s",
        "< 3 octets until 1.000 s",
        "< ab\\n",
        "< 2 octets until 2.000 s",
        "< cd",
        "< closed after 2.000 s",
        "the server printed",
        "    log line",
    ]


def test_a_connection_without_an_answer_is_shown_as_still_open() -> None:
    told = transcript(Exchange({"main": Connection("main", sent_at=1.0)}), Marks(), b"")
    assert told.endswith("< nothing, still open\n")
