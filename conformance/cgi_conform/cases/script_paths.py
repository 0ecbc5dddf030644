"""Finds the names of scripts in octets, and puts a suffix behind them.

Two searches find them. `in_text` finds the known names behind cgi-bin/ or htbin/ in any text. `in_request` also reads
each word of a request as a path, in the ways in which servers read one: it decodes escapes, also several times, takes
backslashes and overlong forms for slashes, ignores case, and collapses dot segments. So /%63gi-bin/pr%6fbe and
/Cgi-Bin/MARK are found too, and names that no file has.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from cgi_conform.cases.script_names import OUTSIDE, ScriptNames

_WORD = re.compile(rb"[^ \t\r\n]+")
_AUTHORITY = re.compile(rb"[A-Za-z]+://[^/?#]*")
_PIECE = re.compile(rb"[^/]+|(?<=/)(?=/)")
_SLASH = re.compile(rb"\\|\xc0\xaf|\xef\xbc\x8f|\xed\xb0\xaf|%u002f")
_DOT = re.compile(rb"\xc0\xae|\xed\xb0\xae")
# A known name ends here: no longer name begins, and no name with a suffix such as .txt or ~.
_END = rb"(?![A-Za-z0-9_-]|\.[A-Za-z0-9]|~)"


@dataclass(frozen=True)
class Place:
    """A name of a script in a request. `path` is where a server may look for it, from the document root on."""

    path: bytes
    start: int
    end: int


class ScriptPaths:
    """Finds the names of scripts. `more` are paths of scripts that do not exist."""

    def __init__(self, names: ScriptNames, more: Iterable[bytes] = ()) -> None:
        self._names = names
        behind = b"".join(rb"(?<!/" + re.escape(each) + rb"/)" for each in sorted(names.namesakes))
        kept, scripts = _any(names.others), _any([OUTSIDE, *names.scripts, *more])
        self._known = re.compile(behind + rb"(?:(?P<kept>" + kept + rb")|(?P<script>" + scripts + rb"))" + _END)

    def in_text(self, octets: bytes) -> set[int]:
        """Returns where known names of scripts end."""
        return {found.end() for found in self._known.finditer(octets) if found["script"] is not None}

    def in_request(self, octets: bytes) -> set[int]:
        """Returns where names of scripts end in the octets of a request."""
        ends = self.in_text(octets)
        for place in places(octets, self._names):
            if place.path not in self._names.others and not any(place.start < end <= place.end for end in ends):
                ends.add(place.end)
        return ends


def inserted(octets: bytes, ends: Iterable[int], suffix: bytes) -> bytes:
    """Returns the octets with the suffix at each of these places."""
    pieces, begun = [], 0
    for end in sorted(ends):
        pieces += [octets[begun:end], suffix]
        begun = end
    return b"".join([*pieces, octets[begun:]])


def places(octets: bytes, names: ScriptNames) -> Iterator[Place]:
    """Yields the names of scripts in the words of a request, also behind a question mark."""
    for word in _WORD.finditer(octets):
        authority = _AUTHORITY.match(word[0])
        begun = authority.end() if authority else 0
        while True:
            path, mark, query = word[0][begun:].partition(b"?")
            place = _place(path.partition(b"#")[0], names)
            if place is not None:
                yield Place(place.path, word.start() + begun + place.start, word.start() + begun + place.end)
            if not query.startswith(b"/"):
                break
            begun += len(path) + len(mark)


@dataclass(frozen=True)
class _Segment:
    """A segment of a decoded path, and the piece of the raw path that it comes from."""

    text: bytes
    start: int
    end: int
    ends_piece: bool

    @property
    def name(self) -> bytes:
        """Returns the segment without a parameter and without NUL."""
        return self.text.partition(b";")[0].replace(b"\0", b"")


def _place(path: bytes, names: ScriptNames) -> Place | None:
    """Returns the name of the script that a path leads to, or None if it does not lead below a CGI directory."""
    folder, is_absolute = b"", False
    for segment in _collapsed(path):
        here = folder + b"/" + segment.name if folder else segment.name
        if not segment.name:
            is_absolute = bool(folder)  # as in /cgi-bin//bin/id: a careless server runs /bin/id
        elif here.lower() in names.directories:
            folder = here.lower()
        elif folder and segment.ends_piece:
            found = folder + b"/" + segment.text
            is_known = found in names.scripts or found in names.others
            return Place(found, segment.start, segment.end) if is_known or not is_absolute else None
        else:
            return None
    return None


def _collapsed(path: bytes) -> list[_Segment]:
    """Returns the segments of the decoded path without dot segments."""
    way: list[_Segment] = []
    for piece in _PIECE.finditer(path):
        texts = _decoded(piece[0]).split(b"/")
        for number, text in enumerate(texts, 1):
            segment = _Segment(text, piece.start(), piece.end(), number == len(texts))
            if segment.name == b"..":
                del way[-1:]
            elif segment.name != b".":
                way.append(segment)
    return way


def _decoded(segment: bytes) -> bytes:
    """Returns a segment decoded as often as possible, with slashes and dots for the octets that stand for them."""
    while True:
        simpler = _DOT.sub(b".", _SLASH.sub(b"/", unquote_to_bytes(segment)))
        if simpler == segment:
            return segment
        segment = simpler


def _any(paths: Iterable[bytes]) -> bytes:
    """Returns a pattern for any of the paths, the longest first; slashes and "./" may follow the first directory."""
    patterns = []
    for path in sorted(paths, key=lambda path: (-len(path), path)):
        folder, _, name = path.partition(b"/")
        patterns.append(re.escape(folder) + rb"/(?:\./|/)*" + re.escape(name))
    return b"|".join(patterns) if patterns else rb"(?!)"
