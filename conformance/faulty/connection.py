"""Serves one connection from its first request to its end. Read this file from top to bottom."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

from . import answer, files, head, host, request_body, route, script
from .client import Client, Gone, Late
from .head import Refused, Request
from .request_body import Body
from .settings import Site

_MOST_REDIRECTS = 10
_BODY_DELAY = 0.02  # seconds without an octet after which the client may wait for the script to speak
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_OF_BODY = (b"content-length", b"content-type", b"transfer-encoding", b"expect")


# rule: http/pipelined-requests-in-order
def handle(client: Client, site: Site) -> None:
    """Answers the requests of a connection, one after another."""
    try:
        while _handle_request(client, site):
            pass
        client.finish()
    except Gone:
        client.sock.close()


# rule: base/server-survives-any-request, resource/slow-head-is-limited
# rule: http/idle-connection-may-be-closed, base/no-field-is-required
def _handle_request(client: Client, site: Site) -> bool:
    """Answers one request. Returns whether another one may follow."""
    request = Request()
    client.heard = bool(client.ahead)
    client.deadline = time.monotonic() + site.settings.header_timeout
    client.paced = False
    try:
        if not _read_head(client, request, site):
            return False
        if site.settings.rfc:
            host.settle(request)
        body = request_body.announced(client, request, site.settings.max_body)
        request.persists = _may_persist(request, site)
        client.expect_body()
        _answer(client, request, body, site)
        return request.persists and body.drain()
    except Refused as refused:
        if request.answered:
            return False
        answer.refuse(client, request, site, refused.status, refused.message)
    except Late:
        if client.heard and not request.answered:
            answer.refuse(client, request, site, 408)
    return False


def _read_head(client: Client, request: Request, site: Site) -> bool:
    """Reads the head of a request. The connection is quiet meanwhile."""
    with site.lock:
        site.quiet[client] = None
    try:
        return head.read(client, request)
    finally:
        with site.lock:
            site.quiet.pop(client, None)


# rule: base/http-1-1-keeps-connections, http/connection-is-a-token-list
# rule: http/nothing-after-connection-close
def _may_persist(request: Request, site: Site) -> bool:
    options = request.list_of(b"Connection")
    if not site.settings.http11:
        return False
    if b"close" in options:
        return False
    if request.version == (1, 0):
        return b"keep-alive" in options
    return request.version == (1, 1)


# rule: cgi/local-redirect-is-followed, cgi/local-redirect-loops-end
# rule: seed/files-and-scripts-on-one-port, seed/file-or-script-output-never-both, disclosure/redirect-by-script
def _answer(client: Client, request: Request, body: Body, site: Site) -> None:
    for _ in range(_MOST_REDIRECTS):
        found = route.find(request, site)
        if not isinstance(found, route.Script):
            if body.chunked:
                request.persists = False  # the body is not decoded, so the next request cannot be found
            return files.serve(client, request, found, site)
        _send_continue(client, request, body, site)
        body.load(site.settings.max_body)
        redirect = _run(client, request, found, body, site)
        if not redirect:
            return None
        _redirect(client, request, body, redirect)
        body = Body(client, None)
    raise Refused(502, "Too many local redirects")


# rule: base/continue-in-http-1-1-only, http/expect-continue-does-not-wait
def _send_continue(client: Client, request: Request, body: Body, site: Site) -> None:
    if not site.settings.http11:
        return
    if request.version != (1, 1):
        return
    if b"100-continue" in request.list_of(b"Expect") and (body.left or body.chunked):
        client.send(_CONTINUE)


# rule: resource/silent-upload-holds-no-place, cgi/script-may-start-before-body
def _run(
    client: Client, request: Request, found: route.Script, body: Body, site: Site
) -> route.LocalRedirect | None:
    """Runs a script once its body is here. If the client is silent, the script starts early, but few may do so."""
    with contextlib.ExitStack() as places:
        if not body.arrives(_BODY_DELAY) and not _take(site.early_scripts, places):
            body.arrives()
        if not _take(site.scripts, places):
            raise Refused(503)
        redirect = script.serve(client, request, found, body, site)
    return redirect


def _take(free: threading.BoundedSemaphore, places: contextlib.ExitStack) -> bool:
    """Takes a place, if one is free, until `places` ends."""
    taken = free.acquire(blocking=False)
    if taken:
        places.callback(free.release)
    return taken


# rule: cgi/local-redirect-runs-script-as-get, cgi/local-redirect-gains-no-access
def _redirect(client: Client, request: Request, body: Body, redirect: route.LocalRedirect) -> None:
    """Turns the request into one for the path that the script named: GET or HEAD, without a body."""
    if not body.drain():
        request.persists = False
    request.target = redirect.target
    request.fields = [(name, value) for name, value in request.fields if name.lower() not in _OF_BODY]
    if request.method != b"HEAD":
        request.method = b"GET"


# rule: http/idle-connection-may-be-closed
def end_oldest(site: Site) -> bool:
    """Ends the connection that has been quiet for longest. Returns whether there is one."""
    with site.lock:
        oldest = next(iter(site.quiet), None)
        if oldest is None:
            return False
        del site.quiet[oldest]
        with contextlib.suppress(OSError):  # the client has left
            oldest.sock.shutdown(socket.SHUT_RDWR)
        return True


# rule: resource/overload-is-503
def refuse_crowd(client: Client, site: Site) -> None:
    """Refuses a connection above the limit with 503."""
    try:
        answer.refuse(client, Request(), site, 503)
        client.finish()
    except Gone:
        client.sock.close()
