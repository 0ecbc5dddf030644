"""cgi-conform init-server: it writes valid files, and it never overwrites a file."""

import re
import tomllib
from pathlib import Path

import pytest

from case_files import case, corpus
from cgi_conform.cases.variants import VARIANTS
from cgi_conform.cli import main
from cgi_conform.commands.init_server import files, next_steps
from cgi_conform.judging.known_failures import load_known_failures
from cgi_conform.paths import SCHEMAS
from cgi_conform.schema import faults
from cgi_conform.servers.definition import load_server
from whole_run import SERVE, cgi_conform, environment

NAMES = ["expect.toml", "server.conf", "server.toml"]


def test_init_server_writes_three_files_and_prints_the_next_steps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new" / "mine"
    assert main(["init-server", str(folder)]) == 0
    out, err = capsys.readouterr()
    assert sorted(path.name for path in folder.iterdir()) == NAMES and err == ""
    for name in NAMES:
        assert f"{folder}/{name}  " in out
    assert f"cgi-conform run --server {folder}" in out and f"cgi-conform serve {folder}" in out


def test_the_next_steps_name_the_folder_and_not_a_known_server_of_the_same_name() -> None:
    told = next_steps(Path("lighttpd"))
    assert "cgi-conform serve ./lighttpd " in told and "--server ./lighttpd " in told
    assert "cgi-conform serve mine " in next_steps(Path("mine"))


def test_an_existing_file_is_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in NAMES:
        folder = tmp_path / f"with-{name}"
        folder.mkdir()
        (folder / name).write_text("mine")
        assert main(["init-server", str(folder)]) == 2
        assert capsys.readouterr() == (
            "", f'cgi-conform: "{folder}/{name}" exists already (name another folder)\n'
        )  # fmt: skip
        assert [path.name for path in folder.iterdir()] == [name] and (folder / name).read_text() == "mine"
    (tmp_path / "file").touch()
    assert main(["init-server", str(tmp_path / "file")]) == 2
    assert capsys.readouterr().err == f'cgi-conform: "{tmp_path}/file" is not a folder (name a new one)\n'
    assert main(["init-server", str(tmp_path / "file" / "below")]) == 2
    assert capsys.readouterr().err.startswith(f'cgi-conform: cannot write into "{tmp_path}/file/below": ')


def test_other_files_in_the_folder_stay_unchanged(tmp_path: Path) -> None:
    (tmp_path / "my-server.c").write_text("int main;")
    assert main(["init-server", str(tmp_path)]) == 0
    assert (tmp_path / "my-server.c").read_text() == "int main;"


def test_the_written_files_are_valid_without_a_change(tmp_path: Path) -> None:
    assert main(["init-server", str(tmp_path / "mine")]) == 0
    server = load_server(f"{tmp_path}/mine/")
    assert (server.title, server.program) == ("My server", None)
    assert server.sought.endswith("my-server on PATH")
    assert load_known_failures(tmp_path / "mine" / "expect.toml") == []


def test_the_entries_in_the_comments_are_valid_when_uncommented(tmp_path: Path) -> None:
    text = files(tmp_path)["server.toml"]
    whole = re.sub(r"^# (?=[\w-]+ = |\[profile)", "", text, flags=re.MULTILINE)
    table = tomllib.loads(whole)
    assert faults(table, "server.schema.json") == []
    assert list(table["variants"]) == list(VARIANTS) and "rfc3875" in table["profile"] and table["environment"]
    rules = re.sub(r"^# (?=\w+ +=|\[)", "", files(tmp_path)["expect.toml"], flags=re.MULTILINE)
    (tmp_path / "expect.toml").write_text(rules)
    assert [(rule.glob, rule.outcome) for rule in load_known_failures(tmp_path / "expect.toml")] == [("post/plain-file", "fail")]


def test_the_comments_explain_every_token(tmp_path: Path) -> None:
    assert (SCHEMAS / "server.schema.json").exists()
    text = files(tmp_path)["server.toml"]
    explained = text.partition("title ")[0]
    for token in ("port", "root", "here", "files", "user", "group", "program"):
        assert f"{{{token}}}" in explained, token


def test_a_definition_with_a_configuration_file_works_from_another_folder(tmp_path: Path) -> None:
    corpus(tmp_path, case("a/b", "body.file = 'hello.txt'"))
    work = tmp_path / "work"
    work.mkdir()
    assert cgi_conform(tmp_path, "init-server", "mine", cwd=work).returncode == 0
    folder = work / "mine"
    text = (folder / "server.toml").read_text()
    (folder / "server.toml").write_text(text.replace("./my-server", "./serve"))
    (folder / "serve").write_text("#!/usr/bin/env python3\n" + SERVE.replace(
        "int(sys.argv[1])", "int(open(sys.argv[1]).read().split('listen 127.0.0.1:')[1].split()[0])"))  # fmt: skip
    (folder / "serve").chmod(0o755)
    done = cgi_conform(tmp_path, "run", "--server", "mine", cwd=work)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert environment(tmp_path)["CGI_CONFORM_FIXTURES"] == str(tmp_path)
