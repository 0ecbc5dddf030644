"""Lists the capabilities that only some servers have, and reads how a user declares them.

Some cases need a variant of the server: it is started in another way, or it can do more. They name the variant in
`needs`. A server declares a variant in [variants] of its server.toml, or the user does with `--has NAME=ARGUMENTS`.
For these cases the suite adds the arguments to the command. The table VARIANTS is the only list of the names: help
texts, hints and templates print it.
"""

import shlex
import textwrap
from collections.abc import Iterable, Mapping

from cgi_conform.did_you_mean import did_you_mean
from cgi_conform.errors import UserError

VARIANTS: Mapping[str, str] = {
    "http11": "answers an HTTP/1.1 request with HTTP/1.1, and keeps the connection open",
    "cgi-directories": "runs the scripts of exactly these folders: /cgi-bin, /htbin and /app/deep/scripts",
    "cgi-root": "runs the executable files of the document root itself, and of /app/deep/scripts",
    "limits": "gives a client 1 s for its head and for the next octet of a body, gives a script 2 s to end, "
    "refuses bodies of more than 1000000 octets, runs at most 4 scripts at a time, holds at most 8 connections",
    "follow-symlinks": "follows symbolic links that lead out of the document root",
    "pass-authorization": "hands the Authorization field to scripts as HTTP_AUTHORIZATION",
}
# The variants that a server at --url can have. It runs in one way only, and the other variants would make it fail the
# cases that need the plain server.
AT_URL = ("http11",)

# The needs that the suite checks itself, so that --has does not take them.
_FOUND_OUT = ("launch", "root", "user", "host", "log", "script-directories")


def declared(words: Iterable[str], *, at_url: bool = False) -> dict[str, tuple[str, ...]]:
    """Returns the variants that the words of --has declare, each with its arguments for the server's command."""
    found: dict[str, tuple[str, ...]] = {}
    for word in words:
        name, separator, text = word.partition("=")
        _check_name(name)
        if name in found:
            raise UserError(f"--has {name} is given twice (give all its arguments at once)")
        if at_url and name not in AT_URL:
            raise UserError(f"--has {name} needs a server that cgi-conform starts (--server or --command): "
                            "a server at a URL cannot be started with it")  # fmt: skip
        if at_url and separator:
            raise UserError(f'--has "{word}": a server at a URL runs already and takes no arguments (--has {name})')
        try:
            found[name] = tuple(shlex.split(text))
        except ValueError as error:
            raise UserError(f'--has "{word}": {error}') from None
    return found


def how_to_declare(name: str, *, at_url: bool = False) -> str:
    """Returns the option that declares a variant."""
    return f"--has {name}" if at_url else f"--has {name}='ARGUMENTS'"


def told() -> str:
    """Returns the table as text for --help."""
    width = max(map(len, VARIANTS)) + 2
    rows = [
        f"  {name if not number else '':<{width}}{line}"
        for name, text in VARIANTS.items()
        for number, line in enumerate(textwrap.wrap(f"it {text}", 98 - width, break_on_hyphens=False))
    ]
    return "\n".join(["capabilities: cases that need one are skipped unless the server declares it", *rows])


def _check_name(name: str) -> None:
    known = ", ".join(VARIANTS)
    if name in _FOUND_OUT:
        raise UserError(f'--has "{name}": the suite checks that itself (to declare: {known})')
    if name not in VARIANTS:
        raise UserError(f'--has "{name}": no such capability{did_you_mean(name, VARIANTS) or f" (known: {known})"}')
