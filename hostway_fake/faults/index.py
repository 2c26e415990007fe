"""Find the few rules that can match a call, among many.

The index uses one pattern of each rule. The key is the text before the first wildcard, so a call is looked up by the
prefixes of its own values. A pattern that begins with a wildcard has an empty key. It is stored with its longest
literal text: a call whose value does not contain that text cannot match.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from hostway_fake.faults.rules import CallInfo, CallMatcher

_FIELDS: Final = ("id", "name", "server", "account")
_WILDCARD: Final = re.compile(r"[*?]|\[.*?\]?")
_LITERAL: Final = re.compile(r"[^*?\[\]!]+")


class _Place(NamedTuple):
    """A key of the index. ``field`` is empty for a rule without a pattern, ``start`` is the text before a wildcard."""

    operation: str | None
    field: str
    start: str


class Index:
    """The numbers of rules, by a prefix that a matching call must have."""

    def __init__(self) -> None:
        self._places: dict[_Place, dict[int, str]] = {}  # with a text that a call must have
        self._lengths: dict[tuple[str | None, str], Counter[int]] = {}  # of the starts, and how many places have it

    def add(self, number: int, which: CallMatcher) -> None:
        """Add a rule."""
        place, needle = _place(which)
        if place not in self._places:
            self._places[place] = {}
            self._lengths.setdefault(place[:2], Counter())[len(place.start)] += 1
        self._places[place][number] = needle

    def remove(self, number: int, which: CallMatcher) -> None:
        """Remove a rule, and its place if it is the last rule there."""
        place, _ = _place(which)
        del self._places[place][number]
        if not self._places[place]:
            del self._places[place]
            lengths = self._lengths[place[:2]]
            lengths[len(place.start)] -= 1
            self._lengths[place[:2]] = +lengths  # without those that no place has any more

    def candidates(self, subject: CallInfo) -> list[int]:
        """Return the numbers of the rules that can match a call, the newest first."""
        return sorted(self._candidates(subject), reverse=True)

    def _candidates(self, subject: CallInfo) -> Iterator[int]:
        for operation in {subject.operation, None}:
            yield from self._places.get(_Place(operation, "", ""), ())
            for field in _FIELDS:
                text = getattr(subject, field)
                lengths = () if text is None else self._lengths.get((operation, field), ())
                for length in (length for length in lengths if length <= len(text)):
                    standing = self._places.get(_Place(operation, field, text[:length]), {})
                    yield from (number for number, needle in standing.items() if needle in text)


def _place(which: CallMatcher) -> tuple[_Place, str]:
    for field in _FIELDS:
        pattern = getattr(which, field)
        if pattern is not None:
            start = _WILDCARD.split(pattern, maxsplit=1)[0]
            needle = "" if start or "[" in pattern else max(_LITERAL.findall(pattern), key=len, default="")
            return _Place(which.operation, field, start), needle
    return _Place(which.operation, "", ""), ""
