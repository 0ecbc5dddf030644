"""The figures of attacks, as JSON and as a table in Markdown."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    attack: str
    name: str
    value: float
    unit: str
    bound: float | None = None  # the value must not be above it

    def row(self) -> str:
        bound = "" if self.bound is None else f"{_rounded(self.bound)} {self.unit}"
        return f"| {self.attack} | {self.name} | {_rounded(self.value)} {self.unit} | {bound} |"


def _rounded(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.2g}"


def write(folder: Path, figures: Sequence[Figure]) -> None:
    """Writes figures.json and figures.md into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "figures.json").write_text(json.dumps([asdict(figure) for figure in figures], indent=1) + "\n")
    head = ["| attack | figure | value | at most |", "|---|---|--:|--:|"]
    (folder / "figures.md").write_text("\n".join([*head, *(figure.row() for figure in figures)]) + "\n")
