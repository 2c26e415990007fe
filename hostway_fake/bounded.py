"""A log that is bounded, and that can be taken back to a mark: what a savepoint undoes costs what was done inside."""

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

_Entry = TypeVar("_Entry")


class BoundedLog(Generic[_Entry]):
    """The last ``limit`` entries that were appended, oldest first.

    >>> log = BoundedLog[str](2)
    >>> log.append("a")
    >>> mark = log.mark
    >>> log.append("b"), log.append("c")
    (None, 'a')
    >>> log.roll_back(mark), list(log)
    (['c', 'b'], [])
    """

    def __init__(self, limit: int) -> None:
        self._entries: deque[_Entry] = deque()
        self._limit = limit
        self._mark = 0

    def append(self, entry: _Entry) -> _Entry | None:
        """Append an entry, and return the oldest if there is no room for it any more."""
        self._entries.append(entry)
        self._mark += 1
        return self._entries.popleft() if len(self._entries) > self._limit else None

    @property
    def mark(self) -> int:
        """How many entries were appended, for `roll_back`."""
        return self._mark

    def roll_back(self, mark: int) -> list[_Entry]:
        """Take away what was appended since ``mark``, and return it, newest first. What was dropped stays away."""
        count = min(self._mark - mark, len(self._entries))
        self._mark = mark
        return [self._entries.pop() for _ in range(count)]

    def __iter__(self) -> Iterator[_Entry]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
