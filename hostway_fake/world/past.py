"""What servers were before they changed, for a clock that goes back.

Each change of a server appends what the server was until then. So the server as of an earlier instant is the value
before the earliest later change, folded to that instant. The last `CHANGES` changes of an account are kept: an instant
that lies further back is answered with the oldest value that is known.

Where a server is changed at an instant that lies before its latest change, because the clock went back, the change is
made to its newest value; what it was between the two instants is forgotten.
"""

from bisect import bisect_right
from datetime import UTC, datetime
from typing import Final, NamedTuple

from hostway_fake.bounded import BoundedLog
from hostway_fake.domain.state import Server

CHANGES: Final = 1000
"""How many changes of an account a clock can go back."""


class Change(NamedTuple):
    """Until an instant, a server was ``before``; None where it did not exist."""

    until: datetime
    before: Server | None


class Past:
    """The last changes of the servers of an account."""

    def __init__(self) -> None:
        self._log = BoundedLog[tuple[str, Change]](CHANGES)
        self._changes: dict[str, list[Change]] = {}  # of each server, oldest first
        self._latest = datetime.min.replace(tzinfo=UTC)

    def add(self, server_id: str, until: datetime, before: Server | None) -> None:
        """Remember that a server was ``before`` until an instant."""
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
        """Forget the changes since ``mark``."""
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
