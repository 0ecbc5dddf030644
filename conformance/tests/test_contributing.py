"""conformance/CONTRIBUTING.md: its example is a valid case, and errors in it give the messages that it quotes."""

import re
import shutil
from pathlib import Path

import pytest

from cgi_conform.cases.load import load_cases
from cgi_conform.errors import UserError
from cgi_conform.paths import REPO
from cgi_conform.proof.fault_files import load_faults, unknown

TEXT = (REPO / "conformance" / "CONTRIBUTING.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
EXAMPLE = next(block for kind, block in BLOCKS if kind == "toml")
MESSAGES = next(block for kind, block in BLOCKS if not kind).splitlines()
MISTAKES = [
    ("status =", "stauts ="),
    ("status = 501", 'status = "501"'),
    ("seed/post-outside-cgi-is-501", "sed/post-outside-cgi-is-501"),
    ("POST /hello", "\\q /hello"),
    ("post/plain-file", "pst/plain-file"),
    ("", EXAMPLE),
    ("status = 501", "status = 501\nbody.file = 'helo.txt'"),
    ("[case.cgihttpserver]", "[other]"),
]


def said(folder: Path, text: str) -> list[str]:
    """Returns the errors of this text as the file of topic "post"."""
    shutil.rmtree(folder / "cases", ignore_errors=True)
    (folder / "cases").mkdir()
    (folder / "cases" / "post.toml").write_text(text)
    for name in ("clauses.toml", "docroot"):
        if not (folder / name).exists():
            (folder / name).symlink_to(REPO / "fixtures" / name)
    try:
        load_cases(folder / "cases")
    except UserError as error:
        return error.message.splitlines()
    return []


def test_the_example_is_a_valid_case(tmp_path: Path) -> None:
    assert said(tmp_path, EXAMPLE) == []


@pytest.mark.parametrize(("number", "was", "becomes"), [(number, *each) for number, each in enumerate(MISTAKES)])
def test_each_error_in_the_example_gives_the_message_of_the_document(
    number: int, was: str, becomes: str, tmp_path: Path
) -> None:
    text = EXAMPLE.replace(was, becomes) if was else EXAMPLE + becomes
    if becomes == "[other]":
        text = EXAMPLE.partition("[case.cgihttpserver]")[0]
    assert said(tmp_path, text) == [MESSAGES[number]]


def test_an_unknown_fault_gives_the_message_of_the_document() -> None:
    assert len(MESSAGES) == len(MISTAKES) + 1
    faults, _ = load_faults(REPO / "conformance" / "faulty")
    assert unknown("post-outside-cgi-alowed", faults) == MESSAGES[-1]
