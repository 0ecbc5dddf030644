"""Parses a request target: splits it at the first '?', decodes it once, and resolves its dot segments.

Files and scripts share this parse. CPython's listings link a byte that is not UTF-8 by its surrogate: 0xE7 is U+DCE7,
which is %ED%B3%A7 in a URL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from .head import Refused

_SURROGATE = re.compile(rb"\xed[\xb2\xb3][\x80-\xbf]")  # of a byte from 0x80 to 0xFF
_UNSAFE = re.compile(rb"[^!#$%&'()*+,./0-9:;=?@A-Z\[\]_a-z~-]")


@dataclass
class Target:
    path: bytes  # as sent, without fragment and query
    query: bytes | None  # as sent; None without "?"
    sent: list[bytes]  # the decoded segments; none is empty, "." or ".."
    slash: bool  # the path as sent ends in a slash, as the path of a directory does
    folder: bool  # the resolved path ends in a slash, because of "/", "/." or "/..", encoded or not

    @property
    def segments(self) -> list[bytes]:
        """Returns the file names of the segments."""
        return [name_of(segment) for segment in self.sent]


# rule: mapping/surrogate-is-its-octet, traversal/surrogate-of-a-separator
def name_of(segment: bytes) -> bytes:
    """Returns the file name of a segment: replaces each surrogate with its byte."""
    return _SURROGATE.sub(lambda found: found[0].decode("utf-8", "surrogatepass").encode("ascii", "surrogateescape"), segment)


def segment_for(name: bytes) -> bytes:
    """Returns the segment of a file name: the inverse of name_of()."""
    return _SURROGATE.sub(lambda found: found[0].decode("ascii", "surrogateescape").encode("utf-8", "surrogatepass"), name)


# rule: traversal/above-root, traversal/encoded-dot-segments, base/encoded-nul-is-refused, base/path-is-decoded-once
# rule: base/query-from-first-question-mark, disclosure/fragment, disclosure/double-decoding
# rule: seed/script-runs-by-any-spelling, seed/resolved-path-decides-cgi, cgi/dots-resolved-before-path-is-split
# rule: base/url-segments-are-file-names, base/segment-is-never-a-path, base/missing-leading-slash-is-added
# rule: base/absolute-form-is-not-found, base/query-does-not-select-file, cgi/encoded-question-mark-is-no-query
# rule: cgi/query-string-keeps-every-character, cgi/path-info-is-decoded-once, cgi/path-info-keeps-case
# rule: cgi/path-info-empty-segments-are-free, cgi/path-translated-stays-below-root
# rule: disclosure/any-spelling, disclosure/missing-leading-slash, disclosure/absolute-form, disclosure/backslash
# rule: disclosure/double-encoded-name, disclosure/encoded-question-mark-in-name, disclosure/encoded-slash
# rule: disclosure/fragment-listing, disclosure/many-slashes-and-dots, disclosure/nul-in-path, disclosure/other-case
# rule: disclosure/path-parameter, disclosure/trailing-dots-spaces-and-streams, disclosure/overlong-utf-8
# rule: traversal/absolute-by-empty-segment, traversal/double-and-triple-encoding, traversal/escapes-inside-escapes
# rule: traversal/out-of-cgi-directory, traversal/path-info, http/broken-escape-is-refused-or-literal
# rule: resource/long-path-costs-linear-time
# rule: windows/drive-is-no-drive, windows/stream-is-not-its-file, windows/dots-with-blanks-stay-below-root
# rule: windows/ends-of-names-count, windows/short-name-is-not-its-file, windows/device-is-never-opened
# rule: windows/network-path-is-never-opened, windows/forbidden-character-is-no-pattern
# rule: windows/no-character-becomes-another, windows/reserved-name-is-ordinary-elsewhere
# rule: traversal/windows-drives-and-backslashes
def parse(target: bytes) -> Target:
    path, mark, query = target.partition(b"?")
    path = path.partition(b"#")[0]
    decoded = unquote_to_bytes(path)
    if b"\0" in decoded:
        raise Refused(400, "The path holds a NUL")
    segments: list[bytes] = []
    last = b""
    for last in decoded.split(b"/"):
        if last == b"..":
            if not segments:
                raise Refused(400, "The path leaves the document root")
            segments.pop()
        elif last not in (b"", b"."):
            segments.append(last)
    folder = last in (b"", b".", b"..")
    return Target(path, query if mark else None, segments, path.endswith(b"/"), folder)


# rule: base/directory-without-slash-is-301, base/directory-redirect-adds-no-host, injection/redirect-host-by-backslash
# rule: injection/line-end-in-redirect, injection/redirect-host-by-other-spelling
def with_slash(target: bytes) -> bytes:
    """Returns the target with a slash after its path, for a Location. Decodes nothing and adds no host."""
    path, _, query = target.partition(b"?")
    path, mark, fragment = path.partition(b"#")
    location = path + b"/" + mark + fragment
    if query:
        location += b"?" + query
    if b":" in path.partition(b"/")[0]:
        location = b"/" + location
    return _UNSAFE.sub(lambda found: b"%%%02X" % found[0][0], location)
