"""What a case expects: one answer or several in order, per profile, read from its TOML table.

An answer is a response, or one of the ends without one: "closed" (not a byte), "silent" (nothing within the
limit), "bare" (bytes without a status line).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cgi_conform.cases.matcher import Matcher, Repeat
from cgi_conform.octets import decode

PROFILES = ("cgihttpserver", "rfc3875")
LEVELS = ("required", "recommended", "observed")
_OF_THE_CASE = ("level", "title", "clauses", "log", "host", "fault", "response")  # keys that say nothing of one answer
CLOSED, SILENT, BARE = "closed", "silent", "bare"

Status = int | str  # a status code, or one of the words above


@dataclass(frozen=True)
class Answer:
    """What is expected on a connection: one response, or an end without one."""

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
        """Whether a status line must come: no word is among the outcomes allowed."""
        return not any(isinstance(status, str) for status in self.status)


@dataclass(frozen=True)
class Host:
    """What the exchange may leave behind on the machine: in the server's processes, and in files; None: anything.

    Numbers are the most that may be. Processes and descriptors are waited for until it is so.
    """

    zombies: int | None = None
    scripts: int | None = None  # processes below the server that run another program
    descriptors: int | None = None  # open files of the server more than before
    memory: int | None = None  # octets that it held at its peak more than before
    written: tuple[str, ...] | None = None  # what may be made, changed or removed beside and below the document root
    listening: bool | None = None
    ended: bool | None = None


@dataclass(frozen=True)
class Expectation:
    """What one profile asks: `answers` in order, several when the case lists several responses."""

    level: str
    answers: tuple[Answer, ...]
    log: Matcher | None = None
    host: Host | None = None
    fault: str = ""  # what turns the case red in this profile, where that is not what the case itself names
    title: str = ""  # what this profile asks, where that is not what the case's title says
    clauses: tuple[str, ...] = ()  # what this profile is judged by, beside the clauses of the case

    def on(self, connection: str) -> tuple[Answer, ...]:
        """The answers expected on one connection, in order."""
        return tuple(answer for answer in self.answers if answer.connection == connection)

    def count(self, connection: str) -> int | None:
        """How many responses are asked for on a connection, by `count` or by how many are listed."""
        answers = self.on(connection)
        counts = [answer.count for answer in answers if answer.count is not None]
        return counts[0] if counts else len(answers) or None


def read_expectation(table: dict[str, Any], connections: tuple[str, ...]) -> Expectation:
    """The expectation in [case.PROFILE]; its shape has been validated. ValueError says what makes no sense."""
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
    """{ repeat = "x", times = 3 }"""
    return Repeat(decode(table["repeat"]), table["times"])


def read_matcher(value: Any) -> Matcher:
    """A plain string is `equals`; in probe.* a number, truth value or list stands for itself."""
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
