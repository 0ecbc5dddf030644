"""plugin.py, pytest_cases.py: running the cases as items of pytest."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from case_files import SEND, case, corpus
from whole_run import SERVE, environment, get

OF_A_PROJECT = "def test_of_the_project() -> None:\n    pass\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Writes a project with one test, a server, and cases of every verdict."""
    wrong = "status = 404"
    corpus(
        tmp_path / "fixtures",
        case("a/pass"), case("a/fail", wrong), case("a/known", wrong), case("b/pass"),
        case("a/warn", wrong, level="recommended"), case("a/differs", wrong, level="observed"),
        case("a/lacking", more=SEND + "\nneeds = ['http11']"),
    )  # fmt: skip
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "test_project.py").write_text(OF_A_PROJECT)
    (folder / "serve.py").write_text(SERVE)
    (folder / "server.toml").write_text(
        f'title = "Mine"\nprogram = ["{sys.executable}"]\nprofiles = ["cgihttpserver"]\n'
        'command = ["{program}", "{here}/serve.py", "{port}"]\n'
    )
    (folder / "expect.toml").write_text("['a/known']\noutcome = 'fail'\nreason = 'known to fail'\n")
    return folder


def run_pytest(folder: Path, *words: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "cgi_conform.plugin", *words]
    done = subprocess.run(
        command, env=environment(folder.parent / "fixtures"), cwd=folder, capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stdout + done.stderr


def test_the_cases_run_beside_the_tests_of_the_project(project: Path) -> None:
    status, out = run_pytest(project, "--cgi-server", "./", "--junitxml", "junit.xml")
    assert status == 1 and "1 failed, 5 passed, 1 skipped, 1 xfailed, 1 warning" in out
    assert "cgi-conform: Mine, profile cgihttpserver" in out
    assert "FAIL  a/fail" in out and "expected  status 404" in out and "Traceback" not in out
    found = ElementTree.parse(project / "junit.xml").getroot().iter("testcase")
    told = {one.get("name"): [child.tag for child in one if child.tag != "properties"] for one in found}
    assert told["a/fail"] == ["failure"] and told["a/pass"] == [] and told["a/lacking"] == ["skipped"]
    assert set(told) >= {"test_of_the_project", "a/warn", "a/differs", "b/pass", "a/known"}


@pytest.mark.long
@pytest.mark.parametrize(
    ("words", "summary"),
    [
        (["-k", "a/pass or b/"], "2 passed, 6 deselected"),
        (["-k", "a/fail or a/pass", "-x", "-n", "0"], "1 failed"),
        (["-n", "2"], "1 failed, 5 passed, 1 skipped, 1 xfailed"),
    ],
)
def test_options_of_pytest_work_with_cases(project: Path, words: list[str], summary: str) -> None:
    assert summary in run_pytest(project, "--cgi-server", f"{project}/", *words)[1]


def test_a_red_presupposition_skips_a_case_in_any_order_or_fails_it_if_it_is_not_chosen(project: Path) -> None:
    fixtures = project.parent / "fixtures"
    corpus(fixtures, case("a/first", more=SEND + "\nneeds = ['b/base']"), case("b/base", "status = 404"), case("b/pass"))
    (project / "expect.toml").unlink()
    assert "1 failed, 2 passed, 1 skipped" in run_pytest(project, "--cgi-server", "./")[1]
    status, out = run_pytest(project, "--cgi-server", "./", "-k", "a/first")
    assert status == 1 and "blocked by b/base, which is red:" in out and "1 failed" in out


def test_without_a_server_the_plugin_does_nothing(project: Path) -> None:
    status, out = run_pytest(project)
    assert status == 0 and "1 passed" in out and "cgi-conform" not in out
    status, out = run_pytest(project, "-p", "no:xdist", "-c", "/dev/null", "--cgi-profile", "rfc3875")
    assert status == 4 and "--cgi-profile needs --cgi-server NAME" in out


def test_a_server_that_does_not_start_fails_one_case_and_skips_the_others(project: Path) -> None:
    (project / "serve.py").write_text("import sys\nsys.exit(9)")
    status, out = run_pytest(project, "--cgi-server", "./")
    assert status == 1 and "1 failed, 1 passed, 6 skipped" in out
    assert out.count('Red: server "project" did not start') + out.count('\nserver "project" did not start') == 1


@pytest.mark.parametrize("words", [["-k", "c/"], ["-k", "c/die"]])
def test_a_server_that_dies_is_reported_with_the_case(project: Path, words: list[str]) -> None:
    corpus(project.parent / "fixtures", case("c/die", "status = 404", more=get("/die-after")), case("c/next"))
    (project / "expect.toml").unlink()
    status, out = run_pytest(project, "--cgi-server", "./", *words)
    assert status == 1 and re.search('server "project" died (in|after) case "c/die": it exited with status 3', out)


@pytest.mark.parametrize(
    ("server", "cases", "expect", "said"),
    [
        ("none", [], "", 'no server "none"'),
        ("./", [case("a/b", "stauts = 1")], "", 'unknown key "stauts"'),
        ("./", [], "['z/*']\noutcome = 'fail'\nreason = 'gone'\n", '"z/*" matches no case'),
    ],
)
def test_errors_of_the_user_exit_with_4_without_a_traceback(
    project: Path, server: str, cases: list[str], expect: str, said: str
) -> None:
    corpus(project.parent / "fixtures", *cases)
    (project / "expect.toml").write_text(expect)
    status, out = run_pytest(project, "--cgi-server", server)
    assert status == 4 and "ERROR: " in out and said in out and "Traceback" not in out
