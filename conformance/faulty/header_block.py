"""Finds the end of a script's header block, and reads its fields. All functions are pure."""

from __future__ import annotations

import re

Fields = list[tuple[bytes, bytes]]

LIMIT = 1 << 20  # bytes of a block; a longer one has probably no end
END = re.compile(rb"\A\r?\n|\n\r?\n")
TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OF_CGITB = re.compile(rb"\A<!--: spam\r?\n")  # the line that Python's cgitb writes before the fields of its page
CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")

# Fields about the connection and the framing. Only the server may set them.
OF_THE_CONNECTION = {
    b"connection",
    b"keep-alive",
    b"proxy-authenticate",
    b"proxy-authentication-info",
    b"proxy-authorization",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
    b"content-length",
}


# rule: cgi/header-lines-may-end-in-crlf
def divide(output: bytes) -> tuple[bytes, bytes] | None:
    """Returns the block with its empty line, and the content after it. Returns None before the empty line arrives."""
    end = END.search(output)
    return (output[: end.end()], output[end.end() :]) if end else None


# rule: cgi/header-becomes-http-fields, cgi/blanks-only-after-header-colon, injection/script-splits-response
# rule: script-output/cgitb-first-line-is-skipped
def fields_of(block: bytes) -> Fields | None:
    """Returns the fields in order, with trimmed values and joined folds. Returns None if HTTP cannot carry them."""
    fields: Fields = []
    block = _OF_CGITB.sub(b"", block)
    for line in block.split(b"\n"):
        line = line.removesuffix(b"\r")
        if not line:
            break
        if line[:1] in (b" ", b"\t") and fields:
            name, begun = fields.pop()
            fields.append((name, begun + b" " + line.strip(b" \t")))
            continue
        name, colon, value = line.partition(b":")
        if not colon:
            return None
        if not TOKEN.fullmatch(name):
            return None
        fields.append((name, value.strip(b" \t")))
    if any(CONTROL.search(value) for _, value in fields):
        return None
    return fields


# rule: cgi/script-connection-fields-may-stay-out, cgi/server-resolves-field-conflicts
# rule: injection/wrong-length-of-script
def without(fields: Fields, dropped: set[bytes]) -> Fields:
    return [(name, value) for name, value in fields if name.lower() not in dropped]
