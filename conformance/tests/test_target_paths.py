"""Compares cgi-server's mapping of generated request targets with CPython's own functions.

Where cgi-server differs on purpose (README: where it is stricter), a test states its rule: one parse decides about
'#'; escapes are decoded once; a target that climbs above the root or holds a NUL is refused; octets that are not text
stay as they are; a redirect never leaves the host.
"""

import http.server
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_from_bytes, unquote_to_bytes, urlsplit, urlunsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgi_conform.paths import build

PROGRAM = build() / "server" / "target_paths"
DIRECTORIES = ["/cgi-bin", "/htbin", "/app/deep"]
collapsed_by_cpython: Callable[[str], str] | None = getattr(http.server, "_url_collapse_path", None)
handler: Any = getattr(http.server, "CGIHTTPRequestHandler", None)

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="server/tests/target_paths.cc is not built")
needs_cpython = pytest.mark.skipif(
    collapsed_by_cpython is None or handler is None, reason="this Python has no CGI server to compare with"
)

# Generated paths: special words in any order; special words between slashes, which climb above the root less often;
# and some arbitrary text.
NAMES = [
    "", ".", "..", "a", "b.txt", "cgi-bin", "htbin", "app", "deep", "%2e", "%2E%2e", "%63gi-bin", "%41", "%", "%4", "%zz",
    "%25", "%252e", "%2523", "%23", "%3f", "%5c", "\\", ":", "a:", "http:", ";", "=", "&", "+", "~", "%C3%A9", "%20", "'", '"',
]  # fmt: skip
WORDS = [*NAMES, "/", "/", "//", "/../", "/./", "/..", "/cgi-bin", "cgi-bin/", "app/deep/", "%2f", "%2F", "%2e%2e%2f"]
TEXT = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in "?#")
pieces = st.one_of(st.sampled_from(WORDS), st.sampled_from(WORDS), st.text(TEXT, max_size=4))
between_slashes = st.tuples(
    st.sampled_from(["/", "/", "//", "", "/a/", "/cgi-bin/", "/cgi-bin/a/", "/app/deep/", "/a/b/"]),
    st.lists(st.sampled_from(NAMES), max_size=5).map("/".join),
)
paths = st.one_of(st.lists(pieces, max_size=9), between_slashes).map("".join)
queries = st.one_of(st.just(""), st.text(TEXT + "?/", max_size=8).map(lambda text: "?" + text))


@dataclass(frozen=True)
class Led:
    """The result of cgi-server for a target that it does not refuse."""

    path: bytes
    query: bytes
    location: str
    directory: int | None
    segments: tuple[bytes, ...]
    names: tuple[bytes, ...]  # the file names of the segments


class Asked:
    """Asks the program target_paths, which holds the mapping of cgi-server, about one target at a time."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def __call__(self, target: str | bytes) -> Led | None:
        octets = target.encode() if isinstance(target, str) else target
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(octets.hex() + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline().rstrip("\n")
        if line == "refused":
            return None
        path, query, location, directory, segments, names = line.split(" ")
        return Led(
            octets_of(path), octets_of(query), octets_of(location).decode(),
            None if directory == "-" else int(directory),
            tuple(map(octets_of, segments.split(","))) if segments != "-" else (),
            tuple(map(octets_of, names.split(","))) if names != "-" else (),
        )  # fmt: skip


def octets_of(digits: str) -> bytes:
    return b"" if digits == "-" else bytes.fromhex(digits)


@pytest.fixture(scope="module")
def lead() -> Iterator[Asked]:
    with subprocess.Popen(
        [PROGRAM, *DIRECTORIES], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Asked(process)
        assert process.stdin is not None
        process.stdin.close()


def is_text(path: str) -> bool:
    try:
        return "\0" not in unquote_to_bytes(path).decode()
    except UnicodeDecodeError:
        return False


def collapsed(path: str) -> str | None:
    """Returns the path of CPython's router, or None if it raises. The router writes the root as "//"."""
    assert collapsed_by_cpython is not None
    try:
        found = collapsed_by_cpython(path)
    except IndexError:
        return None
    return "/" + found.lstrip("/")


def handler_of(target: str) -> Any:
    """Returns CPython's handler with what its mapping functions need."""
    made = handler.__new__(handler)
    made.path, made.cgi_directories, made.directory = target, DIRECTORIES, "/root"
    return made


@needs_cpython
@given(path=paths.filter(is_text))
def test_paths_are_collapsed_and_refused_as_by_cpythons_router(lead: Asked, path: str) -> None:
    led = lead(path)
    assert (None if led is None else led.path.decode()) == collapsed(path)


@needs_cpython
@given(path=paths.filter(is_text), query=queries)
def test_the_query_does_not_change_the_path(lead: Asked, path: str, query: str) -> None:
    led, bare = lead(path + query), lead(path)
    assert (led is None) == (bare is None)
    if led is not None and bare is not None:
        assert (led.path, led.query.decode()) == (bare.path, query[1:])
        asked = collapsed(path + query)
        assert asked == led.path.decode() + (query if len(query) > 1 else "")


@needs_cpython
@given(path=paths.filter(is_text), query=queries)
def test_scripts_are_distinguished_from_files_as_by_is_cgi(lead: Asked, path: str, query: str) -> None:
    led = lead(path + query)
    if led is None:
        return  # CPython's is_cgi() raises for these targets, as the first test shows
    asked = handler_of(path + query)
    runs = asked.is_cgi()
    assert (led.directory is not None) == runs
    if runs:
        directory = "/" + b"/".join(led.segments[: led.directory]).decode()
        rest = led.path.decode().removeprefix(directory + "/") + (query if len(query) > 1 else "")
        assert asked.cgi_info == (directory, rest)


@needs_cpython
@given(path=paths.filter(is_text), query=queries, fragment=st.one_of(st.just(""), st.text(TEXT, max_size=4).map("#".__add__)))
def test_files_are_found_where_translate_path_finds_them(lead: Asked, path: str, query: str, fragment: str) -> None:
    led = lead(path + query + fragment)
    if led is not None:
        found = "/root" + "".join("/" + name.decode() for name in led.names)
        assert handler_of("").translate_path(path + query + fragment).removesuffix("/") == found


@needs_cpython
@given(
    path=paths.filter(is_text).filter(lambda path: ":" not in path and "\\" not in path),
    rest=st.text(TEXT.replace("\\", "") + "?#?#/", max_size=8).map(lambda text: text and ("?#"[len(text) % 2] + text)),
)
def test_a_redirect_adds_the_slash_as_send_head_does(lead: Asked, path: str, rest: str) -> None:
    # CPython first replaces several slashes at the beginning of a path by one (CVE-2021-28861).
    target = "/" + path.lstrip("/") + rest
    led = lead(target)
    if led is not None and not urlsplit(target).path.endswith("/"):
        parts = urlsplit(target)
        assert led.location == urlunsplit((*parts[:2], parts[2] + "/", *parts[3:]))


@given(path=paths, fragment=st.text(TEXT + "/?#", max_size=12))
def test_a_hash_never_splits_router_and_file_mapper(lead: Asked, path: str, fragment: str) -> None:
    whole, bare = lead(f"{path}#{fragment}"), lead(path)
    assert (whole is None) == (bare is None)
    if whole is not None and bare is not None:
        assert (whole.path, whole.directory) == (bare.path, bare.directory)


odd_names = st.one_of(st.sampled_from([b"%41", b"%2e%2e", b"%2F", b"%00", b"a#b", b"a?b", b"..."]), st.binary(min_size=1, max_size=6))


@given(segments=st.lists(odd_names.filter(lambda octets: not {0, 0x2F} & set(octets)), max_size=5))
def test_segments_are_decoded_exactly_once(lead: Asked, segments: list[bytes]) -> None:
    kept = [segment for segment in segments if segment not in (b".", b"..")]
    led = lead("/" + "/".join(quote_from_bytes(segment, safe="") for segment in kept))
    assert led is not None and led.segments == tuple(kept)


# File names that are partly not UTF-8. Python holds such octets as surrogates; the listed octets often form one.
other_octets = st.lists(
    st.one_of(st.sampled_from([b"\xe7", b"\xff", b"\xed", b"\xb3", b"\xa7", b"\x80", b"a", "\xe9".encode()]), st.binary(max_size=3)),
    min_size=1, max_size=6,
).map(b"".join).filter(lambda octets: octets not in (b"", b".", b"..") and not {0, 0x2F} & set(octets))  # fmt: skip


@needs_cpython
@given(name=other_octets)
def test_the_link_of_cpythons_listing_leads_to_the_file(lead: Asked, name: bytes) -> None:
    link = "/" + quote(os.fsdecode(name), errors="surrogatepass")
    assert os.fsencode(handler_of("").translate_path(link)) == b"/root/" + name
    led = lead(link)
    assert led is not None and led.names == (name,)


@given(target=st.one_of(st.binary(max_size=40), paths.map(str.encode)))
def test_no_target_leads_out_of_the_root(lead: Asked, target: bytes) -> None:
    led = lead(target)
    path = unquote_to_bytes(target.partition(b"?")[0].partition(b"#")[0])
    depth, climbs = 0, False
    for part in path.split(b"/"):
        depth += -1 if part == b".." else int(part not in (b"", b"."))
        climbs = climbs or depth < 0
    assert (led is None) == (climbs or b"\0" in path)
    for segment in led.segments + led.names if led is not None else ():
        assert segment not in (b"", b".", b"..") and not {0, 0x2F} & set(segment)


@given(target=st.one_of(st.binary(max_size=40), paths.map(str.encode), paths.map(lambda path: ("/" + path).encode())))
def test_no_redirect_leaves_the_host(lead: Asked, target: bytes) -> None:
    led = lead(target)
    if led is None:
        return
    parts = urlsplit(led.location)
    assert (parts.scheme, parts.netloc) == ("", "") and not led.location.startswith(("//", "/\\", "\\"))
    assert all(0x21 <= ord(each) < 0x7F for each in led.location)
