"""usage.py, typed.py, examples.py: help texts, the examples in them, and errors on the command line."""

import shlex
import sys
from pathlib import Path

import pytest

from cgi_conform import typed as typed_module
from cgi_conform.cases.clauses import load_clauses
from cgi_conform.cases.load import load_cases
from cgi_conform.cli import COMMANDS, main, parser
from cgi_conform.did_you_mean import nearest_path
from cgi_conform.examples import EXAMPLES, FIRST_STEPS
from cgi_conform.paths import REPO
from cgi_conform.programs.definition import load_programs
from cgi_conform.servers.definition import from_command, load_server
from cgi_conform.typed import program, typed

ALL = [*FIRST_STEPS, *(line for lines in EXAMPLES.values() for line in lines)]
OWN = "my-server"  # the reader's own server in the examples


def test_every_command_has_examples_that_start_with_its_name() -> None:
    assert set(EXAMPLES) == set(COMMANDS)
    for name, lines in EXAMPLES.items():
        assert any(line.startswith(f"cgi-conform {name}") for line in lines)


@pytest.mark.parametrize("line", ALL)
def test_every_example_can_be_typed(line: str) -> None:
    start, *words = shlex.split(line.partition(" | ")[0])
    assert start == "cgi-conform"
    options = parser(words[0]).parse_all(words)
    globs = [*getattr(options, "globs", []), *filter(None, [getattr(options, "id", None)])]
    if words[0] == "programs":
        load_programs(globs)
    elif words[0] != "show" or words[1] not in load_clauses(REPO / "fixtures" / "clauses.toml"):
        load_cases(REPO / "fixtures" / "cases", globs, validate=False)
    servers = options.server if isinstance(options_server := getattr(options, "server", None), list) else [options_server]
    named = [*servers, *(getattr(options, name, None) for name in ("name", "a", "b"))]
    for name in named:
        if name and name != OWN and not name.endswith(".json"):
            assert load_server(name).title
    command = getattr(options, "command", None)
    for text in command if isinstance(command, list) else filter(None, [command]):
        assert from_command(text).name == "command"
    chosen = (getattr(options, "profile", None), named[0])
    if isinstance(chosen[0], str) and chosen[1] and chosen[1] != OWN:
        assert chosen[0] in load_server(chosen[1]).profiles


def test_the_words_of_a_list_may_follow_an_option() -> None:
    assert parser("run").parse_all("run a --strict b -j 2 c d".split()).globs == ["a", "b", "c", "d"]
    assert parser("diff").parse_all("diff a --profile rfc3875 b c -j 2 d".split()).globs == ["c", "d"]
    assert parser("merge").parse_all("merge a --report r b".split()).results == [Path("a"), Path("b")]


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_ends_with_two_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*filter(None, [name]), "--help"])
    assert ended.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-3] == "examples:"
    assert lines[-2:] == [f"  {typed(line)}" for line in (EXAMPLES[name] if name else FIRST_STEPS)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("run --serve=x", 'run: unknown option "--serve" (did you mean "--server"?)'),
        ("run --strct --server x", 'run: unknown option "--strct" (did you mean "--strict"?)'),
        ("serve --varient http11", 'serve: unknown option "--varient" (did you mean "--variant"?)'),
        ("programs --sever x", 'programs: unknown option "--sever" (did you mean "--server"?)'),
        ("run --profile rfc", 'run: argument --profile: unknown value "rfc" (did you mean "rfc3875"?)'),
        ("run --delivery x", 'run: argument --delivery: unknown value "x" (known: whole, bytes, lines, split)'),
        ("prove --needs rot", 'prove: argument --needs: unknown value "rot" (did you mean "root"?)'),
        ("show a b", 'show: unexpected word "b" (put quotes around a value with spaces)'),
        ("serve a --port 1 b", 'serve: unexpected word "b" (put quotes around a value with spaces)'),
        ("run a --strict b --strct", 'run: unknown option "--strct" (did you mean "--strict"?)'),
        ("diff", "diff: the following arguments are required: A, B ("),
        ("diff a", "diff: the following arguments are required: B ("),
        ("run --server", "run: argument --server: expected one argument ("),
        ("rum", ': unknown command "rum" (did you mean "run"?)'),
        ("x", f': unknown command "x" (known: {", ".join(COMMANDS)})'),
        ("--vers", ': unknown option "--vers" (did you mean "--version"?)'),
        ("run --frobnicate", 'run: unknown option "--frobnicate" (the nearest is "--'),
        ("run --profil rfc3875", 'run: unknown option "--profil" (did you mean "--profile"?)'),
        ("--vers list", ': unknown option "--vers" (did you mean "--version"?)'),
    ],
)  # fmt: skip
def test_a_wrong_word_gets_one_line_with_the_nearest_known_one(
    words: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words.split())
    lines = capsys.readouterr().err.splitlines()
    assert ended.value.code == 2
    assert len(lines) == 1 and lines[0].startswith(f"cgi-conform{said}" if said[0] == ":" else f"cgi-conform {said}")
    assert lines[0].endswith(")")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ("list pots", 5, 'no case matches "pots" (did you mean "post/*"?)'),
        ("list post/plain-fil", 5, 'no case matches "post/plain-fil" (did you mean "post/plain-file"?)'),
        ("run post --server lightpd", 2, 'no server "lightpd" (did you mean "lighttpd"?)'),
        ("run post --server faulty --skip pst/*", 2, '--skip "pst/*" matches no case (did you mean "post/*"?)'),
        ("run post --server cgi-server --has htp11=x", 2, '--has "htp11": no such capability (did you mean "http11"?)'),
        ("show cgi/header-order", 5, 'no case matches "cgi/header-order", and no clause has this id (did you mean '),
        ("serve faulty --variant htp11", 2, 'server "faulty" has no variant "htp11" (did you mean "http11"?)'),
        ("bisect --server faulty --until gett", 2, 'unknown level "gett" (did you mean "get"?)'),
        ("prove post --fault post-outside-cgi-allowd", 2, 'no fault "post-outside-cgi-allowd" (did you mean "post-outside-cgi-'),
        ("programs --server faulty gti", 2, 'no program or check matches "gti" (did you mean "git"?)'),
    ],
)  # fmt: skip
def test_an_unknown_name_gets_one_line_with_the_nearest_known_one(
    words: str, status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words.split()) == status
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert printed.err.startswith(f"cgi-conform: {said}")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("run post --server faulty --expect {}/mine/expects.toml", '"{}/mine/expects.toml": no such file (did you mean "{}/mine/expect.toml"?)'),
        ("matrix --from {}/mien/results.json", 'cannot read "{}/mien/results.json": No such file or directory (did you mean "{}/mine/results.json"?)'),
        ("show post/plain-file --results {}/mine/result.json", 'cannot read "{}/mine/result.json": No such file or directory (did you mean "{}/mine/results.json"?)'),
        ("run post --server {}/mne", 'there is no folder "{}/mne" (did you mean "{}/mine"?)'),
        ("run post --server {}/mine/x", 'there is no folder "{}/mine/x" ('),
        ("serve faulty --root {}/mne", '"{}/mne" is not a directory (did you mean "{}/mine"?)'),
        ("run post --url http://127.0.0.1:1 --root {}/mne", '--root "{}/mne" is no directory (did you mean "{}/mine"?)'),
    ],
)  # fmt: skip
def test_a_missing_file_gets_one_line_with_the_nearest_one(
    words: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").mkdir()
    for name in ("expect.toml", "results.json"):
        (tmp_path / "mine" / name).write_text("")
    assert main(words.format(tmp_path).split()) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert printed.err.startswith(f"cgi-conform: {said}".replace("{}", str(tmp_path)))


def test_the_nearest_path_is_searched_folder_by_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "report" / "run").mkdir(parents=True)
    (tmp_path / "report" / "run" / "results.json").write_text("")
    monkeypatch.chdir(tmp_path / "report")
    for missing, found in {
        "rn/reslts.json": "run/results.json", "../rreport/run": "../report/run",
        f"{tmp_path}/rreport/run/results.json": f"{tmp_path}/report/run/results.json",
    }.items():  # fmt: skip
        assert nearest_path(Path(missing)) == f' (did you mean "{found}"?)'
    for hopeless in ("run/zzz", "zzz/results.json", "run/results.json/x", "run"):
        assert nearest_path(Path(hopeless)) == ""


def executable(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_a_hint_names_the_program_by_a_path_that_can_be_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typed_module, "build", lambda: tmp_path / "build")
    module, nowhere = Path("/x/cgi_conform/__main__.py"), {"PATH": str(tmp_path / "empty")}
    assert program(module, tmp_path, nowhere) == "python3 -m cgi_conform"
    assert program(Path("/x/pytest"), tmp_path, nowhere) == "cgi-conform"
    own = executable(tmp_path / "build" / "bin" / "cgi-conform")
    (tmp_path / "sub").mkdir()
    other = Path("/")
    for here, name in {
        tmp_path: "build/bin/cgi-conform", tmp_path / "sub": "../build/bin/cgi-conform",
        own.parent: "./cgi-conform", other: str(own),
    }.items():  # fmt: skip
        got = program(module, here, nowhere)
        assert got == name or (here == other and got == str(own).lstrip("/"))
    assert program(module, tmp_path, {"PATH": str(own.parent)}) == "cgi-conform"
    installed = executable(tmp_path / "venv" / "bin" / "cgi-conform")
    assert program(installed, tmp_path, {"PATH": str(installed.parent)}) == "cgi-conform"
    assert program(installed, tmp_path, nowhere) == "venv/bin/cgi-conform"
    assert program(module, tmp_path, {"PATH": str(installed.parent)}) == "build/bin/cgi-conform"
    strange = executable(tmp_path / "a b" / "cgi-conform")
    assert program(strange, tmp_path, nowhere) == "'a b/cgi-conform'"
    monkeypatch.setattr(typed_module, "build", lambda: None)  # an installed package has no build tree
    monkeypatch.setattr(sys, "executable", str(installed.with_name("python")))
    assert program(module, tmp_path, nowhere) == "venv/bin/cgi-conform"


def test_typed_replaces_the_program_name_only_in_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typed_module, "program", lambda *_: "./x")
    assert typed("(cgi-conform servers) cgi-conform init-server a; cgi-conform --help") == (
        "(./x servers) ./x init-server a; ./x --help"
    )
    for text in ("a server that cgi-conform starts", "build/bin/cgi-conform run", "cgi-conform: run", "cgi-conform runs"):
        assert typed(text) == text


def test_hints_in_errors_can_be_typed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typed_module, "program", lambda *_: "./x")
    assert main(["run", "--server", "no/such"]) == 2
    assert capsys.readouterr().err == (
        'cgi-conform: there is no folder "no/such" (./x init-server no/such makes one)\n'
    )
