"""Makes shell lines that a person can paste to repeat a case: with nc, with bash alone, and with curl.

The nc line sends exactly the octets of the case. POSIX printf has only octal escapes, so octets that are not plain text
become \\ooo. The bash line uses /dev/tcp, for machines without nc. nc cannot open connections side by side, reset one,
wait for a process or send a signal: for such cases the line is `cgi-conform replay`. Where the case waits for octets,
the line sleeps for a second, and a comment says so. A comment also names what the person must check on the machine.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cgi_conform.cases.answer import SILENT
from cgi_conform.cases.case import Case, Step
from cgi_conform.cases.matcher import Repeat
from cgi_conform.cases.wording import bounds
from cgi_conform.octets import Tokens, fill

PORT, ROOT, BASE = "{port}", "{root}", "{base}"

_REPLAY = "cgi-conform replay "
_PLACE = re.compile(r"(\| nc(?: -N| -q 0)? |/dev/tcp/|'http://)127\.0\.0\.1([ /:])\{port\}")
_SHORT = {ord("\r"): "\\r", ord("\n"): "\\n", ord("\t"): "\\t", ord("\\"): "\\\\", ord("%"): "%%"}
_TARGET = re.compile(rb"/[A-Za-z0-9._~!$&()*+,;=:@%/?-]*")
_FIELD = re.compile(rb"([A-Za-z0-9!#$%&*+.^_`|~-]+): ([!-~](?:[ -~]*[!-~])?)")
_PLAIN_BODY = re.compile(rb"(?!@)[ -~]{0,1000}")
_ADDED_BY_CURL = ("Host", "User-Agent", "Accept")


@dataclass(frozen=True)
class Reach:
    """The server that pasted lines connect to. fill() puts its address into the lines of this module."""

    host: str = "127.0.0.1"
    port: int | str = 8000
    server: str = ""  # the options that name the server to `cgi-conform replay`
    starts: str = ""  # the command that starts a server there, "" if one runs already

    def fill(self, line: str) -> str:
        """Returns the line with host, port and server filled in."""
        if line.startswith(_REPLAY):
            call, note, rest = line.partition("  #")
            return f"{call} {self.server}".rstrip() + note + rest
        in_url = f"[{self.host}]" if ":" in self.host else self.host
        line = _PLACE.sub(
            lambda match: f"{match[1]}{in_url if 'http' in match[1] else self.host}{match[2]}{PORT}", line
        )
        return line.replace(PORT, str(self.port))


def shell_line(case: Case, port: int | None = None) -> str:
    """Returns a line for dash and bash. Without a port, the line has the token {port}, which Reach.fill() replaces."""
    if _needs_more_than_nc(case):
        return f"{_REPLAY}{case.id}  # more than nc can do"
    steps = [[step for step in case.steps if step.connection == name] for name in case.connections]
    return _as_often(case, "; ".join(_of_connection(each, port) for each in steps)) + _notes(case)


def bash_line(case: Case, port: int | None = None) -> str | None:
    """Returns a line for bash without nc; None if the case does more than send and read to the end."""
    if _needs_more_than_nc(case) or any(step.half_close for step in case.steps):
        return None
    where = f"/dev/tcp/127.0.0.1/{PORT if port is None else port}"
    told: list[str] = []
    for name in case.connections:
        steps = [step for step in case.steps if step.connection == name]
        sending = "; ".join(_sending(steps, port)) or ":"
        reading = ":" if any(step.close for step in steps) else "cat <&3"
        told.append(f"( exec 3<>{where}; {{ {sending}; }} >&3; {reading} )")
    return _as_often(case, "; ".join(told)) + _notes(case)


def _as_often(case: Case, line: str) -> str:
    """Returns the line, in a loop if the case is played several times."""
    return line if case.times == 1 else f"for n in $(seq {case.times}); do {line}; done"


def _sending(steps: Sequence[Step], port: int | None) -> list[str]:
    """Returns shell commands that print what the client sends on one connection, with its pauses."""
    commands: list[str] = []
    for number, step in enumerate(step for step in steps if not _is_only_a_wait(step)):
        seconds = max(step.pause, 1.0 if number and step.await_bytes is not None else 0.0)
        commands += [f"sleep {seconds:g}"] if seconds else []
        commands += octet_commands(fill_port(step.send, port), step.body)
    return commands


def _of_connection(steps: Sequence[Step], port: int | None) -> str:
    """Returns the commands for one connection, piped into nc."""
    commands = _sending(steps, port)
    sending = commands[0] if len(commands) == 1 and "|" not in commands[0] else f"{{ {'; '.join(commands)}; }}"
    where = PORT if port is None else str(port)
    return f"{sending if commands else ':'} | nc{_ending(steps)} 127.0.0.1 {where}"


def octet_commands(send: bytes, body: Repeat | None) -> list[str]:
    """Returns shell commands that print `send`, then the repeated octets of the body."""
    commands = [f"printf '{printf_format(send)}'"] if send else []
    if body is not None and body.times and len(body.repeat) == 1:
        octet = body.repeat.decode("latin-1")
        octet = octet if octet.isascii() and octet.isalnum() else f"'\\{body.repeat[0]:03o}'"
        commands.append(f"head -c {body.times} /dev/zero | tr '\\000' {octet}")
    elif body is not None and body.times:
        commands.append(f"printf '{printf_format(body.repeat)}%.0s' $(seq {body.times})")
    return commands


def printf_format(data: bytes) -> str:
    """Returns the format for POSIX printf, without the single quotes, that prints these octets."""
    text = "".join(_printf_octet(octet) for octet in data)
    return "\\055" + text[1:] if text.startswith("-") else text  # printf would take a leading "-" for an option


def _printf_octet(octet: int) -> str:
    if octet in _SHORT:
        return _SHORT[octet]
    return chr(octet) if 32 <= octet < 127 and octet != ord("'") else f"\\{octet:03o}"


def fill_port(data: bytes, port: int | None) -> bytes:
    """Returns the octets with the port filled in. {root} and {base} stay; the person fills them in."""
    return data if port is None else fill(data, Tokens(port, ROOT, BASE))


def _needs_more_than_nc(case: Case) -> bool:
    """Returns whether the case resets, reads late, signals, waits for a process, or holds several connections open."""
    if any(step.reset or step.read_late or step.signal or step.start for step in case.steps):
        return True
    if any((step.wait_gone, step.wait_blocked) != (None, None) for step in case.steps):
        return True
    return len(case.connections) > 1 and not _one_after_another(case)


def _one_after_another(case: Case) -> bool:
    """Returns whether each connection sends once and gets an answer, so that they can be played one after another."""
    if case.variant or len(case.steps) != len(case.connections):
        return False
    if any(step.await_bytes is not None or step.pause or step.close or not step.send for step in case.steps):
        return False
    for expectation in case.expect.values():
        if {answer.connection for answer in expectation.answers} != set(case.connections):
            return False
        if any(SILENT in answer.status for answer in expectation.answers):
            return False
    return True


def _is_only_a_wait(step: Step) -> bool:
    """Returns whether the step only waits for octets. nc needs no command for it, because it prints all octets."""
    return not step.send and step.body is None and not step.half_close and not step.close


def _ending(steps: Sequence[Step]) -> str:
    if any(step.close for step in steps):
        return " -q 0"
    return " -N" if any(step.half_close for step in steps) else ""


def _notes(case: Case) -> str:
    """Returns a shell comment with what the line cannot do."""
    waits = [step for step in case.steps[1:] if step.await_bytes is not None and not _is_only_a_wait(step)]
    notes = ["sleeps where the case waits for octets"] if waits else []
    if case.variant:
        notes.append(f"server started for {case.variant}")
    if case.environment:
        notes.append("server started with " + " ".join(sorted(case.environment)))
    if case.descriptor is not None:
        notes.append(f"server started with {case.descriptor}</dev/null")
    looks = {what: None for expectation in case.expect.values() if expectation.host for what, _ in bounds(expectation.host)}
    if looks:
        notes.append(f"then look at the server's {', '.join(looks)}")
    return f"  # {'; '.join(notes)}" if notes else ""


def curl_line(case: Case, port: int | None = None) -> str | None:
    """Returns the request as a curl line; None if curl cannot send it or would change it."""
    if len(case.steps) != 1 or case.steps[0] != Step(send=case.steps[0].send) or case.times > 1:
        return None
    head, _, body = fill_port(case.steps[0].send, port).partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    words = first.split(b" ")
    fields = [_FIELD.fullmatch(line) for line in lines]
    if len(words) != 3 or words[2] not in (b"HTTP/1.0", b"HTTP/1.1") or not _TARGET.fullmatch(words[1]):
        return None
    if not _PLAIN_BODY.fullmatch(body) or not all(fields):
        return None
    pairs = [(field[1].decode(), field[2].decode()) for field in fields if field]
    options = _method_options(words[0].decode("latin-1"), pairs, body.decode())
    if options is None or len({name.lower() for name, _ in pairs}) != len(pairs):
        return None
    version = "--http1.0" if words[2] == b"HTTP/1.0" else "--http1.1"
    where = PORT if port is None else str(port)
    return " ".join(["curl -si", version, *options, *_field_options(pairs), *_target(words[1].decode(), where)])


def _target(target: str, port: str) -> list[str]:
    """Returns the target as options and URL. curl 8.14 drops an empty query from a URL, so it needs an option."""
    server = f"http://127.0.0.1:{port}"
    if target.partition("?")[1:] == ("?", ""):
        return ["--request-target", _quoted(target), server]
    return ["--path-as-is", _quoted(server + target)]


def _method_options(method: str, fields: list[tuple[str, str]], body: str) -> list[str] | None:
    lengths = [value for name, value in fields if name.lower() == "content-length"]
    if any(name.lower() in ("transfer-encoding", "expect", "connection") for name, _ in fields):
        return None
    if method == "POST" and lengths == [str(len(body))]:
        return ["--data-binary", _quoted(body)]
    if lengths or body:
        return None
    if method == "HEAD":
        return ["-I"]
    return [] if method == "GET" else None


def _field_options(fields: list[tuple[str, str]]) -> list[str]:
    given = {name.lower() for name, _ in fields}
    unasked = [*_ADDED_BY_CURL, *(["Content-Type"] if "content-length" in given else [])]
    options = [f"-H {name}:" for name in unasked if name.lower() not in given]
    return options + [f"-H {_quoted(f'{name}: {value}')}" for name, value in fields if name.lower() != "content-length"]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
