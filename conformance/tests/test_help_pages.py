"""ci/help_pages: man pages without warnings, and completions that bash, zsh and fish run. Both have every option."""

import contextlib
import importlib
import io
import os
import pty
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from cgi_bench_report import cli as report
from cgi_conform import cli

CHECKOUT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("CGI_CONFORM_BUILD") or CHECKOUT / "build")
BUILT = {"cgi-server": BUILD / "server" / "cgi-server", "cgi-bench": BUILD / "bench" / "cgi-bench"}
ENVIRONMENT = {
    "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "SOURCE_DATE_EPOCH": "1764547200",
    "PYTHONPATH": ":".join(str(CHECKOUT / folder) for folder in ("ci", "conformance", "bench")),
}  # fmt: skip
# Prints the help of cgi-conform and of each command, each after NUL and the name of the command.
HELP_OF_COMMANDS = """
import contextlib, sys
from cgi_conform import cli
for name in ["", *cli.COMMANDS]:
    print("\\0" + name)
    with contextlib.suppress(SystemExit):
        cli.main([*filter(None, [name]), "--help"])
"""
pytestmark = pytest.mark.xdist_group("help-pages")
PATIENCE = 30  # seconds, for a loaded machine


def written(folder: Path, here: Path = CHECKOUT) -> None:
    """Writes all pages and completions into a folder."""
    there = [f"{name}={path}" for name, path in BUILT.items() if path.exists()]
    subprocess.run([sys.executable, "-m", "help_pages", str(folder), *there], cwd=here, env=ENVIRONMENT, check=True)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    written(folder)
    return folder


@pytest.fixture(scope="module")
def helps() -> dict[str, str]:
    """Returns the help of each program and each command."""
    programs = {"cgi-bench-report": [sys.executable, "-m", "cgi_bench_report", "--help"]}
    programs |= {name: [str(path), "--help"] for name, path in BUILT.items() if path.exists()}
    found = {name: printed(words) for name, words in programs.items()}
    _, *of_commands = printed([sys.executable, "-c", HELP_OF_COMMANDS]).split("\0")
    assert len(of_commands) > 10
    return found | {f"cgi-conform {text.partition(chr(10))[0]}".strip(): text for text in of_commands}


def printed(words: list[str]) -> str:
    done = subprocess.run(words, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    return done.stdout


def options(help_: str) -> set[str]:
    """Returns the options that a help text shows at the begin of a line, or in the list of Google Benchmark."""
    heads = re.findall(r"^ +(-[\w-]+(?:, *-[\w-]+)*)|\[(--\w+)=<?\{?", help_, re.MULTILINE)
    return {name for head in heads for name in re.split(r", *", head[0] or head[1])}


# The same options in the forms of CLI11's releases.
OF_CLI11 = [
    """\
Serves files.
Usage: cgi-server [OPTIONS] [PORT]

Positionals:
  PORT=8000                                 port to listen on

Where and what:
  -b,--bind ADDRESS=127.0.0.1               address to listen on
  --profile {cgihttpserver,rfc3875}         rules for scripts
  --script-limit NAME=N,...                 cpu (seconds), memory


Output:
  --version                                 print the version
""",
    """\
Serves files.
Usage: cgi-server [OPTIONS] [PORT]

Positionals:
  PORT [8000]                               port to listen on

Where and what:
  -b,--bind ADDRESS [127.0.0.1]             address to listen on
  --profile {cgihttpserver,rfc3875}         rules for scripts
  --script-limit NAME=N,...                 cpu (seconds), memory

Output:
  --version                                 print the version
""",
    """\
Serves files.


cgi-server [OPTIONS] [PORT]


POSITIONALS:
  PORT [8000]                               port to listen on

Where and what:
  -b,         --bind ADDRESS [127.0.0.1]    address to listen on
              --profile {cgihttpserver,rfc3875}\x20
                                            rules for scripts
              --script-limit NAME=N,...     cpu (seconds), memory

Output:
              --version                     print the version
""",
]


@pytest.mark.parametrize("text", OF_CLI11, ids=["2.1", "2.4", "2.7"])
def test_the_help_of_each_release_of_cli11_is_read(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(CHECKOUT / "ci"))
    help_text = importlib.import_module("help_pages.help_text")
    found = help_text.read_help("cgi-server", text)
    assert (found.usage, found.notes) == (("cgi-server [OPTIONS] [PORT]",), ("Serves files.",))
    assert [(section.title, [(each.names, each.value, each.about) for each in section.entries]) for section in found.sections] == [
        ("arguments", [(("PORT",), "", "port to listen on (default: 8000)")]),
        ("Where and what", [
            (("-b", "--bind"), "ADDRESS", "address to listen on (default: 127.0.0.1)"),
            (("--profile",), "{cgihttpserver,rfc3875}", "rules for scripts"),
            (("--script-limit",), "NAME=N,...", "cpu (seconds), memory"),
        ]),
        ("Output", [(("--version",), "", "print the version")]),
    ]  # fmt: skip


def test_the_same_sources_give_the_same_bytes(pages: Path, tmp_path: Path) -> None:
    written(tmp_path, here=tmp_path)
    files = [path.relative_to(pages) for path in sorted(pages.rglob("*")) if path.is_file()]
    assert len(files) > 20
    assert [file for file in files if (tmp_path / file).read_bytes() != (pages / file).read_bytes()] == []


def test_each_option_and_argument_stands_in_the_man_page(pages: Path, helps: Mapping[str, str]) -> None:
    for name, help_ in helps.items():
        page = (pages / "man" / f"{name.replace(' ', '-')}.1").read_text().replace("\\-", "-")
        missing = [option for option in options(help_) if f"\\fB{option}\\fR" not in page]
        assert (name, missing) == (name, [])
        for argument in re.findall(r"^  ([A-Z][A-Z-]*) {2,}", help_, re.MULTILINE):
            assert f"\\fI{argument}\\fR" in page, (name, argument)


def test_each_man_page_has_the_sections_that_readers_look_for(pages: Path) -> None:
    for path in sorted((pages / "man").iterdir()):
        found = re.findall(r'^\.SH "?([A-Z ]+)', path.read_text(), re.MULTILINE)
        wanted = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES", "SEE ALSO"]
        assert [title for title in wanted if title not in found] == [], path.name
    whole = (pages / "man" / "cgi-conform.1").read_text()
    assert ".SH ENVIRONMENT" in whole.replace('"', "") and ".SH FILES" in whole.replace('"', "")


@pytest.mark.parametrize(
    "words", [["mandoc", "-Tlint", "-Wwarning"], ["groff", "-ww", "-man", "-Tutf8", "-z"]], ids=["mandoc", "groff"]
)
def test_a_man_page_has_no_warning(pages: Path, words: list[str]) -> None:
    if shutil.which(words[0]) is None:
        pytest.skip(f"package {words[0]} is not installed")
    files = [str(path) for path in sorted((pages / "man").iterdir())]
    done = subprocess.run([*words, *files], env=ENVIRONMENT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_bash_offers_each_option(pages: Path, helps: Mapping[str, str]) -> None:
    for name, help_ in helps.items():
        offered = {word.rstrip("=") for word in bash(pages, f"{name} -")}
        assert (name, offered) == (name, options(help_))


def test_fish_offers_each_option(pages: Path, helps: Mapping[str, str]) -> None:
    need("fish")
    for program in dict.fromkeys(name.split()[0] for name in helps):
        names = [name for name in helps if name.split()[0] == program]
        for name, offered in zip(names, fish(pages, *(f"{name} --" for name in names)), strict=True):
            long = {option for option in options(helps[name]) if option.startswith("--")}
            assert (name, set(offered)) == (name, long)


def test_zsh_has_each_option(pages: Path, helps: Mapping[str, str]) -> None:
    for name, help_ in helps.items():
        script = (pages / "completions" / "zsh" / f"_{name.split()[0]}").read_text()
        if " " in name:
            script = script.partition(f"        {name.split()[1]})\n")[2].partition(";;\n")[0]
        missing = [option for option in options(help_) if not re.search(rf"['{{,*]{option}['=+,}}[]", script)]
        assert (name, missing) == (name, [])


OFFERS = [
    ("cgi-conform r", {"run", "replay", "record"}),
    ("cgi-conform run --profile ", {"cgihttpserver", "rfc3875"}),
    ("cgi-conform run --delivery b", {"bytes"}),
    ("cgi-conform run --server lightt", {"lighttpd"}),
    ("cgi-conform run static --server lightt", {"lighttpd"}),
    ("cgi-conform list pos", {"post", "post-body"}),
    ("cgi-conform list post/pl", {"post/plain-file"}),
    ("cgi-conform show cgi/header-order-is-f", {"cgi/header-order-is-free"}),
    ("cgi-conform prove --fault post-outside", {"post-outside-cgi-allowed"}),
    ("cgi-conform bisect --until ge", {"get"}),
    ("cgi-conform servers --install faulty lightt", {"lighttpd"}),
    ("cgi-server --log-format ", {"common", "json", "none"}),
    ("cgi-server -p ", {"HTTP/1.0", "HTTP/1.1"}),
    ("cgi-server --user nobod", {"nobody"}),
    ("cgi-server --pass-env SOURCE_DATE", {"SOURCE_DATE_EPOCH"}),
    ("cgi-bench --servers lightt", {"lighttpd"}),
]


@pytest.mark.parametrize(("line", "words"), OFFERS)
def test_bash_offers_values(pages: Path, line: str, words: set[str]) -> None:
    built(line)
    assert set(bash(pages, line)) == words


def test_bash_offers_values_after_an_equals_sign(pages: Path) -> None:
    assert bash(pages, "cgi-conform run --profile = rf") == ["rfc3875"]  # bash splits the word like this
    assert bash(pages, "cgi-conform run --profile =") == ["cgihttpserver", "rfc3875"]


@pytest.mark.parametrize(("line", "words"), OFFERS)
def test_fish_offers_values(pages: Path, line: str, words: set[str]) -> None:
    built(line)
    need("fish")
    assert set(fish(pages, line)[0]) == words


def test_fish_offers_files_and_folders_where_they_are_values(pages: Path, tmp_path: Path) -> None:
    need("fish")
    (tmp_path / "some-folder").mkdir()
    (tmp_path / "some-file").write_text("")
    lines = (f"cgi-conform {words} {tmp_path}/some-" for words in ("run --expect", "run --report", "fixtures"))
    found = [[Path(word).name for word in words] for words in fish(pages, *lines)]
    assert found == [["some-file", "some-folder"], ["some-folder"], ["some-folder"]]


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_files_and_folders_are_offered_where_they_are_values(pages: Path, tmp_path: Path, shell: str) -> None:
    need(shell)
    (tmp_path / "some-folder").mkdir()
    (tmp_path / "some-file").write_text("")
    with Terminal(shell, pages, tmp_path) as terminal:
        assert terminal.completed("cgi-conform run --expect some-fi\t") == "run --expect some-file"
        assert terminal.completed("cgi-conform run --report some-\t").rstrip("/") == "run --report some-folder"


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_shell_completes_what_a_user_types(pages: Path, tmp_path: Path, shell: str) -> None:
    need(shell)
    with Terminal(shell, pages, tmp_path) as terminal:
        for typed, got in {
            "cgi-conform bis\t--prof\trf\t": "bisect --profile rfc3875",
            "cgi-conform run --server lightt\t--deli\tby\tpost/plain-fi\t": "run --server lighttpd --delivery bytes post/plain-file",
            "cgi-conform prove --needs roo\t": "prove --needs root",
            "cgi-conform show seed/post-outside-cgi-is-5\t": "show seed/post-outside-cgi-is-501",
            "cgi-conform servers --inst\tfaulty lightt\t": "servers --install faulty lighttpd",
            "cgi-bench-report --refer\t": "--reference",
        }.items():  # fmt: skip
            assert terminal.completed(typed).replace("=", " ").strip() == got, typed


def test_each_misspelt_option_gets_one_line_with_the_right_one(helps: Mapping[str, str]) -> None:
    wrong: list[str] = []
    for name, help_ in helps.items():
        for option in sorted(option for option in options(help_) if len(option) > 4):
            middle = len(option) // 2 + 1
            misspelt = option[:middle] + option[middle - 1 :]  # a letter twice
            status, said = mistake(name, misspelt)
            if status != 2 or said.count("\n") != 1 or not re.search(rf'did you mean "?{option}"?\?', said):
                wrong.append(f"{name} {misspelt}: {said}")
    assert wrong == []


def mistake(name: str, word: str) -> tuple[int, str]:
    """Returns the exit status and the message of a program or a command that gets this word."""
    program, *command = name.split()
    if program in BUILT:
        done = subprocess.run([str(BUILT[program]), word], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return done.returncode, done.stderr
    main = cli.main if program == "cgi-conform" else report.main
    with contextlib.redirect_stderr(io.StringIO()) as said, pytest.raises(SystemExit) as ended:
        main([*command, word])
    return int(ended.value.code or 0), said.getvalue()


def need(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"package {shell} is not installed")


def built(line: str) -> None:
    path = BUILT.get(line.split()[0])
    if path is not None and not path.exists():
        pytest.skip(f"{path} is not built (ci/build --tests)")


def bash(pages: Path, line: str) -> list[str]:
    """Returns the words that bash's function offers at the end of the line."""
    words = [*line.split(), *([""] if line.endswith(" ") else [])]
    program = words[0]
    script = f"""
        source {shlex.quote(str(pages / "completions" / "bash" / program))}
        COMP_WORDS=({" ".join(map(shlex.quote, words))}) COMP_CWORD={len(words) - 1}
        complete -p {program} | grep -q -- '-F _{program.replace("-", "_")} {program}$'
        _{program.replace("-", "_")}
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "--norc", "-c", script], env=ENVIRONMENT, cwd="/", capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return [word for word in done.stdout.splitlines() if word]


def fish(pages: Path, *lines: str) -> list[list[str]]:
    """Returns the words that fish offers at the end of each line. The lines begin with the same program."""
    script = pages / "completions" / "fish" / f"{lines[0].split()[0]}.fish"
    commands = "; ".join([f"source '{script}'", *(f"complete -C '{line}'; printf '\\0'" for line in lines)])
    command = ["fish", "--no-config", "-c", commands]
    done = subprocess.run(command, env={**ENVIRONMENT, "HOME": str(pages)}, cwd="/", capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return [[word.partition("\t")[0] for word in part.splitlines()] for part in done.stdout.split("\0")[:-1]]


STARTS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
}
# Each shell gets functions with the names of the programs. They print their arguments.
PREPARES = {
    "bash": 'PS1=; bind "set enable-bracketed-paste off"; for each in {folder}/bash/*; do source $each; done; '
    'for each in {programs}; do eval "$each() {{ echo \\"<\\$*>\\"; }}"; done; echo rea""dy',
    "zsh": "PS1=; unsetopt zle_bracketed_paste prompt_sp; unset zle_bracketed_paste; fpath=({folder}/zsh $fpath); "
    "autoload -Uz compinit; compinit -D -u; "
    'for each in {programs}; do eval "$each() {{ print -r -- \\"<\\$*>\\" }}"; done; print rea""dy',
}


class Terminal:
    """A shell in a terminal of its own, with the completions of the programs."""

    def __init__(self, shell: str, pages: Path, here: Path) -> None:
        self.shell = shell
        programs = "cgi-conform cgi-bench-report"
        self.prepares = PREPARES[shell].format(folder=pages / "completions", programs=programs)
        environment = {**ENVIRONMENT, "TERM": "dumb", "HOME": str(here), "INPUTRC": "/dev/null"}
        ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            STARTS[shell], stdin=theirs, stdout=theirs, stderr=theirs, cwd=here, env=environment, start_new_session=True
        )
        os.close(theirs)
        self.terminal = ours

    def __enter__(self) -> "Terminal":
        self.typed(self.prepares)
        self.printed("ready")
        return self

    def __exit__(self, *_: object) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.terminal)

    def typed(self, text: str) -> None:
        os.write(self.terminal, text.encode() + b"\r")

    def completed(self, text: str) -> str:
        """Returns the arguments that the program gets if a user types this text, in which tabs complete."""
        self.typed(text)
        return self.printed(r"<([^<>]*)>\r?\n").strip()

    def printed(self, pattern: str) -> str:
        """Reads until the shell has printed the pattern. Returns its group."""
        text, deadline = "", time.monotonic() + PATIENCE
        while (found := re.search(pattern, text)) is None:
            readable, _, _ = select.select([self.terminal], [], [], max(0.0, deadline - time.monotonic()))
            assert readable, f"{self.shell} printed {text!r}"
            text += os.read(self.terminal, 65536).decode("utf-8", "replace")
        return found[1] if found.groups() else found[0]
