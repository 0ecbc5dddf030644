"""Tries one case against one server: control, exchange, judgement, and result.

If the server does not start or dies, the case is an error, and says nothing about the rule.
"""

import time
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from cgi_conform.cases.answer import CLOSED, SILENT, Expectation
from cgi_conform.cases.case import Case, Step
from cgi_conform.cases.docroot import file_reader
from cgi_conform.errors import UserError
from cgi_conform.http.connection import Connection
from cgi_conform.http.exchange import Exchange, play
from cgi_conform.http.framing import Asked, asked_for
from cgi_conform.http.response import parse
from cgi_conform.http.timeouts import CaseDeadline
from cgi_conform.judging.judge import Judgement, Mismatch, CaseContext, judge, judge_log, settled
from cgi_conform.judging.known_failures import known_failure_of
from cgi_conform.judging.normalise import normalised, without_stamps
from cgi_conform.judging.results import CaseResult
from cgi_conform.judging.side_effects import Watch
from cgi_conform.octets import Tokens, printable
from cgi_conform.running.case_result import Trial, judged, reason_to_skip, untried
from cgi_conform.running.plan import Plan
from cgi_conform.servers.account import nobody_ids
from cgi_conform.servers.instance import Instance
from cgi_conform.servers.once_more import start_once_more
from cgi_conform.servers.ports import ADDRESS
from cgi_conform.servers.server_pool import ServerPool

_SLOWLY = 200_000  # octets per second that a slow server reads, such as one that reads octet by octet on a busy machine


@dataclass
class CaseOutcome:
    """The outcome of trying a case: its result, and messages about servers that died."""

    result: CaseResult
    messages: list[str] = field(default_factory=list)
    answered: bool | None = None  # completely; None: the case needs no answer, or gets none as it expects
    failure: str = ""  # the message if the server for the case did not start


def try_case(case: Case, plan: Plan, pool: ServerPool | None, fixtures: Path) -> CaseOutcome:
    """Tries a case and returns the outcome."""
    expectation = case.expect[plan.profile]
    rule = known_failure_of(plan.known_failures, case.id, plan.capabilities.user)
    if (reason := reason_to_skip(case, plan)) is not None:
        return CaseOutcome(untried(case, plan, "skip", reason))
    begun = time.monotonic()
    messages = pool.deaths() if pool else []
    try:
        instance = pool.instance(case) if pool else None
    except UserError as error:
        result = untried(case, plan, "error", error.message.partition("\n")[0])
        return CaseOutcome(result, messages, failure=error.message)
    deadline = CaseDeadline.from_now(plan.case_timeout, waits(case))
    trial = _try(case, expectation, plan, pool, instance, fixtures, deadline)
    took = time.monotonic() - begun
    if pool is not None and instance is not None and _is_spent(case, trial.judgement, late=took >= plan.timeout):
        pool.retire(instance)
    if pool is not None and any(found.what == "host.written" for found in trial.judgement.mismatches):
        pool.stop()  # this also removes the document root, so that the next case gets a new one
    result = judged(case, rule, trial, plan)
    result["seconds"] = round(took, 3)
    return CaseOutcome(result, [*messages, trial.broken] if trial.broken else messages, _answered(expectation, trial))


def waits(case: Case) -> float:
    """Returns the seconds that a case takes with any server: those of its steps, its limit and its bodies."""
    steps = sum(step.pause + (step.wait_blocked or 0.0) + (step.wait_gone or 0.0) for step in case.steps)
    bodies = sum(len(step.body.repeat) * step.body.times for step in case.steps if step.body)
    return case.times * (steps + (case.limit or 0.0) + bodies / _SLOWLY)


def _answered(expectation: Expectation, trial: Trial) -> bool | None:
    """Returns whether the server answered within the limits; None if the case needs no answer, or gets none as it expects.

    Any octet counts, unless the client had to give up a connection.
    """
    if trial.answered and not any(connection.gave_up for connection in trial.exchange.all):
        return True
    asks = any(answer.status and answer.wants_response for answer in expectation.answers)
    return False if asks and (trial.judgement.mismatches or trial.broken) else None


def _is_spent(case: Case, judgement: Judgement, *, late: bool) -> bool:
    """Returns whether the next case needs a new server.

    A server that serves one client at a time may be blocked, may wait for a script that still runs, or may still work
    on this case. A server with limits may not have freed the connections of this case yet.
    """
    if late or case.ends_server or case.variant == "limits" or judgement.saw == SILENT:
        return True
    return any(found.what in ("control", "liveness", "wait-gone") for found in judgement.mismatches)


def is_alive(address: tuple[str, int], plan: Plan) -> bool:
    """Returns whether a plain GET gets a complete answer within the limits."""
    deadline = CaseDeadline.from_now(plan.case_timeout)
    connection = _ask(b"/hello.txt", address, Tokens(address[1], "", ""), plan.timeout, deadline)
    responses = parse(connection.received, ended=connection.end != "open").responses
    return bool(responses) and responses[0].complete


def _try(
    case: Case,
    expectation: Expectation,
    plan: Plan,
    pool: ServerPool | None,
    instance: Instance | None,
    fixtures: Path,
    deadline: CaseDeadline,
) -> Trial:
    address = (ADDRESS, instance.port) if instance else plan.address
    root = Path(pool.docroot.root if pool else plan.root)
    tokens = Tokens(address[1], str(root), str(root.parent))
    asked = asked_for(case.steps, plan.profile, root_is_cgi=case.variant == "cgi-root")
    context = CaseContext(tokens, file_reader(root, fixtures), nobody_ids(), lambda octets: _normal(octets, tokens, asked))
    begun = instance.log_size() if instance else 0
    control = _status(case.control, address, tokens, plan.timeout, deadline) if case.control is not None else "200"
    if case.control is not None and control != "200":
        asked_of = f"200 for the plain GET of {printable(case.control)}"
        trial = Trial(Judgement((Mismatch("control", asked_of, control),), None), Exchange(), context.normal)
    else:
        watch = _watch(expectation, instance, root.parent)
        exchange, judgement = _exchange(case, expectation, plan, address, context, instance, deadline)
        more = _log(expectation, instance, begun, context, plan.timeout, deadline)
        more += watch.mismatches(0 if judgement.mismatches else plan.timeout) if watch else []
        if case.control is not None:
            more += _liveness(address, tokens, plan.timeout, deadline)
        trial = Trial(Judgement((*judgement.mismatches, *more), judgement.saw), exchange, context.normal)
        trial.answered = any(connection.received for connection in exchange.all)
    trial.answered |= case.control is not None and control.isdecimal()
    if case.ends_server and not trial.exchange.refused:
        return trial  # the case itself ends the server
    suspicious = trial.judgement.saw == CLOSED or trial.exchange.refused or _cut_off(trial.exchange)
    ending = instance.died(within=1.0 if suspicious else 0.0) if instance else None
    if instance is not None and ending is not None:
        instance.death_told = True
        trial.broken = f'server "{plan.name}" died in case "{case.id}": {ending}'
    elif trial.exchange.refused:
        trial.broken = f"no connection to {address[0]} port {address[1]} (is the server running?)"
    return trial


def _cut_off(exchange: Exchange) -> bool:
    """Returns whether a step failed and a connection has ended."""
    return bool(exchange.failed_steps) and any(connection.end != "open" for connection in exchange.all)


def _watch(expectation: Expectation, instance: Instance | None, base: Path) -> Watch | None:
    """Starts to watch the server's processes and files if the case checks them."""
    if instance is None or expectation.host is None:
        return None
    watch = Watch(expectation.host, instance, base)
    watch.begin()
    return watch


def _exchange(
    case: Case,
    expectation: Expectation,
    plan: Plan,
    address: tuple[str, int],
    context: CaseContext,
    instance: Instance | None,
    deadline: CaseDeadline,
) -> tuple[Exchange, Judgement]:
    """Plays the steps `times` times or until a mismatch. Returns the last exchange and its judgement."""
    for left in reversed(range(case.times)):
        exchange = play(
            case.steps,
            address,
            context.tokens,
            timeout=plan.timeout,
            limit=case.limit,
            judged=[answer.connection for answer in expectation.answers],
            settled=settled(expectation),
            delivery=plan.delivery,
            grace=plan.grace,
            signal=instance.signal if instance else _to_nobody,
            start=partial(start_once_more, instance, patience=plan.start_timeout),
            deadline=deadline,
        )
        judgement = judge(expectation, exchange, context)
        if judgement.mismatches or not left:
            break
    return exchange, judgement


def _to_nobody(_name: str) -> None:
    """Does nothing: cases that send a signal are skipped if the suite did not start the server."""


def _ask(path: bytes, address: tuple[str, int], tokens: Tokens, timeout: float, deadline: CaseDeadline) -> Connection:
    """Sends a plain GET, reads to the end, and returns the connection."""
    steps = [Step(send=b"GET " + path + b" HTTP/1.0\r\n\r\n")]
    return play(steps, address, tokens, timeout=timeout, deadline=deadline).connections["main"]


def _status(path: bytes, address: tuple[str, int], tokens: Tokens, timeout: float, deadline: CaseDeadline) -> str:
    """Returns the status of a plain GET, or the end of the connection in words."""
    connection = _ask(path, address, tokens, timeout, deadline)
    parsed = parse(bytes(connection.received), ended=connection.end != "open")
    if parsed.responses:
        return str(parsed.responses[0].status)
    return f"{connection.end}: {connection.gave_up}" if connection.gave_up else connection.end


def _liveness(address: tuple[str, int], tokens: Tokens, timeout: float, deadline: CaseDeadline) -> list[Mismatch]:
    status = _status(b"/hello.txt", address, tokens, timeout, deadline)
    return [] if status.isdecimal() else [Mismatch("liveness", "any status for GET /hello.txt afterwards", status)]


def _log(
    expectation: Expectation, instance: Instance | None, begun: int, context: CaseContext, patience: float, deadline: CaseDeadline
) -> list[Mismatch]:
    """Returns the mismatch of the log. Checks again until --timeout, since a server may write it after the answer."""
    if expectation.log is None or instance is None:
        return []
    end = deadline.after(patience)
    while True:
        found = judge_log(expectation.log, instance.log_since(begun), context)
        if found is None or time.monotonic() >= end():
            if found is not None and found.at is None:
                found = replace(found, got=f"{found.got} after {patience:g} s (--timeout)")
            return [] if found is None else [found]
        time.sleep(0.01)


def _normal(octets: bytes, tokens: Tokens, asked: Asked) -> bytes:
    return without_stamps(normalised(octets, tokens.port, tokens.root, tokens.base, asked))
