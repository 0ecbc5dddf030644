"""The requests about a folder: every file, directory and script, in the order of their names.

Reads names and modes only, and follows no link to a directory. Nothing is asked about a FIFO, a socket or a device,
because reading it may block the server.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote_from_bytes

CGI_DIRECTORIES = (b"cgi-bin", b"htbin")
EXTRA = b"/extra/path?name=value&other=two+words"
_PLAIN = "/!$&'()*+,;=:@~"  # stay as they are in a target, besides letters, digits and "_.-"


@dataclass(frozen=True)
class SiteRequest:
    """A request: a method, a target in octets, and what it leads to."""

    method: str
    target: bytes
    kind: str  # file | directory | script
    outward: bool = False  # it leads out of the folder through a symbolic link
    lists_outward: frozenset[bytes] = frozenset()  # the names in its listing that do so

    @property
    def octets(self) -> bytes:
        """Returns the request as it is sent. HTTP/1.0, so that the server ends the connection after the response."""
        head = b"%s %s HTTP/1.0\r\nHost: localhost\r\n" % (self.method.encode(), self.target)
        return head + (b"Content-Length: 3\r\n\r\na=1" if self.method == "POST" else b"\r\n")

    def __str__(self) -> str:
        return f"{self.method} {self.target.decode('latin-1')}"


def site_requests(folder: Path, largest: int) -> Iterator[SiteRequest]:
    """Yields the requests for a folder. A file of more than `largest` octets is asked for by HEAD only."""
    top = os.fsencode(folder.resolve())
    yield SiteRequest("GET", b"/", "directory", lists_outward=_outward_names(top, top))
    posted = False
    for place, names, files in os.walk(top):
        names.sort()
        below = os.path.relpath(place, top)
        in_cgi = below.split(b"/")[0] in CGI_DIRECTORIES
        for name in sorted([*names, *files]):
            path = os.path.join(place, name)
            target = _target(os.path.relpath(path, top))
            try:
                found = os.stat(path)
            except OSError:  # a link that leads nowhere, or a file that is gone
                continue
            out = _is_outward(path, top)
            if stat.S_ISDIR(found.st_mode):
                yield SiteRequest("GET", target, "directory", out)
                yield SiteRequest("GET", target + b"/", "directory", out, _outward_names(path, top))
            elif not stat.S_ISREG(found.st_mode):
                continue
            elif in_cgi:
                for method, more in (("GET", b""), ("HEAD", b""), ("GET", EXTRA)):
                    yield SiteRequest(method, target + more, "script", out)
            else:
                for method in ("HEAD",) if found.st_size > largest else ("GET", "HEAD"):
                    yield SiteRequest(method, target, "file", out)
                if not posted:
                    yield SiteRequest("POST", target, "file", out)
                posted = True


def _is_outward(path: bytes, top: bytes) -> bool:
    return not os.path.join(os.path.realpath(path), b"").startswith(os.path.join(top, b""))


def _outward_names(path: bytes, top: bytes) -> frozenset[bytes]:
    try:
        return frozenset(entry.name for entry in os.scandir(path) if entry.is_symlink() and _is_outward(entry.path, top))
    except OSError:  # the user may not read it
        return frozenset()


def _target(path: bytes) -> bytes:
    return b"/" + quote_from_bytes(path, safe=_PLAIN).encode()
