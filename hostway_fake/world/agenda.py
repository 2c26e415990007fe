"""The planned events of all servers, in the order of their instants."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from datetime import datetime

from hostway_fake.domain.model import ScheduledEvent

_Entry = tuple[datetime, int, str]


class Agenda:
    """A sorted list of instant, sequence number and server id, one entry for each planned event."""

    def __init__(self, entries: Iterable[_Entry] = ()) -> None:
        self._entries = sorted(entries)

    def copy(self) -> "Agenda":
        other = Agenda()
        other._entries = self._entries.copy()
        return other

    def replace(self, server_id: str, old: tuple[ScheduledEvent, ...], new: tuple[ScheduledEvent, ...]) -> None:
        """Replace the plan ``old`` of a server by the plan ``new``."""
        for planned in old:
            if planned not in new:
                del self._entries[bisect_left(self._entries, (planned.due, planned.order, server_id))]
        for planned in new:
            if planned not in old:
                insort(self._entries, (planned.due, planned.order, server_id))

    def after(self, now: datetime) -> Iterator[_Entry]:
        """Return what is planned for later than ``now``, soonest first."""
        first = bisect_right(self._entries, now, key=_due)
        return (self._entries[index] for index in range(first, len(self._entries)))

    def due(self, now: datetime) -> list[str]:
        """Return the ids of the servers with an event that is due by ``now``, soonest first."""
        last = bisect_right(self._entries, now, key=_due)
        return list(dict.fromkeys(server_id for _, _, server_id in self._entries[:last]))

    def __len__(self) -> int:
        return len(self._entries)


def _due(entry: _Entry) -> datetime:
    return entry[0]
