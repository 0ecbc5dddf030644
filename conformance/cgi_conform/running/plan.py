"""Makes the plan of a run from its options: checks them, finds the server, and reads its known failures."""

import os
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from cgi_conform.cases.answer import PROFILES
from cgi_conform.cases.case import Case
from cgi_conform.cases.presuppositions import Direct
from cgi_conform.cases.script_suffix import check_suffix, with_suffix
from cgi_conform.cases.variants import declared
from cgi_conform.did_you_mean import nearest_path
from cgi_conform.errors import UserError
from cgi_conform.http.delivery import DELIVERIES
from cgi_conform.http.exchange import GRACE
from cgi_conform.judging.known_failures import KnownFailure, in_release, load_known_failures, release_note, with_dependents
from cgi_conform.paths import fixtures
from cgi_conform.running.capabilities import Capabilities
from cgi_conform.servers.definition import START_TIMEOUT, ServerDefinition, named_server

WORKERS = 12  # the default for many cases, which mostly wait for I/O
CASE_TIMEOUT = 60.0  # seconds, --case-timeout: the largest body has ten mebibytes, which take 52 s at 200 KB/s


@dataclass(frozen=True)
class Options:
    """The options of a run, as on the command line."""

    server: str | None = None
    command: str | None = None
    url: str | None = None
    root: str | None = None
    has: list[str] = field(default_factory=list)
    profile: str = ""  # "": cgihttpserver, or the first profile of a server that is not judged in it
    timeout: float = 5.0
    case_timeout: float = CASE_TIMEOUT
    start_timeout: float | None = None  # None: as the definition of the server says
    delivery: str = "whole"
    expect: str | None = None
    skip: list[str] = field(default_factory=list)
    shuffle: int | None = None
    sample: int | None = None
    workers: int | None = None
    script_suffix: str | None = None
    lacks: list[str] = field(default_factory=list)
    script_program: Path | None = None

    @classmethod
    def of(cls, namespace: Any) -> Self:
        """Returns the options in a namespace. Options that are not set there keep their defaults."""
        known = {item.name: getattr(namespace, item.name, None) for item in fields(cls)}
        return cls(**{name: value for name, value in known.items() if value is not None})

    def samples(self, name: str) -> bool:
        """Returns whether a case is in the sample: about one case in `sample`, the same ones in every run."""
        return self.sample is None or zlib.crc32(name.encode()) % self.sample == 0


@dataclass(frozen=True)
class Plan:
    """The server under test and how the run judges it."""

    name: str
    title: str
    profile: str
    timeout: float
    delivery: str
    known_failures: tuple[KnownFailure, ...]
    capabilities: Capabilities
    server: ServerDefinition | None = None  # None: the server runs already, at `address`
    address: tuple[str, int] = ("127.0.0.1", 0)
    root: str = ""
    grace: float = GRACE
    version: str = ""  # the version that the server reports
    release_note: str = ""  # a warning that the known failures may be wrong for this release of the server
    case_timeout: float = CASE_TIMEOUT
    start_timeout: float = START_TIMEOUT
    script_suffix: str = ""  # the server knows scripts by this suffix, and not by their directory

    def rewritten(self, cases: Iterable[Case]) -> list[Case]:
        """Returns the cases as this server gets them: with its suffix behind the names of scripts."""
        return with_suffix(cases, self.script_suffix, fixtures())

    def for_cases(self, named: Direct) -> "Plan":
        """Returns the plan in which no case is tried that presupposes a case that varies."""
        return replace(self, known_failures=with_dependents(self.known_failures, named, self.capabilities.user))


def make_plan(options: Options) -> Plan:
    """Returns the plan. UserError says which option is wrong."""
    named = [name for name in ("server", "command", "url") if getattr(options, name)]
    if len(named) != 1:
        got = " and ".join(f"--{name}" for name in named) or "none"
        raise UserError(f"name one server: --server NAME, --command 'CMD {{port}} {{root}}' or --url URL (got {got})")
    if options.profile not in ("", *PROFILES):
        raise UserError(f'no profile "{options.profile}" (known: {", ".join(PROFILES)})')
    if options.delivery not in DELIVERIES:
        raise UserError(f'no delivery "{options.delivery}" (known: {", ".join(DELIVERIES)})')
    if options.url:
        return _of_url(options)
    if options.root:
        raise UserError("--root needs --url: a server that cgi-conform starts gets its own document root")
    server = named_server(
        options.server, options.command, declared(options.has), options.script_suffix, options.lacks, options.script_program
    )
    server.installed()
    profile = options.profile or (PROFILES[0] if PROFILES[0] in server.profiles else server.profiles[0])
    if profile not in server.profiles:
        known = ", ".join(server.profiles)
        raise UserError(f'server "{server.name}" cannot be judged in profile {profile} (its profiles: {known})')
    own = server.expect_file(profile) if options.server else None
    expect = Path(options.expect) if options.expect else own
    rules = load_known_failures(expect) if expect and (options.expect or expect.exists()) else []
    version = server.version()
    user = "root" if os.geteuid() == 0 else "user"
    return Plan(
        name=server.name,
        title=server.title,
        profile=profile,
        timeout=options.timeout,
        delivery=options.delivery,
        known_failures=in_release(rules, version),
        capabilities=Capabilities(
            True, user, frozenset(server.variants), server.takes_free_port, frozenset(server.lacks)
        ),
        server=server.for_profile(profile),
        version=version,
        release_note=release_note(server.name, version, server.checked, rules),
        case_timeout=options.case_timeout,
        start_timeout=options.start_timeout or server.start_timeout,
        script_suffix=server.script_suffix,
    )


def _of_url(options: Options) -> Plan:
    try:
        parts = urlsplit(options.url or "")
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port or 80
    except ValueError:  # no port, or no name
        host, port = "", 0
    more = parts.path.strip("/") + parts.query + parts.fragment + (parts.username or "") if host else ""
    if not host or not port or parts.scheme != "http" or more:
        raise UserError(f'--url "{options.url}" is not of the form http://HOST:PORT')
    if options.script_program:
        raise UserError(
            "--script-program needs a server that cgi-conform starts (for --url: cgi-conform fixtures DIR --script-program FILE)"
        )
    if not options.root:
        raise UserError("--url needs --root DIR, the document root that server has (cgi-conform fixtures makes one)")
    root = Path(options.root).absolute()
    if not root.is_dir():
        hint = nearest_path(Path(options.root)) or " (name the document root of the server at --url)"
        raise UserError(f'--root "{options.root}" is no directory{hint}')
    rules = load_known_failures(Path(options.expect)) if options.expect else []
    return Plan(
        name="url",
        title="a running server",
        profile=options.profile or PROFILES[0],
        timeout=options.timeout,
        delivery=options.delivery,
        known_failures=in_release(rules, ""),
        capabilities=Capabilities(
            False, "unknown", frozenset(declared(options.has, at_url=True)), lacks=frozenset(options.lacks)
        ),
        address=(host, port),
        root=str(root),
        case_timeout=options.case_timeout,
        release_note=release_note("url", "", (), rules),
        script_suffix=check_suffix(options.script_suffix or ""),
    )
