"""Decides where a request leads: to a script, a file, a listing, a redirect or a refusal."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass

from .head import Refused, Request, quoted
from .settings import Site
from .target import Target, parse, with_slash

_INDEXES = (b"index.html", b"index.htm")
_OF_FILES = (b"GET", b"HEAD")
_OF_SCRIPTS = (b"GET", b"HEAD", b"POST")
_NEVER = (b"CONNECT", b"TRACE")


@dataclass
class Script:
    """A script that can run: a plain file that the user of scripts may execute."""

    file: bytes  # absolute path in the file system
    name: bytes  # SCRIPT_NAME, decoded: b"/cgi-bin/probe"
    info: bytes  # PATH_INFO, decoded; b"" if there is none
    query: bytes | None  # raw; None without "?"
    directory: bytes  # absolute path of the directory that holds the script


@dataclass
class File:
    file: bytes


@dataclass
class Listing:
    directory: bytes


@dataclass
class Redirect:
    location: bytes


@dataclass
class LocalRedirect:
    """A redirect of a script to another path of this server (rfc3875); script.serve() returns it.

    connection.py routes it as a GET without a body. It refuses with 502 after too many in a row.
    """

    target: bytes  # the path and the query, as the script wrote them


# rule: base/unsupported-method-is-501, seed/path-alone-decides-cgi, seed/cgi-directory-serves-no-files
# rule: seed/post-outside-cgi-is-501, seed/post-refusal-message, seed/post-refusal-by-url-alone
# rule: http/trace-reveals-no-credentials
# rule: base/methods-are-case-sensitive, http/unknown-method-is-501, http/long-method-is-501, cgi/methods-may-be-refused
# rule: http/get-and-head-are-supported, seed/get-runs-script, seed/head-runs-script, seed/post-runs-script
# rule: seed/post-outside-cgi-is-refused, traversal/host-field
def find(request: Request, site: Site) -> Script | File | Listing | Redirect:
    """Returns where the request leads. Raises Refused if it leads nowhere."""
    unsupported = Refused(501, f"Unsupported method ({quoted(request.method)})")
    if request.method not in _OF_SCRIPTS and not site.settings.rfc:
        raise unsupported
    if request.method in _NEVER:
        raise unsupported
    target = parse(request.target)
    if script := _script(target, site):
        return script
    if request.method == b"POST":
        raise Refused(501, "Can only POST to CGI scripts")
    if request.method not in _OF_FILES:
        raise unsupported
    return _file(request, target, site)


# rule: seed/no-other-cgi-directory-by-default, seed/cgi-directories-are-configurable
# rule: seed/script-output-is-the-response, seed/any-suffix-runs-inside-cgi, seed/no-suffix-runs-outside-cgi
# rule: seed/scripts-map-like-files, disclosure/symlink-outside-cgi-is-a-file, disclosure/backup-files
# rule: disclosure/conditions-ranges-head-and-post
def _script(target: Target, site: Site) -> Script | None:
    """Returns the script, or None if the path is not below a CGI directory."""
    for name in site.settings.cgi_directories:
        directory = name.strip(b"/").split(b"/")
        below = target.segments[len(directory) :]
        if target.segments[: len(directory)] == directory and (below or target.folder):
            return _script_below(name, below, target, site)
    return _script_of_root(target, site) if b"/" in site.settings.cgi_directories else None


# rule: routing/root-holds-scripts, routing/root-leaves-directories
# rule: routing/root-lists-directories
def _script_of_root(target: Target, site: Site) -> Script | None:
    """Returns the script if "/" is a CGI directory: a file in the root itself, not in a directory."""
    if not target.segments or _is_directory(site.settings.root + b"/" + target.segments[0], site):
        return None
    return _script_below(b"", target.segments, target, site)


# rule: seed/scripts-at-any-depth, cgi/leading-path-selects-script, base/path-info-collapsed-and-decoded-once
# rule: disclosure/cgi-directory-listing, cgi/variables-are-byte-strings, cgi/script-uri-selects-same-script
# rule: cgi/path-info-of-a-slash-is-not-none
def _script_below(name: bytes, below: list[bytes], target: Target, site: Site) -> Script:
    """Returns the script: the first name that is not a directory. The path-info after it stays as sent."""
    root = site.settings.root
    at = 0
    while at < len(below) and _is_directory(root + name + b"/" + below[at], site):
        name += b"/" + below[at]
        at += 1
    if at == len(below):
        slash = b"/" if target.folder else b""
        raise Refused(403, f"CGI script is not a plain file ({quoted(name + slash)})")
    directory = root + name
    extra = target.sent[len(target.sent) - len(below) :]
    name += b"/" + below[at]
    info = b"".join(b"/" + segment for segment in extra[at + 1 :])
    if target.folder:
        info += b"/"
    _check(root + name, name, site)
    return Script(root + name, name, info, target.query, directory)


# rule: seed/unrunnable-script-is-403, disclosure/failed-script
# rule: injection/root-path-is-never-told
def _check(file: bytes, name: bytes, site: Site) -> None:
    found = _status(file, site)
    if found is None:
        raise Refused(404, f"No such CGI script ({quoted(name)})")
    if not stat.S_ISREG(found.st_mode):
        raise Refused(403, f"CGI script is not a plain file ({quoted(name)})")
    if not _runnable(file, found, site):
        raise Refused(403, f"CGI script is not executable ({quoted(name)})")


# rule: process/not-runnable-by-nobody-is-refused
def _runnable(file: bytes, found: os.stat_result, site: Site) -> bool:
    """Returns whether the user of scripts may execute the file, and may read it for its interpreter."""
    if os.geteuid() != 0:
        return os.access(file, os.R_OK | os.X_OK)
    user = pwd.getpwnam(site.settings.user)
    shift = 6 if found.st_uid == user.pw_uid else 3 if found.st_gid == user.pw_gid else 0
    mode = found.st_mode >> shift
    executable = bool(mode & stat.S_IXOTH)
    readable = bool(mode & stat.S_IROTH)
    return executable and readable


# rule: base/missing-file-is-404, base/file-with-slash-is-404, base/directory-without-slash-is-301
# rule: base/fifo-never-blocks
# rule: resource/fifo-is-never-opened
def _file(request: Request, target: Target, site: Site) -> File | Listing | Redirect:
    path = b"/".join([site.settings.root, *target.segments])
    found = _status(path, site)
    missing = Refused(404, "File not found")
    if found is None:
        raise missing
    if stat.S_ISDIR(found.st_mode):
        if not target.slash:
            return Redirect(with_slash(request.target))
        return _index(path, site)
    if target.slash:
        raise missing
    if not stat.S_ISREG(found.st_mode):
        raise missing
    return File(path)


# rule: base/directory-serves-its-index, base/directory-without-index-is-listed, disclosure/unreadable-index
def _index(directory: bytes, site: Site) -> File | Listing:
    for name in _INDEXES:
        found = _status(directory + b"/" + name, site)
        if found and stat.S_ISREG(found.st_mode):
            return File(directory + b"/" + name)
        if not found and os.path.exists(directory + b"/" + name):  # behind a link out of the document root
            raise Refused(404, "File not found")
    return Listing(directory)


def _is_directory(path: bytes, site: Site) -> bool:
    found = _status(path, site)
    return found is not None and stat.S_ISDIR(found.st_mode)


# rule: traversal/symlink-out-of-root, traversal/sibling-of-root, base/dots-stay-below-root
# rule: seed/files-below-the-root-only, base/symlinks-are-followed
def _status(path: bytes, site: Site) -> os.stat_result | None:
    """Returns None if the file is missing, out of reach, or behind a link out of the document root."""
    try:
        found = os.stat(path)
        real = os.path.realpath(path)
    except OSError:
        return None
    root = site.settings.root
    inside = real == root or real.startswith(root + b"/")
    return found if inside or site.settings.follow_symlinks else None
