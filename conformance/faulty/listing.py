"""Makes the listing of a directory. It equals the listing of CPython 3.13, byte for byte."""

from __future__ import annotations

import html
import os
from urllib.parse import quote_from_bytes, unquote_to_bytes

from .target import name_of, segment_for

_PAGE = """\
<!DOCTYPE HTML>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
</head>
<body>
<h1>{title}</h1>
<hr>
<ul>
{entries}</ul>
<hr>
</body>
</html>
"""


# rule: base/listing-is-sorted-and-marked, injection/html-in-listing
def page(directory: bytes, target: bytes) -> bytes:
    """Returns the page: the names in the directory, below a title with the target. Raises OSError if it cannot read."""
    names = sorted(os.listdir(directory), key=bytes.lower)
    shown = _text(name_of(unquote_to_bytes(target)))
    entries = "".join(_entry(directory, name) for name in names)
    text = _PAGE.format(title=f"Directory listing for {shown}", entries=entries)
    return text.encode("utf-8", "surrogateescape")


# rule: base/listing-is-sorted-and-marked, base/listing-escapes-names, injection/listing-links-lead-to-files
def _entry(directory: bytes, name: bytes) -> str:
    path = os.path.join(directory, name)
    link = segment_for(name)
    shown = name
    if os.path.isdir(path):
        link = segment_for(name) + b"/"
        shown = name + b"/"
    if os.path.islink(path):
        shown = name + b"@"
    return f'<li><a href="{quote_from_bytes(link)}">{_text(shown)}</a></li>\n'


def _text(octets: bytes) -> str:
    return html.escape(octets.decode("utf-8", "surrogateescape"), quote=False)
