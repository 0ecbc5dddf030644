"""Finds the methods of the requests that a client sent, because a response to HEAD has no body.

The search ends after a malformed request, since its end is unknown. A server must not read on there either.
"""

import re

_HEAD_END = re.compile(rb"\n\r?\n")
_LENGTH = re.compile(rb"^content-length[ \t]*:[ \t]*(\d+)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_CHUNKED = re.compile(rb"^transfer-encoding[ \t]*:[ \t]*chunked[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_LAST_CHUNK = re.compile(rb"\n0+[ \t]*(?:;[^\n]*)?\r?\n(?:[^\r\n]+\r?\n)*\r?\n")


def request_methods(sent: bytes) -> list[bytes]:
    """Returns the method of each request, in order, up to the first malformed request."""
    methods: list[bytes] = []
    at = 0
    while True:
        while sent[at : at + 1] in (b"\r", b"\n"):
            at += 1
        if at >= len(sent):
            return methods
        methods.append(sent[at : at + 64].split(maxsplit=1)[0] if sent[at : at + 64].split() else b"")
        end = _HEAD_END.search(sent, at)
        if end is None:
            return methods
        head = sent[at : end.end()]
        at = end.end()
        if _CHUNKED.search(head):
            last = _LAST_CHUNK.search(sent, at - 1)  # the line end of the head may be the one before it
            if last is None:
                return methods
            at = last.end()
        elif length := _LENGTH.search(head):
            at += int(length[1])
