"""`cgi-conform replay ID`: plays one case once and prints the octets of both sides, their times, and the verdict.

Times count from the end of the request. Their resolution is 20 ms, the pause between two looks at the connection.
`replay` judges the exchange only. `cgi-conform run` also checks the control request, the liveness probe, the log and
the machine.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from cgi_conform.cases.answer import Expectation
from cgi_conform.cases.case import Case
from cgi_conform.cases.docroot import file_reader
from cgi_conform.cases.load import load_cases
from cgi_conform.commands.server_options import configure_profile, configure_server
from cgi_conform.errors import SERVER, UserError
from cgi_conform.escaped import clipped, lines
from cgi_conform.http.connection import Connection
from cgi_conform.http.delivery import DELIVERIES
from cgi_conform.http.exchange import Exchange, play
from cgi_conform.http.timeouts import CaseDeadline
from cgi_conform.judging.judge import Judgement, CaseContext, judge, settled
from cgi_conform.numbers import counted, seconds
from cgi_conform.octets import Tokens, printable
from cgi_conform.paths import fixtures
from cgi_conform.running.capabilities import missing
from cgi_conform.running.plan import Options, Plan, make_plan
from cgi_conform.servers.account import nobody_ids
from cgi_conform.servers.instance import last_lines
from cgi_conform.servers.once_more import start_once_more
from cgi_conform.servers.ports import ADDRESS
from cgi_conform.servers.server_pool import ServerPool

_SHOWN = 8000


@dataclass(frozen=True)
class Target:
    """The server to talk to, and its output since the exchange began."""

    address: tuple[str, int]
    root: Path
    signal: Callable[[str], None] = lambda name: None
    start: Callable[[str], str] = partial(start_once_more, None)
    log: list[bytes] = field(default_factory=list)


@dataclass
class Marks:
    """The lengths of the received octets by connection, each with the time at which the client saw it."""

    seen: dict[str, list[tuple[float, int]]] = field(default_factory=dict)

    def note(self, name: str, length: int) -> None:
        self.seen.setdefault(name, []).append((time.monotonic(), length))


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `replay`."""
    parser.add_argument("id", metavar="ID", help="the id of a case, such as post/plain-file")
    configure_server(parser)
    configure_profile(parser)
    add = parser.add_argument
    add("--timeout", type=seconds, default=5.0, metavar="S", help="seconds to wait for an answer (default: %(default)g)")
    add("--delivery", choices=DELIVERIES, default="whole", help="how to cut requests into writes (default: whole)")


def main(options: argparse.Namespace) -> int:
    """Plays the case once, prints the octets of both sides, and returns 1 if the answer is not as expected."""
    case = load_cases(fixtures() / "cases", [options.id])[0]
    plan = make_plan(Options.of(options))
    if plan.profile not in case.expect:
        other = next(iter(case.expect))
        raise UserError(f'case "{case.id}" is not judged in profile {plan.profile} (--profile {other})')
    [case] = plan.rewritten([case])
    lacking = missing(case, plan.capabilities)
    if lacking is not None:
        raise UserError(f'case "{case.id}" cannot be played here: {"" if case.unsuitable else "it "}{lacking}')
    expectation = case.expect[plan.profile]
    with _target(case, plan) as target:
        tokens = Tokens(target.address[1], str(target.root), str(target.root.parent))
        exchange, marks = _play(case, expectation, plan, target, tokens)
        if exchange.refused:
            where = f"{target.address[0]} port {target.address[1]}"
            raise UserError(f"no connection to {where} (is the server running?)", SERVER)
        context = CaseContext(tokens, file_reader(target.root, fixtures()), nobody_ids())
        judgement = judge(expectation, exchange, context)
    print(transcript(exchange, marks, b"".join(target.log)), end="")
    print(verdict(case, expectation, judgement), end="")
    return 1 if judgement.mismatches else 0


def _play(
    case: Case, expectation: Expectation, plan: Plan, target: Target, tokens: Tokens
) -> tuple[Exchange, Marks]:
    marks = Marks()
    whole = settled(expectation)

    def watched(name: str, received: bytearray, sent: bytes) -> bool:
        marks.note(name, len(received))
        return whole(name, received, sent)

    exchange = play(
        case.steps,
        target.address,
        tokens,
        timeout=plan.timeout,
        limit=case.limit,
        judged=[answer.connection for answer in expectation.answers],
        settled=watched,
        delivery=plan.delivery,
        signal=target.signal,
        start=target.start,
        deadline=CaseDeadline.from_now(plan.case_timeout),
    )
    return exchange, marks


@contextmanager
def _target(case: Case, plan: Plan) -> Iterator[Target]:
    """Yields the server of the plan. Starts it for this case unless it runs already."""
    if plan.server is None:
        yield Target(plan.address, Path(plan.root))
        return
    running = ServerPool(plan.server, fixtures())
    try:
        instance = running.instance(case)
        start = partial(start_once_more, instance)
        target = Target((ADDRESS, instance.port), running.docroot.root, instance.signal, start)
        begun = instance.log_size()
        yield target
        instance.died(within=1.0)  # waits for the exit status of a server that is about to end
        if instance.is_in_background():  # the server went into the background after it had accepted connections
            raise UserError(f'server "{instance.name}" cannot be judged: {instance.died()}', SERVER)
        target.log.append(instance.log_since(begun))
    finally:
        running.stop()


def transcript(exchange: Exchange, marks: Marks, log: bytes) -> str:
    """Returns the octets of every connection with times: ">" marks sent ones, "<" received ones."""
    several = len(exchange.connections) > 1
    told: list[str] = []
    for connection in exchange.all:
        told += [f"connection {connection.name}"] if several else []
        told.append(f"> {counted(len(connection.sent) + connection.left_out, 'octet')}")
        told += [f"> {line}" for line in lines(clipped(printable(bytes(connection.sent)), _SHOWN))]
        told += _received(connection, marks.seen.get(connection.name, []))
    if log:
        told.append("the server printed" + last_lines(log, 20))
    return "\n".join(told) + "\n"


def _received(connection: Connection, seen: list[tuple[float, int]]) -> list[str]:
    """Returns the received octets, cut where the client looked at the connection."""
    data, begun, shown = bytes(connection.received), connection.sent_at, 0
    told: list[str] = []
    if connection.first_at is not None:
        told.append(f"< first octet after {max(0.0, connection.first_at - begun):.3f} s")
    for moment, length in [*seen, (connection.last_at, len(data))]:
        if length > shown:
            text = clipped(printable(data[shown:length]), _SHOWN)
            told.append(f"< {counted(length - shown, 'octet')} until {max(0.0, moment - begun):.3f} s")
            told += [f"< {line}" for line in lines(text)]
            shown = length
    after = f" after {max(0.0, connection.last_at - begun):.3f} s" if connection.end != "open" else ""
    end = f"{connection.end}{after}" if not connection.ended_by_us else "ended by the client"
    return [*told, f"< {'nothing, ' if not data else ''}{'still ' if end == 'open' else ''}{end}"]


def verdict(case: Case, expectation: Expectation, judgement: Judgement) -> str:
    """Returns the lines that say whether the exchange is as the case expects."""
    head = f"{case.id} ({expectation.level}): "
    if not judgement.mismatches:
        return f"{head}as expected\n"
    told = [f"{head}not as expected"]
    for item in judgement.mismatches:
        told += [f"  expected  {item.what} {item.expected}", f"  got       {item.what} {item.got}"]
        told += [f"            first differing octet: {item.at}"] if item.at is not None else []
    return "\n".join(told) + "\n"
