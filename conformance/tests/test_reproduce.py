"""cases/reproduce.py: the pasted lines send exactly the octets of a case; the curl line sends the same request."""

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cgi_conform.cases.answer import PROFILES, Expectation, Host
from cgi_conform.cases.case import Case, Step
from cgi_conform.cases.load import load_cases
from cgi_conform.cases.matcher import Repeat
from cgi_conform.cases.reproduce import Reach, bash_line, curl_line, printf_format, shell_line
from cgi_conform.octets import Tokens, fill
from cgi_conform.paths import REPO

CORPUS = load_cases(REPO / "fixtures" / "cases", validate=False) if (REPO / "fixtures" / "cases").is_dir() else []
SHELLS = [shell for shell in ("dash", "bash") if shutil.which(shell)]
PORT = 41327


def case_of(*steps: Step, name: str = "topic/slug", **more: object) -> Case:
    return Case(name, "title", ("seed/a",), "fault", steps, {}, Path("topic.toml"), **more)  # type: ignore[arg-type]


def octets_of(case: Case) -> bytes:
    tokens = Tokens(PORT, "{root}", "{base}")
    once = b"".join(fill(step.send, tokens) + (step.body.octets() if step.body else b"") for step in case.steps)
    return once * case.times


def printed(shell: str, lines: list[str]) -> list[bytes]:
    """Returns the octets that each line sends. In the shell, `nc` copies its input, and `sleep` does nothing."""
    mark = b"\0--next--\0"
    script = "sleep() { :; }\nnc() { cat; }\n" + "\n".join(f"{line}\nprintf '\\000--next--\\000'" for line in lines)
    done = subprocess.run([shell], input=script.encode(), stdout=subprocess.PIPE, check=True)
    return done.stdout.split(mark)[:-1]


def test_nearly_every_case_has_a_line_for_nc() -> None:
    by_nc = [case for case in CORPUS if " | nc " in shell_line(case, PORT)]
    for profile in PROFILES:
        assert sum(profile in case.expect for case in by_nc) > 0.94 * sum(profile in case.expect for case in CORPUS)


@pytest.mark.long
@pytest.mark.parametrize(("shell", "stride"), list(zip(SHELLS, (1, 4))))
def test_the_pasted_line_sends_exactly_the_octets_of_a_case(shell: str, stride: int) -> None:
    """One shell runs the lines of all cases. Each line starts several processes, so the other shell runs a quarter."""
    lines = {case.id: line for case in CORPUS[::stride] if " | nc " in (line := shell_line(case, PORT))}
    told = [case for case in CORPUS if case.id in lines]
    for case, octets in zip(told, printed(shell, list(lines.values())), strict=True):
        assert octets == octets_of(case), case.id


class Sink:
    """Accepts one connection after the other, reads the expected number of octets, and closes it."""

    def __init__(self, expected: list[bytes]) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.settimeout(60)
        self.port: int = self.socket.getsockname()[1]
        self.received: list[bytes] = []
        self.thread = threading.Thread(target=self.run, args=([len(each) for each in expected],), daemon=True)
        self.thread.start()

    def run(self, sizes: list[int]) -> None:
        with self.socket:
            for size in sizes:
                connection, _ = self.socket.accept()
                with connection:
                    connection.settimeout(60)
                    data = b""
                    while len(data) < size and (more := connection.recv(1 << 20)):
                        data += more
                    connection.shutdown(socket.SHUT_WR)
                    while more := connection.recv(1 << 20):  # octets beyond the expected ones
                        data += more
                self.received.append(data)


@pytest.mark.long
@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
def test_the_bash_line_sends_exactly_the_octets_of_every_fourth_case() -> None:
    told = [case for case in CORPUS if bash_line(case) is not None]
    assert len(told) > 0.9 * len(CORPUS)
    told = told[::4]
    wanted = [(case, name) for case in told for _ in range(case.times) for name in case.connections]
    tokens = Tokens(PORT, "{root}", "{base}")
    expected = [
        b"".join(
            fill(step.send, tokens) + (step.body.octets() if step.body else b"")
            for step in case.steps if step.connection == name
        )
        for case, name in wanted
    ]  # fmt: skip
    sink = Sink(expected)
    there = "/dev/tcp/127.0.0.1/"  # replaces the port only here, because the octets contain it, too
    lines = [(bash_line(case, PORT) or "").replace(f"{there}{PORT}", f"{there}{sink.port}") for case in told]
    script = "sleep() { :; }\n" + "\n".join(lines)
    subprocess.run(["bash"], input=script.encode(), check=True, stdout=subprocess.DEVNULL, timeout=200)
    sink.thread.join(60)
    for (case, name), octets, got in zip(wanted, expected, sink.received, strict=True):
        assert got == octets, (case.id, name)


def test_there_is_no_bash_line_for_a_half_close_or_a_reset() -> None:
    assert bash_line(case_of(Step(send=b"a", half_close=True))) is None
    assert bash_line(case_of(Step(send=b"a", reset=True))) is None
    assert bash_line(case_of(Step(send=b"a")), 80) == "( exec 3<>/dev/tcp/127.0.0.1/80; { printf 'a'; } >&3; cat <&3 )"
    assert bash_line(case_of(Step(send=b"a", close=True))) == "( exec 3<>/dev/tcp/127.0.0.1/{port}; { printf 'a'; } >&3; : )"


def test_cases_beyond_nc_get_a_replay_line() -> None:
    for case in CORPUS:
        if " | nc " not in (line := shell_line(case, PORT)):
            assert line == f"cgi-conform replay {case.id}  # more than nc can do"
            beyond = any(
                step.reset or step.read_late or step.signal or step.start or step.wait_gone or step.wait_blocked
                for step in case.steps
            )
            assert len(case.connections) > 1 or beyond, case.id


@pytest.mark.parametrize("shell", SHELLS)
def test_the_printf_format_yields_every_octet_and_awkward_text(shell: str) -> None:
    texts = [
        bytes(range(1, 256)) * 2,
        b"\0" + bytes(range(256)),
        b"-n x",
        b"%s%%d%",
        b"it's \"$HOME\" `id` \\n !x",
        b"\r\n",
        b"1\x01234",
        "schön\n".encode(),
    ]
    lines = [f"printf '{printf_format(text)}'" for text in texts]
    assert printed(shell, lines) == texts


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("repeat", [b"x", b"'", b"\0", b"\n", b"\\", b"-", b"ab%c\r\n", b"\xff"])
def test_the_line_sends_repeated_bodies(shell: str, repeat: bytes) -> None:
    case = case_of(Step(send=b"head ", body=Repeat(repeat, 3)), Step(await_bytes=b"go", send=b" tail"))
    assert printed(shell, [shell_line(case)]) == [b"head " + repeat * 3 + b" tail"]


def test_the_line_shows_the_end_of_the_connection_and_names_what_it_leaves_out() -> None:
    assert shell_line(case_of(Step(send=b"a")), 80) == "printf 'a' | nc 127.0.0.1 80"
    assert shell_line(case_of(Step(send=b"a", half_close=True))) == "printf 'a' | nc -N 127.0.0.1 {port}"
    assert shell_line(case_of(Step(send=b"a", close=True)), 80) == "printf 'a' | nc -q 0 127.0.0.1 80"
    waits = shell_line(case_of(Step(send=b"a"), Step(await_bytes=b"x", send=b"b")), 80)
    assert waits == "{ printf 'a'; sleep 1; printf 'b'; } | nc 127.0.0.1 80  # sleeps where the case waits for octets"
    assert shell_line(case_of(Step(send=b"a"), needs=("http11",)), 80).endswith("  # server started for http11")
    zombies = {"cgihttpserver": Expectation("required", (), host=Host(zombies=0))}
    looks = replace(case_of(Step(send=b"a"), times=3, descriptor=9), expect=zombies)
    assert shell_line(looks, 80) == (
        "for n in $(seq 3); do printf 'a' | nc 127.0.0.1 80; done"
        "  # server started with 9</dev/null; then look at the server's zombies"
    )
    assert (bash_line(looks, 80) or "").startswith("for n in $(seq 3); do ( exec 3<>/dev/tcp/127.0.0.1/80; ")
    two = case_of(Step("a", send=b"a"), Step("b", send=b"b", half_close=True))
    assert shell_line(two, 80) == "printf 'a' | nc 127.0.0.1 80; printf 'b' | nc -N 127.0.0.1 80"
    woven = case_of(Step("a", send=b"a"), Step("b", send=b"b"), Step("a", send=b"c"))
    for case in (woven, case_of(Step(send=b"a", reset=True)), case_of(Step(send=b"a", signal="TERM"))):
        assert shell_line(case) == "cgi-conform replay topic/slug  # more than nc can do"


@pytest.mark.parametrize(
    "send",
    [
        b"GET /a#b HTTP/1.0\r\n\r\n",
        b"GET  /a HTTP/1.0\r\n\r\n",
        b"GET /a\r\n\r\n",
        b"GET /[1-2] HTTP/1.0\r\n\r\n",
        b"PUT /a HTTP/1.0\r\n\r\n",
        b"GET /a HTTP/1.0\n\n",
        b"GET /a HTTP/1.0\r\nA:b\r\n\r\n",
        b"GET /a HTTP/1.0\r\nA: b\r\na: c\r\n\r\n",
        b"POST /a HTTP/1.0\r\nContent-Length: 5\r\n\r\nab",
        b"POST /a HTTP/1.0\r\nContent-Length: 2\r\n\r\n@b",
        b"GET /a HTTP/1.0\r\nContent-Length: 2\r\n\r\nab",
    ],
)
def test_there_is_no_curl_line_if_curl_would_send_other_octets(send: bytes) -> None:
    assert curl_line(case_of(Step(send=send))) is None


class Listener:
    """Accepts connections, reads one request from each, answers 200, and keeps the octets."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.requests: list[bytes] = []
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                data = b""
                while not complete(data):
                    data += connection.recv(65536)
                self.requests.append(data)
                connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")


def complete(data: bytes) -> bool:
    head, gap, body = data.partition(b"\r\n\r\n")
    return bool(gap) and len(body) >= int(fields(head).get(b"content-length", b"0"))


def fields(head: bytes) -> dict[bytes, bytes]:
    pairs = (line.partition(b": ") for line in head.split(b"\r\n")[1:])
    return {name.lower(): value for name, _, value in pairs}


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener()
    yield found
    found.socket.shutdown(socket.SHUT_RDWR)
    found.socket.close()


@pytest.mark.long
@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_curl_line_sends_the_same_request(listener: Listener) -> None:
    told = [(case, line) for case in CORPUS if (line := curl_line(case, listener.port)) is not None]
    assert len(told) > 0.3 * len(CORPUS)
    special = [(case, line) for case, line in told if "--request-target" in line]
    told = told[::3] + special  # only a third of the others, because each line is a process
    assert special
    script = "\n".join(line for _, line in told)
    subprocess.run(["bash", "-e"], input=script.encode(), stdout=subprocess.DEVNULL, check=True)
    assert len(listener.requests) == len(told)
    for (case, _), got in zip(told, listener.requests, strict=True):
        wanted = fill(case.steps[0].send, Tokens(listener.port, "{root}", "{base}"))
        heads = [data.partition(b"\r\n\r\n")[0] for data in (wanted, got)]
        assert got.split(b"\r\n")[0] == wanted.split(b"\r\n")[0], case.id
        assert fields(heads[1]) == fields(heads[0]), case.id
        assert got.partition(b"\r\n\r\n")[2] == wanted.partition(b"\r\n\r\n")[2], case.id


@pytest.mark.skipif(not shutil.which("nc"), reason="nc is not installed")
def test_the_pasted_line_reaches_a_server_and_prints_its_answer(listener: Listener) -> None:
    head = b"POST /%41 HTTP/1.0\r\nContent-Length: 70000\r\n\r\n"
    case = case_of(Step(send=head, body=Repeat(b"\xff", 70000), half_close=True))
    done = subprocess.run(["sh", "-c", shell_line(case, listener.port)], stdout=subprocess.PIPE, timeout=30)
    assert listener.requests == [octets_of(case)]
    assert done.stdout.startswith(b"HTTP/1.0 200 OK\r\n")


def test_fill_puts_host_and_port_of_the_server_into_the_lines() -> None:
    case = case_of(Step(send=b"GET http://127.0.0.1:{port}/ HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n", half_close=True))
    filled = Reach("10.0.0.5", 81).fill(shell_line(case))
    sent = "GET http://127.0.0.1:81/ HTTP/1.0\\r\\nHost: 127.0.0.1:81\\r\\n\\r\\n"
    assert filled == f"printf '{sent}' | nc -N 10.0.0.5 81"
    plain = case_of(Step(send=b"GET /a HTTP/1.0\r\n\r\n"))
    bash, curl = bash_line(plain), curl_line(plain)
    assert bash is not None and curl is not None
    assert Reach("h", 81).fill(bash).startswith("( exec 3<>/dev/tcp/h/81; ")
    assert Reach("h", 81).fill(curl).endswith(" 'http://h:81/a'")
    assert Reach("h", 81).fill(shell_line(plain)).endswith(" | nc h 81")
    assert Reach("::1", 81).fill(curl).endswith(" 'http://[::1]:81/a'")
    assert Reach("::1", 81).fill(shell_line(plain)).endswith(" | nc ::1 81")


def test_fill_puts_the_options_of_the_server_into_a_replay_line() -> None:
    line = shell_line(case_of(Step(send=b"a", reset=True)))
    assert Reach(server="--server x").fill(line) == "cgi-conform replay topic/slug --server x  # more than nc can do"
    assert Reach().fill(line) == line
