"""octets.py: converting TOML text to octets and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgi_conform.escaped import clipped, excerpt
from cgi_conform.octets import BadEscape, Tokens, decode, fill, fill_pattern, printable

TOKENS = Tokens(port=8123, root="/tmp/x+y/root", base="/tmp/x+y")


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        (r"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n"),
        (r"\t\0\\\x00\xfF", b"\t\0\\\x00\xff"),
        (r"\\r", b"\\r"),
        ("é", b"\xc3\xa9"),
        ("a\nb", b"a\nb"),
        ("", b""),
    ],
)
def test_escapes_stand_for_octets(text: str, octets: bytes) -> None:
    assert decode(text) == octets


@pytest.mark.parametrize(
    ("text", "escape"),
    [(r"a\qb", r"\q"), ("a\\", "\\"), (r"\x", r"\x"), (r"\x1", r"\x1"), (r"\xg0z", r"\xg0"), (r"\é", r"\é"), (r"\\\a", r"\a")],
)
def test_any_other_backslash_is_an_error(text: str, escape: str) -> None:
    with pytest.raises(BadEscape) as caught:
        decode(text)
    assert str(caught.value) == escape


@given(st.binary())
def test_printable_text_stands_for_the_same_octets(data: bytes) -> None:
    text = printable(data)
    assert text.isascii() and text.isprintable()
    assert decode(text) == data


def test_only_the_three_tokens_are_replaced() -> None:
    assert fill(b"{port} {root} {base} {other} {} {port", TOKENS) == b"8123 /tmp/x+y/root /tmp/x+y {other} {} {port"


def test_tokens_in_a_pattern_match_literally() -> None:
    assert fill_pattern(rb"^{root}\d{2}$", TOKENS) == rb"^/tmp/x\+y/root\d{2}$"


@given(st.binary(min_size=1), st.integers(min_value=0, max_value=40))
def test_clipped_never_cuts_inside_an_escape(data: bytes, limit: int) -> None:
    text = printable(data)
    short = clipped(text, limit)
    if len(text) <= limit:
        assert short == text
    else:
        assert short.endswith("…") and len(short) <= limit + 1
        assert data.startswith(decode(short[:-1]))


def test_an_excerpt_depends_only_on_the_octets_it_shows() -> None:
    assert excerpt(b"abc", 3) == "abc"
    assert excerpt(b"abcd", 3) == "abc…"
    assert excerpt(b"x" * 1_000_000, 5) == "xxxxx…"
    assert excerpt(b"port 8123", 20, lambda octets: octets.replace(b"8123", b"{port}")) == "port {port}"
