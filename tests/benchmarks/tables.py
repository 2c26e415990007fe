"""Rounds in which every contestant has its turn, and the tables that come of them."""

import operator
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from rich.table import Table as RichTable

Contestant = TypeVar("Contestant")
Measured = TypeVar("Measured")

Samples = list[float]
"""One measurement of a contestant for each round."""

_HOLDS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table to be read: ``head`` names the columns, ``note`` says what was done."""

    title: str
    note: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def markdown(self) -> str:
        lines = [self.head, ("---", *["---:"] * (len(self.head) - 1)), *self.rows]
        body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return f"### {self.title}\n\n{self.note}\n\n{body}\n"

    def rich(self) -> RichTable:
        table = RichTable(title=self.title, caption=self.note, title_justify="left", caption_justify="left")
        for place, name in enumerate(self.head):
            table.add_column(name, justify="right" if place else "left", overflow="fold")
        for row in self.rows:
            table.add_row(*row)
        return table


def rounds(count: int, contestants: Mapping[Contestant, Callable[[], Measured]]) -> dict[Contestant, list[Measured]]:
    """The measurements of each contestant: in every round each has its turn, so that all meet the same weather.

    The first round warms up and is dropped.
    """
    samples: dict[Contestant, list[Measured]] = {name: [] for name in contestants}
    for number in range(count + 1):
        for name, measure in contestants.items():
            value = measure()
            if number:
                samples[name].append(value)
    return samples


def ratios(samples: Samples, floor: Samples) -> Samples:
    """Each round by itself against the floor of that round."""
    return [mine / other for mine, other in zip(samples, floor, strict=True)]


def spread(samples: Sequence[float], form: str = ".2f") -> str:
    """The median with the quartiles."""
    first, median, third = statistics.quantiles(samples, n=4)
    return f"{median:{form}} ({first:{form}} to {third:{form}})"


def verdict(value: float, relation: str, target: float, unit: str = "") -> str:
    """A target and whether it is met."""
    met = "met" if _HOLDS[relation](value, target) else "MISSED"
    return f"{relation} {target:g}{unit}: {met}"
