"""Writes the completion of a program for zsh, as a file of its function path."""

import re
from collections.abc import Iterator, Mapping, Sequence

from help_pages.help_text import Entry, Help
from help_pages.values import Offer, functions_of, lists_of, offer

_SYSTEM = {
    "file": "_files", "directory": "_files -/", "user": "_users", "host": "_hosts", "command": "_command_names -e",
    "variable": '_parameters -g "*export*"',
}  # fmt: skip
_LIST = """\
_{name}_{list}() {{
  local -a words
  words=({words})
  compadd -a words
}}

"""
_WITH_TOPICS = """\
_{name}_{list}() {{
  local -a words
  if [[ $PREFIX == */* ]]; then
    words=({words})
    compadd -a words
  else
    words=({topics})
    compadd -S '' -a words
  fi
}}

"""


def zsh(program: str, helps: Sequence[Help], kinds: Mapping[str, str]) -> str:
    """Returns the script. The first help is that of the program, and the others are those of its commands."""
    name = program.replace("-", "_")
    whole, *commands = helps
    text = f"#compdef {program}\n# Completion of {program} for zsh. ci/help_pages wrote it from the output of --help.\n\n"
    text += functions_of(name, lists_of(helps, kinds), _LIST, _WITH_TOPICS)
    text += f"_{name}() {{\n"
    if not commands:
        return text + f"{_arguments(name, whole, kinds, '  ')}}}\n\n_{name} \"$@\"\n"
    text += "  local curcontext=$curcontext state line\n  local -a commands\n"
    shown = "\n".join(f"    {_quoted(f'{entry.names[0]}:{entry.about}')}" for entry in whole.commands())
    text += f"  commands=(\n{shown}\n  )\n"
    specs = [*_specs(name, whole, kinds), "'1:command:->command'", "'*::word:->words'"]
    text += "  _arguments -C \\\n    " + " \\\n    ".join(specs) + "\n  case $state in\n"
    text += "    command) _describe command commands ;;\n    words)\n      case $words[1] in\n"
    for help_ in commands:
        text += f"        {help_.name.partition(' ')[2]})\n{_arguments(name, help_, kinds, '          ')}          ;;\n"
    return text + f"      esac\n      ;;\n  esac\n}}\n\n_{name} \"$@\"\n"


def _arguments(name: str, help_: Help, kinds: Mapping[str, str], indent: str) -> str:
    return f"{indent}_arguments \\\n{indent}  " + f" \\\n{indent}  ".join(_specs(name, help_, kinds)) + "\n"


def _specs(name: str, help_: Help, kinds: Mapping[str, str]) -> Iterator[str]:
    for option in help_.options():
        yield _option(name, option, kinds)
    for argument in help_.arguments():
        many = re.search(rf"\[{re.escape(argument.names[0])} ?\.\.\.\]", " ".join(help_.usage)) is not None
        yield _quoted(f"{'*' if many else ''}:{_word(argument.names[0])}:{_action(name, offer(argument, kinds))}")


def _option(name: str, option: Entry, kinds: Mapping[str, str]) -> str:
    about = re.sub(r"([\[\]:\\])", r"\\\1", option.about)
    value = ""
    if option.value:
        colons = ":*" if option.is_several else "::" if option.is_optional else ":"
        value = f"{colons}{':' if option.is_several else ''}{_word(option.value)}:{_action(name, offer(option, kinds))}"
    spellings = [f"{each}{_sign(option, each)}" for each in option.names]
    rest = _quoted(f"[{about}]{value}")
    if option.is_repeatable:
        return " ".join(f"'*{each}'{rest}" for each in spellings)
    if len(spellings) > 1:
        return f"'({' '.join(option.names)})'{{{','.join(spellings)}}}{rest}"
    return f"'{spellings[0]}'{rest}"


def _sign(option: Entry, name: str) -> str:
    """Returns the mark that says where the value stands: behind "=" only, behind "=" or a space, or behind a space."""
    if not option.value:
        return ""
    return "=-" if option.attached else "=" if name.startswith("--") else "+"


def _word(value: str) -> str:
    return re.sub(r"[^a-z-]+", " ", value.lower()).strip() or "value"


def _action(name: str, found: Offer) -> str:
    actions = [f"({' '.join(found.words)})"] if found.words else []
    actions += [f"_{name}_{each}" for each in found.lists] + [_SYSTEM[each] for each in found.system]
    if len(actions) > 1:  # one action may hold several commands between braces
        actions = ["{" + "; ".join(actions) + "}"]
    return actions[0] if actions else " "


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
