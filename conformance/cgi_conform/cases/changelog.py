"""Reads conformance/CHANGELOG.md: which cases came, changed or went in each release, and why.

Below a heading "### New cases", "### Changed cases" or "### Removed cases", each entry names ids or globs and gives the
reason: "* `post/empty`, `head/*`: reason". The sections of releases follow each other, the newest first.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from cgi_conform.paths import DATA

UNRELEASED = "Unreleased"
KINDS = {"New cases": "new", "Changed cases": "changed", "Removed cases": "removed"}
_ENTRY = re.compile(r"((?:`[^`]+`(?:, )?)+): (.+)")


@dataclass(frozen=True)
class Entry:
    """An entry of a release: the ids or globs of cases, and why they came, changed or went."""

    release: str
    kind: str
    globs: tuple[str, ...]
    why: str

    def names(self, case: str) -> bool:
        return any(fnmatchcase(case, glob) for glob in self.globs)


@dataclass(frozen=True)
class Changelog:
    """The releases, the newest first, and their entries. `broken` holds the lines that are no entry."""

    releases: tuple[str, ...]
    entries: tuple[Entry, ...]
    broken: tuple[str, ...] = ()

    def since(self, version: str) -> list[Entry]:
        """Returns the entries of the releases after a version; those of all releases if it is not in the list."""
        newer = self.releases[: self.releases.index(version)] if version in self.releases else self.releases
        return [entry for entry in self.entries if entry.release in newer]


def read_changelog() -> Changelog:
    """Returns the changelog of this package."""
    return parsed((DATA / "CHANGELOG.md").read_text("utf-8"))


def parsed(text: str) -> Changelog:
    """Returns the changelog in a Markdown text."""
    releases: list[str] = []
    entries: list[Entry] = []
    broken: list[str] = []
    kind = ""
    for line in _joined(text):
        if line.startswith("## "):
            releases.append(line.removeprefix("## "))
            kind = ""
        elif line.startswith("### "):
            kind = KINDS.get(line.removeprefix("### "), "")
        elif kind and line.startswith("* "):
            if found := _ENTRY.fullmatch(line.removeprefix("* ")):
                entries.append(Entry(releases[-1], kind, tuple(re.findall("`([^`]+)`", found[1])), found[2]))
            else:
                broken.append(line)
    return Changelog(tuple(releases), tuple(entries), tuple(broken))


def _joined(text: str) -> list[str]:
    """Returns the lines, with those that continue an entry behind its first one."""
    return re.sub(r"\n {2,}(?=\S)", " ", text).splitlines()


def told(entries: Sequence[Entry], case: str, kind: str) -> str:
    """Returns "RELEASE: reason" of the newest entry of this kind that names the case, or ""."""
    return next((f"{entry.release}: {entry.why}" for entry in entries if entry.kind == kind and entry.names(case)), "")
