"""http/request_methods.py, http/delivery.py: the methods in sent octets, and cutting octets into writes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgi_conform.http.delivery import DELIVERIES, pieces
from cgi_conform.http.request_methods import request_methods

HEAD = b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "methods"),
    [
        (b"", []),
        (b"GET /\r\n", [b"GET"]),
        (b"GE", [b"GE"]),
        (b"\r\n\r\n" + HEAD, [b"HEAD"]),
        (HEAD + b"GET / HTTP/1.0\n\n" + HEAD, [b"HEAD", b"GET", b"HEAD"]),
        (b"POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\nHEAD " + HEAD, [b"POST", b"HEAD"]),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0\r\nT: x\r\n\r\n" + HEAD, [b"POST", b"HEAD"]),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", [b"POST"]),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HEAD, [b"POST", b"HEAD"]),
        (b" \t\x0b", [b""]),
    ],
)
def test_the_methods_of_the_requests_are_found_in_order(sent: bytes, methods: list[bytes]) -> None:
    assert request_methods(sent) == methods


@given(st.binary())
def test_request_methods_accepts_any_octets(sent: bytes) -> None:
    request_methods(sent)


@given(st.binary(max_size=5000), st.sampled_from(DELIVERIES))
def test_the_pieces_add_up_to_the_sent_octets(sent: bytes, delivery: str) -> None:
    assert b"".join(pieces(sent, delivery)) == sent
    assert all(pieces(sent, delivery))


def test_each_delivery_cuts_the_octets_in_its_way() -> None:
    sent = HEAD + b"GET / HTTP/1.0\r\n\r\n"
    assert pieces(sent, "whole") == [sent]
    assert pieces(sent, "bytes") == [bytes([octet]) for octet in sent]
    assert pieces(sent, "lines") == [
        b"HEAD / HTTP/1.1\r\n", b"Host: x\r\n", b"\r\n", b"GET / HTTP/1.0\r\n", b"\r\n"
    ]  # fmt: skip
    parts = pieces(sent, "split")
    assert len(parts) == 4 and parts[0] + parts[1] == HEAD and parts == pieces(sent, "split")


def test_delivery_bytes_sends_only_the_first_2048_octets_one_by_one() -> None:
    assert len(pieces(b"x" * 100_000, "bytes")) == 2049
