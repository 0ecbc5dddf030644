"""Cuts the octets of a request into writes (--delivery). The answer of a server must not depend on this.

Only the octets of `send` are cut, not a repeated body. "bytes" sends only the first 2048 octets one by one, because a
longer request would take seconds.
"""

import re
import zlib

DELIVERIES = ("whole", "bytes", "lines", "split")
GAP = {"whole": 0.0, "bytes": 0.0002, "lines": 0.002, "split": 0.01}
_SINGLY = 2048


def pieces(send: bytes, delivery: str) -> list[bytes]:
    """Returns the octets of `send` as a list of writes."""
    if delivery == "whole" or len(send) < 2:
        return [send] if send else []
    if delivery == "bytes":
        singly = [send[at : at + 1] for at in range(min(len(send), _SINGLY))]
        return singly + ([send[_SINGLY:]] if len(send) > _SINGLY else [])
    if delivery == "lines":
        lines = re.findall(rb"[^\n]*\n|[^\n]+", send)
        return lines if len(lines) <= _SINGLY else [*lines[:_SINGLY], b"".join(lines[_SINGLY:])]
    heads = re.findall(rb".*?\n\r?\n|.+", send, re.DOTALL)
    return [part for head in heads for part in _halves(head)]


def _halves(head: bytes) -> list[bytes]:
    """Returns the head in two parts. The place of the cut depends only on the octets, so every run cuts there."""
    if len(head) < 2:
        return [head]
    at = 1 + zlib.crc32(head) % (len(head) - 1)
    return [head[:at], head[at:]]
