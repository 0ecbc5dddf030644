"""cases/script_program.py and fixtures/scripts: the scripts of the document root as one program."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cgi_conform.cases.layout import Layout, temporary
from cgi_conform.cases.script_program import PLACE, check_program
from cgi_conform.errors import UserError
from cgi_conform.paths import REPO
from cgi_conform.running.plan import Options, make_plan

FIXTURES = REPO / "fixtures"
SOURCES = FIXTURES / "scripts"
MINGW = shutil.which("x86_64-w64-mingw32-gcc")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "script"
    path.write_bytes(b"before\0" + PLACE + b"\0behind")
    return path


def names(root: Path) -> dict[str, str]:
    """Returns the names in the copies of the program, by path."""
    found = {}
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.stat().st_size < 10000:
            octets = path.read_bytes()
            if octets.startswith(b"before\0"):
                found[path.relative_to(root).as_posix()] = octets.split(b"\0")[1].decode()
    return found


def test_a_copy_has_the_name_of_its_script_and_its_text(program: Path) -> None:
    with temporary(FIXTURES, Layout(program=program)) as laid:
        copy = (laid.root / "cgi-bin" / "mark").read_bytes()
        assert copy.startswith(b"before\0mark\0") and b"marker-6f1c-never-printed" in copy
        assert copy.endswith((FIXTURES / "docroot" / "cgi-bin" / "mark").read_bytes())
        assert (laid.root / "cgi-bin" / "mark").stat().st_mode & 0o777 == 0o755
        kept = ["bad-interpreter", "crlf-shebang", "execute-only", "killed", "no-shebang", "nox", "zombies"]
        assert not {f"root/cgi-bin/{name}" for name in kept} & names(laid.base).keys()


def test_the_copy_for_another_name_behaves_as_its_script(program: Path) -> None:
    with temporary(FIXTURES, Layout(lacks=frozenset(["links"]), program=program)) as laid:
        found = names(laid.root)
        assert (found["cgi-bin/sp ace"], found["cgi-bin/sub/probe"], found["cgi-bin/mark.txt"]) == ("probe", "probe", "mark.txt")


def test_the_program_knows_every_script_and_no_other(program: Path) -> None:
    with temporary(FIXTURES, Layout(program=program)) as laid:
        scripts = set(names(laid.base).values())
    source = (SOURCES / "script.c").read_text("utf-8")
    known = set(re.findall(r'^    \{"([^"]+)",', source, re.MULTILINE)) | set(re.findall(r'strcmp\(is, "([^"]+)"\)', source))
    assert PLACE.decode() in source
    assert scripts == known


@pytest.mark.long
@pytest.mark.skipif(MINGW is None, reason="no x86_64-w64-mingw32-gcc")
def test_the_program_compiles_for_windows(tmp_path: Path) -> None:
    sources = [SOURCES / name for name in ("script.c", "exchange.c", "probe.c", "system_windows.c")]
    warnings = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
    made = tmp_path / "script.exe"
    subprocess.run([str(MINGW), *warnings, "-static", *map(str, sources), "-lshell32", "-o", str(made)], check=True, timeout=120)
    assert check_program(made) == made


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No such file or directory (ci/build --tests --target script builds it)"),
        (b"ELF", "is not the program of fixtures/scripts (ci/build --tests --target script builds it)"),
    ],
)
def test_another_file_is_refused_in_one_line(tmp_path: Path, text: bytes | None, said: str) -> None:
    path = tmp_path / "other"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(UserError) as caught:
        make_plan(Options(command="sh {port}", script_program=path))
    assert said in caught.value.message and f'"{path}"' in caught.value.message and "\n" not in caught.value.message


def test_scripts_with_a_suffix_stay_scripts(program: Path) -> None:
    with pytest.raises(UserError, match=r"^--script-program: the scripts of this server have the suffix \.cgi"):
        make_plan(Options(command="sh {port}", script_program=program, script_suffix=".cgi"))


def test_another_verdict_with_the_program_is_reported(tmp_path: Path) -> None:
    runs = {"a": {"x/1": "pass", "x/2": "pass"}, "b": {"x/2": "skip", "x/3": "pass"}, "sample": {"x/1": "pass"}, "none": {}}
    for name, verdicts in runs.items():
        cases = [{"id": case, "verdict": verdict} for case, verdict in verdicts.items()]
        (tmp_path / name).write_text(json.dumps({"cases": cases}))

    def compared(*files: str) -> tuple[int, str]:
        command = [sys.executable, str(REPO / "ci" / "same_verdicts.py"), *(str(tmp_path / file) for file in files)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout

    assert compared("a", "a") == (0, "2 cases: 0 with another verdict\n")
    assert compared("a", "sample") == (0, "1 cases: 0 with another verdict\n")
    assert compared("a", "none")[0] == 1
    told = "x/2: pass in A, skip in B\nx/3: absent in A, pass in B\n2 cases: 2 with another verdict\n"
    assert compared("a", "b") == (1, told)
    assert compared("a") == (2, "")


def test_a_server_that_runs_already_has_its_scripts(program: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--script-program needs a server that cgi-conform starts"):
        make_plan(Options(url="http://127.0.0.1:1", root=str(tmp_path), script_program=program))
