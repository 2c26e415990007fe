"""Earlier values of servers, for a clock that goes back.

Each change of a server appends the value that the server had until then. To read a server as of an earlier instant,
take the value before the earliest change after that instant, and fold it to the instant. The last `CHANGES` changes of
an account are kept. An instant before them gets the oldest value that is known.

If the clock went back and the server changes again, the new change replaces the changes that are later than it.
"""

from bisect import bisect_right
from datetime import UTC, datetime
from typing import Final, NamedTuple

from hostway_fake.bounded import BoundedLog
from hostway_fake.domain.model import Server

CHANGES: Final = 1000
"""The number of changes of an account that are kept."""


class Change(NamedTuple):
    """A server had the value ``before`` until an instant; None if it did not exist."""

    until: datetime
    before: Server | None


class Past:
    """The last changes of the servers of an account."""

    def __init__(self) -> None:
        self._log = BoundedLog[tuple[str, Change]](CHANGES)
        self._changes: dict[str, list[Change]] = {}  # of each server, oldest first
        self._latest = datetime.min.replace(tzinfo=UTC)

    def add(self, server_id: str, until: datetime, before: Server | None) -> None:
        """Record that a server had the value ``before`` until an instant."""
        changes = self._changes.setdefault(server_id, [])
        while changes and changes[-1].until > until:
            before = changes.pop().before
        change = Change(until, before)
        changes.append(change)
        self._latest = max(self._latest, until)
        dropped = self._log.append((server_id, change))
        if dropped is not None:
            self._drop(*dropped, 0)

    def _drop(self, server_id: str, change: Change, index: int) -> None:
        changes = self._changes.get(server_id)
        if changes and changes[index] is change:
            del changes[index]
            if not changes:
                del self._changes[server_id]

    @property
    def mark(self) -> tuple[int, datetime]:
        return self._log.mark, self._latest

    def roll_back(self, mark: tuple[int, datetime]) -> None:
        """Remove the changes since ``mark``."""
        count, self._latest = mark
        for server_id, change in self._log.roll_back(count):
            self._drop(server_id, change, -1)

    def find(self, server_id: str, now: datetime) -> Change | None:
        """Return the earliest change of a server that is later than ``now``, if there is one."""
        changes = self._changes.get(server_id)
        if changes is None or changes[-1].until <= now:
            return None
        return changes[bisect_right(changes, now, key=_until)]

    def changed_after(self, now: datetime) -> set[str]:
        """Return the ids of the servers that have changed later than ``now``."""
        if now >= self._latest:
            return set()
        return {server_id for server_id, changes in self._changes.items() if changes[-1].until > now}


def _until(change: Change) -> datetime:
    return change.until
