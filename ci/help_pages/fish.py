"""Writes the completion of a program for fish."""

from collections.abc import Iterator, Mapping, Sequence

from help_pages.help_text import Entry, Help
from help_pages.values import Offer, functions_of, lists_of, offer

_SYSTEM = {
    "file": "(__fish_complete_path (commandline -ct))", "directory": "(__fish_complete_directories (commandline -ct))",
    "user": "(__fish_complete_users)", "host": "(__fish_print_hostnames)", "variable": "(set -xn)",
    "command": "(__fish_complete_command)",
}  # fmt: skip
_START = """\
# Completion of {program} for fish. ci/help_pages wrote it from the output of --help.

# Succeeds if the first word after the program is this command; without an argument, if there is no such word yet.
function __{name}_command
    for word in (commandline -opc)[2..-1]
        string match -q -- '-*' $word; and continue
        test "$word" = "$argv[1]"
        return
    end
    test -z "$argv[1]"
end

"""
_LIST = """\
function __{name}_{list}
    printf '%s\\n' {words}
end

"""
_WITH_TOPICS = """\
function __{name}_{list}
    if string match -q -- '*/*' (commandline -ct)
        printf '%s\\n' {words}
    else
        printf '%s\\n' {topics}
    end
end

"""


def fish(program: str, helps: Sequence[Help], kinds: Mapping[str, str]) -> str:
    """Returns the script. The first help is that of the program, and the others are those of its commands."""
    name = program.replace("-", "_")
    text = _START.format(program=program, name=name) + functions_of(name, lists_of(helps, kinds), _LIST, _WITH_TOPICS)
    text += f"complete -c {program} -f\n"
    for help_ in helps:
        command = help_.name.partition(" ")[2]
        condition = f"__{name}_command {command}".strip() if len(helps) > 1 else ""
        chosen = f"-n '{condition}' " if condition else ""
        text += "".join(f"complete -c {program} {chosen}{line}\n" for line in _lines(name, help_, kinds))
        for option in help_.options():
            if option.is_several:  # fish itself completes only the first value
                given = f"{condition}; and contains -- {option.names[0]} (commandline -opc)"
                text += f"complete -c {program} -n '{given}' -a {_quoted(_offered(name, offer(option, kinds)))}\n"
    return text


def _lines(name: str, help_: Help, kinds: Mapping[str, str]) -> Iterator[str]:
    for command in help_.commands():
        yield f"-a {command.names[0]} -d {_quoted(command.about)}"
    for option in help_.options():
        names = " ".join(f"-l {each[2:]}" if each.startswith("--") else f"-s {each[1:]}" for each in option.names)
        about = f" -d {_quoted(option.about)}" if option.about else ""
        yield f"{names}{_value(name, option, kinds)}{about}"
    for argument in help_.arguments():
        if words := _offered(name, offer(argument, kinds)):
            yield f"-a {_quoted(words)} -d {_quoted(argument.names[0])}"


def _value(name: str, option: Entry, kinds: Mapping[str, str]) -> str:
    if not option.value or option.is_optional:
        return ""
    words = _offered(name, offer(option, kinds))
    return f" -x -a {_quoted(words)}" if words else " -x"


def _offered(name: str, found: Offer) -> str:
    words = [*found.words, *(f"(__{name}_{each})" for each in found.lists), *(_SYSTEM[each] for each in found.system)]
    return " ".join(words)


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
