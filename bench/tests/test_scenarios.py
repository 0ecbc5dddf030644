"""fixtures/scenarios.toml is valid, and its schema and cgi-bench refuse the same errors."""

import json
import os
import subprocess
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

CHECKOUT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("CGI_CONFORM_BUILD") or CHECKOUT / "build") / "bench" / "cgi-bench"
FIXTURES = CHECKOUT / "fixtures"
SCHEMA = Draft202012Validator(json.loads((FIXTURES / "schema" / "scenarios.schema.json").read_text("utf-8")))
HELLO = '[[scenario]]\nname = "hello"\ntitle = "says hello"\npath = "/cgi-bin/hello"\n'


def test_the_scenarios_meet_their_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA.schema)
    SCHEMA.validate(tomllib.loads((FIXTURES / "scenarios.toml").read_text("utf-8")))


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        (HELLO, False),
        (HELLO + 'send = ""\nbody = { repeat = "x", times = 2 }\nstatus = [501, 405]\nclients = 8\nrate = 0\n', False),
        (HELLO + '[[file]]\npath = "x"\nrepeat = "text"\n[[check]]\nname = "c"\ntitle = "t"\npath = "/"\n', False),
        (HELLO + 'fresh = true\nidle = 5\nbeside = { path = "/x", body = "y", requests = 3 }\n', False),
        (HELLO + '[[scenario]]\nname = "m"\ntitle = "t"\nmix = { hello = 1 }\nfresh = true\n', False),
        (HELLO + '[[scenario]]\nname = "m"\ntitle = "t"\nmix = { hello = 1 }\nidle = 5\n', True),
        (HELLO + "fresh = 1\n", True),
        (HELLO + "idle = -1\n", True),
        (HELLO + "beside = 5\n", True),
        (HELLO + 'beside = { path = "/x" }\n', True),
        (HELLO + 'beside = { path = "/x", requests = 0 }\n', True),
        (HELLO + 'beside = { path = "x", requests = 1 }\n', True),
        (HELLO + 'beside = { path = "/x", requests = 1, rate = 1 }\n', True),
        ("", True),
        (HELLO + "stauts = 200\n", True),
        (HELLO + "close = 1\n", True),
        (HELLO + "clients = 0\n", True),
        (HELLO + "clients = [0]\n", True),
        (HELLO + "clients = []\n", True),
        (HELLO + "rate = -1\n", True),
        (HELLO + "fields = -1\n", True),
        (HELLO + 'body = { repeat = "x" }\n', True),
        (HELLO + 'body = { repeat = "", times = 2 }\n', True),
        (HELLO + "[[other]]\n", True),
        (HELLO + '[[check]]\nname = "c"\ntitle = "t"\npath = "/"\nrate = 1\n', True),
        (HELLO + '[[check]]\nname = "c"\ntitle = "t"\n', True),
        (HELLO.replace("/cgi-bin", "cgi-bin"), True),
        (HELLO.replace("hello", "a/b"), True),
        (HELLO.replace('title = "says hello"', ""), True),
        (HELLO + "mix = { hello = 1 }\n", True),
        (HELLO + '[[scenario]]\nname = "m"\ntitle = "t"\nmix = { }\n', True),
        (HELLO + '[[scenario]]\nname = "m"\ntitle = "t"\nmix = { hello = 0 }\n', True),
    ],
)
def test_the_schema_and_the_program_refuse_the_same_errors(text: str, refused: bool, tmp_path: Path) -> None:
    assert SCHEMA.is_valid(tomllib.loads(text)) is not refused
    if not PROGRAM.exists():
        pytest.skip(f"{PROGRAM} is not built (ci/build --tests)")
    file = tmp_path / "scenarios.toml"
    file.write_text(text, "utf-8")
    words = [str(PROGRAM), "a=http://127.0.0.1:1", f"--scenarios={file}", "--benchmark_list_tests"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == (2 if refused else 0), done.stderr
    assert not refused or done.stderr.count("\n") == 1 and "scenarios.toml" in done.stderr
