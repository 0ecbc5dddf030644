"""A server that is judged in rfc3875 only: each command that judges it takes this profile, unless the user names one."""

import json
import sys
from pathlib import Path

import pytest

from case_files import case, corpus
from whole_run import SERVE, cgi_conform, command_of

LEVELS = '[[level]]\nname = "all"\nabout = "every rule"\nadds = ["*"]\n'
BOTH = "status = 404\n[case.rfc3875]\nlevel = 'required'\nstatus = 200"


def definition(folder: Path, name: str, profile: str) -> str:
    """Writes the definition of a server with one profile, and returns its folder."""
    made = folder / name
    made.mkdir()
    (made / "serve.py").write_text(SERVE)
    (made / "server.toml").write_text(
        f'title = "Mine"\nprogram = ["{sys.executable}"]\nprofiles = ["{profile}"]\n'
        'command = ["{program}", "{here}/serve.py", "{port}"]\n'
    )
    return f"{made}/"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    corpus(tmp_path, case("a/b", BOTH))
    (tmp_path / "levels.toml").write_text(LEVELS)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "said"),
    [(("run",), "profile rfc3875"), (("replay", "a/b"), "a/b (required): as expected"), (("bisect",), 'Mine reaches "all"')],
)
def test_a_command_takes_the_profile_of_the_server(here: Path, words: tuple[str, ...], said: str) -> None:
    server = definition(here, "mine", "rfc3875")
    done = cgi_conform(here, *words, "--server", server)
    assert done.returncode == 0 and said in done.stdout, done.stdout + done.stderr
    done = cgi_conform(here, *words, "--server", server, "--profile", "cgihttpserver")
    assert done.returncode == 2 and "cannot be judged in profile cgihttpserver" in done.stderr


@pytest.mark.long
def test_diff_takes_the_first_profile_that_both_have(here: Path) -> None:
    ours, theirs = definition(here, "ours", "rfc3875"), definition(here, "theirs", "cgihttpserver")
    command = command_of(here).removeprefix("--command=")
    cgi_conform(here, "run", "--server", ours, "--report", str(here / "report"))
    results = here / "report" / "results.json"
    assert json.loads(results.read_text())["profile"] == "rfc3875"
    for a, b, profile in [
        (ours, ours, "rfc3875"), (ours, command, "rfc3875"), (str(results), command, "rfc3875"),
        (theirs, command, "cgihttpserver"), (command, command, "cgihttpserver"),
    ]:  # fmt: skip
        done = cgi_conform(here, "diff", a, b, "a/b")
        assert done.stdout.endswith(f"1 case compared in profile {profile}: 1 agree, 0 differ\n"), done.stdout + done.stderr
    done = cgi_conform(here, "diff", ours, theirs)
    assert done.returncode == 2 and "cannot be judged in profile cgihttpserver (its profiles: rfc3875)" in done.stderr
