"""servers/definition.py, running/plan.py, servers/launch.py: finding, choosing, starting and ending a server."""

import http.server
import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from case_files import case, corpus
from cgi_conform.cases.docroot import Docroot
from cgi_conform.cases.load import load_cases
from cgi_conform.commands import servers
from cgi_conform.errors import UserError
from cgi_conform.running.plan import Options, make_plan
from cgi_conform.running.session import worker_count
from cgi_conform.servers import launch, ports
from cgi_conform.servers import definition as server
from cgi_conform.servers import instance as instance_module
from cgi_conform.servers.account import script_account
from cgi_conform.servers.definition import START_TIMEOUT, ServerDefinition, find_on_path, from_command
from cgi_conform.servers.definition import known_servers, load_server
from cgi_conform.servers.instance import Instance
from cgi_conform.servers.launch import start
from cgi_conform.servers.ports import accepts, free_port, port_of, reserve
from cgi_conform.servers.server_pool import Key, ServerPool

from scripted import read_until
from whole_run import has_ended

PYTHON = sys.executable
LISTEN = """
import os, socket, sys
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(sys.argv[1])))
print("listening", os.getcwd(), *sys.argv[2:], sep="|", flush=True)
print(*sorted(f"{name}={value}" for name, value in os.environ.items()), sep="|", flush=True)
listener.listen()
"""
SERVE = LISTEN + """
while True:
    client = listener.accept()[0]
    if client.recv(1) == b"!":
        os.abort()
"""


@pytest.fixture
def docroot(tmp_path: Path) -> Docroot:
    (tmp_path / "base" / "root").mkdir(parents=True)
    return Docroot(tmp_path / "base")


def python(tmp_path: Path, text: str, *words: str, name: str = "mine", **more: object) -> ServerDefinition:
    script = tmp_path / "server.py"
    script.write_text(text)
    command = ("{program}", str(script), *words)
    return ServerDefinition(name=name, title="x", program=Path(PYTHON), sought="python3", command=command, **more)  # type: ignore[arg-type]


@pytest.fixture
def started(tmp_path: Path, docroot: Docroot) -> Iterator[Instance]:
    words = ("{port}", "{root}", "{base}")
    definition = python(tmp_path, SERVE, *words, variants={"http11": ("-p", "HTTP/1.1")}, environment={"PATH": "/bin"})
    instance = start(definition, docroot, "http11", {"A": b"\xff{port}"})
    yield instance
    instance.stop()


def test_a_free_port_is_none_that_the_system_gives_to_clients_if_one_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    assert free_port() in ports._PORTS
    with socket.create_server((ports.ADDRESS, 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(ports, "_PORTS", [port] * 100)
        assert free_port() != port


def test_a_port_stays_reserved_until_its_server_has_stopped(
    tmp_path: Path, docroot: Docroot, monkeypatch: pytest.MonkeyPatch
) -> None:
    only = free_port()
    monkeypatch.setattr(ports, "_PORTS", [only] * 100)
    with reserve() as first:
        assert port_of(first) == only and free_port() != only
    instance = start(python(tmp_path, SERVE, "{port}"), docroot)
    assert instance.reservation and port_of(instance.reservation) == instance.port == only
    instance.stop()
    assert instance.reservation.fileno() == -1


def test_a_server_starts_in_the_document_root_with_its_arguments_and_environment(
    started: Instance, docroot: Docroot
) -> None:
    listening, environment = started.log_since(0).splitlines()
    root, base = os.fsencode(docroot.root), os.fsencode(docroot.base)
    assert listening.split(b"|") == [b"listening", root, root, base, b"-p", b"HTTP/1.1"]
    given = set(environment.split(b"|")) - {b"LC_CTYPE=C.UTF-8"}
    port = str(started.port).encode()
    assert given == {
        b"A=\xff" + port, b"CGI_CONFORM_LEAK=leaked-from-the-server", b"HOME=/", b"LANG=C.UTF-8", b"PATH=/bin"
    }  # fmt: skip
    assert started.died() is None and os.getpgid(started.process.pid) == started.process.pid


def test_a_variant_adds_arguments_or_replaces_the_command(tmp_path: Path) -> None:
    definition = python(tmp_path, SERVE, "{port}")
    assert definition.command_with(("-p", "HTTP/1.1")) == (*definition.command, "-p", "HTTP/1.1")
    assert definition.command_with(("{program}", "other.py", "{port}")) == ("{program}", "other.py", "{port}")
    assert definition.command_with(()) == definition.command


def test_stop_ends_the_process_and_removes_its_files(started: Instance) -> None:
    scratch = Path(started.scratch.name)
    started.stop()
    assert started.process.returncode == -15 and not scratch.exists()
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", started.port)):
        pass


def test_a_server_that_dies_is_noticed(started: Instance) -> None:
    with socket.create_connection(("127.0.0.1", started.port)) as client:
        client.sendall(b"!")
        read_until(client, b"never")
    said = started.died(within=10)
    assert said is not None and said.startswith("it was ended by SIGABRT\n    listening|")


def test_a_server_that_ignores_sigterm_is_killed(
    tmp_path: Path, docroot: Docroot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance_module, "_STOP_WITHIN", 0.05)
    stubborn = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SERVE
    instance = start(python(tmp_path, stubborn, "{port}"), docroot)
    instance.stop()
    assert instance.process.returncode == -9


def test_a_server_may_choose_its_port(tmp_path: Path, docroot: Docroot) -> None:
    choose = SERVE.replace("print(\"listening\"", "open(sys.argv[2], 'w').write(str(listener.getsockname()[1]))\nprint(\"listening\"")
    instance = start(python(tmp_path, choose, "{port}", "{port_file}"), docroot)
    assert instance.port > 0
    instance.stop()


def failure(definition: ServerDefinition, docroot: Docroot, **more: Any) -> str:
    with pytest.raises(UserError) as caught:
        start(definition, docroot, **more)
    assert caught.value.status == 3
    return caught.value.message


def test_a_server_that_exits_at_once_is_reported_with_its_output(tmp_path: Path, docroot: Docroot) -> None:
    text = "import sys\nprint('one\\n\\ntwo', file=sys.stderr)\nsys.exit(7)"
    said = failure(python(tmp_path, text, "{port}"), docroot)
    assert said == 'server "mine" did not start: it exited with status 7\n    one\n    two'


def test_a_server_that_never_listens_is_tried_twice_and_reported(tmp_path: Path, docroot: Docroot) -> None:
    said = failure(python(tmp_path, "import signal\nsignal.pause()", "{port}"), docroot, timeout=0.05)
    assert said == (
        'server "mine" did not start: it accepts no connection at 127.0.0.1 on the port it was given within 0.05 s, '
        "nor within 0.1 s at a second try (--start-timeout)"
    )


def test_a_server_that_starts_late_gets_twice_the_time_on_a_second_try(
    tmp_path: Path, docroot: Docroot, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, given = launch.wait_until_ready, []

    def late_at_first(instance: Instance, patience: float) -> str | None:
        given.append(patience)
        return launch.LATE if len(given) == 1 else really(instance, patience)

    monkeypatch.setattr(launch, "wait_until_ready", late_at_first)
    instance = start(python(tmp_path, SERVE, "{port}"), docroot, timeout=40)
    instance.stop()
    assert given == [40, 80]


def test_a_server_that_binds_late_is_awaited(
    tmp_path: Path, docroot: Docroot, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = tmp_path / "held"
    os.mkfifo(held)
    looks: list[int] = []

    def looked(port: int) -> bool:
        looks.append(port)
        accepted = accepts(port)
        if len(looks) == 3:
            held.write_text("go")
        return accepted

    monkeypatch.setattr(launch, "accepts", looked)
    text = f"open({str(held)!r}).read()\n{SERVE}"
    instance = start(python(tmp_path, text, "{port}"), docroot)
    instance.stop()
    assert len(looks) > 3


DAEMON = LISTEN + """
if os.fork():
    os.read(int(os.environ["TOLD"]), 1) if "TOLD" in os.environ else None
    os._exit(0)
while True:
    listener.accept()
"""
FOREGROUND = "it exited with status 0: it must stay in the foreground (for example nginx -g 'daemon off;')"


def test_a_server_that_goes_into_the_background_is_killed_and_reported(tmp_path: Path, docroot: Docroot) -> None:
    pids = tmp_path / "pids"
    text = (
        f"import os\nends, held = os.pipe()\nif child := os.fork():\n    open({str(pids)!r}, 'a').write(f'{{child}} ')\n"
        f"    os._exit(0)\nos.close(held)\nos.read(ends, 1)  # until the parent has ended\n{SERVE}"
    )
    said = failure(python(tmp_path, text, "{port}"), docroot)
    # The server may have printed a line, which follows.
    assert said.splitlines()[0] == f'server "mine" did not start: {FOREGROUND}'
    for pid in map(int, pids.read_text().split()):
        assert has_ended(pid, 20)


def test_a_server_that_goes_into_the_background_later_is_not_started_again(tmp_path: Path, docroot: Docroot) -> None:
    told, tell = os.pipe()
    os.set_inheritable(told, True)
    # The process goes into the background only after the test has seen that it is ready.
    definition = python(tmp_path, DAEMON, "{port}", environment={"TOLD": str(told)})
    running = ServerPool(definition, tmp_path, lambda one: _started(one, told), docroot)
    [plain] = load_cases(corpus(tmp_path / "fixtures", case("a/b")) / "cases")
    try:
        instance = running.instance(plain)
        os.write(tell, b"!")
        assert instance.ends(20)
        for _ in range(2):
            with pytest.raises(UserError) as caught:
                running.instance(plain)
            assert caught.value.message.startswith(f'server "mine" cannot be judged: {FOREGROUND}')
    finally:
        running.stop()
        os.close(told)
        os.close(tell)


def _started(launched: launch.Launch, descriptor: int) -> launch.Process:
    return launch.started(replace(launched, descriptor=descriptor))


def test_only_one_worker_tries_to_start_a_server_that_does_not_start(tmp_path: Path, docroot: Docroot) -> None:
    begun = tmp_path / "begun"
    text = f"import sys\nopen({str(begun)!r}, 'a').write('x')\nsys.exit(7)"
    failures: dict[Key, str] = {}
    [plain] = load_cases(corpus(tmp_path / "fixtures", case("a/b")) / "cases")
    for _ in range(3):
        running = ServerPool(python(tmp_path, text, "{port}"), tmp_path, docroot=docroot)
        running.failures.update(failures)
        with pytest.raises(UserError, match="it exited with status 7"):
            running.instance(plain)
        failures = running.failures
    assert begun.read_text() == "x"


def test_an_interrupt_during_the_start_ends_the_server(
    tmp_path: Path, docroot: Docroot, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Instance] = []

    def interrupted(instance: Instance, patience: float) -> None:
        started.append(instance)
        raise KeyboardInterrupt

    monkeypatch.setattr(launch, "wait_until_ready", interrupted)
    with pytest.raises(KeyboardInterrupt):
        start(python(tmp_path, SERVE, "{port}"), docroot)
    assert started[0].process.returncode is not None and not Path(started[0].scratch.name).exists()


def reserved(port: int) -> socket.socket:
    reservation = socket.socket(type=socket.SOCK_DGRAM)
    reservation.bind((ports.ADDRESS, port))
    return reservation


def test_another_port_is_tried_if_the_chosen_one_is_in_use(
    tmp_path: Path, docroot: Docroot, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        chosen = [taken.getsockname()[1], free_port()]
        monkeypatch.setattr(launch, "reserve", lambda: reserved(chosen.pop(0)))
        instance = start(python(tmp_path, SERVE, "{port}"), docroot)
        assert chosen == [] and instance.port != taken.getsockname()[1]
        instance.stop()


def test_a_port_that_stays_in_use_is_an_error(
    tmp_path: Path, docroot: Docroot, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(launch, "reserve", lambda: reserved(taken.getsockname()[1]))
        monkeypatch.setattr(launch, "_FOREIGN", 60.0)  # a busy machine may need a second to start the server
        said = failure(python(tmp_path, SERVE, "{port}"), docroot)
    assert "did not start: it exited with status 1" in said and "Address already in use" in said


def test_a_missing_program_is_named_in_the_message(docroot: Docroot) -> None:
    assert failure(from_command("no-such-server {port}"), docroot) == (
        'command "no-such-server {port}" names no program (looked for no-such-server on PATH)'
    )


def test_a_program_that_cannot_be_executed_is_reported_with_the_reason(tmp_path: Path, docroot: Docroot) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(0o755)
    said = failure(from_command(f"{broken} {{port}}"), docroot)
    reason = "its first line names an interpreter that does not exist (does the line end with CR?)"
    assert said == f'server "command" did not start: "{broken}": {reason}'


def test_a_pyenv_shim_is_replaced_by_the_newest_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def make(path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        path.chmod(0o755)
        return path

    make(tmp_path / "pyenv" / "shims" / "serve")
    make(tmp_path / "pyenv" / "versions" / "3.9.18" / "bin" / "serve")
    newest = make(tmp_path / "pyenv" / "versions" / "3.10.2" / "bin" / "serve")
    usual = make(tmp_path / "bin" / "serve")
    monkeypatch.setenv("PATH", f"{tmp_path}/pyenv/shims:{tmp_path}/bin")
    assert find_on_path("serve") == newest
    monkeypatch.setenv("PATH", f"{tmp_path}/bin")
    assert find_on_path("serve") == usual
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("PYENV_ROOT", f"{tmp_path}/pyenv")
    assert find_on_path("serve") == newest
    monkeypatch.setenv("PYENV_ROOT", "/nowhere")
    assert find_on_path("serve") is None


def test_a_definition_may_be_any_folder_with_a_server_toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "server.toml").write_text(
        'title = "Mine"\nprogram = ["{build}/none", "sh"]\ncommand = ["{program}", "{here}", "{port}"]\n'
        'version = ["{program}", "-c", "echo one; echo two"]\nprofiles = ["cgihttpserver"]\n'
        'variants.http11 = ["x"]\nenvironment.A = "b"\n'
    )
    found = load_server(f"{tmp_path}/")
    assert (found.title, found.version(), found.profiles) == ("Mine", "one", ("cgihttpserver",))
    assert found.words(found.command, {"port": "1"}) == [str(found.program), str(tmp_path), "1"]
    assert found.environment == {"PATH": "/usr/local/bin:/usr/bin:/bin", "A": "b"}


def definition(folder: Path, more: str, command: str = '["{program}", "{here}/server.py", "{port}"]') -> str:
    folder.mkdir(exist_ok=True)
    (folder / "server.py").write_text(SERVE)
    (folder / "server.toml").write_text(
        f'title = "Mine"\nprogram = ["{PYTHON}"]\ncommand = {command}\n'
        f'profiles = ["cgihttpserver", "rfc3875"]\n{more}'
    )
    return f"{folder}/"


def test_a_profile_may_have_its_own_arguments_and_expectations(tmp_path: Path) -> None:
    name = definition(tmp_path / "mine", '[profile.rfc3875]\narguments = ["--profile", "rfc3875"]\n')
    for profile, words, file in [
        ("cgihttpserver", (), "expect.toml"), ("rfc3875", ("--profile", "rfc3875"), "expect.rfc3875.toml")
    ]:  # fmt: skip
        (tmp_path / "mine" / file).write_text(f'["a/*"]\noutcome = "fail"\nreason = "{profile}"\n')
        plan = make_plan(Options(server=name, profile=profile))
        assert plan.server is not None and plan.server.command[3:] == words
        assert [rule.reason for rule in plan.known_failures] == [profile]


def test_configuration_files_are_written_before_each_start(tmp_path: Path, docroot: Docroot) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "my.conf").write_text('listen {port}; docroot "{root}"; as {user}:{group} {else}\n')
    command = '["{program}", "{here}/server.py", "{port}", "{files}/made.conf"]'
    name = definition(tmp_path / "mine", '[files]\n"made.conf" = "my.conf"\n', command)
    instance = start(load_server(name), docroot)
    made = Path(os.fsdecode(instance.log_since(0).splitlines()[0].split(b"|")[2]))
    account = script_account()
    as_whom = f"{account.user}:{account.group}"
    assert made.read_text() == f'listen {instance.port}; docroot "{docroot.root}"; as {as_whom} {{else}}\n'
    status = made.parent.stat()
    assert (status.st_mode & 0o777, status.st_uid) == (0o755, account.uid)
    assert made.stat().st_mode & 0o777 == 0o644 and made.parent.parent.stat().st_mode & 0o777 == 0o711
    instance.stop()
    assert not made.parent.parent.exists()


def test_tokens_are_replaced_in_the_environment_and_in_the_program(
    tmp_path: Path, docroot: Docroot
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "server.py").write_text(SERVE)
    (tmp_path / "mine" / "server.toml").write_text(
        'title = "x"\nprogram = ["{python}"]\ncommand = ["{program}", "{here}/server.py", "{port}"]\n'
        'profiles = ["cgihttpserver"]\nenvironment.WHERE = "{here}/x"\ninstrument = true\n'
    )
    known = load_server(f"{tmp_path}/mine/")
    assert known.program == Path(PYTHON) and known.instrument
    instance = start(known, docroot)
    assert f"|WHERE={tmp_path}/mine/x".encode() in instance.log_since(0)
    assert not instance.ends(0.0)
    instance.stop()
    assert instance.ends(0.0)
    shown = servers.table([(known, "1.2")])
    assert shown.splitlines()[1].split(maxsplit=1) == ["mine", "test instrument (1.2)  cgihttpserver  -"]


def test_the_port_may_be_in_a_configuration_file_instead_of_the_command(tmp_path: Path) -> None:
    (tmp_path / "my.conf").write_text("listen {port}\n")
    name = definition(tmp_path, '[files]\n"my.conf" = "my.conf"\n', '["{program}", "{files}/my.conf"]')
    assert load_server(name).files == {"my.conf": "listen {port}\n"}


@pytest.mark.parametrize(
    ("name", "said"),
    [("cpython-3.133", 'no server "cpython-3.133" (did you mean "cpython-3.13"?)'), ("x", 'no server "x" (known: ')],
)
def test_an_unknown_server_is_reported_with_the_nearest_name(name: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        load_server(name)
    assert caught.value.message.startswith(said) and caught.value.status == 2


def test_an_error_in_a_definition_is_reported_in_one_line(tmp_path: Path) -> None:
    good = 'title = "x"\nprogram.find = "sh"\ncommand = ["{program}", "{port}"]\nprofiles = ["cgihttpserver"]\n'
    for change, said in {
        good.replace("profiles", "profils"): 'unknown key "profils" (did you mean "profiles"?)',
        good.replace("{port}", "8000"): "the command has no {port}: the server must listen on the port that cgi-conform chooses",
        good + 'files."a" = "b"': 'cannot read "b", which [files] names: No such file or directory',
        good + 'variants.http11 = ["{program}", "x"]': 'the command has no {port}: the server must listen on the port that cgi-conform chooses',
        good + 'variants.http2 = []': 'unknown key "http2" in "variants" (did you mean "http11"?)',
    }.items():
        (tmp_path / "server.toml").write_text(change)
        with pytest.raises(UserError) as caught:
            load_server(f"{tmp_path}/")
        assert caught.value.message.splitlines()[0] == f'"{tmp_path}/server.toml": {said}'


def test_a_server_without_a_file_that_it_requires_is_not_installed(tmp_path: Path) -> None:
    good = 'title = "x"\nprogram = ["sh"]\ncommand = ["{program}", "{port}"]\nprofiles = ["rfc3875"]\n'
    for requires, program, sought in (
        ('["sh", "{here}/server.*"]', True, "sh on PATH"),
        ('["sh", "none", "{here}/*.so"]', False, f"none on PATH, {tmp_path}/*.so"),
    ):
        (tmp_path / "server.toml").write_text(f"{good}requires = {requires}\n")
        found = load_server(f"{tmp_path}/")
        assert (found.program is not None, found.sought) == (program, sought)


def test_a_definition_may_ask_for_more_time_to_start_and_for_fewer_workers(tmp_path: Path) -> None:
    good = 'title = "x"\nprogram = ["sh"]\ncommand = ["{program}", "{port}"]\nprofiles = ["cgihttpserver"]\n'
    (tmp_path / "server.toml").write_text(f"{good}start-timeout = 120\nworkers = 2\n")
    mine = str(tmp_path / "server.toml")
    assert make_plan(Options(server=mine)).start_timeout == 120
    assert make_plan(Options(server=mine, start_timeout=7)).start_timeout == 7
    assert make_plan(Options(command="sh {port}")).start_timeout == START_TIMEOUT
    plan = make_plan(Options(server=mine))
    assert [worker_count(Options(workers=asked), plan) for asked in (None, 1, 9)] == [2, 1, 2]
    assert worker_count(Options(), make_plan(Options(command="sh {port}"))) > 2


def test_a_server_is_started_with_the_patience_of_its_definition(tmp_path: Path, docroot: Docroot) -> None:
    with pytest.raises(UserError) as caught:
        start(python(tmp_path, "import signal; signal.pause()", "{port}", start_timeout=0.1), docroot)
    assert "within 0.1 s, nor within 0.2 s at a second try" in caught.value.message


def test_a_server_that_debian_has_says_how_to_install_it(tmp_path: Path) -> None:
    lost = ServerDefinition("lost", "Lost", None, "lostd on PATH", (), packages=("lostd",))
    with pytest.raises(UserError) as caught:
        lost.installed()
    assert caught.value.message == 'server "lost" is not installed (looked for lostd on PATH; cgi-conform servers --install lost)'


@pytest.mark.skipif(not hasattr(http.server, "CGIHTTPRequestHandler"), reason="this Python has no CGI server")
@pytest.mark.parametrize(
    ("variant", "folder", "version"),
    [("", "cgi-bin", b"HTTP/1.0"), ("http11", "cgi-bin", b"HTTP/1.1"), ("cgi-directories", "app/deep/scripts", b"HTTP/1.0")],
)
def test_the_class_without_fork_leaves_the_plus_in_an_argument(
    docroot: Docroot, variant: str, folder: str, version: bytes
) -> None:
    script = docroot.root / folder / "argument"
    script.parent.mkdir(parents=True)
    script.write_text("#!/bin/sh\nprintf '\\n[%s]\\n' \"$1\"\n")
    script.chmod(0o755)
    instance = start(replace(load_server("cpython-3.12-no-fork"), program=Path(PYTHON)), docroot, variant)
    try:
        with socket.create_connection(("127.0.0.1", instance.port), timeout=20) as client:
            client.sendall(f"GET /{folder}/argument?a+b HTTP/1.1\r\n\r\n".encode())
            answer = read_until(client, b"]\n")
    finally:
        instance.stop()
    assert answer.startswith(version + b" 200 ") and answer.endswith(b"\n[a+b]\n")


def test_the_known_definitions_are_valid_and_at_most_30_lines_long() -> None:
    for known in known_servers():
        assert known.title and known.profiles and set(known.in_profile) <= set(known.profiles)
        assert len((known.here / "server.toml").read_text().splitlines()) <= 30


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (Options(), "name one server: --server NAME, --command 'CMD {port} {root}' or --url URL (got none)"),
        (Options(server="x", url="y"), "name one server: --server NAME, --command 'CMD {port} {root}' or --url URL "
         "(got --server and --url)"),
        (Options(command="sh 8000"), "--command: the command has no {port}: the server must listen on the port that cgi-conform chooses"),
        (Options(command="sh '{port}"), "--command \"sh '{port}\": No closing quotation"),
        (Options(command=" "), "--command is empty"),
        (Options(command="a\udcff {port}"), "--command has an octet that is no UTF-8: 0xff (put it into a script, and name that)"),
        (Options(command="none {port}"), 'command "none {port}" names no program (looked for none on PATH)'),
        (Options(url="http://127.0.0.1:1", root="/none"), '--root "/none" is no directory (name the document root of the '
         "server at --url)"),
        (Options(command="sh {port}", profile="x"), 'no profile "x" (known: cgihttpserver, rfc3875)'),
        (Options(command="sh {port}", delivery="x"), 'no delivery "x" (known: whole, bytes, lines, split)'),
        (Options(command="sh {port}", root="/"), "--root needs --url: a server that cgi-conform starts gets its own "
         "document root"),
        (Options(url="http://127.0.0.1:8000"), "--url needs --root DIR, the document root that server has "
         "(cgi-conform fixtures makes one)"),
        (Options(url="https://x:1", root="/"), '--url "https://x:1" is not of the form http://HOST:PORT'),
        (Options(url="http://x:99999", root="/"), '--url "http://x:99999" is not of the form http://HOST:PORT'),
        (Options(url="127.0.0.1:8000", root="/"), '--url "127.0.0.1:8000" is not of the form http://HOST:PORT'),
    ],
)  # fmt: skip
def test_options_that_contradict_each_other_are_reported_in_one_line(options: Options, said: str) -> None:
    with pytest.raises(UserError) as caught:
        make_plan(options)
    assert caught.value.message == said


def test_a_server_is_judged_only_in_the_profiles_that_it_has(tmp_path: Path) -> None:
    (tmp_path / "server.toml").write_text(
        'title = "x"\nprogram.find = "sh"\ncommand = ["{program}", "{port}"]\nprofiles = ["cgihttpserver"]\n'
    )
    with pytest.raises(UserError) as caught:
        make_plan(Options(server=f"{tmp_path}/", profile="rfc3875"))
    assert caught.value.message.endswith("cannot be judged in profile rfc3875 (its profiles: cgihttpserver)")


def test_a_server_without_the_default_profile_is_judged_in_its_first_one(tmp_path: Path) -> None:
    (tmp_path / "server.toml").write_text(
        'title = "x"\nprogram.find = "sh"\ncommand = ["{program}", "{port}"]\nprofiles = ["rfc3875"]\n'
    )
    assert make_plan(Options(server=f"{tmp_path}/")).profile == "rfc3875"
    assert make_plan(Options(command="sh {port}")).profile == "cgihttpserver"


def test_known_servers_are_read_from_the_folder_of_definitions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "SERVERS", tmp_path)
    assert known_servers() == []
