"""Writes the man page of a program or a command, in the macros of man(7)."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from help_pages.help_text import Entry, Help, entries_of
from help_pages.page_data import PageData

_TITLES = {"arguments": "ARGUMENTS", "commands": "COMMANDS", "options": "OPTIONS"}


def man_page(help_: Help, about: str, data: PageData, version: str, date: str) -> str:
    """Returns the page. `data` belongs to the whole program; the page of a command takes only parts of it."""
    name, is_command = page_name(help_.name), " " in help_.name
    described, *more = help_.notes
    lines = [
        f'.TH {name.upper()} 1 "{date}" "{version}" "User Commands"', ".nh", ".ad l",
        ".SH NAME", f"{_plain(name)} \\- {_plain(about)}",
        ".SH SYNOPSIS", *_synopsis(help_),
        ".SH DESCRIPTION", _plain(_sentence(" ".join(described.split()))),
        *_sections(help_),
        *_notes(more),
        *_exit_status(help_, data),
        *([] if is_command else [*_list("ENVIRONMENT", data.environment), *_list("FILES", data.files)]),
        *_examples(help_, {} if is_command else data.examples),
        *_see_also(help_, data),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def page_name(name: str) -> str:
    """Returns the name of the page of a command: cgi-conform-run, which `man cgi-conform run` finds."""
    return name.replace(" ", "-")


def _plain(text: str) -> str:
    """Returns text that troff prints as it is."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...").replace("–", "\\(en")
    text = text.replace("'", "\\(aq").replace("`", "\\(ga").replace("^", "\\(ha").replace("~", "\\(ti")
    return re.sub(r"^\.", r"\\&.", text, flags=re.MULTILINE)


def _bold(text: str) -> str:
    return f"\\fB{_plain(text)}\\fR"


def _italic(text: str) -> str:
    return f"\\fI{_plain(text)}\\fR"


def _sentence(text: str) -> str:
    return _ended(text[0].upper() + text[1:])


def _ended(text: str) -> str:
    return text if text.endswith((".", ":")) else f"{text}."


def _synopsis(help_: Help) -> Iterator[str]:
    """Yields the forms of a call. The words inside of brackets stay on one line."""
    for number, form in enumerate(help_.usage):
        if number:
            yield ".br"
        rest = form.removeprefix(help_.name).strip()
        words = re.findall(r"\[(?:[^][]|\[[^]]*\])*\]\S*|\([^)]*\)|\S+", rest)
        yield " ".join([_bold(help_.name), *(_plain(word).replace(" ", "\\ ") for word in words)])


def _notes(notes: Sequence[str]) -> Iterator[str]:
    """Yields paragraphs. Their indented lines are a list of words and what these mean."""
    for number, note in enumerate(notes):
        first = next((at for at, line in enumerate(note.split("\n")) if line.startswith(" ")), None)
        text = note.split("\n")[:first]
        yield from ([".PP"] if number else [".SH NOTES"])
        yield _plain(_ended(" ".join(text)))
        if first is not None:
            for _, entry in entries_of("\n".join(note.split("\n")[first:])):
                yield from (".TP", _bold(entry.names[0]), _plain(entry.about))


def _exit_status(help_: Help, data: PageData) -> Iterator[str]:
    statuses = dict(help_.exit_status) or data.exit_status
    if statuses:
        yield from _list("EXIT STATUS", statuses)
    else:
        yield from ('.SH "EXIT STATUS"', f"That of {_bold(help_.name.split()[0])}(1).")


def _sections(help_: Help) -> Iterator[str]:
    inside_options = False
    for section in help_.sections:
        title = _TITLES.get(section.title.lower())
        if title is None:
            if not inside_options:
                yield ".SH OPTIONS"
            yield f'.SS "{_plain(section.title)}"'
            inside_options = True
        else:
            yield f".SH {title}"
            inside_options = title == "OPTIONS"
        for entry in section.entries:
            shown = _plain(entry.about) or "See the documentation of Google Benchmark."
            yield from (".TP", _head(entry, help_.name if title == "COMMANDS" else ""), shown)


def _head(entry: Entry, program: str) -> str:
    if program:
        return f"{_bold(page_name(f'{program} {entry.names[0]}'))}(1)"
    if not entry.is_option:
        return _italic(entry.names[0])
    value = f"{'=' if entry.attached else ' '}{_italic(entry.value)}" if entry.value else ""
    return ", ".join(map(_bold, entry.names)) + value


def _list(title: str, items: Mapping[str, str]) -> Iterator[str]:
    if items:
        yield f'.SH "{title}"'
        for name, text in items.items():
            yield from (".TP", _bold(name), _plain(text))


def _examples(help_: Help, told: Mapping[str, str]) -> Iterator[str]:
    """Yields the examples of --help, and those that the data explains."""
    if told or help_.examples:
        yield ".SH EXAMPLES"
        yield from _shown(help_.examples)
        for number, (text, line) in enumerate(told.items()):
            yield from ([".PP"] if number or help_.examples else [])
            yield from (_plain(_sentence(text)), *_shown([line]))


def _shown(lines: Iterable[str]) -> Iterator[str]:
    """Yields lines that troff does not fill."""
    if shown := [_plain(line) for line in lines]:
        yield from (".RS 4", ".nf", *shown, ".fi", ".RE")


def _see_also(help_: Help, data: PageData) -> Iterator[str]:
    program = help_.name.split()[0]
    others = [f"{program}(1)"] if " " in help_.name else list(data.see_also)
    if others:
        yield ".SH SEE ALSO"
        yield ",\n".join(f"{_bold(name.partition('(')[0])}({name.partition('(')[2]}" for name in others)
