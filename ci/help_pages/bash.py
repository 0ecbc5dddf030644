"""Writes the completion of a program for bash. It needs no other file, not even the package bash-completion."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from help_pages.help_text import Help
from help_pages.values import WITH_TOPICS, Offer, lists_of, offer, topics_of, words_of

_SYSTEM = {"file": "-f", "directory": "-d", "user": "-u", "variable": "-e", "host": "-A hostname", "command": "-c"}
_START = """\
# Completion of {program} for bash. ci/help_pages wrote it from the output of --help.

{lists}# Adds the words that begin as the current one does. The arguments are those of compgen.
_{name}_add() {{
  case $1 in -f | -d) compopt -o filenames 2>/dev/null ;; esac
  mapfile -t -O "${{#COMPREPLY[@]}}" COMPREPLY < <(compgen "$@" -- "$current")
}}

{functions}_{name}() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}}
  COMPREPLY=()
  # bash takes "--option=value" apart.
  if [[ $current == '=' ]]; then
    current=''
  elif [[ $before == '=' ]]; then
    before=${{COMP_WORDS[COMP_CWORD - 2]}}
  fi
"""
_COMMANDS = """\
  local command='' last='' word
  for word in "${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
    case $word in
      -*) last=$word ;;
      *) [[ -n $command ]] || command=$word ;;
    esac
  done
"""
_WITH_TOPICS = """\
_{name}_{list}() {{
  if [[ $current == */* ]]; then
    _{name}_add -W "$_{name}_{list}_list"
  else
    compopt -o nospace 2>/dev/null
    _{name}_add -W "$_{name}_{list}_topics"
  fi
}}

"""


def bash(program: str, helps: Sequence[Help], kinds: Mapping[str, str]) -> str:
    """Returns the script. The first help is that of the program, and the others are those of its commands."""
    name, lists = program.replace("-", "_"), lists_of(helps, kinds)
    words = "".join(_list(name, each) for each in lists)
    functions = "".join(_WITH_TOPICS.format(name=name, list=each) for each in lists if each in WITH_TOPICS)
    text = _START.format(program=program, name=name, lists=words + "\n" * bool(words), functions=functions)
    if len(helps) == 1:
        text += _case("$before", _values(name, helps, kinds, several=False))
        text += textwrap.indent(textwrap.dedent("".join(_words(name, helps[0], kinds))), "  ")
    else:
        text += _COMMANDS + _case("$command $before", _values(name, helps, kinds, several=False))
        text += _case("$command $last", _values(name, helps, kinds, several=True)) + "  case $command in\n"
        for help_ in [*helps[1:], helps[0]]:  # the program itself comes last: a word that is no command
            command = help_.name.partition(" ")[2]
            text += f"    {command or '*'})\n" + "".join(_words(name, help_, kinds)) + "      ;;\n"
        text += "  esac\n"
    return text + f"}}\n\ncomplete -F _{name} {program}\n"


def _list(name: str, list_: str) -> str:
    text = f"_{name}_{list_}_topics='{topics_of(list_)}'\n" if list_ in WITH_TOPICS else ""
    return text + f"_{name}_{list_}_list='{words_of(list_)}'\n"


def _case(word: str, branches: Mapping[str, list[str]]) -> str:
    """Returns a `case` in which each branch offers values and ends the function."""
    lines = [f"    {' | '.join(patterns)})\n      {offered}return\n      ;;\n" for offered, patterns in branches.items()]
    return f'  case "{word}" in\n{"".join(lines)}  esac\n'


def _values(name: str, helps: Sequence[Help], kinds: Mapping[str, str], *, several: bool) -> dict[str, list[str]]:
    """Returns for each offer the options that have it. With `several`, returns the options that take several values."""
    found: dict[str, list[str]] = {}
    for help_ in helps:
        command = help_.name.partition(" ")[2]
        for option in help_.options():
            if option.value and not option.is_optional and option.is_several == several:
                patterns = [f"'{command} {each}'" if len(helps) > 1 else each for each in option.names]
                found.setdefault("".join(_offered(name, offer(option, kinds))), []).extend(patterns)
    return found


def _words(name: str, help_: Help, kinds: Mapping[str, str]) -> Iterator[str]:
    """Yields the lines that offer options after a hyphen, and otherwise commands or arguments."""
    options = [word for option in help_.options() if not option.attached for word in option.names]
    attached = [f"{option.names[0]}=" for option in help_.options() if option.attached]
    yield f"      if [[ $current == -* ]]; then\n        _{name}_add -W '{' '.join(options)}'\n"
    if attached:
        yield '        [[ ${#COMPREPLY[@]} -gt 0 ]] || compopt -o nospace 2>/dev/null\n'
        yield f"        _{name}_add -W '{' '.join(attached)}'\n"
    offered = [line for argument in help_.arguments() for line in _offered(name, offer(argument, kinds))]
    if help_.commands():
        offered = [f"_{name}_add -W '{' '.join(entry.names[0] for entry in help_.commands())}'\n      "]
    if offered:
        yield "      else\n" + "".join(f"        {line.strip()}\n" for line in offered)
    yield "      fi\n"


def _offered(name: str, found: Offer) -> Iterator[str]:
    if found.words:
        yield f"_{name}_add -W '{' '.join(found.words)}'\n      "
    for each in found.lists:
        yield (f"_{name}_{each}" if each in WITH_TOPICS else f'_{name}_add -W "$_{name}_{each}_list"') + "\n      "
    for each in found.system:
        yield f"_{name}_add {_SYSTEM[each]}\n      "
