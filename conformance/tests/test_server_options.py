"""commands/server_options.py: the words that name a server again, and the server that pasted lines reach."""

import argparse
import shlex
from pathlib import Path

import pytest

from cgi_conform.cli import parser
from cgi_conform.commands import server_options
from cgi_conform.commands.server_options import lines_lead_to, named_again
from cgi_conform.running.plan import Options, make_plan


def options_of(*words: str) -> argparse.Namespace:
    return parser("run").parse_all(["run", *words])


@pytest.mark.parametrize(
    "words",
    [
        ["--server", "a b/"], ["--url", "http://127.0.0.1:1", "--root", "/x y"],
        ["--command", "./x {port}", "--script-program", "a b", "--lacks", "links", "--lacks", "proc"],
        ["--command", "./x '{port}'", "--has", "http11=-p 'HTTP/1.1'", "--has", "limits", "--profile", "rfc3875"],
    ],
)  # fmt: skip
def test_named_again_returns_the_words_of_the_user(words: list[str]) -> None:
    options = options_of(*words)
    assert shlex.split(named_again(options, options.profile)) == words


def test_pasted_lines_reach_the_server_at_the_url() -> None:
    options = options_of("--url", "http://10.0.0.5:41327", "--root", "/")
    found = lines_lead_to(options, make_plan(Options.of(options)))
    assert (found.host, found.port, found.starts) == ("10.0.0.5", 41327, "")


def test_pasted_lines_use_port_8000_or_else_a_free_port(monkeypatch: pytest.MonkeyPatch) -> None:
    options = options_of("--command", "sh {port}", "--profile", "rfc3875")
    plan = make_plan(Options.of(options))
    monkeypatch.setattr(server_options, "is_free", lambda port: True)
    found = lines_lead_to(options, plan)
    assert (found.host, found.port) == ("127.0.0.1", 8000)
    assert found.starts == "cgi-conform serve --command 'sh {port}' --profile rfc3875 --port 8000"
    monkeypatch.setattr(server_options, "is_free", lambda port: False)
    monkeypatch.setattr(server_options, "free_port", lambda: 41327)
    found = lines_lead_to(options, plan)
    assert found.port == 41327 and found.starts.endswith(" --port 41327")


def test_pasted_lines_leave_the_port_open_for_a_server_that_chooses_it(tmp_path: Path) -> None:
    (tmp_path / "server.toml").write_text(
        'title = "x"\nprogram.find = "sh"\ncommand = ["{program}", "{port_file}"]\nprofiles = ["cgihttpserver"]\n'
    )
    options = options_of("--server", str(tmp_path))
    found = lines_lead_to(options, make_plan(Options.of(options)))
    assert (found.port, found.starts) == ("PORT", f"cgi-conform serve --server {tmp_path}")
