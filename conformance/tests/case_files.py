"""Writes small corpora for the tests."""

from pathlib import Path

CASE = """
[[case]]
id      = "{id}"
title   = "GET of a file answers with its content"
clauses = ["seed/a"]
fault   = "file-cut-short"
{more}
[case.cgihttpserver]
level  = "{level}"
{expect}
"""
SEND = "send = 'GET /hello.txt HTTP/1.0\\r\\n\\r\\n'"
CLAUSES = """
["seed/a"]
source = "seed"
level  = "must"
text   = "A file is served."
link   = "https://example.org/#1"
"""
HELLO = "hello static\n"


def case(name: str, expect: str = "status = 200", more: str = SEND, level: str = "required") -> str:
    """Returns the TOML text of one case."""
    return CASE.format(id=name, expect=expect, more=more, level=level)


def corpus(folder: Path, *cases: str, files: dict[str, str] | None = None) -> Path:
    """Writes the cases by topic, one clause, and a document root with hello.txt into the folder, and returns it."""
    (folder / "cases").mkdir(parents=True, exist_ok=True)
    topics: dict[str, str] = {}
    for text in cases:
        topic = text.partition('"')[2].partition("/")[0]
        topics[topic] = topics.get(topic, "") + text
    for topic, text in {**topics, **(files or {})}.items():
        (folder / "cases" / f"{topic}.toml").write_text(text)
    (folder / "clauses.toml").write_text(CLAUSES)
    (folder / "docroot").mkdir(exist_ok=True)
    (folder / "docroot" / "hello.txt").write_text(HELLO)
    return folder
