"""Checks Host, and targets in absolute form, whose host replaces it (profile rfc3875)."""

from __future__ import annotations

import re

from .head import TOKEN, Refused, Request, quoted

_HOST = re.compile(rb"((?:[A-Za-z0-9._~!$&'()*+;=-]|%[0-9A-Fa-f]{2})+|\[[0-9A-Fa-f:.]+\])(:[0-9]*)?")
_ODD_BLANK = re.compile(rb"[\t\v\f]|  |\A | \Z")
_CONTROL = re.compile(rb"[\x01-\x1f\x7f]")
_ABSOLUTE = re.compile(rb"(?i:https?)://([^/?#]*)(.*)", re.DOTALL)


# rule: http/host-is-required, http/two-hosts-are-400, http/invalid-host-is-400, http/absolute-form-is-accepted
# rule: http/absolute-form-host-wins, http/https-uri-needs-secure-connection, http/foreign-target-reaches-no-file
# rule: http/control-bytes-in-target-do-no-harm, http/http-0-9-may-be-refused
# rule: http/invalid-request-line-is-400
def settle(request: Request) -> None:
    """Makes the target a path, and `host` and the Host field the requested host. Refuses invalid requests."""
    if request.version == (0, 9):
        request.version = (1, 0)  # so that the refusal has a head
        raise Refused(400, "HTTP/0.9 is not supported")
    if _ODD_BLANK.search(request.line):
        raise Refused(400, f"Bad request syntax ({quoted(request.line)})")
    if _CONTROL.search(request.target):
        raise Refused(400, "The target holds a control byte")
    if not TOKEN.fullmatch(request.method):
        raise Refused(400, f"The method is not a token ({quoted(request.method)})")
    hosts = request.fields_named(b"Host")
    if not hosts and request.version == (1, 1):
        raise Refused(400, "The request has no Host")
    if len(hosts) > 1:
        raise Refused(400, "The request has more than one Host")
    authority = hosts[0] if hosts else b""
    if authority and not _HOST.fullmatch(authority):
        raise Refused(400, "The Host is invalid")
    if request.target.lower().startswith(b"https:"):
        raise Refused(421)
    if absolute := _ABSOLUTE.fullmatch(request.target):
        authority, path = absolute.groups()
        if not _HOST.fullmatch(authority):
            raise Refused(400, "The host in the target is invalid")
        request.target = path if path.startswith(b"/") else b"/" + path
        request.fields = [(name, value) for name, value in request.fields if name.lower() != b"host"]
        request.fields.append((b"Host", authority))
    elif request.method != b"CONNECT" and not request.target.startswith((b"/", b"*")):
        raise Refused(400, "The target is neither a path nor a URI")
    if found := _HOST.fullmatch(authority):
        request.host = found[1]
