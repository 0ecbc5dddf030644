"""Returns the Content-Type of a suffix, as CPython 3.13 does on a system with a mime.types file."""

from __future__ import annotations

import posixpath

_UNKNOWN = b"application/octet-stream"
_EVERYWHERE = {
    b".css": b"text/css",
    b".csv": b"text/csv",
    b".gif": b"image/gif",
    b".htm": b"text/html",
    b".html": b"text/html",
    b".jpeg": b"image/jpeg",
    b".jpg": b"image/jpeg",
    b".json": b"application/json",
    b".mp3": b"audio/mpeg",
    b".mp4": b"video/mp4",
    b".pdf": b"application/pdf",
    b".png": b"image/png",
    b".svg": b"image/svg+xml",
    b".tar": b"application/x-tar",
    b".txt": b"text/plain",
    b".zip": b"application/zip",
}
_OF_SYSTEM = {  # or of this release: other releases have another type, or none
    b".bz2": b"application/x-bzip2",
    b".c": b"text/x-csrc",
    b".gz": b"application/gzip",
    b".h": b"text/x-chdr",
    b".ico": b"image/vnd.microsoft.icon",
    b".js": b"text/javascript",
    b".md": b"text/markdown",
    b".mjs": b"text/javascript",
    b".pl": b"text/x-perl",
    b".py": b"text/x-python",
    b".sh": b"text/x-sh",
    b".svgz": b"image/svg+xml",
    b".tgz": b"application/x-tar",
    b".wasm": b"application/wasm",
    b".webm": b"video/webm",
    b".webp": b"image/webp",
    b".woff": b"font/woff",
    b".woff2": b"font/woff2",
    b".xml": b"application/xml",
    b".xyz": b"chemical/x-xyz",
    b".xz": b"application/x-xz",
}


# rule: base/type-follows-suffix
def content_type(name: bytes) -> bytes:
    suffix = posixpath.splitext(name)[1]
    types = _EVERYWHERE | _OF_SYSTEM
    return types.get(suffix.lower(), _UNKNOWN)
