"""Sends a file, a listing or a redirect."""

from __future__ import annotations

import os
from email.utils import formatdate

from . import conditional, listing, types
from .answer import Answer
from .client import Client
from .head import Refused, Request
from .route import File, Listing, Redirect
from .settings import Site

_AT_ONCE = 65536


def serve(client: Client, request: Request, found: File | Listing | Redirect, site: Site) -> None:
    answer = Answer(client, request, site)
    if isinstance(found, File):
        _send_file(answer, request, found.file)
    elif isinstance(found, Listing):
        _send_listing(answer, request, found.directory)
    else:
        answer.start(301, b"Moved Permanently", [(b"Location", found.location)], 0)
    answer.end()


# rule: base/file-has-type-length-time-and-bytes, base/head-of-file-has-fields-and-no-body, base/empty-file-has-length-0
# rule: base/range-is-ignored
# rule: http/range-is-ignored-or-correct, http/head-has-fields-of-get, http/content-has-a-type
# rule: resource/request-changes-no-file, argument/server-side-includes-run-no-shell
def _send_file(answer: Answer, request: Request, path: bytes) -> None:
    try:
        file = open(path, "rb", buffering=0)
    except OSError as error:
        raise Refused(404, "File not found") from error
    with file:
        status = os.fstat(file.fileno())
        if conditional.not_modified(request, status.st_mtime):
            answer.start(304, b"Not Modified", [], 0)
            return
        fields = [
            (b"Content-type", types.content_type(path)),
            (b"Content-Length", b"%d" % status.st_size),
            (b"Last-Modified", formatdate(status.st_mtime, usegmt=True).encode()),
        ]
        answer.start(200, b"OK", fields, status.st_size)
        if request.method == b"HEAD":
            return
        while data := file.read(_AT_ONCE):
            answer.write(data)


# rule: base/directory-without-index-is-listed, base/unreadable-directory-is-404
def _send_listing(answer: Answer, request: Request, directory: bytes) -> None:
    try:
        page = listing.page(directory, request.target)
    except OSError as error:
        raise Refused(404, "No permission to list directory") from error
    answer.start(200, b"OK", [(b"Content-type", b"text/html; charset=utf-8")], len(page))
    answer.write(page)
