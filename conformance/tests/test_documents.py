"""The documents: their commands work as written, their links lead somewhere, their numbers are those of the code.

Each document has a copy of the checkout, in which its commands run one after the other. There, ci/setup and ci/build do
nothing: this test has laid out what they make. The tables below say what else differs from what a reader types.
"""

import importlib.util
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import pytest

from cgi_conform.cases.docroot import remove
from cgi_conform.errors import INTERRUPTED, NOTHING_RAN, SERVER, USAGE
from cgi_conform.judging.recordings import is_branch, read_recordings, short
from cgi_conform.judging.results import FORMAT
from cgi_conform.servers.definition import START_TIMEOUT
from cgi_conform.servers.ports import free_port
from document_reader import BUILD, Reader, installed, reader_edits
from documents import CHECKOUT, DOCUMENTS, Command, anchors, blocks, commands, links, read, shows


class Elsewhere(NamedTuple):
    """Why a command does not run here, and the text of the file that runs it or tests it."""

    reason: str
    file: str
    text: str


# Commands that do not run here. A key is a command, or a glob.
NOT_RUN = {
    "ci/setup run": Elsewhere("apt", "ci/conform", '"$checkout/ci/setup" run'),
    "ci/setup build": Elsewhere("apt", "ci/conform", '"$checkout/ci/setup" run build'),
    "ci/setup --venv run": Elsewhere("network", "ci/setup", 'use_venv=yes'),
    "ci/setup run build test": Elsewhere("apt", "ci/test", "purposes=(run build test)"),
    "ci/setup programs": Elsewhere("apt", "ci/packages.txt", "\nprograms  git\n"),
    "ci/setup servers": Elsewhere("apt", "ci/setup", "servers --install all"),
    "cgi-conform servers --install *": Elsewhere("root, apt", "conformance/tests/test_install.py", '"servers", "--install"'),
    "ci/setup bench": Elsewhere("apt", "ci/packages.txt", "\nbench  lighttpd\n"),
    "ci/build": Elsewhere("minutes of compiling", "ci/conform", '"$checkout/ci/build"'),
    "ci/build -DCGI_FETCH_DEPENDENCIES=ON": Elsewhere("network", ".github/workflows/test.yml", "-DCGI_FETCH_DEPENDENCIES=ON"),
    "ci/build --tests": Elsewhere("minutes of compiling", "ci/test", "ci/build --tests"),
    "ci/test": Elsewhere("minutes: it runs this test", ".ci/run", "ci/test"),
    "ci/test --all": Elsewhere("minutes: it runs this test", ".ci/run", "ci/test\" --all"),
    "ci/test --minutes 30": Elsewhere("minutes", "conformance/tests/test_ci_scripts.py", '"--minutes", "soon"'),
    "ci/test ctest": Elsewhere("minutes of compiling", "ci/test", "stage ctest "),
    "ci/test ctest suite-rfc3875": Elsewhere("minutes of compiling", "ci/test", "suite suite-rfc3875 "),
    "ci/test pytest": Elsewhere("minutes: it runs this test", "ci/test", "pytest_stage pytest "),
    "ci/test ctest '*portable*'": Elsewhere("minutes of compiling", "ci/test", 'beside "suite-$name" '),
    "ci/test 'same-program-*'": Elsewhere("minutes of compiling", "ci/test", 'beside "same-program-$profile" '),
    "ci/test bench-*": Elsewhere("minutes of compiling", "ci/test", "stage bench-"),
    "ci/lint": Elsewhere("half a minute", "ci/test", 'ci/lint "$linter"'),
    "ci/matrix": Elsewhere("minutes", "ci/test", '"$conform" matrix --server cgi-server'),
    "ci/causes": Elsewhere("minutes", "conformance/tests/test_faults.py", '"ci" / "causes"'),
    "ci/attack": Elsewhere("minutes", "conformance/tests/test_ci_scripts.py", '"attack", "no-such-attack"'),
    "ci/soak": Elsewhere("minutes", "conformance/tests/test_ci_scripts.py", '"soak", "--minutes"'),
    "ci/sanitize": Elsewhere("minutes of compiling", "conformance/tests/test_ci_scripts.py", '"sanitize", "memory"'),
    "ci/fuzz": Elsewhere("an hour", "ci/test", "ci/fuzz --seconds 20"),
    "ci/bare-machine": Elsewhere("root, network", "conformance/tests/test_ci_scripts.py", '"bare-machine", "--suite"'),
    "ci/bench --quick": Elsewhere("minutes", "ci/test", "ci/bench --smoke"),
    "ci/bench --wrk": Elsewhere("minutes", "bench/tests/test_second_opinion.py", "second_opinion"),
    "ci/bench *--gate*": Elsewhere("compares times", "bench/tests/test_gate.py", '"cgi-hello/8: ref >= 1.1 * peer"'),
    "ci/test python-package": Elsewhere("minutes of compiling", "ci/test", "pytest_stage python-package "),
    "ci/windows": Elsewhere("network, minutes", "conformance/tests/test_ci_scripts.py", '"windows", "everything"'),
    "ci/wheel*": Elsewhere("network, minutes of compiling", "server/python/tests/test_wheel.py", '"ci" / "wheel"'),
    "pip install cgi-server": Elsewhere("network", "server/python/tests/test_wheel.py", '"--no-index", wheel'),
    "python3 -m cgi_server *": Elsewhere("pip", "server/python/tests/test_wheel.py", '"python", "-m", "cgi_server"'),
    "git clone *": Elsewhere("network", "conformance/tests/test_gate.py", "the_three_lines"),
    "CGI_CONFORM_COMMAND=*": Elsewhere("a clone", "conformance/tests/test_gate.py", "the_three_lines"),
    "cat cgi-conform-report/*": Elsewhere("a clone", "conformance/tests/test_gate.py", "the_three_lines"),
    "ci/debs": Elsewhere("root, apt, minutes of compiling", "ci/install-check", "ci/debs --out /shared"),
    "apt-get install *": Elsewhere("root, apt", "ci/install-check", 'install "$here"/*.deb'),
    "ci/install-check": Elsewhere("root, network", "conformance/tests/test_ci_scripts.py", '["install-check", "sid"]'),
    "ci/release VERSION": Elsewhere("root, minutes", "conformance/tests/test_ci_scripts.py", '"release", "9.9"'),
    "cgi-conform prove": Elsewhere("minutes", "ci/test", '"$conform" prove --sample'),
    "cgi-conform record *": Elsewhere("root: it replaces recordings", "conformance/tests/test_record.py", '"--force"'),
    "*cgi-conform programs *": Elsewhere("minutes", "ci/test", '"$conform" programs --server cgi-server'),
    "locust *": Elsewhere("needs Locust, runs a minute", "bench/tests/test_locustfile.py", "--headless"),
}

BENCH = "--runner build/bin/cgi-conform --benchmark_filter=^cgi-hello/1/"
BENCH += " --benchmark_repetitions=1 --benchmark_min_time=0.01"
# Commands that run here with less to do: what is replaced.
SHORTER = {
    r"^ci/conform\b": "ci/conform post --sample 10",
    r"\bcgi-conform run (?=-)": "cgi-conform run post ",  # reads the files of one topic
    # A part of so few cases would be empty.
    r"\bcgi-conform run (?=post |'post/\*' --command|head )(?!.*--shard)": "cgi-conform run --sample 10 ",
    r"\bcgi-conform matrix (?=--server)": "cgi-conform matrix post --sample 10 ",
    r"\bcgi-conform prove TOPIC$": "cgi-conform prove post/plain-file",
    r"^ci/bench\b": f"ci/bench {BENCH}",
    r"^build/bench/cgi-bench (?=\w+=)": f"build/bench/cgi-bench {BENCH} ",
    r"^build/bench/cgi-bench-micro$": "build/bench/cgi-bench-micro --benchmark_min_time=0.001",
    r"^pytest ": "pytest project ",  # and not the tests of this project
    r"^pip install ": "pip install -q --no-index --no-build-isolation --no-deps --target installed ",
}
# Words that stand for others.
STANDS_FOR = {
    "CLAUSE": "cgi/header-order-is-free",
    "RULE": "seed/post-outside-cgi-is-501",
    "NAME": "faulty",
    "CASE": "post/plain-file",
    "FILE": "new.toml",
    "DIR": "new",
    "FOLDER": "site",
    "old/results.json": "report/results.json",
    "new/results.json": "report/results.json",
}
# Commands that run until a person ends them: what they print first.
LASTING = {
    r"\bcgi-conform serve ": r"^ready$",
    r"\bcgi-server \d+( |$)": r"^Serving HTTP on [\d.:]+ port \d+ ",
}
# Commands that ask servers at these ports: the server that runs there.
ASKING = {r"\bcgi-conform .*--url ": "faulty", r"\bcgi-bench .*=http": "cgi-server"}
MANY_COMMANDS = ("README.md", "CONTRIBUTING.md", "bench/README.md", "conformance/CONTRIBUTING.md", "conformance/README.md")
# Commands that take minutes. They never run here, and NOT_RUN must have them.
MINUTES = (
    r"ci/(attack|bare-machine|debs|fuzz|install-check|matrix|release|sanitize|setup|soak|build|test|wheel|windows)\b"
    r"(?!.* --(help|list)\b)|ci/lint$"
)
# Programs that some commands need besides the runner: the file, and the commands.
BUILT = {
    "cgi-server": ("server/cgi-server", r"cgi-server\b|\bcompare-site\b|^ci/conform post --sample \d+( --profile \w+)?$"),
    "cgi-bench": ("bench/cgi-bench", r"^(ci/bench\b|build/bench/|build/bin/cgi-bench-report)"),
    "server_tests": ("server/server_tests", r"^ctest\b"),
}
ASKED = {"pip": ("pip", "setuptools", "wheel"), "pytest": ("pytest", "pip", "setuptools", "wheel")}  # Python's modules


def lacking(text: str) -> str:
    """Returns what a command needs and this machine does not have; nothing if it has all."""
    for what, (file, pattern) in BUILT.items():
        if re.search(pattern, text) and not (BUILD / file).exists():
            return f"{what} is not built (ci/build --tests)"
    missing = [name for name in ASKED.get(text.split()[0], ()) if importlib.util.find_spec(name) is None]
    return f"Python module {missing[0]} is not installed" if missing else ""


@pytest.fixture
def reader(temporary: Path) -> Iterator[Reader]:
    """Yields a reader with a copy of the checkout, and removes the copy."""
    try:
        yield Reader(temporary / "checkout")
    finally:
        remove(temporary / "checkout")


def typed_for(command: Command) -> str:
    """Returns what is run for a command of a document."""
    text = command.text
    for pattern, replacement in SHORTER.items():
        text = re.sub(pattern, replacement, text)
    for word, meaning in STANDS_FOR.items():
        text = re.sub(rf"(?<![\w-]){word}(?!\w)", meaning, text)
    return re.sub(r"\b(cpython-\d\.\d+|lighttpd)\b", lambda found: installed(found[1]), text)


def follow(reader: Reader, command: Command) -> None:
    """Runs a command and holds it to its exit status and output."""
    text = typed_for(command)
    for pattern, first in LASTING.items():
        if re.search(pattern, text):
            with reader.running(text.replace("8000", str(free_port())), first):
                return
    with ExitStack() as stack:
        for pattern, server in ASKING.items():
            root = re.search(r"--root (\S+)", text)
            for port in re.findall(r"http://127\.0\.0\.1:(\d+)", text) if re.search(pattern, text) else []:
                line = f"cgi-conform serve {server} --root {root[1] if root else 'site'}"
                printed = stack.enter_context(reader.running(line, "^ready$"))
                url = re.search(r"^url http://127\.0\.0\.1:(\d+)", printed, re.MULTILINE)
                assert url is not None
                text = text.replace(f":{port}", f":{url[1]}")
        status, printed = reader.run(text)
    assert status == command.status, f"{command}\nrun as  {text}\nexit status {status}\n{printed}"
    if command.output:
        assert shows(command.output, printed), f"{command}\nprinted\n{printed}"
    if found := re.search(r"cgi-conform init-server (\w+)$", text):
        reader_edits(reader.folder / found[1])


def elsewhere(command: Command) -> str | None:
    """Returns the entry of NOT_RUN that has this command."""
    return next((key for key in NOT_RUN if command.text == key or fnmatchcase(command.text, key)), None)


@pytest.mark.parametrize(
    "document", [pytest.param(one, marks=pytest.mark.long) if one in MANY_COMMANDS else one for one in DOCUMENTS]
)
def test_every_command_of_a_document_can_be_typed(document: str, reader: Reader) -> None:
    left_out: dict[str, int] = {}
    done: set[str] = set()
    wrong: list[str] = []
    for command in commands(document):
        if elsewhere(command) is not None or re.match(MINUTES, command.text):
            continue
        if command.text in done and not command.output:
            continue
        done.add(command.text)
        if reason := lacking(typed_for(command)):
            left_out[reason] = left_out.get(reason, 0) + 1
            continue
        try:
            follow(reader, command)
        except AssertionError as error:
            wrong.append(str(error))
    assert not wrong, "\n\n".join(wrong)
    if left_out:
        pytest.skip("; ".join(f"{count} commands not run: {reason}" for reason, count in left_out.items()))


ALL = [command for document in DOCUMENTS for command in commands(document)]


def test_commands_that_take_minutes_are_in_the_table() -> None:
    assert [str(command) for command in ALL if re.match(MINUTES, command.text) and elsewhere(command) is None] == []


@pytest.mark.parametrize("key", NOT_RUN)
def test_a_command_that_does_not_run_here_is_run_or_tested_elsewhere(key: str) -> None:
    assert any(elsewhere(command) == key for command in ALL), f'no document has the command "{key}": remove the entry'
    assert NOT_RUN[key].text in read(NOT_RUN[key].file), f"{NOT_RUN[key].file} no longer has the text"


def test_the_other_tables_have_no_dead_entry() -> None:
    run = [command.text for command in ALL if elsewhere(command) is None]
    patterns = [*SHORTER, *LASTING, *ASKING, *(rf"(?<![\w-]){word}(?!\w)" for word in STANDS_FOR)]
    assert [pattern for pattern in patterns if not any(re.search(pattern, text) for text in run)] == []


def test_every_document_has_commands_to_find() -> None:
    assert {"README.md", "CONTRIBUTING.md", "conformance/CONTRIBUTING.md"} <= set(DOCUMENTS)
    assert {f"{folder}/README.md" for folder in ("bench", "conformance", "server")} <= set(DOCUMENTS)
    assert [document for document in DOCUMENTS if not commands(document)] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_somewhere(document: str) -> None:
    for link in links(document):
        if re.match(r"https?://", link):
            continue
        path, _, anchor = link.partition("#")
        target = (CHECKOUT / document).parent / path if path else CHECKOUT / document
        assert target.exists(), f"{document}: ({link}) leads to no file"
        assert not anchor or anchor in anchors(target.read_text("utf-8")), f"{document}: ({link}) leads to no heading"


def test_what_is_shown_of_ci_systems_is_in_their_files() -> None:
    files = read("ci/action/action.yml") + read("ci/gitlab/conformance.yml")
    found = [block for document in DOCUMENTS for block in blocks(read(document)) if block.language == "yaml"]
    shown = [line.strip() for block in found for line in block.lines]
    assert shown and [line for line in shown if f"{line}\n" not in files] == []


def test_the_program_that_is_shown_is_the_example() -> None:
    found = [block for document in DOCUMENTS for block in blocks(read(document)) if block.language == "cpp"]
    assert ["\n".join(block.lines) + "\n" for block in found] == [read("server/example/main.cc")]


def test_what_is_shown_of_python_is_in_files_that_tests_run() -> None:
    folder = CHECKOUT / "server" / "python" / "tests" / "users"
    files = "\n".join(path.read_text("utf-8") for path in sorted(folder.glob("*.py")))
    found = [block for document in DOCUMENTS for block in blocks(read(document)) if block.language == "python"]
    shown = ["\n".join(block.lines) + "\n" for block in found]
    assert shown and [text for text in shown if text not in files] == []


def test_the_readme_is_short() -> None:
    assert read("README.md").count("\n") <= 200


WORDS = {"four": 4, "nine": 9}


def recorded_branches() -> list[str]:
    return [each.name for each in read_recordings(CHECKOUT / "fixtures") if is_branch(short(each.name))]


def constant(file: str, name: str) -> int:
    found = re.search(rf"\b{name} = (?:std::chrono::milliseconds\()?([\d']+)", read(f"server/{file}"))
    assert found is not None, name
    return int(found[1].replace("'", ""))


@pytest.mark.parametrize(
    ("document", "sentence", "values"),
    [
        ("server/README.md", r"the first (\d+) lines and the last (\d+), (\d+) octets of each",
         lambda: [constant("script_lines.h", f"kRefused{name}") for name in ("First", "Last", "Line")]),
        ("server/README.md", r"The script may go on for ([\d.]+) seconds",
         lambda: [constant("script_exchange.h", "last_words") / 1000]),
        ("server/README.md", r"fields of a request; whole head \| (\d+);",
         lambda: [constant("request_head.h", "fields")]),
        ("server/README.md", r"local redirects of a request, [^|]*\| (\d+) \|",
         lambda: [constant("cgi_server.cc", "kRedirects")]),
        ("server/README.md", r"`--header-timeout`\) \| (\d+) s", lambda: [constant("options.h", "header_timeout")]),
        ("server/README.md", r"`--script-timeout`\) \| (\d+) s", lambda: [constant("options.h", "script_timeout")]),
        ("server/README.md", r"`--max-body`\) \| (\d+) GiB", lambda: [constant("options.h", "max_body") / (1 << 30)]),
        ("server/README.md", r"`--max-spool`\) \| (\d+) GiB", lambda: [constant("options.h", "max_spool") / (1 << 30)]),
        ("server/README.md", r"at most (\d+) lines per second of a script, and (\d+) octets of a line",
         lambda: [constant("script_lines.cc", name) for name in ("kPerSecond", "kLongest")]),
        ("server/README.md", r"`--max-connections`\) \| (\d+)", lambda: [constant("options.h", "max_connections")]),
        ("server/README.md", r"sends nothing for (\d+) milliseconds", lambda: [constant("cgi_server.cc", "kBodyDelay")]),
        ("server/README.md", r"files of up to\s+(\d+) KiB", lambda: [constant("static_file.cc", "kSmall")]),
        ("server/README.md", r"`--max-scripts`\) \| (\d+)", lambda: [constant("options.h", "max_scripts")]),
        ("server/README.md", r"field line \| (\d+) KiB", lambda: [constant("request_head.h", "line") / 1024]),
        ("conformance/VERSIONING.md", r"`format` is (\d+)", lambda: [FORMAT]),
        ("conformance/VERSIONING.md", r"does not; (\d+) wrong usage [^|]*; (\d+) the server [^|]*; (\d+) no case [^|]*; (\d+) int",
         lambda: [USAGE, SERVER, NOTHING_RAN, INTERRUPTED]),
        ("README.md", r"what (nine) versions of CPython", lambda: [len(recorded_branches())]),
        ("README.md", r"up to (four) are ignored", lambda: [constant("cgi_server.cc", "kEmptyLines")]),
        ("README.md", r"within (\d+) seconds of its start", lambda: [START_TIMEOUT]),
        ("conformance/README.md", r"within (\d+) seconds of its start", lambda: [START_TIMEOUT]),
    ],
)  # fmt: skip
def test_a_document_states_the_numbers_of_the_code(
    document: str, sentence: str, values: Callable[[], list[float]]
) -> None:
    found = re.search(sentence, read(document))
    assert found is not None, sentence
    assert [WORDS[word] if word in WORDS else float(word) for word in found.groups()] == values()
