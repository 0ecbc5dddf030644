"""Reads the JSON that the probe script prints about its environment, its arguments and its process.

The script writes octets as the code points 0 to 255, because JSON cannot hold arbitrary octets.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cgi_conform.cases.matcher import Value
from cgi_conform.parsed import json_in


class NotTheProbe(ValueError):
    """Raised for a body that is not the output of the probe script."""


@dataclass(frozen=True)
class Probe:
    """The environment, the arguments after the script's path, and the other values by the names that cases use."""

    env: Mapping[str, bytes]
    argv: tuple[bytes, ...]
    seen: Mapping[str, Value]


def read_probe(body: bytes) -> Probe:
    """Returns the output of the probe script in the body of a response. Raises NotTheProbe."""
    try:
        told = json_in(body.decode("ascii"))
        env = {str(name): value.encode("latin-1") for name, value in told["env"].items()}
        argv = tuple(word.encode("latin-1") for word in told["argv"])
        seen = {name: _value(value) for name, value in told.items() if name not in ("env", "argv")}
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise NotTheProbe(str(error)) from None
    return Probe(env, argv, seen)


def _value(value: object) -> Value:
    if isinstance(value, str):
        return value.encode("latin-1")
    if isinstance(value, list):
        return tuple(word.encode("latin-1") if isinstance(word, str) else int(word) for word in value)
    if isinstance(value, bool | int):
        return value
    raise TypeError(f"{value!r} is neither text, number, truth value nor list")
