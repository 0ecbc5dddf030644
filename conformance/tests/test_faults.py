"""The faults of conformance/faulty: each breaks a rule, and none breaks the program."""

import ast

import pytest

from cgi_conform.data.faulty.faults import Fault
from cgi_conform.paths import REPO
from cgi_conform.proof.fault_files import load_faults

FOLDER = REPO / "conformance" / "faulty" if REPO else None


@pytest.mark.long
@pytest.mark.skipif(FOLDER is None, reason="needs a checkout")
def test_no_fault_uses_an_undefined_name() -> None:
    """Such a fault ends the answer in an exception, which turns every case red and proves none."""
    checker = pytest.importorskip("pyflakes.checker")
    messages = pytest.importorskip("pyflakes.messages")
    assert FOLDER is not None
    wrong = []
    for fault in load_faults(FOLDER)[0].values():
        for file, text in edited(fault).items():
            found = checker.Checker(ast.parse(text)).messages
            wrong += [f"{fault.name}: {each}" for each in found if isinstance(each, messages.UndefinedName)]
    assert wrong == []


def edited(fault: Fault) -> dict[str, str]:
    """Returns the files of the server that a fault edits, with its edits. A fault for any status gets 404."""
    texts: dict[str, str] = {}
    for edit in fault.edits:
        text = texts.get(edit.file) or (FOLDER / edit.file).read_text()  # type: ignore[operator]
        texts[edit.file] = text.replace(edit.was, edit.now.replace("{status}", "404"))
    return texts


@pytest.mark.skipif(FOLDER is None, reason="needs a checkout")
def test_the_faults_of_ci_causes_exist() -> None:
    assert FOLDER is not None
    script = (FOLDER.parents[1] / "ci" / "causes").read_text()
    named = script.partition("|| set -- ")[2].partition("\n\n")[0].replace("\\\n", " ").split()
    assert len(named) == 30 and set(named) <= set(load_faults(FOLDER)[0])
