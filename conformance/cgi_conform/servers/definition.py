"""Loads the definition of a server: how to find its program on this machine, and the command that starts it.

A definition is a file conformance/servers/NAME/server.toml, a folder of the user with such a file, or a --command. It
holds data only. Tokens in a command:

    {program}              the program that was found
    {port} {port_file}     the port to listen on, or the file that the server must write its port to
    {root} {base}          the document root, and the directory that contains it
    {here} {build}         the folder of the definition (for --command the current folder), and the build tree
    {files}                the folder where the suite writes the files of [files] before the start
    {user} {group}         the account that scripts must run as

Tokens in `program` and `requires`: {here}, {build}, and {python}, the interpreter that runs the suite.
"""

import functools
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cgi_conform.cases.answer import PROFILES
from cgi_conform.cases.layout import Layout
from cgi_conform.cases.script_program import check_program
from cgi_conform.cases.script_suffix import check_suffix
from cgi_conform.did_you_mean import did_you_mean, nearest_path
from cgi_conform.errors import SERVER, UserError
from cgi_conform.paths import SERVERS, build
from cgi_conform.schema import read_valid_toml
from cgi_conform.servers.command_words import fill_words, found_beside, lost_words
from cgi_conform.servers.find_program import FIXED_PATH, build_token, find_on_path, first_installed, lacks
from cgi_conform.servers.find_program import program_path, search_note, which

START_TIMEOUT = 30.0  # seconds for a server to start, unless its definition or --start-timeout says otherwise
_OF_A_SHELL = ("|", "||", "&", "&&", ";")


@dataclass(frozen=True)
class ServerDefinition:
    """A server that can be started. Its words still contain tokens; `program` is None if it is not installed."""

    name: str
    title: str
    program: Path | None
    sought: str
    command: tuple[str, ...]
    version_command: tuple[str, ...] = ()
    profiles: tuple[str, ...] = PROFILES
    variants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    here: Path = Path()
    files: Mapping[str, str] = field(default_factory=dict)  # configuration files: name -> template with tokens
    in_profile: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # additional arguments, by profile
    checked: tuple[str, ...] = ()  # the releases that its known failures were checked with
    is_command: bool = False  # --command describes it
    instrument: bool = False  # True for a server that exists only to test the suite
    packages: tuple[str, ...] = ()  # the Debian packages that bring it
    start_timeout: float = START_TIMEOUT
    workers: int | None = None  # the number of these servers that may run at once; None: any number
    script_suffix: str = ""  # the server knows scripts by this suffix, and not by their directory
    lacks: tuple[str, ...] = ()  # what the system of the server lacks: SYSTEM
    script_program: Path | None = None  # takes the place of each script

    def installed(self) -> Path:
        """Returns the program. Raises UserError (status 3) if it is not installed."""
        if self.program is None:
            hint = f"; cgi-conform servers --install {self.name}" if self.packages else ""
            lacking = f'command "{self.title}" names no program' if self.is_command else f'server "{self.name}" is not installed'
            raise UserError(f"{lacking} (looked for {self.sought}{hint})", SERVER)
        return self.program

    @property
    def layout(self) -> Layout:
        """Returns what the document root must be like for this server."""
        return Layout(self.script_suffix, frozenset(self.lacks), self.script_program)

    @property
    def takes_free_port(self) -> bool:
        """Returns whether the server chooses its port and writes it to {port_file}."""
        return "{port_file}" in " ".join((*self.command, *self.files.values()))

    def for_profile(self, profile: str) -> "ServerDefinition":
        """Returns the definition with the additional arguments of a profile in its command."""
        return replace(self, command=(*self.command, *self.in_profile.get(profile, ())), in_profile={})

    def command_with(self, arguments: tuple[str, ...]) -> tuple[str, ...]:
        """Returns the command of a variant: the arguments are added, or replace it if they begin with {program}."""
        return arguments if _is_command(arguments) else (*self.command, *arguments)

    def expect_file(self, profile: str, kind: str = "expect") -> Path:
        """Returns the path of the file with its known failures in a profile. The file may not exist."""
        return self.here / (f"{kind}.toml" if profile == PROFILES[0] else f"{kind}.{profile}.toml")

    def lost_words(self, root: Path) -> str:
        """Returns indented lines about words of the command that may be the reason why the server did not start."""
        return "".join(f"\n    {sentence}" for sentence in lost_words(self.command, self.here, root))

    def having(self, more: Mapping[str, tuple[str, ...]]) -> "ServerDefinition":
        """Returns the definition with more variants. Their words may name files in the current folder."""
        added = {name: found_beside(words, Path.cwd()) for name, words in more.items()}
        return replace(self, variants={**self.variants, **added})

    def words(self, words: tuple[str, ...], tokens: Mapping[str, str]) -> list[str]:
        """Returns words of a command, or texts of files, with every token filled in."""
        known = {"program": str(self.installed()), "here": str(self.here), **build_token(), **tokens}
        return [fill_words(word, known) for word in words]

    def version(self) -> str:
        """Returns the first line that the version command prints, or ""."""
        if not self.version_command or self.program is None:
            return ""
        command = self.words(self.version_command, {})
        try:
            asked = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=10
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        lines = asked.stdout.decode("utf-8", "replace").strip().splitlines()
        return lines[0].strip() if lines else ""


def server_names() -> list[str]:
    """Returns the names of the known servers."""
    return sorted(path.parent.name for path in SERVERS.glob("*/server.toml"))


def known_servers() -> list[ServerDefinition]:
    """Returns the definitions of all known servers, including those that are not installed."""
    return [load_server(name) for name in server_names()]


def named_server(
    name: str | None,
    command: str | None,
    has: Mapping[str, tuple[str, ...]],
    suffix: str | None = None,
    lacks: Sequence[str] = (),
    program: Path | None = None,
) -> ServerDefinition:
    """Returns the server of --server or --command, with what the other options say of it."""
    server = (load_server(name) if name else from_command(command or "")).having(has)
    server = replace(server, lacks=tuple(dict.fromkeys([*server.lacks, *lacks])))
    if suffix is not None:
        server = replace(server, script_suffix=check_suffix(suffix))
    if program is None:
        return server
    if server.script_suffix:
        raise UserError(f"--script-program: the scripts of this server have the suffix {server.script_suffix}, which a program cannot print")
    return replace(server, script_program=check_program(program))


def load_server(name: str) -> ServerDefinition:
    """Returns the definition of a known server, or the one in a folder. The name of a folder needs no slash."""
    here = _folder(name)
    file = here / "server.toml"
    shown = f'"{Path(name, file.name) if Path(name).absolute() == here else file}"'
    table = read_valid_toml(file, shown, "server.schema.json")
    wanted = table["program"]
    if isinstance(wanted, list):
        usable = [word for word in wanted if build() or "{build}" not in word] or wanted
        names = [program_path(word, here) for word in usable]
        program = first_installed(names)
    else:
        names = [wanted["find"]]
        program = find_on_path(wanted["find"])
    sought = [search_note(name, here) for name in names]
    if program and (lacking := lacks(table.get("requires", ()), here)):
        program, sought = None, lacking
    files = {name: read_template(here / template, shown) for name, template in table.get("files", {}).items()}
    for words in (table["command"], *(more for more in table.get("variants", {}).values() if _is_command(more))):
        _check_port([*words, *files.values()], shown)
    return ServerDefinition(
        name=here.name,
        title=table["title"],
        program=program,
        sought=", ".join(sought),
        command=tuple(table["command"]),
        version_command=tuple(table.get("version", ())),
        profiles=tuple(table["profiles"]),
        variants={name: tuple(words) for name, words in table.get("variants", {}).items()},
        environment={"PATH": FIXED_PATH, **table.get("environment", {})},
        here=here,
        files=files,
        in_profile={name: tuple(more["arguments"]) for name, more in table.get("profile", {}).items()},
        checked=tuple(table.get("checked", ())),
        instrument=table.get("instrument", False),
        packages=tuple(table.get("packages", ())),
        start_timeout=table.get("start-timeout", START_TIMEOUT),
        workers=table.get("workers"),
        script_suffix=table.get("script-suffix", ""),
        lacks=tuple(table.get("lacks", ())),
    )


def _folder(name: str) -> Path:
    """Returns the folder of a definition.

    If a known server has the same name as a folder, chooses it and says so once.
    """
    folder = Path(name).absolute()
    if folder.name == "server.toml" and folder.is_file():
        folder = folder.parent
    is_one = os.path.exists(folder / "server.toml")
    known = server_names()
    if "/" not in name and name in known:
        if is_one and folder != SERVERS / name:
            _say_which(name)
        return SERVERS / name
    if is_one:
        return folder
    if folder.is_dir():
        raise UserError(f'"{name}" has no server.toml (cgi-conform init-server {shlex.quote(name)} writes one)')
    if "/" in name:
        hint = nearest_path(Path(name)) or f" (cgi-conform init-server {shlex.quote(name)} makes one)"
        raise UserError(f'there is no folder "{name}"{hint}')
    mine = [path.parent.name for path in Path.cwd().glob("*/server.toml")]
    hint = did_you_mean(name, [*mine, *known]) or f" (known: {', '.join(known)}; cgi-conform init-server {shlex.quote(name)} makes one)"
    raise UserError(f'no server "{name}"{hint}')


@functools.cache
def _say_which(name: str) -> None:
    print(f'cgi-conform: "{name}" is the known server of this name, not the folder (--server ./{name})', file=sys.stderr)


def from_command(text: str) -> ServerDefinition:
    """Returns the definition that --command describes."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UserError(f"--command {text!r}: {error}") from None
    if not words:
        raise UserError("--command is empty")
    if odd := re.search("[\udc80-\udcff]", text):  # octets that Python could not decode
        raise UserError(f"--command has an octet that is no UTF-8: {ord(odd[0]) - 0xdc00:#x} (put it into a script, and name that)")
    for word in words:
        if word in _OF_A_SHELL or re.match(r"\d?[<>]", word):
            raise UserError(f'--command: "{word}" needs a shell, but cgi-conform starts the command without one (try: sh -c \'…\')')
    if re.fullmatch(r"\w+=.*", words[0]) and shutil.which(words[0]) is None:
        raise UserError(f'--command: "{words[0]}" is not a program (to set a variable: env {shlex.quote(words[0])} …)')
    _check_port(words, "--command")
    return ServerDefinition(
        name="command",
        title=text,
        is_command=True,
        program=which(words[0]),
        sought=search_note(words[0], Path.cwd()),
        command=("{program}", *found_beside(words[1:], Path.cwd())),
        environment={"PATH": os.environ.get("PATH", FIXED_PATH)},
        here=Path.cwd(),
    )


def _is_command(words: Sequence[str]) -> bool:
    return list(words[:1]) == ["{program}"]


def _check_port(words: list[str], shown: str) -> None:
    if not any("{port}" in word or "{port_file}" in word for word in words):
        raise UserError(f"{shown}: the command has no {{port}}: the server must listen on the port that cgi-conform chooses")


def read_template(path: Path, shown: str) -> str:
    """Returns the text of a template that [files] of a definition names."""
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise UserError(f'{shown}: cannot read "{path.name}", which [files] names: {error.strerror}') from None
    except ValueError:  # not UTF-8, or a NUL in the name
        raise UserError(f'{shown}: cannot read "{path.name}", which [files] names, as UTF-8') from None
