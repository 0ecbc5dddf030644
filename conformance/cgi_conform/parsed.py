"""Parses JSON and TOML. A text that is nested too deeply is a ValueError, as every other broken text is."""

import json
import tomllib
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

_DEPTH = 100  # far below the limit of the interpreter, so that all other code may recurse over the document
_TOO_DEEP = f"it is nested more than {_DEPTH} levels deep"
_Parsed = TypeVar("_Parsed")


def json_in(text: str) -> Any:
    """Returns the value of a JSON text. Raises ValueError."""
    return _shallow(json.loads, text)


def toml_in(text: str) -> dict[str, Any]:
    """Returns the table of a TOML text. Raises ValueError."""
    return _shallow(tomllib.loads, text)


def _shallow(parse: Callable[[str], _Parsed], text: str) -> _Parsed:
    try:
        document = parse(text)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    level: list[Any] = [document]
    for _ in range(_DEPTH):
        level = [part for each in level if isinstance(each, dict | list) for part in _parts(each)]
    if any(isinstance(each, dict | list) for each in level):
        raise ValueError(_TOO_DEEP)
    return document


def _parts(whole: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return whole.values() if isinstance(whole, dict) else whole
