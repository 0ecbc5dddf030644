"""`cgi-conform init-server DIR`: writes the definition of the user's own server into a folder.

The comments in the files explain every entry, so the user needs no other document. The files are valid as they are:
the user only has to name a program in server.toml.
"""

import argparse
import shlex
import textwrap
from pathlib import Path

from cgi_conform.cases.answer import PROFILES
from cgi_conform.cases.case import SYSTEM
from cgi_conform.cases.variants import VARIANTS
from cgi_conform.columns import in_columns
from cgi_conform.errors import UserError
from cgi_conform.servers.definition import server_names
from cgi_conform.typed import typed

SERVER, CONFIGURATION, EXPECT = "server.toml", "server.conf", "expect.toml"

_SERVER = """\
# This file tells cgi-conform how to start this server. Change the entries that are marked with CHANGE.
#
# cgi-conform replaces these tokens, here and in {configuration}:
#   {{port}}    the port to listen on, at 127.0.0.1; each start gets another port
#   {{root}}    the document root: the server must run the files in {{root}}/cgi-bin and {{root}}/htbin as scripts, and
#             serve the other files
#   {{here}}    the folder of this file
#   {{files}}   the folder with the files that [files] names; the server may write there
#   {{user}} {{group}}   the account that scripts must run as, if root starts the server
#   {{program}} the first entry of `program` that exists
#
# The server must stay in the foreground (often an option such as -f, -D, or "daemon off" in its configuration), and
# must end on SIGTERM. cgi-conform starts it in the document root, so a path there needs a token or a / in front.
# Its environment holds PATH, HOME, LANG and the variables in [environment].

title   = "My server"                            # CHANGE: the name of the server in reports

# CHANGE: the paths or names of the program. A path with a slash is relative to this file; a name is looked up on PATH.
program = ["./my-server", "my-server"]

# CHANGE: the command that starts the server. Without a configuration file, pass "{{port}}" and "{{root}}" as arguments.
command = ["{{program}}", "{{files}}/{configuration}"]

# CHANGE: the command that prints the version for reports. Delete the line if there is none.
version = ["{{program}}", "--version"]

# The suite may judge the server in these profiles: {profiles}.
profiles = [{quoted}]

# If the server knows scripts by a suffix, and not by their directory: the suffix. The scripts get it, and the requests
# name them so (/cgi-bin/hello.cgi). Cases about CGI directories are skipped.
# script-suffix = ".cgi"

# The needs that the system of the server lacks. The suite skips the cases that have such a need.
# lacks = [{lacks}]

# Files that cgi-conform writes before each start: NAME = the template, a file in this folder.
[files]
"{configuration}" = "{configuration}"

# Capabilities: NAME = the arguments that cgi-conform adds to the command; [] if the server needs none.
# Cases that need a capability that is not here are skipped.
[variants]
{variants}

# Environment variables of the server.
[environment]
# LD_LIBRARY_PATH = "{{here}}/lib"

# Arguments for one profile only.
# [profile.rfc3875]
# arguments = ["--strict-cgi"]
"""

_CONFIGURATION = """\
# CHANGE: the configuration of your server. Write tokens for values that change; {server} lists the tokens.
listen 127.0.0.1:{{port}}
root   "{{root}}"
# Other braces stay as they are: location / {{ … }}
"""

_EXPECT = """\
# The known failures of this server in profile {profile}, each with the reason. These cases still run, and a case that
# passes turns the run red. Failures in profile {other} belong into expect.{other}.toml.
#
# ["post/plain-file"]
# outcome = "fail"              # or "skip", "varies": do not run the case
# reason  = "refuses with 405"
#
# These commands write one entry for each failure:
#   cgi-conform run --server {folder} --write-expect {folder}/{expect}
#   cgi-conform run --server {folder} --profile {other} --write-expect {folder}/expect.{other}.toml
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `init-server`."""
    parser.add_argument("directory", type=Path, metavar="DIR", help="the folder to write into; it is created if necessary")


def main(options: argparse.Namespace) -> int:
    """Writes the files and prints the next steps."""
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
            lacks=", ".join(f'"{need}"' for need in SYSTEM),
            variants="\n".join(_variant(name, text) for name, text in VARIANTS.items()),
        ),
        CONFIGURATION: _CONFIGURATION.format(server=SERVER),
        EXPECT: _EXPECT.format(
            profile=PROFILES[0], other=PROFILES[1], folder=shlex.quote(_server_name(folder)), expect=EXPECT
        ),
    }


def _server_name(folder: Path) -> str:
    """Returns what --server needs. Without "./" the name could mean a known server, or an option."""
    return f"./{folder}" if str(folder) in server_names() or str(folder).startswith("-") else str(folder)


def next_steps(folder: Path) -> str:
    """Returns the text that names the written files, what to change in them, and the next commands."""
    what = {
        SERVER: "how to start the server: change the entries marked with CHANGE",
        CONFIGURATION: "its configuration: write yours here, with {port} and {root}; or delete this file and [files]",
        EXPECT: "its known failures: none yet",
    }
    lines = in_columns([(str(folder / name), text) for name, text in what.items()])
    name = shlex.quote(_server_name(folder))
    return "\n".join([
        *lines, "", "next", f"      cgi-conform serve {name}    # check that it starts; Ctrl-C ends it",
        f"      cgi-conform run --server {name} --profile {PROFILES[1]}    # judge it by CGI/1.1",
        f"      cgi-conform run --server {name}    # judge it by the behaviour of Python's CGIHTTPServer", "",
    ])  # fmt: skip


def _variant(name: str, text: str) -> str:
    return "\n".join([*textwrap.wrap(f"# {name}: it {text}", 118, subsequent_indent="#   "), f'# {name} = ["--an-argument"]'])


def _refuse(folder: Path, names: list[str]) -> None:
    """Raises UserError if a file of this name exists already."""
    if folder.exists() and not folder.is_dir():
        raise UserError(f'"{folder}" is not a folder (name a new one)')
    there = [name for name in names if (folder / name).exists() or (folder / name).is_symlink()]
    if there:
        raise UserError(f'"{folder / there[0]}" exists already (name another folder)')
