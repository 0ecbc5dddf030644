"""The reports of `cgi-conform prove`. Each is a pure function of kills.json."""

from pathlib import Path

from cgi_conform.proof.kills_json import Kills, write
from cgi_conform.report.kills import html, junit, markdown
from cgi_conform.write import write_whole


def write_all(kills: Kills, directory: Path) -> None:
    """Writes kills.json, kills.md, kills.html and junit.xml."""
    write(kills, directory / "kills.json")
    write_whole(directory / "junit.xml", junit.text(kills))
    write_whole(directory / "kills.md", markdown.text(kills))
    write_whole(directory / "kills.html", html.text(kills))
