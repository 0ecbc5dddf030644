"""The numbers that documents state are those of the code."""

import re
from collections.abc import Callable

import pytest

from cgi_conform.paths import REPO
from cgi_conform.servers.launch import START_TIMEOUT

WORDS = {"four": 4}


def constant(file: str, name: str) -> int:
    found = re.search(rf"\b{name} = (?:std::chrono::milliseconds\()?(\d+)", (REPO / "server" / file).read_text())
    assert found is not None, name
    return int(found[1])


@pytest.mark.parametrize(
    ("document", "sentence", "values"),
    [
        ("server/README.md", r"The first (\d+) lines and the last (\d+), (\d+) octets of each",
         lambda: [constant("refused_output.h", f"kRefused{name}") for name in ("First", "Last", "Line")]),
        ("server/README.md", r"The script may go on for ([\d.]+) seconds",
         lambda: [constant("script_exchange.h", "last_words") / 1000]),
        ("README.md", r"up to (four) are ignored", lambda: [constant("cgi_server.cc", "kEmptyLines")]),
        ("README.md", r"within (\d+) seconds of its start", lambda: [START_TIMEOUT]),
    ],
)  # fmt: skip
def test_a_document_states_the_numbers_of_the_code(document: str, sentence: str, values: Callable[[], list[float]]) -> None:
    found = re.search(sentence, (REPO / document).read_text())
    assert found is not None, sentence
    assert [WORDS[word] if word in WORDS else float(word) for word in found.groups()] == values()
