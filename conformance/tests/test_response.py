"""http/response.py: parsing the octets of a connection; for well-formed input, h11 must read the same."""

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgi_conform.http.response import Parsed, Response, is_tls, parse


def only(parsed: Parsed) -> Response:
    assert len(parsed.responses) == 1
    return parsed.responses[0]


def test_header_lines_may_end_with_lf_or_crlf() -> None:
    received = b"HTTP/1.0 200 Script output follows\r\nServer: s\r\nDate: d\r\nContent-Type: text/plain\n\nhello\n"
    response = only(parse(received, ended=True))
    assert (response.version, response.status, response.reason) == (b"HTTP/1.0", 200, b"Script output follows")
    assert response.values("content-type") == [b"text/plain"]
    assert (response.body, response.framing, response.complete) == (b"hello\n", "close", True)


def test_a_body_without_framing_is_incomplete_while_the_connection_is_open() -> None:
    response = only(parse(b"HTTP/1.0 200 OK\r\n\r\nhel", ended=False))
    assert (response.body, response.complete, response.lack) == (b"hel", False, "the end of the connection")


@pytest.mark.parametrize("received", [b"hello", b"HTTP/1.0", b"HTTP/x 200 OK\r\n\r\n", b"HTTP/1.0 20 OK\r\n\r\n", b"\x00"])
def test_without_a_status_line_there_is_no_response(received: bytes) -> None:
    assert parse(received, ended=True) == Parsed((), (), received)


def test_a_status_line_may_lack_the_reason() -> None:
    assert only(parse(b"HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", ended=False)).reason == b""


def test_a_head_without_blank_line_ends_with_the_connection() -> None:
    received = b"HTTP/1.0 200 OK\r\nServer: s\r\njust a body, no headers\n"
    response = only(parse(received, ended=True))
    assert response.complete and response.stray == (b"just a body, no headers",) and response.body == b""
    assert only(parse(received, ended=False)).lack == "the empty line after the head"


def test_fields_keep_their_order_their_letter_case_and_repetitions() -> None:
    received = b"HTTP/1.0 200 OK\r\nA: 1\r\nb:2 \r\na:  3\r\nLong: x\r\n\ty\r\nempty:\r\n\r\n"
    fields = only(parse(received, ended=True)).fields
    assert fields == ((b"A", b"1"), (b"b", b"2"), (b"a", b"3"), (b"Long", b"x y"), (b"empty", b""))


def test_octets_after_content_length_are_kept_as_the_rest() -> None:
    parsed = parse(b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabcdef", ended=True)
    assert only(parsed).body == b"abc" and parsed.rest == b"def"


def test_a_body_shorter_than_content_length_is_incomplete() -> None:
    response = only(parse(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nabc", ended=True))
    assert response.lack == "2 of the 5 octets that Content-Length promises"


@pytest.mark.parametrize(
    ("length", "told"),
    [
        (b"3\r\nContent-Length: 4", '"3" and "4"'),
        (b"x", '"x"'),
        (b"-1", '"-1"'),
        (b"", '""'),
        (b"9" * 5000, f'"{"9" * 40}…"'),
    ],
)
def test_a_response_with_an_invalid_content_length_is_never_complete(length: bytes, told: str) -> None:
    response = only(parse(b"HTTP/1.0 200 OK\r\nContent-Length: " + length + b"\r\n\r\nabcdef", ended=True))
    assert (response.body, response.complete) == (b"abcdef", False)
    assert response.lack == f"a valid Content-Length: it is {told}"


@pytest.mark.parametrize(("octets", "complete"), [(b"HTTP/1.0 200 OK\r\nA: b\r\n", True), (b"HTTP/1.0 200 OK\r\nA: b", False)])
def test_a_head_that_ends_within_a_line_is_incomplete(octets: bytes, complete: bool) -> None:
    assert only(parse(octets, ended=True)).complete is complete


def test_a_content_length_may_be_repeated() -> None:
    response = only(parse(b"HTTP/1.0 200 OK\r\nContent-Length: 3, 3\r\nContent-Length: 3\r\n\r\nabc", ended=False))
    assert (response.body, response.complete) == (b"abc", True)


def test_the_parser_stops_after_a_hundred_interim_responses() -> None:
    parsed = parse(b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000, ended=False)
    assert (len(parsed.interim), parsed.responses, parsed.rest) == (101, (), b"")


@pytest.mark.parametrize(
    ("octets", "tls"),
    [(b"\x15\x03\x01\x00\x02\x02\x0a", True), (b"\x16\x03\x03", True), (b"\x15", False), (b"HTTP/1.0", False)],
)
def test_the_header_of_a_tls_record_is_known(octets: bytes, tls: bool) -> None:
    assert is_tls(octets) is tls


def test_chunks_are_joined_to_a_body() -> None:
    received = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: t\r\n\r\n"
    response = only(parse(received, ended=False))
    assert (response.body, response.framing, response.complete) == (b"abc0123456789", "chunked", True)


@pytest.mark.parametrize("chunks", [b"", b"3\r\nab", b"3\r\nabcX\r\n", b"zz\r\n", b"0\r\n", b"-1\r\n", b"F" * 16 + b"\r\nabc"])
def test_broken_chunks_make_a_response_incomplete(chunks: bytes) -> None:
    received = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
    assert not only(parse(received, ended=True)).complete


def test_http_1_0_responses_are_not_chunked() -> None:
    received = b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert only(parse(received, ended=True)).body == b"0\r\n\r\n"


def test_a_response_to_head_has_no_body_and_the_next_response_follows() -> None:
    received = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 1\r\n\r\nx"
    parsed = parse(received, [b"HEAD", b"GET"], ended=False)
    assert [(r.status, r.body, r.complete) for r in parsed.responses] == [(200, b"", True), (404, b"x", True)]


@pytest.mark.parametrize(("method", "status"), [(b"HEAD", b"200"), (b"GET", b"204"), (b"GET", b"304")])
def test_octets_after_a_response_that_must_not_have_a_body_are_its_body(method: bytes, status: bytes) -> None:
    received = b"HTTP/1.0 " + status + b" OK\r\nContent-Length: 5\r\n\r\nhello"
    parsed = parse(received, [method], ended=True)
    assert only(parsed).body == b"hello" and parsed.rest == b""


def test_interim_responses_are_kept_separately() -> None:
    received = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
    parsed = parse(received, [b"HEAD"], ended=False)
    assert [r.status for r in parsed.interim] == [100]
    assert only(parse(received, [b"POST"], ended=False)).body == b"x"
    assert only(parsed).status == 200


@pytest.mark.parametrize(
    ("head", "persistent"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, Close", False),
        (b"HTTP/1.1 200 OK", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive", True),
    ],
)
def test_persistent_is_true_if_the_response_keeps_the_connection_open(head: bytes, persistent: bool) -> None:
    assert only(parse(head + b"\r\n\r\n", ended=False)).persistent is persistent


@given(st.binary(), st.booleans())
def test_the_parser_accepts_any_octets(received: bytes, ended: bool) -> None:
    parse(received, ended=ended)
    parse(b"HTTP/1.1 200 OK\r\n" + received, ended=ended)
    parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + received, ended=ended)


_TOKENS = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-", min_size=1, max_size=12)
_VALUES = st.text("".join(map(chr, range(33, 127))), max_size=20)
_NOT_FRAMING = st.lists(st.tuples(_TOKENS.map(lambda name: "X-" + name), _VALUES), max_size=4)


@given(
    st.lists(
        st.tuples(st.integers(200, 599), _NOT_FRAMING, st.lists(st.binary(min_size=1, max_size=40), max_size=3), st.booleans()),
        min_size=1,
        max_size=3,
    ),
    st.lists(st.sampled_from(["GET", "HEAD", "POST"]), min_size=3, max_size=3),
)
def test_the_parser_reads_the_responses_that_h11_writes(
    answers: list[tuple[int, list[tuple[str, str]], list[bytes], bool]], methods: list[str]
) -> None:
    written = b""
    expected = []
    for method, (status, fields, parts, chunked) in zip(methods, answers, strict=False):
        server = h11.Connection(h11.SERVER)
        server.receive_data(f"{method} / HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        server.next_event()
        server.next_event()
        body = b"".join(parts)
        framing = [("Transfer-Encoding", "chunked")] if chunked else [("Content-Length", str(len(body)))]
        message = server.send(h11.Response(status_code=status, headers=[*fields, *framing]))
        assert message is not None
        written += message
        bodiless = method == "HEAD" or status in (204, 304)
        for part in parts if not bodiless else []:
            written += server.send(h11.Data(data=part)) or b""
        written += server.send(h11.EndOfMessage()) or b""
        names = [(name.lower().encode(), value.encode()) for name, value in fields]
        expected.append((status, b"" if bodiless else body, names))
    parsed = parse(written, [method.encode() for method in methods], ended=False)
    got = [
        (r.status, r.body, [(name.lower(), value) for name, value in r.fields if name.startswith(b"X-")])
        for r in parsed.responses
    ]
    assert got == expected and parsed.rest == b"" and all(r.complete for r in parsed.responses)
