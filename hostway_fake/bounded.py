"""A bounded log that can be rolled back to a mark. A rollback costs as much as what was appended since then."""

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

_Entry = TypeVar("_Entry")


class BoundedLog(Generic[_Entry]):
    """The last ``limit`` entries, oldest first.

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
        """Append an entry. If the log is full, drop the oldest entry and return it."""
        self._entries.append(entry)
        self._mark += 1
        return self._entries.popleft() if len(self._entries) > self._limit else None

    @property
    def mark(self) -> int:
        """Return the number of entries appended so far, for `roll_back`."""
        return self._mark

    def roll_back(self, mark: int) -> list[_Entry]:
        """Remove the entries appended since ``mark`` and return them, newest first.

        Entries that were dropped are not restored.
        """
        count = min(self._mark - mark, len(self._entries))
        self._mark = mark
        return [self._entries.pop() for _ in range(count)]

    def __iter__(self) -> Iterator[_Entry]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
