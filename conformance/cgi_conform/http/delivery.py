"""How the octets of a request are cut into writes: a server must not care (--delivery).

Only what a case sends as such is cut, never a body made by rule, and only its first 2048 octets singly: a
longer request would take seconds and try nothing new.
"""

import re
import zlib

DELIVERIES = ("whole", "bytes", "lines", "split")
GAP = {"whole": 0.0, "bytes": 0.0002, "lines": 0.002, "split": 0.01}
_SINGLY = 2048


def pieces(send: bytes, delivery: str) -> list[bytes]:
    """The writes that deliver `send`, in order; they add up to it."""
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
    """Two parts, cut at a place that depends on nothing but the octets."""
    if len(head) < 2:
        return [head]
    at = 1 + zlib.crc32(head) % (len(head) - 1)
    return [head[:at], head[at:]]
