"""Prints tables for a terminal: columns as wide as their widest cell, two spaces between them."""

from collections.abc import Collection, Sequence


def in_columns(rows: Sequence[Sequence[str]], *, right: Collection[int] = (), width: int = 0) -> list[str]:
    """Returns a line for each row; every row has the same number of cells.

    The columns whose numbers are in `right` are aligned to the right. No column is narrower than `width`.
    """
    if not rows:
        return []
    widths = [max(width, *map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_padded(row, widths, right)).rstrip() for row in rows]


def _padded(row: Sequence[str], widths: Sequence[int], right: Collection[int]) -> list[str]:
    return [
        cell.rjust(width) if number in right else cell.ljust(width)
        for number, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
