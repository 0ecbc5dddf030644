"""The definition of a CGI program: how to find it, the files that it needs, and the checks that must pass.

conformance/programs/NAME/program.toml holds it as data. A check is either a request by curl (`get`, with the expected
answer) or shell lines (`run`) that call the program's own client and exit with 0 if everything works. The id of a
check, NAME/CHECK, never changes, like that of a case.
"""

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from cgi_conform.cases.answer import read_matcher
from cgi_conform.cases.matcher import Matcher
from cgi_conform.did_you_mean import did_you_mean
from cgi_conform.errors import UserError
from cgi_conform.octets import BadEscape
from cgi_conform.paths import PROGRAMS
from cgi_conform.schema import read_valid_toml
from cgi_conform.servers.definition import read_template

PATH = "/usr/local/bin:/usr/bin:/bin"
_CURL = "curl"


@dataclass(frozen=True)
class Check:
    """A check: a request or shell lines, and the expected result."""

    id: str
    title: str
    run: str = ""  # shell lines; if empty, the check is a request by curl
    exit: int = 0
    get: str = ""
    arguments: tuple[str, ...] = ()  # more arguments for curl
    status: int = 200
    header: Mapping[str, Matcher] | None = None
    body: Matcher | None = None


@dataclass(frozen=True)
class Program:
    """A CGI program. If it is not installed, `missing` names the missing packages and programs."""

    name: str
    title: str
    path: str
    missing: str
    packages: tuple[str, ...]  # the missing packages
    files: Mapping[str, str]  # path below the document root -> template with its tokens
    setup: str
    checks: tuple[Check, ...]


def load_programs(globs: Iterable[str] = (), folder: Path = PROGRAMS) -> list[Program]:
    """Returns the programs with the checks whose program or id matches a glob; without globs, all."""
    wanted = [glob if "/" in glob else f"{glob}/*" for glob in globs]
    programs = [_load(path) for path in sorted(folder.glob("*/program.toml"))]
    known = [check.id for program in programs for check in program.checks]
    for glob in wanted:
        if not any(fnmatchcase(name, glob) for name in known):
            word, names = glob.removesuffix("/*"), [program.name for program in programs]
            hint = did_you_mean(word, known if "/" in word else names) or f" (known: {', '.join(names)})"
            raise UserError(f'no program or check matches "{word}"{hint}')
    chosen: list[Program] = []
    for program in programs:
        checks = [
            check for check in program.checks if not wanted or any(fnmatchcase(check.id, glob) for glob in wanted)
        ]
        if checks:
            chosen.append(replace(program, checks=tuple(checks)))
    return chosen


def _load(path: Path) -> Program:
    name, here = path.parent.name, path.parent
    shown = f"{name}/{path.name}"
    table = read_valid_toml(path, shown, "program.schema.json")
    found = next((where for word in table["program"] if (where := _found(word))), "")
    lacks = [] if found else [(table["package"], " or ".join(table["program"]))]
    needs = {_CURL: _CURL, **table.get("needs", {})}
    lacks += [(package, word) for word, package in needs.items() if not _found(word)]
    detect = table.get("detect")
    if not lacks and detect and not _succeeds([word.replace("{program}", found) for word in detect]):
        lacks = [(table["package"], "library or module that it needs")]
    checks = tuple(_check(name, check, shown) for check in table["check"])
    names = [check.id for check in checks]
    for check in names:
        if names.count(check) > 1:
            raise UserError(f'{shown}: there are two checks "{check}"')
    return Program(
        name=name,
        title=table["title"],
        path=found,
        missing="; ".join(f"package {package} is not installed (no {word})" for package, word in lacks),
        packages=tuple(dict.fromkeys(package for package, _ in lacks)),
        files={place: read_template(here / template, shown) for place, template in table.get("files", {}).items()},
        setup=table.get("setup", ""),
        checks=checks,
    )


def _check(program: str, table: dict[str, Any], shown: str) -> Check:
    try:
        header = {name: read_matcher(value) for name, value in table.get("header", {}).items()}
        body = read_matcher(table["body"]) if "body" in table else None
    except BadEscape as error:
        raise UserError(f'{shown}: check "{table["name"]}": "{error}" is not an escape') from None
    return Check(
        id=f"{program}/{table['name']}",
        title=table["title"],
        run=table.get("run", ""),
        exit=table.get("exit", 0),
        get=table.get("get", ""),
        arguments=tuple(table.get("with", ())),
        status=table.get("status", 200),
        header=header,
        body=body,
    )


def _found(word: str) -> str | None:
    """Returns the absolute path of a program on PATH, or of a file that is given by its absolute path."""
    if word.startswith("/"):
        return word if os.path.exists(word) else None
    return shutil.which(word, path=PATH)


def _succeeds(command: list[str]) -> bool:
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
