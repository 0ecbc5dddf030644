"""Reads what a case expects in each profile: one answer, or several in order.

An answer is a response or one of three outcomes without a response: "closed" (the server closes the connection without
an octet), "silent" (no octet within the limit), "bare" (octets without a status line).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cgi_conform.cases.matcher import Matcher, Repeat
from cgi_conform.octets import decode

PROFILES = ("cgihttpserver", "rfc3875")
LEVELS = ("required", "recommended", "observed")
# Keys of [case.PROFILE] that belong to the whole case and not to one answer.
_OF_THE_CASE = ("level", "title", "clauses", "log", "host", "fault", "response")
CLOSED, SILENT, BARE = "closed", "silent", "bare"

Status = int | str  # a status code, or one of the words above


@dataclass(frozen=True)
class Answer:
    """An expected answer on a connection: a response, or an outcome without a response."""

    connection: str = "main"
    status: tuple[Status, ...] = ()
    reason: Matcher | None = None
    version: Matcher | None = None
    header: Mapping[str, Matcher] = field(default_factory=dict)
    body: Matcher | None = None
    raw: Matcher | None = None
    count: int | None = None
    closes: bool | None = None
    may_reset: bool = True
    env: Mapping[str, Matcher] = field(default_factory=dict)
    env_names: tuple[str, ...] | None = None
    argv: tuple[bytes, ...] | None = None
    probe: Mapping[str, Matcher] = field(default_factory=dict)
    within: float | None = None

    @property
    def wants_response(self) -> bool:
        """Returns whether the server must send a status line: the case allows no outcome without a response."""
        return not any(isinstance(status, str) for status in self.status)


@dataclass(frozen=True)
class Host:
    """Limits for what the exchange leaves behind on the machine: processes, descriptors, memory, files. None: no limit.

    Numbers are maxima. The suite waits until processes and descriptors are within their limits, or until --timeout.
    """

    zombies: int | None = None
    scripts: int | None = None  # descendants of the server that run another program
    descriptors: int | None = None  # more open files of the server than before
    memory: int | None = None  # octets more at the peak than before
    written: tuple[str, ...] | None = None  # the files that may change, beside and below the document root
    listening: bool | None = None
    ended: bool | None = None


@dataclass(frozen=True)
class Expectation:
    """The expectation of one profile. `answers` has several items if the case lists several responses."""

    level: str
    answers: tuple[Answer, ...]
    log: Matcher | None = None
    host: Host | None = None
    fault: str = ""  # overrides the fault of the case
    title: str = ""  # overrides the title of the case
    clauses: tuple[str, ...] = ()  # added to the clauses of the case

    def on(self, connection: str) -> tuple[Answer, ...]:
        """Returns the answers expected on one connection, in order."""
        return tuple(answer for answer in self.answers if answer.connection == connection)

    def count(self, connection: str) -> int | None:
        """Returns the number of responses expected on a connection: `count`, else the listed ones; None if any."""
        answers = self.on(connection)
        counts = [answer.count for answer in answers if answer.count is not None]
        return counts[0] if counts else len(answers) or None


def read_expectation(table: dict[str, Any], connections: tuple[str, ...]) -> Expectation:
    """Returns the expectation in a table [case.PROFILE] that its schema has checked. ValueError says what is wrong."""
    log = read_matcher(table["log"]) if "log" in table else None
    host = Host(**{key: _tupled(value) for key, value in table["host"].items()}) if "host" in table else None
    top = {key: value for key, value in table.items() if key not in _OF_THE_CASE}
    usual = connections[0] if len(connections) == 1 else "main"
    if "response" not in table:
        answers = [_read_answer(top, usual)]
    else:
        stray = sorted(set(top) - {"connection", "raw", "count", "closes", "reset"})
        if stray:
            raise ValueError(f'"{stray[0]}" beside "response": put it into the response it belongs to')
        answers = [_read_answer(response, usual) for response in table["response"]]
        whole = _read_answer(top, usual)
        place = next((i for i, answer in enumerate(answers) if answer.connection == whole.connection), 0)
        answers[place] = replace(
            answers[place],
            raw=whole.raw or answers[place].raw,
            count=whole.count if whole.count is not None else answers[place].count,
            closes=whole.closes if whole.closes is not None else answers[place].closes,
            may_reset=whole.may_reset and answers[place].may_reset,
        )
    for answer in answers:
        if answer.connection not in connections:
            raise ValueError(f'expects an answer on connection "{answer.connection}", which no step opens')
    return Expectation(
        level=table["level"],
        answers=tuple(answers),
        log=log,
        host=host,
        fault=table.get("fault", ""),
        title=table.get("title", ""),
        clauses=tuple(table.get("clauses", ())),
    )


def _tupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _read_answer(table: dict[str, Any], usual: str) -> Answer:
    status = table.get("status", [])

    def maybe(key: str) -> Matcher | None:
        return read_matcher(table[key]) if key in table else None

    def each(key: str) -> dict[str, Matcher]:
        return {name: read_matcher(value) for name, value in table.get(key, {}).items()}

    return Answer(
        connection=table.get("connection", usual),
        status=tuple(status) if isinstance(status, list) else (status,),
        reason=maybe("reason"),
        version=maybe("version"),
        header=each("header"),
        body=maybe("body"),
        raw=maybe("raw"),
        count=table.get("count"),
        closes=table.get("closes"),
        may_reset=table.get("reset", True),
        env=each("env"),
        env_names=tuple(table["env-names"]) if "env-names" in table else None,
        argv=tuple(decode(word) for word in table["argv"]) if "argv" in table else None,
        probe=each("probe"),
        within=table.get("within"),
    )


def read_repeat(table: dict[str, Any]) -> Repeat:
    """Returns the octets of a table such as { repeat = "x", times = 3 }."""
    return Repeat(decode(table["repeat"]), table["times"])


def read_matcher(value: Any) -> Matcher:
    """Returns the matcher of a TOML value.

    A string is `equals`; a number, truth value or list (in probe.*) is itself.
    """
    if isinstance(value, str):
        return Matcher(equals=decode(value))
    if isinstance(value, list):
        return Matcher(words=_words(value))
    if not isinstance(value, dict):
        return Matcher(value=value)
    read: dict[str, Callable[[Any], Any]] = {
        "equals": decode,
        "contains": _texts,
        "lacks": _texts,
        "matches": lambda text: text.encode(),
        "starts-with": decode,
        "ends-with": decode,
        "one-of": _texts,
        "repeat": read_repeat,
        "words": _words,
    }
    return Matcher(**{key.replace("-", "_"): read.get(key, _same)(asked) for key, asked in value.items()})


def _same(value: Any) -> Any:
    return value


def _texts(value: str | list[str]) -> tuple[bytes, ...]:
    return tuple(decode(text) for text in ([value] if isinstance(value, str) else value))


def _words(value: list[int | str]) -> tuple[int | bytes, ...]:
    return tuple(decode(word) if isinstance(word, str) else word for word in value)
