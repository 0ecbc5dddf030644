"""servers/command_words.py, servers/definition.py: resolving the words of a command that name files."""

import os
import sys
from pathlib import Path

import pytest

from case_files import case, corpus
from cgi_conform.cases.docroot import Docroot
from cgi_conform.errors import UserError
from cgi_conform.running.plan import Options, make_plan
from cgi_conform.servers.command_words import found_beside, lost_words
from cgi_conform.servers.definition import from_command, load_server
from cgi_conform.servers.launch import start
from whole_run import SERVE, cgi_conform


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    (folder / "etc").mkdir(parents=True)
    (folder / "public").mkdir()
    for name in ("my.conf", "etc/more.conf", "plain"):
        (folder / name).touch()
    monkeypatch.chdir(folder)
    return folder


def test_words_that_name_files_of_the_caller_become_absolute(here: Path) -> None:
    leads_to = {
        "my.conf": f"{here}/my.conf", "./my.conf": f"{here}/my.conf", "etc/more.conf": f"{here}/etc/more.conf",
        "plain": f"{here}/plain", "--config=my.conf": f"--config={here}/my.conf", "CONF=etc/more.conf":
        f"CONF={here}/etc/more.conf", "./etc": f"{here}/etc", "../here/my.conf": f"{here}/../here/my.conf",
        # A plain name of a folder stays: it may be a command or a folder of the document root.
        "public": "public", "none.conf": "none.conf", "-c": "-c", "{root}": "{root}", "{port}": "{port}", "": "",
        "--port={port}": "--port={port}", "/etc/passwd": "/etc/passwd", "a" * 5000: "a" * 5000, "--x=": "--x=",
    }  # fmt: skip
    assert dict(zip(leads_to, found_beside(tuple(leads_to), here), strict=True)) == leads_to


def test_a_word_that_names_no_file_is_reported_if_the_start_fails(here: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "there.txt").touch()
    (here / "mine.py").touch()
    nowhere = f'neither in "{here}" nor in the document root, where the server runs'
    for words, told in {
        ("no.conf",): [f'there is no "no.conf", {nowhere}'],
        ("--conf=./no", "-x"): [f'there is no "./no", {nowhere}'],
        ("public", "etc/"): [f'the server looks for "etc/" in the document root, where it runs ({{here}}/etc/ is the '
                             f'one in "{here}")'],
        ("-m", "mine"): [f'module "mine" lies in "{here}", but the server runs in the document root '
                         "(env PYTHONPATH={here} in front of the command)"],
        ("there.txt", "/etc/x.conf", "{root}/x.conf", "HTTP/1.1", "127.0.0.1:80", "http://x/y.z", "-c", "**.cgi",
         "-m", "http.server", "--cgi", "x = 1.5", "0.5"): [],
    }.items():  # fmt: skip
        assert lost_words(words, here, root) == told, words


def test_a_server_and_its_configuration_are_found_in_the_current_folder(here: Path, tmp_path: Path) -> None:
    corpus(tmp_path, case("a/b"))
    (here / "serve.py").write_text("import sys\nassert open(sys.argv[2]).read() == 'x'\n" + SERVE)
    (here / "my.conf").write_text("x")
    done = cgi_conform(tmp_path, "run", f"--command={sys.executable} serve.py {{port}} my.conf", cwd=here)
    assert done.returncode == 0, done.stderr


def test_a_missing_file_is_reported_with_the_searched_folders(here: Path, tmp_path: Path) -> None:
    (tmp_path / "base" / "root").mkdir(parents=True)
    with pytest.raises(UserError) as caught:
        start(from_command(f"{sys.executable} surely-not.py {{port}}"), Docroot(tmp_path / "base"))
    assert caught.value.message.splitlines()[-1] == (
        f'    there is no "surely-not.py", neither in "{here}" nor in the document root, where the server runs'
    )


def test_here_is_the_current_folder(here: Path) -> None:
    server = from_command("sh -c 'exec {here}/x' {port}")
    assert server.words(server.command, {"port": "1"})[1:] == ["-c", f"exec {here}/x", "1"]


def test_an_existing_program_that_is_not_found_is_reported_with_the_reason(here: Path) -> None:
    (here / "site").mkdir()
    for command, sought in {
        "plain {port}": f"plain on PATH: write ./plain for the one in {here}",
        "./plain {port}": "./plain, which is not executable: chmod +x",
        "./site {port}": "./site, which is a folder: name a program in it",
        "./none {port}": "./none",
    }.items():
        with pytest.raises(UserError) as caught:
            make_plan(Options(command=command))
        assert caught.value.message == f'command "{command}" names no program (looked for {sought})'


def definition(folder: Path, program: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "server.toml").write_text(
        f'title = "Mine"\nprogram = ["{program}"]\ncommand = ["{{program}}", "{{port}}"]\nprofiles = ["rfc3875"]\n'
    )


@pytest.mark.parametrize("program", ["./serve", "{here}/serve", "bin/../serve"])
def test_a_relative_program_is_looked_up_beside_its_definition(here: Path, tmp_path: Path, program: str) -> None:
    (tmp_path / "mine" / "bin").mkdir(parents=True)
    definition(tmp_path / "mine", program)
    assert load_server("../mine").program is None
    (tmp_path / "mine" / "serve").write_text("#!/bin/sh\n")
    (tmp_path / "mine" / "serve").chmod(0o755)
    found = load_server("../mine").program
    assert found is not None and found.samefile(tmp_path / "mine" / "serve") and found.is_absolute()


def test_the_name_of_a_folder_needs_no_slash(here: Path) -> None:
    definition(here / "mine", "sh")
    for name in ("mine", "mine/", "./mine", str(here / "mine"), "mine/server.toml"):
        assert (load_server(name).title, load_server(name).name) == ("Mine", "mine"), name


def test_a_known_server_wins_over_a_folder_with_a_note(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    definition(here / "lighttpd", "sh")
    assert [load_server("lighttpd").title for _ in "12"] == ["lighttpd mod_cgi"] * 2
    said = 'cgi-conform: "lighttpd" is the known server of this name, not the folder (--server ./lighttpd)\n'
    assert capsys.readouterr().err == said
    assert load_server("./lighttpd").title == "Mine"


def test_a_folder_without_a_definition_is_reported_with_the_next_step(here: Path) -> None:
    definition(here / "mine", "sh")
    for name, said in {
        "public": '"public" has no server.toml (cgi-conform init-server public writes one)',
        "./etc": '"./etc" has no server.toml (cgi-conform init-server ./etc writes one)',
        "none/": 'there is no folder "none/" (cgi-conform init-server none/ makes one)',
        "mnie": 'no server "mnie" (did you mean "mine"?)',
    }.items():
        with pytest.raises(UserError) as caught:
            load_server(name)
        assert (caught.value.message, caught.value.status) == (said, 2)
    assert not os.listdir(here / "public")
