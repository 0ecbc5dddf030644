"""judging/normalise.py, http/framing.py: replacing values that vary between runs, and nothing else."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from cgi_conform.cases.case import Step
from cgi_conform.http.connection import Connection
from cgi_conform.http.framing import Asked, asked_for, asks_for_a_script, unframed
from cgi_conform.judging.normalise import lasting, normalised, without_stamps

ROOT, BASE = "/tmp/cgi-conform-x/root", "/tmp/cgi-conform-x"


@pytest.mark.parametrize(
    ("received", "kept"),
    [
        (b"Date: Mon, 01 Jan 2024 00:00:00 GMT\r\n", b"Date: {date}\r\n"),
        (b"date:x\r\nLast-Modified: y\r\n", b"date:{date}\r\nLast-Modified: y\r\n"),
        (b'ETag: W/"1-2"\r\netag:"x"\r\nETag: x', b'ETag: W/"{etag}"\r\netag:"{etag}"\r\nETag: x'),
        (b"Etag: a969ef-d-5e0d5da5\r\nETag: ab-c", b'Etag: "{etag}"\r\nETag: ab-c'),
        pytest.param(b"<td>%s</td>" % format_datetime(datetime.now(UTC), usegmt=True).encode(), b"<td>{date}</td>", id="now"),
        (b"Expires: Thu, 02 Jan 2020 03:04:05 GMT, Xxx, 99 Yyy 2026 03:04:05 GMT", b"Expires: Thu, 02 Jan 2020 03:04:05 GMT, Xxx, 99 Yyy 2026 03:04:05 GMT"),
        (b"\\A/tmp/cgi\\-conform\\-x/root/", b"\\A{root}/"),
        (b"Allow: POST,HEAD, GET\r\nallow:PUT\r\n\r\nAllow x", b"Allow: GET, HEAD, POST\r\nallow:PUT\r\n\r\nAllow x"),
        (b"webfs/1.21 28/Nov/2026 19:25:08 GMT\n", b"webfs/1.21 {date}\n"),
        (b'WWW-Authenticate: Digest realm="a", nonce="17958"\r\n', b'WWW-Authenticate: Digest realm="a", nonce="{nonce}"\r\n'),
        (b"pid=4711\npid=\nrapid=12", b"pid={pid}\npid=\nrapid=12"),
        (b'"REMOTE_PORT": "50123", REMOTE_PORT=-1', b'"REMOTE_PORT": "{client-port}", REMOTE_PORT={client-port}'),
        (b"http://127.0.0.1:41327/ x", b"http://127.0.0.1:{port}/ x"),
        (b'"SERVER_PORT": "41327"', b'"SERVER_PORT": "{port}"'),
        (b"a41327 413270 4.41327 41327.5 %41327", b"a41327 413270 4.41327 41327.5 %41327"),
        (b"ends with 41327.", b"ends with {port}."),
        (b"/tmp/cgi-conform-x/root/a /tmp/cgi-conform-x/b", b"{root}/a {base}/b"),
        (b"&#47;tmp&#47;cgi-conform-x&#47;a%2ftmp%2Fcgi%2Dconform", b"{base}&#47;a%2ftmp%2Fcgi%2Dconform"),
        (b"%2Ftmp%2Fcgi-conform-x%2Froot%2Fa", b"{root}%2Fa"),
        (b"Content-Length: 41327\r\n\r\n", b"Content-Length: 41327\r\n\r\n"),
        (b"Content-Length: 7\r\n\r\npid=123", b"Content-Length: {length}\r\n\r\npid={pid}"),
        (b"Content-Length: 3\r\n\r\nab pid=1", b"Content-Length: 3\r\n\r\nab pid={pid}"),
        (bytes(range(256)), bytes(range(256))),
    ],
)
def test_values_that_vary_are_replaced_by_tokens(received: bytes, kept: bytes) -> None:
    assert normalised(received, 41327, ROOT, BASE) == kept


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        (b'127.0.0.1 - - [28/Nov/2026 18:31:32] "GET / HTTP/1.0" 200', b'127.0.0.1 - - [{date}] "GET / HTTP/1.0" 200'),
        (b'2026/11/28 18:31:32 [error] 34#34: *124 open() "x"', b'{date} [error] {pid}: *{number} open() "x"'),
        (b"unix:/tmp/cgi-conform-workers-3m/cgi-conform-log-ex_1/files/fcgi:", b"unix:{files}/fcgi:"),
        (b"[Sat Nov 28 18:39:49.120640 2026] [http:error] [pid 21:tid 22] [client 127.0.0.1:44754] AH02429: x",
         b"[{date}] [http:error] [pid {pid}] [client 127.0.0.1:{number}] AH02429: x"),
        (b'2026/11/28 23:13:08 cgi: invalid header name: "x"', b'{date} cgi: invalid header name: "x"'),
        (b"2026-11-28 18:31:32: (mod_cgi.c.123) x", b"{date}: (mod_cgi.c.123) x"),
        (b"[pid: 26805|app: -1|req: -1/68] 127.0.0.1 () {22 vars in 258 bytes} [Sat Nov 28 20:14:16 2026] GET / => generated 9 bytes in 0 msecs (HTTP/1.0 404)",
         b"[pid: {pid}|app: -1|req: {number}] 127.0.0.1 () {22 vars in {number} bytes} [{date}] GET / => generated 9 bytes in {number} msecs (HTTP/1.0 404)"),
        (b"[uwsgi-http key: vm client_addr: 127.0.0.1 client_port: 218] x", b"[uwsgi-http key: vm client_addr: 127.0.0.1 client_port: {number}] x"),
        (b"[2026-11-28 20:20:55] ERROR bad header", b"[{date}] ERROR bad header"),
        (b"2026-11-28T20:25:38+0000 [twisted.web#info] x", b"{date} [twisted.web#info] x"),
        (b"<td>2026-11-28 18:31:32</td> [pid] 3#4", b"<td>2026-11-28 18:31:32</td> [pid] 3#4"),
    ],
)  # fmt: skip
def test_the_lines_of_a_log_lose_what_varies(line: bytes, kept: bytes) -> None:
    assert without_stamps(line) == kept


def test_a_reset_is_recorded_as_a_close() -> None:
    connection = Connection("main", received=bytearray(b"HTTP/1.0 200 OK"), end="reset")
    assert lasting(connection, [], ["main"]) == (b"HTTP/1.0 200 OK", "closed")


def test_normalising_twice_changes_nothing() -> None:
    data = b"HTTP/1.0 200 OK\r\nDate: now\r\nContent-Length: 5\r\n\r\n41327"
    once = normalised(data, 41327, ROOT, BASE)
    assert normalised(once, 41327, ROOT, BASE) == once


def test_a_root_of_slash_is_not_replaced() -> None:
    assert normalised(b"GET / HTTP/1.0", 80, "/", "/") == b"GET / HTTP/1.0"


SCRIPT = b"HTTP/1.1 200 Script output follows\r\nServer: x\r\n"
FILE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


def test_script_output_is_the_same_with_a_length_and_with_chunks() -> None:
    told = [
        SCRIPT + b"Content-Length: 5\r\n\r\nabcde",
        SCRIPT + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
        SCRIPT + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n",
    ]
    assert {unframed(FILE + each + FILE, Asked()) for each in told} == {FILE + SCRIPT + b"{framing}\r\n\r\nabcde" + FILE}


@pytest.mark.parametrize(
    "received",
    [
        b"",
        FILE,
        SCRIPT + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcde",
        SCRIPT + b"Transfer-Encoding: chunked\r\n\r\nx\r\n",
        SCRIPT + b"Transfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\n\r\n",
        SCRIPT + b"\r\nto the end",
        b"HTTP/1.0 200 Script output follows\r\nContent-Length: 2\r\n\r\nab",
        b"<html>",
    ],
)
def test_broken_framing_and_other_responses_stay_as_they_are(received: bytes) -> None:
    assert unframed(received, Asked()) == received


@pytest.mark.parametrize("cut", [b"", b"5", b"5\r", b"5\r\n", b"5\r\nabc", b"5\r\nabcde", b"5\r\nabcde\r\n0"])
def test_incomplete_chunks_keep_the_octets_that_arrived(cut: bytes) -> None:
    told = unframed(SCRIPT + b"Transfer-Encoding: chunked\r\n\r\n" + cut, Asked())
    assert told == SCRIPT + b"{framing}\r\n\r\n" + cut[3:8]


OWN = b"HTTP/1.1 404 Mine\r\nServer: x\r\n"


def test_cgi_1_1_output_is_the_same_with_a_length_with_chunks_and_until_the_connection_closes() -> None:
    told = [
        OWN + b"Content-Length: 5\r\nConnection: close\r\n\r\nabcde",
        OWN + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n",
        OWN + b"Connection: close\r\n\r\nabcde",
    ]
    assert {unframed(each, Asked(scripts=True)) for each in told} == {OWN + b"Connection: close\r\n{framing}\r\n\r\nabcde"}
    assert [unframed(each, Asked()) for each in (told[0], told[2])] == [told[0], told[2]]


@pytest.mark.parametrize("status", [b"100 Continue", b"101 Switching Protocols", b"204 No Content", b"304 Not Modified"])
def test_output_with_a_status_without_content_is_the_same_with_a_length_and_with_chunks(status: bytes) -> None:
    head = b"HTTP/1.1 " + status + b"\r\n"
    told = [
        head + b"Content-Length: 5\r\n\r\nabcde" + OWN,
        head + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n" + OWN,
    ]
    assert {unframed(each, Asked(scripts=True)) for each in told} == {head + b"{framing}\r\n\r\nabcde" + OWN}


def test_a_304_with_a_length_has_no_content_before_the_next_response() -> None:
    head = b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"
    asked = Asked(scripts=True)
    assert unframed(head + OWN + b"Content-Length: 2\r\n\r\nhi", asked) == (
        b"HTTP/1.1 304 Not Modified\r\n{framing}\r\n\r\n" + OWN + b"{framing}\r\n\r\nhi"
    )


def test_http_1_0_output_may_end_with_the_connection_without_a_connection_field() -> None:
    told = [b"Content-Length: 5\r\n\r\nabcde", b"\r\nabcde"]
    assert {unframed(b"HTTP/1.0 200 OK\r\n" + each, Asked(scripts=True)) for each in told} == {
        b"HTTP/1.0 200 OK\r\n{framing}\r\n\r\nabcde"
    }


def test_a_response_to_head_is_the_same_with_and_without_a_length() -> None:
    told = [OWN + b"Content-Length: 5\r\n\r\n", OWN + b"\r\n"]
    assert {unframed(each, Asked(scripts=True, heads=True)) for each in told} == {OWN + b"{framing}\r\n\r\n"}


@pytest.mark.parametrize("line", [b"A: b\n", b"A: b\r\r\n", b"A: b\r\r\r\n", b"A: b\rc\r\n"])
def test_framing_is_removed_from_a_head_with_mixed_line_ends(line: bytes) -> None:
    told = [b"Content-Length: 3\r\n\r\nlf\n", b"Transfer-Encoding: chunked\r\n\r\n3\r\nlf\n\r\n0\r\n\r\n"]
    assert {unframed(SCRIPT + line + each, Asked()) for each in told} == {SCRIPT + line + b"{framing}\r\n\r\nlf\n"}


def test_a_response_to_head_has_no_content_before_the_next_response() -> None:
    head = OWN + b"Content-Length: 5\r\n\r\n"
    asked = Asked(scripts=True, heads=True)
    assert unframed(head + head + b"abcde", asked) == OWN + b"{framing}\r\n\r\n" + OWN + b"{framing}\r\n\r\nabcde"


@pytest.mark.parametrize(
    "received",
    [
        b"HTTP/1.1 200 OK\r\nLast-Modified: x\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n",
        OWN + b"\r\nabc",
    ],
)
def test_a_file_a_304_and_an_unframed_response_stay_as_they_are(received: bytes) -> None:
    assert unframed(received, Asked(scripts=True)) == received


def test_the_accept_ranges_of_a_script_goes_and_that_of_a_file_stays() -> None:
    head = b"HTTP/1.1 200 OK\r\nAccept-Ranges: bytes\r\n"
    assert unframed(head + b"Content-Length: 2\r\n\r\nhi", Asked(scripts=True)) == b"HTTP/1.1 200 OK\r\n{framing}\r\n\r\nhi"
    assert unframed(head + b"Last-Modified: x\r\n\r\n", Asked(scripts=True)) == head + b"Last-Modified: x\r\n\r\n"


def test_content_that_looks_like_a_response_is_not_parsed() -> None:
    content = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    told = [
        OWN + b"Content-Length: 38\r\n\r\n" + content,
        OWN + b"Transfer-Encoding: chunked\r\n\r\n26\r\n" + content + b"\r\n0\r\n\r\n",
    ]
    assert {unframed(each, Asked(scripts=True)) for each in told} == {OWN + b"{framing}\r\n\r\n" + content}


def test_connection_close_of_a_script_goes_if_the_client_closes_its_half() -> None:
    told = [OWN + b"Connection: close\r\n\r\nabc", OWN + b"Connection: close\r\nContent-Length: 3\r\n\r\nabc"]
    told += [OWN + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"]
    assert {unframed(each, Asked(scripts=True, half_closed=True)) for each in told} == {OWN + b"{framing}\r\n\r\nabc"}
    assert unframed(told[0], Asked(half_closed=True)) == told[0]


def test_asked_for_finds_scripts_head_requests_and_half_closes() -> None:
    def asked(send: bytes, profile: str, root_is_cgi: bool = False) -> Asked:
        return asked_for([Step(), Step(send=send)], profile, root_is_cgi=root_is_cgi)

    assert asked(b"HEAD /cgi-bin/x HTTP/1.1\r\n\r\n", "rfc3875") == Asked(scripts=True, heads=True)
    assert asked(b"GET /cgi-bin/x HTTP/1.1\r\n\r\n", "cgihttpserver") == Asked()
    assert asked(b"GET /x HTTP/1.1\r\n\r\n", "rfc3875") == Asked()
    assert asked(b"GET /x HTTP/1.1\r\n\r\n", "rfc3875", root_is_cgi=True) == Asked(scripts=True)
    assert asked(b"GET /x HTTP/1.1\r\n\r\n", "cgihttpserver", root_is_cgi=True) == Asked()
    assert asked_for([Step(), Step(half_close=True)], "rfc3875") == Asked(half_closed=True)


def test_a_request_for_a_script_is_recognised_with_escapes() -> None:
    assert asks_for_a_script([b"GET / HTTP/1.0\r\n\r\n", b"GET /%63gi-bin/x HTTP/1.0\r\n\r\n"])
    assert not asks_for_a_script([b"GET /cgi/mark HTTP/1.0\r\n\r\n", b""])


def arrived(received: bytes, awaited: int = 0, sent: bytes = b"") -> Connection:
    return Connection("a", bytearray(sent), bytearray(received), "closed", awaited=awaited)


def test_after_the_client_ends_a_connection_only_awaited_octets_count() -> None:
    for step in (Step("a", reset=True), Step("a", close=True)):
        assert lasting(arrived(b"pid=1 more", 4), [step], ["a"]) == (b"pid=", "open")
    assert lasting(arrived(b"pid=1 more", 4), [Step("b", reset=True)], ["a"]) == (b"pid=1 more", "closed")


def test_on_a_connection_without_expectations_only_awaited_octets_count() -> None:
    assert lasting(arrived(b"pid=1 more"), [Step("a")], ["b"]) == (b"", "open")


CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
EXPECTING = b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n"


def test_a_100_continue_counts_only_if_a_step_awaits_it() -> None:
    came = arrived(CONTINUE + FILE, sent=EXPECTING)
    assert lasting(came, [Step("a", send=EXPECTING + b"body")], ["a"]) == (FILE, "closed")
    assert lasting(came, [Step("a", await_bytes=b"100 Continue")], ["a"]) == (CONTINUE + FILE, "closed")
    unasked = arrived(CONTINUE + FILE, sent=b"POST / HTTP/1.1\r\n\r\nExpect: x")
    assert lasting(unasked, [Step("a")], ["a"]) == (CONTINUE + FILE, "closed")
