"""Judges an exchange: returns every mismatch with the expectation of the case, and the status that was seen.

The functions are pure. The exchange has been played before, and a function reads the files of the document root.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cgi_conform.cases.answer import BARE, CLOSED, SILENT, Answer, Expectation, Status
from cgi_conform.cases.matcher import Matcher, Value, asks_nothing_of_the_value, filled, mismatch
from cgi_conform.escaped import excerpt
from cgi_conform.http.connection import MOST_OCTETS, Connection
from cgi_conform.http.exchange import Exchange
from cgi_conform.http.request_methods import request_methods
from cgi_conform.http.response import MOST_INTERIM, Parsed, Response, is_tls, parse
from cgi_conform.judging.probe import NotTheProbe, Probe, read_probe
from cgi_conform.octets import Tokens


@dataclass(frozen=True)
class Mismatch:
    """A difference between expected and got; `at` is the offset of the first octet that differs.

    Equal mismatches on several connections count as one, with the name of the first connection.
    """

    what: str
    expected: str
    got: str
    at: int | None = None
    line: str = field(default="", compare=False)  # if `what` is "status": the status line that was judged
    connection: str = field(default="", compare=False)  # "" if the case has only one


@dataclass(frozen=True)
class CaseContext:
    """The facts of this run that expectations refer to."""

    tokens: Tokens
    file: Callable[[str], bytes]
    nobody: Mapping[str, int] = field(default_factory=dict)  # the uid and gid of user nobody
    normal: Callable[[bytes], bytes] = bytes  # removes from octets what differs from run to run


@dataclass(frozen=True)
class Judgement:
    """The mismatches, and the status (or the word for an outcome without a response) of the answer that decided."""

    mismatches: tuple[Mismatch, ...]
    saw: Status | None


def settled(expectation: Expectation) -> Callable[[str, bytes | bytearray, bytes], bool]:
    """Returns a function for play() that tells whether an open connection has brought the complete answer.

    The client then does not wait for the end of the connection.
    """

    def whole(name: str, received: bytes | bytearray, sent: bytes) -> bool:
        answers = expectation.on(name)
        if any(answer.closes or not answer.may_reset for answer in answers):
            return False
        methods = request_methods(sent)
        parsed = parse(received, methods, ended=False)
        asked = expectation.count(name) or 1
        return (
            len(parsed.responses) >= asked
            and parsed.responses[-1].complete
            and (parsed.responses[-1].persistent or any(answer.closes is False for answer in answers))
        )

    return whole


def judge(expectation: Expectation, exchange: Exchange, context: CaseContext) -> Judgement:
    """Returns the judgement of an exchange: compares each answer on each connection."""
    found = [
        Mismatch(
            trouble.what,
            _text(trouble.expected, context),
            ": ".join(told for told in (_text(trouble.got, context), trouble.limit) if told),
        )
        for trouble in exchange.failed_steps
    ]
    first: Status | None = None
    decided: Status | None = None
    for name in dict.fromkeys(answer.connection for answer in expectation.answers):
        connection = exchange.connections.get(name) or Connection(name)
        parsed = parse(connection.received, request_methods(bytes(connection.sent)), ended=connection.end != "open")
        answers = expectation.on(name)
        here: list[Mismatch] = []
        for index, answer in enumerate(answers):
            saw = _saw(parsed, connection, index)
            wrong = _answer(answer, saw, parsed, index, connection, context)
            first = saw if first is None else first
            if wrong and decided is None:
                decided = saw
            here += wrong
        here += _whole(answers, expectation.count(name), parsed, connection, context)
        found += [replace(one, connection=name) for one in here] if len(exchange.connections) > 1 else here
    return Judgement(tuple(dict.fromkeys(found)), first if decided is None else decided)


def judge_log(matcher: Matcher, log: bytes, context: CaseContext) -> Mismatch | None:
    """Returns the mismatch of the server's log since the start of the case, or None."""
    return _match("log", matcher, log, context)


def _saw(parsed: Parsed, connection: Connection, index: int) -> Status:
    if index < len(parsed.responses):
        return parsed.responses[index].status
    if parsed.rest and index == len(parsed.responses):
        return BARE
    return SILENT if connection.end == "open" else CLOSED


def _shown(saw: Status, parsed: Parsed, connection: Connection) -> str:
    """Returns the status in words, with the limit if the client gave up."""
    if saw == BARE:
        how = "a TLS record: the server speaks HTTPS" if is_tls(parsed.rest) else "octets without a status line"
        return f"{BARE} ({how}){_limit(connection)}"
    return str(saw) + (_limit(connection) if saw == SILENT else "")


def _answer(
    answer: Answer, saw: Status, parsed: Parsed, index: int, connection: Connection, context: CaseContext
) -> list[Mismatch]:
    if answer.status and saw not in answer.status:
        expected = " or ".join(str(status) for status in answer.status)
        line = excerpt(parsed.responses[index].status_line, 200, context.normal) if index < len(parsed.responses) else ""
        return [Mismatch("status", expected, _shown(saw, parsed, connection), line=line)]
    found = []
    if answer.within is not None and (connection.waited is None or connection.waited > answer.within):
        waited = "nothing" if connection.waited is None else "later"
        found.append(Mismatch("within", f"the first octet within {answer.within:g} s", waited))
    if index < len(parsed.responses):
        return found + _response(answer, parsed.responses[index], connection, context)
    if saw == BARE and answer.body is not None:
        found += _some(_match("body", answer.body, parsed.rest, context))
    elif not answer.status and _asks_for_response(answer):
        found.append(Mismatch("status", "a response", _shown(saw, parsed, connection)))
    return found


def _limit(connection: Connection) -> str:
    """Returns the limit at which the client gave up, to be appended to what was got; or ""."""
    return f": {connection.gave_up}" if connection.gave_up else ""


def _asks_for_response(answer: Answer) -> bool:
    asked = (answer.reason, answer.version, answer.body, answer.env_names, answer.argv)
    return any(item is not None for item in asked) or bool(answer.header or answer.env or answer.probe)


def _response(answer: Answer, response: Response, connection: Connection, context: CaseContext) -> list[Mismatch]:
    end = None if answer.raw is not None or connection.ended_by_us else _end(response, connection)
    found: list[Mismatch | None] = [end]
    cut = end is not None and connection.end == "reset"  # timing decides which octets of the body arrived
    if answer.version:
        found.append(_match("version", answer.version, response.version, context))
    if answer.reason:
        found.append(_match("reason", answer.reason, response.reason, context))
    for name, matcher in answer.header.items():
        found.append(_header(name, matcher, response, context))
    if not cut:
        found += _content(answer, response.body, context)
    return [item for item in found if item is not None]


def _end(response: Response, connection: Connection) -> Mismatch | None:
    """Returns the mismatch of a response whose end did not arrive. After a reset, it counts no octets."""
    if response.complete and (response.framing != "close" or connection.end != "reset"):
        return None
    if connection.end == "reset":
        return Mismatch("end", "a complete response", "connection reset, so that its end may be lost")
    how = connection.gave_up or ("connection still open" if connection.end == "open" else "connection closed")
    return Mismatch("end", "a complete response", f"{how}, lacking {response.lack}")


def _header(name: str, matcher: Matcher, response: Response, context: CaseContext) -> Mismatch | None:
    lines = response.values(name)
    what = f"header.{name}"
    if matcher.count is not None and len(lines) != matcher.count:
        return Mismatch(what, f"{matcher.count} lines", f"{len(lines)} lines")
    if not lines and matcher.count == 0 and asks_nothing_of_the_value(matcher):
        return None
    return _match(what, matcher, b", ".join(lines) if lines else None, context)


def _content(answer: Answer, body: bytes, context: CaseContext) -> list[Mismatch]:
    """Returns the mismatches of a body, and of the report of the probe script in it."""
    found = [] if answer.body is None else _some(_match("body", answer.body, body, context))
    if answer.env or answer.probe or answer.env_names is not None or answer.argv is not None:
        try:
            probe = read_probe(body)
        except NotTheProbe:
            return [*found, Mismatch("body", "what the probe script prints", f'"{_text(body, context)}"')]
        found += _probe(answer, probe, context)
    return found


def _probe(answer: Answer, probe: Probe, context: CaseContext) -> list[Mismatch]:
    found = [_match(f"env.{name}", matcher, probe.env.get(name), context) for name, matcher in answer.env.items()]
    if answer.env_names is not None:
        stray = sorted(set(probe.env) - set(answer.env_names))
        if stray:
            found.append(Mismatch("env-names", "no other than the names listed", ", ".join(stray)))
    if answer.argv is not None:
        found.append(_match("argv", Matcher(words=answer.argv), probe.argv, context))
    for key, matcher in answer.probe.items():
        ident = key[-3:] if key[-3:] in ("uid", "gid") else ""
        if ident and matcher.equals == b"nobody":
            matcher = Matcher(value=context.nobody.get(ident, -1))
        found.append(_match(f"probe.{key}", matcher, probe.seen.get(key), context))
    return [item for item in found if item is not None]


def _whole(
    answers: Sequence[Answer], count: int | None, parsed: Parsed, connection: Connection, context: CaseContext
) -> list[Mismatch]:
    """Returns the mismatches of a connection as a whole."""
    found: list[Mismatch | None] = []
    raw = [answer.raw for answer in answers if answer.raw is not None]
    found += [_match("raw", matcher, bytes(connection.received), context) for matcher in raw]
    responses = len(parsed.responses)
    explicit = any(answer.count is not None for answer in answers)
    if count is not None and (responses > count or (explicit and responses != count)):
        limit = _limit(connection) if responses < count else ""
        found.append(Mismatch("count", f"{count} responses", f"{responses} responses{limit}"))
    elif parsed.rest and responses >= len(answers) and not raw:
        got = f'"{_text(parsed.rest, context)}"'
        found.append(Mismatch("surplus", "nothing after the last response", got))
    for closes in {answer.closes for answer in answers if answer.closes is not None}:
        if closes != (connection.end != "open"):
            expected = "the server closes the connection" if closes else "the connection stays open"
            found.append(Mismatch("closes", expected, connection.end + (_limit(connection) if closes else "")))
    if connection.is_flooded:
        found.append(Mismatch("octets", f"at most {MOST_OCTETS} octets", "more"))
    if len(parsed.interim) > MOST_INTERIM:
        found.append(Mismatch("interim", f"at most {MOST_INTERIM} interim responses (1xx)", "more"))
    if connection.reset and not all(answer.may_reset for answer in answers):
        found.append(Mismatch("reset", "the connection is not reset", "reset"))
    return [item for item in found if item is not None]


def _match(what: str, matcher: Matcher, value: Value | None, context: CaseContext) -> Mismatch | None:
    difference = mismatch(filled(matcher, context.tokens), value, context.file, context.normal)
    return None if difference is None else Mismatch(what, difference.expected, difference.got, difference.at)


def _text(octets: bytes, context: CaseContext) -> str:
    return excerpt(octets, 2000, context.normal)


def _some(found: Mismatch | None) -> list[Mismatch]:
    return [] if found is None else [found]
