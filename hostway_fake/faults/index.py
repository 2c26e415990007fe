"""Finds the few rules that can match a call among many.

A rule stands under one of the patterns that it has, by the text before the first wildcard: a call is looked up by the
beginnings of its own texts. A pattern that begins with a wildcard stands in a list, with the longest text in it: a call
that does not have that text cannot match.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

from hostway_fake.faults.rules import Subject, Which

_FIELDS: Final = ("id", "name", "server", "account")
_WILDCARD: Final = re.compile(r"[*?]|\[.*?\]?")
_LITERAL: Final = re.compile(r"[^*?\[\]!]+")


class _Place(NamedTuple):
    """Where a rule stands: ``field`` is empty without a pattern, ``start`` where the pattern begins with a wildcard."""

    operation: str | None
    field: str
    start: str


class Index:
    """The numbers of rules, by what a call must have to match them."""

    def __init__(self) -> None:
        self._places: dict[_Place, dict[int, str]] = defaultdict(dict)  # with a text that a call must have
        self._lengths: dict[tuple[str | None, str], set[int]] = defaultdict(set)

    def add(self, number: int, which: Which) -> None:
        """Add a rule."""
        place, needle = _place(which)
        self._places[place][number] = needle
        self._lengths[place.operation, place.field].add(len(place.start))

    def remove(self, number: int, which: Which) -> None:
        """Take a rule away."""
        place, _ = _place(which)
        del self._places[place][number]

    def candidates(self, subject: Subject) -> list[int]:
        """Return the numbers of the rules that can match a call, the newest first."""
        return sorted(self._candidates(subject), reverse=True)

    def _candidates(self, subject: Subject) -> Iterator[int]:
        for operation in {subject.operation, None}:
            yield from self._places.get(_Place(operation, "", ""), ())
            for field in _FIELDS:
                text = getattr(subject, field)
                lengths = () if text is None else self._lengths.get((operation, field), ())
                for length in (length for length in lengths if length <= len(text)):
                    standing = self._places.get(_Place(operation, field, text[:length]), {})
                    yield from (number for number, needle in standing.items() if needle in text)


def _place(which: Which) -> tuple[_Place, str]:
    for field in _FIELDS:
        pattern = getattr(which, field)
        if pattern is not None:
            start = _WILDCARD.split(pattern, maxsplit=1)[0]
            needle = "" if start or "[" in pattern else max(_LITERAL.findall(pattern), key=len, default="")
            return _Place(which.operation, field, start), needle
    return _Place(which.operation, "", ""), ""
