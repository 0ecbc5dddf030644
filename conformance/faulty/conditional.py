"""Decides by If-Modified-Since whether the client already has the file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from .head import Request


# rule: base/if-modified-since-is-304, http/unchanged-file-is-304
def not_modified(request: Request, modified: float) -> bool:
    since = request.field(b"If-Modified-Since")
    if since is None:
        return False
    if request.field(b"If-None-Match") is not None:
        return False
    date = _date(since)
    return date is not None and int(modified) <= date.timestamp()


def _date(value: bytes) -> datetime | None:
    """Returns None if the value is not a date, or has a time zone other than UTC."""
    try:
        date = parsedate_to_datetime(value.decode("latin-1"))
    except (TypeError, IndexError, OverflowError, ValueError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return date if date.utcoffset() == timedelta(0) else None
