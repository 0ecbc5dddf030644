"""Generated responses, whole and cut at every octet, are read through sockets and the parser and compared with h11."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cgi_conform.cases.answer import read_expectation
from cgi_conform.http.connection import Connection, pump
from cgi_conform.http.response import Parsed, Response, parse
from cgi_conform.http.timeouts import CaseDeadline
from cgi_conform.judging.judge import settled

LONG = 20.0  # a limit in seconds; a test that passes never waits so long


@dataclass(frozen=True)
class Written:
    """The octets of one or more responses, and the methods of their requests."""

    methods: tuple[bytes, ...]
    octets: bytes
    ended: bool  # the last response ends with the connection


tokens = st.text("abcXYZ059-", min_size=1, max_size=8).map(lambda name: f"X-{name}".encode())
texts = st.text("".join(map(chr, range(0x21, 0x7F))), min_size=1, max_size=12).map(str.encode)
values = st.one_of(st.just(b""), texts, st.tuples(texts, texts).map(b" ".join), st.sampled_from([b"a:b", b"\xe9\xff", b"a\tb"]))
blanks = st.sampled_from([b"", b" ", b"\t", b"  \t"])
bodies = st.one_of(st.binary(max_size=30), st.sampled_from([b"HTTP/1.1 200 OK\r\n\r\n", b"0\r\n\r\n", b"\r\n\r\n", b"H"]))


@st.composite
def fields(draw: st.DrawFn) -> bytes:
    lines = draw(st.lists(st.tuples(tokens, blanks, values, blanks), max_size=3))
    return b"".join(name + b":" + before + value + after + b"\r\n" for name, before, value, after in lines)


@st.composite
def chunked(draw: st.DrawFn, body: bytes) -> bytes:
    places = sorted(draw(st.sets(st.integers(1, max(1, len(body) - 1)), max_size=3))) if body else []
    parts = [body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)]
    extension = draw(st.sampled_from([b"", b";a", b";a=b"]))
    sizes = [draw(st.sampled_from([b"%x", b"%X", b"0%x"])) % len(part) + extension for part in parts if part]
    chunks = b"".join(size + b"\r\n" + part + b"\r\n" for size, part in zip(sizes, filter(None, parts), strict=True))
    return chunks + b"0\r\n" + draw(st.sampled_from([b"", b"X-Trailer: t\r\n"])) + b"\r\n"


@st.composite
def responses(draw: st.DrawFn) -> Written:
    methods, octets, ended = [], b"", False
    for number in range(draw(st.integers(1, 3))):
        method = draw(st.sampled_from([b"GET", b"GET", b"POST", b"HEAD"]))
        status = draw(st.sampled_from([200, 200, 201, 204, 302, 304, 404, 500, 599]))
        reason = draw(st.sampled_from([b" OK", b" Script output follows", b" ", b" a  b"]))
        body, framing = draw(bodies), draw(st.sampled_from(["length", "chunked", "close"]))
        ended = framing == "close"
        head = b"HTTP/1.1 %d%s\r\n" % (status, reason) + draw(fields())
        if framing == "length":
            head += b"Content-Length: %d\r\n" % len(body)
        elif framing == "chunked":
            head += b"Transfer-Encoding: chunked\r\n"
            body = draw(chunked(body))
        if draw(st.booleans()) and number == 0:
            octets += b"HTTP/1.1 100 Continue\r\n\r\n"
        methods.append(method)
        octets += head + draw(fields()) + b"\r\n"
        if method == b"HEAD" or status in (204, 304):
            ended = False
        else:
            octets += body
        if ended:
            break
    return Written(tuple(methods), octets, ended)


Seen = tuple[int, bytes, list[tuple[bytes, bytes]], bytes]


def by_h11(written: Written) -> list[Seen]:
    """Returns status, reason, fields and content of each response as h11 reads them."""
    rest, seen = written.octets, []
    for method in written.methods:
        client = h11.Connection(h11.CLIENT)
        client.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
        client.send(h11.EndOfMessage())
        client.receive_data(rest)
        if written.ended:
            client.receive_data(b"")
        head, content = None, b""
        while not isinstance(event := client.next_event(), h11.EndOfMessage):
            assert event not in (h11.NEED_DATA, h11.PAUSED), (event, rest)
            if isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                content += bytes(event.data)
        assert head is not None
        seen.append((head.status_code, bytes(head.reason), [(bytes(n), bytes(v)) for n, v in head.headers], content))
        rest = client.trailing_data[0]
    assert rest == b""
    return seen


def by_us(responses: tuple[Response, ...]) -> list[Seen]:
    return [
        (each.status, each.reason, [(name.lower(), value) for name, value in each.fields], each.body)
        for each in responses
    ]


@pytest.mark.long
@settings(max_examples=300)
@given(responses())
def test_the_parser_reads_the_same_responses_as_h11(written: Written) -> None:
    parsed = parse(written.octets, written.methods, ended=written.ended)
    assert by_us(parsed.responses) == by_h11(written)
    assert parsed.rest == b"" and all(each.complete for each in parsed.responses)


@given(responses())
def test_a_response_that_is_cut_anywhere_is_never_read_as_another_one(written: Written) -> None:
    """Each cut leaves complete responses as they are. Only the last one may be incomplete."""
    whole = parse(written.octets, written.methods, ended=written.ended)
    done = 0
    for cut in range(len(written.octets)):
        part = parse(written.octets[:cut], written.methods, ended=False)
        complete = [each for each in part.responses if each.complete]
        assert len(complete) >= done and complete == list(whole.responses[: len(complete)])
        assert all(each.complete for each in part.responses[:-1]) and len(part.interim) <= len(whole.interim)
        assert b"\n" not in part.rest  # the rest is at most the beginning of a status line
        done = len(complete)
    assert done <= len(whole.responses)


def received(pieces: list[bytes], ends: bool) -> Iterator[Connection]:
    """Sends the pieces one by one and yields the connection after each has arrived."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        connection = Connection("main", sock=ours)
        came = 0
        for piece in pieces:
            theirs.sendall(piece)
            came += len(piece)
            pump([connection], CaseDeadline().after(LONG), lambda: len(connection.received) >= came)
            yield connection
        if ends:
            theirs.shutdown(socket.SHUT_WR)
            pump([connection], CaseDeadline().after(LONG), lambda: connection.end != "open")
            yield connection


@settings(max_examples=30)
@given(responses(), st.booleans())
def test_the_reader_finds_the_same_responses_in_any_pieces(written: Written, bytewise: bool) -> None:
    methods = b"".join(method + b" / HTTP/1.1\r\nHost: x\r\n\r\n" for method in written.methods)
    answers = {"response": [{} for _ in written.methods], "level": "required"}
    whole = settled(read_expectation(answers, ("main",)))
    cuts = [list(written.octets[at : at + 1] for at in range(len(written.octets)))] if bytewise else [
        [written.octets[:at], written.octets[at:]] for at in range(1, len(written.octets), 7)
    ]  # fmt: skip
    expected = parse(written.octets, written.methods, ended=written.ended)
    for pieces in [[written.octets], *cuts]:
        for connection in received(pieces, written.ended):
            octets = bytes(connection.received)
            assert written.octets.startswith(octets)
            # Reading must not stop before the last response is complete.
            if whole("main", octets, methods):
                assert parse(octets, written.methods, ended=False).responses == expected.responses
        assert (octets, connection.end) == (written.octets, "closed" if written.ended else "open")
        got: Parsed = parse(octets, written.methods, ended=connection.end != "open")
        assert got == expected


@pytest.mark.parametrize("end", [b"", b"x"])
def test_octets_before_a_reset_are_kept(end: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs = listener.accept()[0]
        with ours, theirs:
            ours.setblocking(False)
            connection = Connection("main", sock=ours)
            theirs.sendall(b"HTTP/1.1 200" + end)
            pump([connection], CaseDeadline().after(LONG), lambda: len(connection.received) == 12 + len(end))
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            theirs.close()
            pump([connection], CaseDeadline().after(LONG), lambda: connection.end != "open")
        assert (bytes(connection.received), connection.end) == (b"HTTP/1.1 200" + end, "reset")
