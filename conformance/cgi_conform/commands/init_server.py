"""`cgi-conform init-server DIR`: writes the definition of a server of the user: server.toml, its configuration, expect.toml.

The files hold what a user must know to fill them in, so that no page needs to be open beside them. They are sound as
they stand: with the name of a program in server.toml, the definition can be used.
"""

import argparse
import shlex
import textwrap
from pathlib import Path

from cgi_conform.cases.answer import PROFILES
from cgi_conform.cases.variants import VARIANTS
from cgi_conform.columns import in_columns
from cgi_conform.errors import UserError
from cgi_conform.servers.definition import server_names
from cgi_conform.typed import typed

SERVER, CONFIGURATION, EXPECT = "server.toml", "server.conf", "expect.toml"

_SERVER = """\
# How cgi-conform starts this server. Change what is marked with CHANGE.
#
# Tokens that cgi-conform fills in, here and in {configuration}:
#   {{port}}    the port to listen on, at 127.0.0.1; each start has another one
#   {{root}}    the document root: run what lies in {{root}}/cgi-bin and {{root}}/htbin, serve the other files
#   {{here}}    the folder of this file
#   {{files}}   the folder of the files named below [files], tokens filled in; the server may write there
#   {{user}} {{group}}   the account that scripts must run as, if the server is started by root
#   {{program}} the first of `program` that exists
#
# The server must stay in the foreground (often an option such as -f, -D, or "daemon off" in its configuration), and
# end on SIGTERM. It runs in the document root: a path that does not begin with a token or with / is looked for there.
# Its environment holds PATH, HOME, LANG and what [environment] sets.

title   = "My server"                            # CHANGE: how reports call it

# CHANGE: where the program is. A path with a slash is relative to this file; a name is looked for on PATH.
program = ["./my-server", "my-server"]

# CHANGE: how it is started. A server without a configuration file takes "{{port}}" and "{{root}}" as arguments.
command = ["{{program}}", "{{files}}/{configuration}"]

# CHANGE: how it tells its version, which reports show; leave the line out if it cannot.
version = ["{{program}}", "--version"]

# The suite may judge the server in these profiles: {profiles}.
profiles = [{quoted}]

# Written afresh for each start: NAME = the file beside this one that is the template.
[files]
"{configuration}" = "{configuration}"

# The server can do more if these arguments are added to its command; [] if it needs none.
# Cases that need a line that is not here are skipped.
[variants]
{variants}

# Variables of its environment.
[environment]
# LD_LIBRARY_PATH = "{{here}}/lib"

# Arguments for one profile only.
# [profile.rfc3875]
# arguments = ["--strict-cgi"]
"""

_CONFIGURATION = """\
# CHANGE: the configuration of your server, with tokens (they are listed in {server}) where values change:
listen 127.0.0.1:{{port}}
root   "{{root}}"
# Braces that are no token stay as they are: location / {{ … }}
"""

_EXPECT = """\
# The cases that this server is known to fail in profile {profile}, each with the reason. They still run, and one that
# passes turns the run red. Failures in profile {other} go into expect.{other}.toml.
#
# ["post/plain-file"]
# outcome = "fail"              # or "skip": do not try it
# reason  = "refuses with 405"
#
# This writes one entry for each failure:
#   cgi-conform run --server {folder} --write-expect {folder}/{expect}
#   cgi-conform run --server {folder} --profile {other} --write-expect {folder}/expect.{other}.toml
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `init-server`."""
    parser.add_argument("directory", type=Path, metavar="DIR", help="a folder, which is made if it does not exist")


def main(options: argparse.Namespace) -> int:
    """Write the files, and say what to do next."""
    folder = options.directory
    written = files(folder)
    _refuse(folder, list(written))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in written.items():
            with (folder / name).open("x", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
    except OSError as error:
        raise UserError(f'cannot write into "{folder}": {error.strerror}') from None
    print(typed(next_steps(folder)), end="")
    return 0


def files(folder: Path) -> dict[str, str]:
    """Returns the text of each file."""
    return {
        SERVER: _SERVER.format(
            configuration=CONFIGURATION,
            profiles=" and ".join(PROFILES),
            quoted=", ".join(f'"{profile}"' for profile in PROFILES),
            variants="\n".join(_variant(name, text) for name, text in VARIANTS.items()),
        ),
        CONFIGURATION: _CONFIGURATION.format(server=SERVER),
        EXPECT: _EXPECT.format(
            profile=PROFILES[0], other=PROFILES[1], folder=shlex.quote(str(folder)), expect=EXPECT
        ),
    }


def next_steps(folder: Path) -> str:
    """Returns what was written, what to change, and the command after that."""
    what = {
        SERVER: "how the server is started: change what is marked with CHANGE",
        CONFIGURATION: "its configuration: put yours here, with {port} and {root}; or delete it and [files]",
        EXPECT: "its known failures: none yet",
    }
    lines = in_columns([(str(folder / name), text) for name, text in what.items()])
    name = shlex.quote(f"./{folder}" if str(folder) in server_names() else str(folder))  # a known server would win
    return "\n".join([
        *lines, "", "next", f"      cgi-conform serve {name}    # does it start? ends with Ctrl-C",
        f"      cgi-conform run --server {name} --profile {PROFILES[1]}    # judge it by CGI/1.1",
        f"      cgi-conform run --server {name}    # judge it by what Python's CGIHTTPServer did", "",
    ])  # fmt: skip


def _variant(name: str, text: str) -> str:
    return "\n".join([*textwrap.wrap(f"# {name}: it {text}", 118, subsequent_indent="#   "), f'# {name} = ["--an-argument"]'])


def _refuse(folder: Path, names: list[str]) -> None:
    """Raises UserError where a file would be written over."""
    if folder.exists() and not folder.is_dir():
        raise UserError(f'"{folder}" is not a folder (name a new one)')
    there = [name for name in names if (folder / name).exists() or (folder / name).is_symlink()]
    if there:
        raise UserError(f'"{folder / there[0]}" exists, and is not overwritten (name another folder)')
