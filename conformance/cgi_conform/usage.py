"""The parser of the command line: argparse, with messages of one line that name the nearest known word."""

import argparse
import itertools
import textwrap
from collections.abc import Sequence
from typing import Any, NoReturn

from cgi_conform.did_you_mean import closest, did_you_mean
from cgi_conform.octets import visible
from cgi_conform.typed import typed

_WIDTH = 100


class Parser(argparse.ArgumentParser):
    """A parser that reports an error in one line, without the usage."""

    def __init__(self, **more: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, **more)

    def parse_all(self, words: Sequence[str]) -> argparse.Namespace:
        """Returns the options. Ends with an error of the chosen command if it can take a word nowhere."""
        if words and words[0].startswith("-") and words[0] not in self._option_string_actions:
            self.error(self.unknown(words[0]))
        options: argparse.Namespace
        options, left = self.parse_known_args(words)
        before = list(itertools.takewhile(lambda word: word.startswith("-"), words))
        for word in left:
            chosen = self if word in before else getattr(options, "parser", self)
            several = [action for action in chosen._actions if action.nargs in ("*", "+") and not action.option_strings]
            if not several or word.startswith("-"):
                chosen.error(chosen.unknown(word))
            # argparse leaves over what follows an option, as in `run CASE --strict CASE`.
            name = several[0].dest
            try:
                setattr(options, name, [*getattr(options, name), *chosen._get_values(several[0], [word])])
            except argparse.ArgumentError as error:
                chosen.error(str(error))
        return options

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Parses the words of a command. Reports an unknown option first: a missing argument may be its consequence."""
        words = itertools.takewhile(lambda word: word != "--", args or ())
        for word in words if self._subparsers is None else ():
            if word.startswith("--") and " " not in word and word.partition("=")[0] not in self._option_string_actions:
                self.error(self.unknown(word))
        return super().parse_known_args(args, namespace)

    def unknown(self, word: str) -> str:
        """Returns the message for a word that this command does not know."""
        if word.startswith("-"):
            name = word.partition("=")[0]
            # Compares without hyphens, because all options share them and every word would be near some option.
            known = {option.lstrip("-"): option for option in self._option_string_actions}
            if found := closest(name.lstrip("-"), known):
                return f'unknown option "{name}" (did you mean "{known[found]}"?)'
            found = closest(name.lstrip("-"), known, similarity=0.0)
            return f'unknown option "{name}" (the nearest is "{known[found]}"; {typed(f"{self.prog} --help")} lists all)'
        return f'unexpected word "{word}" (put quotes around a value with spaces)'

    def error(self, message: str) -> NoReturn:
        """Prints the message with the command that shows the usage, and exits with 2."""
        help_ = "" if message.endswith(")") else f" ({typed(f'{self.prog} --help')})"
        self.exit(2, f"{self.prog}: {visible(message)}{help_}\n")

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        if "" in arg_strings and action.nargs != argparse.PARSER:
            raise argparse.ArgumentError(action, 'the value "" is empty (give a value, or leave it out)')
        return super()._get_values(action, arg_strings)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            known = [str(choice) for choice in action.choices]
            kind = "command" if isinstance(action, argparse._SubParsersAction) else "value"
            hint = did_you_mean(str(value), known) or f" (known: {', '.join(known)})"
            message = f'unknown {kind} "{value}"{hint}'
            raise argparse.ArgumentError(None if kind == "command" else action, message)


def epilog(paragraphs: str | None, examples: Sequence[str]) -> str:
    """Returns the end of a help text: the paragraphs of the command, then its examples as a user types them."""
    told = [textwrap.fill(each, _WIDTH) if "\n" not in each else each for each in (paragraphs or "").split("\n\n") if each]
    lines = "\n".join(f"  {typed(example)}" for example in examples)
    return "\n\n".join([*told, f"examples:\n{lines}"])
