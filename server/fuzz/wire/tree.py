"""The document root of the wire fuzzer, and the octets that no client may receive.

    base/root                   the document root
    base/secret, base/beside/   files outside it, in reach of ".." and of links
"""

from pathlib import Path

SECRET = b"octets-of-a-file-outside-the-root"
SOURCE = b"octets-of-a-script-that-it-never-prints"
HELLO = b"hello static\n"
LONG = b"0123456789abcdef" * 4096  # longer than what the server keeps in memory

ECHO = b"""#!/bin/sh
# %s
printf 'Content-Type: text/plain\\n\\necho %%s %%s %%s\\n' "$REQUEST_METHOD" "$PATH_INFO" "$QUERY_STRING"
exec cat
"""
# Asks for a local redirect to its query, so the client chooses any target. In profile cgihttpserver it only looks so.
GO_TO = b"""#!/bin/sh
# %s
printf 'Location: %%s\\n\\n' "$QUERY_STRING"
"""

FILES = {
    "root/hello.txt": HELLO,
    "root/long.bin": LONG,
    "root/dir/index.html": b"the index\n",
    "root/list/file": b"a file in a list\n",
    "root/list/cgi-bin/hello.txt": HELLO,
    "root/cgi-bin-2/hello.txt": HELLO,
    "secret": SECRET,
    "beside/secret": SECRET,
}
SCRIPTS = {
    "root/cgi-bin/echo": ECHO,
    "root/cgi-bin/sub/echo": ECHO,
    "root/htbin/echo": ECHO,
    "root/cgi-bin/goto": GO_TO,
    "root/cgi-bin/index.html": ECHO,
}
LINKS = {
    "root/up": "..",
    "root/out": "../secret",
    "root/beside": "../beside",
    "root/inner": "dir",
    "root/cgi-bin/out": "../../secret",
    "root/cgi-bin/up": "../..",
}
SHOWN = {content for name, content in FILES.items() if name.startswith("root/")}


def plant(base: Path) -> None:
    """Writes the files, the scripts and the links below `base`. Every user can read them."""
    for name, content in FILES.items():
        _write(base / name, content, 0o644)
    for name, script in SCRIPTS.items():
        _write(base / name, script % SOURCE, 0o755)
    _write(base / "root" / "cgi-bin" / "notes.txt", SOURCE, 0o644)  # no script, but a file of a CGI directory
    _write(base / "secret-script", ECHO % SECRET, 0o755)
    for name, target in LINKS.items():
        (base / name).symlink_to(target)
    (base / "root" / "cgi-bin" / "out-script").symlink_to("../../secret-script")
    for folder in [base, *(path for path in base.rglob("*") if path.is_dir() and not path.is_symlink())]:
        folder.chmod(0o755)


def _write(path: Path, content: bytes, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)
