"""cases/matcher.py: matching a value, and the first difference."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgi_conform.cases.matcher import ValueMismatch, Matcher, Repeat, Value, described, filled, first_difference, mismatch
from cgi_conform.octets import Tokens


def file(name: str) -> bytes:
    return {"hello.txt": b"hello static\n"}[name]


@pytest.mark.parametrize(
    ("matcher", "value"),
    [
        (Matcher(equals=b"a"), b"a"),
        (Matcher(contains=(b"a", b"b")), b"xbxax"),
        (Matcher(lacks=(b"a", b"b")), b"xyz"),
        (Matcher(matches=rb"^\d+.x$"), b"12\nx"),
        (Matcher(starts_with=b"ab", ends_with=b"bc"), b"abc"),
        (Matcher(length=3), b"abc"),
        (Matcher(empty=True), b""),
        (Matcher(empty=False), b"x"),
        (Matcher(sha256=hashlib.sha256(b"abc").hexdigest().upper()), b"abc"),
        (Matcher(one_of=(b"a", b"b")), b"b"),
        (Matcher(file="hello.txt"), b"hello static\n"),
        (Matcher(repeat=Repeat(b"xy", 3)), b"xyxyxy"),
        (Matcher(words=(0, 1, 2)), (0, 1, 2)),
        (Matcher(words=()), ()),
        (Matcher(empty=True), ()),
        (Matcher(value=7), 7),
        (Matcher(value=True), True),
        (Matcher(equals=b"7"), 7),
        (Matcher(one_of=(b"7", b"8")), 8),
        (Matcher(absent=True), None),
        (Matcher(absent=False), b""),
        (Matcher(absent=False, equals=b"x"), b"x"),
    ],
)
def test_a_value_that_matches_has_no_difference(matcher: Matcher, value: Value | None) -> None:
    assert mismatch(matcher, value, file) is None


@pytest.mark.parametrize(
    ("matcher", "value", "difference"),
    [
        (Matcher(equals=b"abc"), b"abd", ValueMismatch('"abc"', '"abd"', 2)),
        (Matcher(equals=b"abc"), b"ab", ValueMismatch('"abc"', '"ab"', 2)),
        (Matcher(contains=(b"a", b"\r\n")), b"a", ValueMismatch(r'contains "\r\n"', '"a"')),
        (Matcher(lacks=(b"b",)), b"aab", ValueMismatch('lacks "b"', '"aab"', 2)),
        (Matcher(matches=rb"^x"), b"ax", ValueMismatch("matches ^x", '"ax"')),
        (Matcher(starts_with=b"abc"), b"abx-", ValueMismatch('starts with "abc"', '"abx-"', 2)),
        (Matcher(ends_with=b"c"), b"abx", ValueMismatch('ends with "c"', '"abx"')),
        (Matcher(ends_with=b"c"), b"0" * 999 + b"x", ValueMismatch(f'ends with "c" (got "{"0" * 16}x" there)', f'"{"0" * 999}x"')),
        (Matcher(length=2), b"abc", ValueMismatch("2 octets (got 3)", '"abc"')),
        (Matcher(empty=True), b"a", ValueMismatch("empty", '"a"')),
        (Matcher(empty=False), b"", ValueMismatch("not empty", '""')),
        (Matcher(one_of=(b"a", b"b")), b"c", ValueMismatch('one of "a", "b"', '"c"')),
        (Matcher(file="hello.txt"), b"hello", ValueMismatch(r'"hello static\n"', '"hello"', 5)),
        (Matcher(repeat=Repeat(b"xy", 2)), b"xyxx", ValueMismatch('"xyxy"', '"xyxx"', 3)),
        (Matcher(words=(0, 1)), (0, 1, 2), ValueMismatch("[0, 1]", "[0, 1, 2]")),
        (Matcher(value=True), False, ValueMismatch("true", "false")),
        (Matcher(value=1), True, ValueMismatch("1", "true")),
        (Matcher(value=True), 1, ValueMismatch("true", "1")),
        (Matcher(equals=b"x"), None, ValueMismatch('"x"', "absent")),
        (Matcher(absent=True), b"x", ValueMismatch("absent", '"x"')),
        (Matcher(absent=False), None, ValueMismatch("present", "absent")),
        (Matcher(words=(b"a",)), b"a", ValueMismatch('["a"]', '"a"')),
    ],
)
def test_a_value_that_does_not_match_has_the_difference(
    matcher: Matcher, value: Value | None, difference: ValueMismatch
) -> None:
    assert mismatch(matcher, value, file) == difference


def test_a_wrong_digest_shows_both_digests() -> None:
    digest = hashlib.sha256(b"a").hexdigest()
    found = mismatch(Matcher(sha256="0" * 64), b"a", file)
    assert found is not None and found.expected == f"sha256 {'0' * 64} (got {digest})"


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_the_first_difference_is_the_end_of_the_common_prefix(one: bytes, other: bytes) -> None:
    at = first_difference(one, other)
    if at is None:
        assert one == other
    else:
        assert one[:at] == other[:at] and one[at : at + 1] != other[at : at + 1]


def test_the_octet_number_counts_in_the_shown_text() -> None:
    found = mismatch(Matcher(equals=b"/tmp/abc/root/x"), b"/tmp/abc/root/y", file, lambda o: o.replace(b"/tmp/abc", b"T"))
    assert found == ValueMismatch('"T/root/x"', '"T/root/y"', 7)


def test_tokens_are_replaced_in_every_kind_of_matcher() -> None:
    tokens = Tokens(1, "/r", "/b")
    matcher = Matcher(equals=b"{root}", contains=(b"{base}",), lacks=(b"{port}",), one_of=(b"{root}",), matches=b"{port}$")
    assert filled(matcher, tokens) == Matcher(
        equals=b"/r", contains=(b"/b",), lacks=(b"1",), one_of=(b"/r",), matches=b"1$"
    )


def test_every_kind_of_matcher_is_described_in_words() -> None:
    matcher = Matcher(
        equals=b"a", contains=(b"b",), lacks=(b"c",), matches=b"d", starts_with=b"e", ends_with=b"f", length=7,
        sha256="0", one_of=(b"g",), file="h", repeat=Repeat(b"i", 2), words=(1,), value=3, empty=True,
    )  # fmt: skip
    for word in ('"a"', 'contains "b"', 'lacks "c"', "matches d", 'starts with "e"', 'ends with "f"', "7 octets", "empty"):
        assert word in described(matcher)
    assert described(Matcher()) == "present"


@pytest.mark.parametrize(
    ("repeat", "times", "blocks"), [(b"abc", 5, 1), (b"abc", 0, 0), (b"abc", 1 << 20, 4), (b"x" * (1 << 21), 3, 3)]
)
def test_a_repeated_text_is_made_of_blocks_that_share_memory(repeat: bytes, times: int, blocks: int) -> None:
    made = Repeat(repeat, times)
    assert (b"".join(made.blocks()), len(made.blocks())) == (made.octets(), blocks)
    assert len(set(map(id, made.blocks()))) <= 2  # all blocks but the last are the same object
