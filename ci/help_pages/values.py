"""Finds the values that a shell offers for an option or an argument: words, names of the suite, files or folders."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cgi_conform.cases.case import NEEDS, SYSTEM
from cgi_conform.cases.clauses import load_clauses
from cgi_conform.cases.levels import load_levels
from cgi_conform.cases.load import case_ids
from cgi_conform.cases.variants import VARIANTS
from cgi_conform.data.faulty.faults import load
from cgi_conform.paths import FAULTY, PROGRAMS, fixtures
from cgi_conform.servers.definition import server_names
from help_pages.help_text import Entry, Help

_BY_NAME = {"FILE": "file", "DIR": "directory", "CASE-GLOB": "case", "GLOB": "case", "ID": "case clause"}
_SYSTEM = ("file", "directory", "user", "variable", "host", "command")
_CHOICES = re.compile(r"[{<]([\w./-]+(?:[,|][\w./-]+)+)[}>]")
# Long lists, which a script holds once. Those with a slash in their words are offered in two steps: first the topics,
# which a user ends with a slash or a space, and then the names.
LISTS = ("server", "fault", "case", "clause")
WITH_TOPICS = ("case", "clause")


@dataclass(frozen=True)
class Offer:
    """The values that a shell offers: words, lists, and things that the shell itself knows."""

    words: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()  # names in LISTS
    system: tuple[str, ...] = ()  # file, directory, user, variable, host, command


def offer(entry: Entry, kinds: Mapping[str, str]) -> Offer:
    """Returns the offer for the value of an option or for an argument. `kinds` is [values] of the program's data."""
    shown = entry.value if entry.is_option else entry.names[0]
    if found := _CHOICES.fullmatch(shown):
        return Offer(words=tuple(re.split(r"[,|]", found[1])))
    by_name = _BY_NAME.get(re.sub(r"[^A-Z-].*", "", shown), "")
    words = kinds.get(entry.names[0], by_name).split()
    small = {
        "level": _levels, "capability": lambda: tuple(VARIANTS), "need": lambda: NEEDS, "lack": lambda: tuple(SYSTEM),
        "program": _programs,
    }  # fmt: skip
    return Offer(
        tuple(word for kind in words if kind in small for word in small[kind]()),
        tuple(kind for kind in words if kind in LISTS),
        tuple(kind for kind in words if kind in _SYSTEM),
    )


def lists_of(helps: Iterable[Help], kinds: Mapping[str, str]) -> list[str]:
    """Returns the names of the lists that a script needs."""
    found = {name for help_ in helps for entry in help_.entries() for name in offer(entry, kinds).lists}
    return sorted(found)


def words_of(name: str) -> str:
    """Returns the words of a list, separated by spaces."""
    return " ".join(_words_of(name))


def topics_of(name: str) -> str:
    """Returns the parts before the slash, separated by spaces."""
    return " ".join(dict.fromkeys(word.partition("/")[0] for word in _words_of(name)))


def functions_of(program: str, lists: Iterable[str], plain: str, with_topics: str) -> str:
    """Returns a function of a shell for each list, written in one of two forms."""
    return "".join(
        (with_topics if each in WITH_TOPICS else plain).format(
            name=program, list=each, words=words_of(each), topics=topics_of(each)
        )
        for each in lists
    )


def _words_of(name: str) -> list[str]:
    if name == "server":
        return server_names()
    if name == "fault":
        return sorted(name for name in load(FAULTY) if "{" not in name)
    return case_ids(fixtures() / "cases") if name == "case" else sorted(load_clauses(fixtures() / "clauses.toml"))


def _levels() -> tuple[str, ...]:
    return tuple(level.name for level in load_levels(fixtures() / "levels.toml"))


def _programs() -> tuple[str, ...]:
    return tuple(sorted(path.parent.name for path in PROGRAMS.glob("*/program.toml")))
