"""Checks before a run that the server at --url answers and serves the files of --root."""

from pathlib import Path

from cgi_conform.cases.case import Step
from cgi_conform.errors import SERVER, UserError
from cgi_conform.escaped import excerpt
from cgi_conform.http.exchange import play
from cgi_conform.http.response import is_tls, parse
from cgi_conform.http.timeouts import CaseDeadline
from cgi_conform.octets import Tokens
from cgi_conform.running.plan import Plan

CHECKED = "hello.txt"  # the file that shows that a folder is the document root


def check_target(plan: Plan) -> None:
    """Raises UserError if no server answers there (3), or if it does not serve the files of --root (2)."""
    if plan.server is not None:
        return
    if not (Path(plan.root) / CHECKED).is_file():
        below = Path(plan.root) / "root"
        hint = f'did you mean "{below}"?' if (below / CHECKED).is_file() else "cgi-conform fixtures DIR makes DIR/root"
        raise UserError(f'--root "{plan.root}" does not hold the fixtures: no {CHECKED} ({hint})')
    script = f"cgi-bin/hello{plan.script_suffix}"
    if plan.script_suffix and not (Path(plan.root) / script).is_file():
        how = f"cgi-conform fixtures DIR --script-suffix {plan.script_suffix} lays it out"
        raise UserError(f'--root "{plan.root}" does not hold the fixtures: no {script} ({how})')
    host, port = plan.address
    where = f"--url http://{f'[{host}]' if ':' in host else host}:{port}"
    steps = [Step(send=f"GET /{CHECKED} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())]
    deadline = CaseDeadline.from_now(plan.case_timeout)
    exchange = play(steps, plan.address, Tokens(port, plan.root, plan.root), timeout=plan.timeout, deadline=deadline)
    if exchange.refused:
        got = exchange.failed_steps[0].got.decode()
        raise UserError(f"{where}: nothing listens there ({got}): start the server, then run again", SERVER)
    connection = exchange.connections["main"]
    if not connection.received:
        how = connection.gave_up or f"{connection.end} without an octet"
        raise UserError(f"{where}: no answer to GET /{CHECKED} ({how})", SERVER)
    responses = parse(bytes(connection.received), ended=connection.end != "open").responses
    wanted = (Path(plan.root) / CHECKED).read_bytes()
    if not responses or responses[0].status != 200 or responses[0].body != wanted:
        line = responses[0].status_line if responses else bytes(connection.received)
        if is_tls(line):
            raise UserError(f"{where}: the server speaks HTTPS (name a port that speaks HTTP)", SERVER)
        got = f'"{excerpt(line, 60)}"' if not responses or responses[0].status != 200 else "another content"
        told = f'--root "{plan.root}" is not what the server at {where.removeprefix("--url ")} serves'
        raise UserError(f"{told}: GET /{CHECKED} brought {got} (cgi-conform fixtures DIR lays out what it must serve)")
