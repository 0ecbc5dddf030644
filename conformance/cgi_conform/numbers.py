"""Numbers in words, and the types of numbers for argparse, with errors that quote the value and say its form."""

import argparse
import math
import re
from collections.abc import Callable


_YEAR = 366 * 24 * 60 * 60  # seconds: no deadline overflows


def counted(number: int, noun: str) -> str:
    """Returns a number of things in words, such as "1 case" or "2 cases"."""
    return f"{number} {noun}{'s' * (number != 1)}"


def whole_number(least: int = 1, most: int | None = None) -> Callable[[str], int]:
    """Returns the type of a whole number within bounds, which are included."""
    bounds = f"above {least - 1}" if most is None else f"from {least} to {most}"

    def checked(text: str) -> int:
        if not re.fullmatch("[0-9]{1,18}", text) or int(text) < least or (most is not None and int(text) > most):
            raise argparse.ArgumentTypeError(f'"{text}" is not a whole number {bounds}')
        return int(text)

    return checked


def seconds(text: str) -> float:
    """Returns a time of more than 0 seconds."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number <= _YEAR:
        raise argparse.ArgumentTypeError(f'"{text}" is not a positive number of seconds')
    return number
