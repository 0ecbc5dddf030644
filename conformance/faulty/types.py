"""Content-Type by suffix: what CPython 3.13 says on a system that has a mime.types file."""

from __future__ import annotations

import posixpath

_UNKNOWN = b"application/octet-stream"
_TYPES = {
    b".bz2": b"application/x-bzip2",
    b".c": b"text/x-csrc",
    b".css": b"text/css",
    b".csv": b"text/csv",
    b".gif": b"image/gif",
    b".gz": b"application/gzip",
    b".h": b"text/x-chdr",
    b".htm": b"text/html",
    b".html": b"text/html",
    b".ico": b"image/vnd.microsoft.icon",
    b".jpeg": b"image/jpeg",
    b".jpg": b"image/jpeg",
    b".js": b"text/javascript",
    b".json": b"application/json",
    b".md": b"text/markdown",
    b".mjs": b"text/javascript",
    b".mp3": b"audio/mpeg",
    b".mp4": b"video/mp4",
    b".pdf": b"application/pdf",
    b".pl": b"text/x-perl",
    b".png": b"image/png",
    b".py": b"text/x-python",
    b".sh": b"text/x-sh",
    b".svg": b"image/svg+xml",
    b".svgz": b"image/svg+xml",
    b".tar": b"application/x-tar",
    b".tgz": b"application/x-tar",
    b".txt": b"text/plain",
    b".wasm": b"application/wasm",
    b".webm": b"video/webm",
    b".webp": b"image/webp",
    b".woff": b"font/woff",
    b".woff2": b"font/woff2",
    b".xml": b"application/xml",
    b".xyz": b"chemical/x-xyz",
    b".xz": b"application/x-xz",
    b".zip": b"application/zip",
}


def content_type(name: bytes) -> bytes:
    suffix = posixpath.splitext(name)[1]
    return _TYPES.get(suffix.lower(), _UNKNOWN)
