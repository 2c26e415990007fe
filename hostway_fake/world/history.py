"""The changes of status that have happened in a world.

A change is recorded when its event is folded into the state. If the clock goes back and the server changes again, the
new change replaces the changes of that server that are later than it, as in `hostway_fake.world.past`.
"""

from datetime import datetime

from hostway_fake.bounded import BoundedLog
from hostway_fake.domain.model import StatusChange


class History(BoundedLog[StatusChange]):
    """The last changes of status, in the order in which they were recorded."""

    def until(self, now: datetime) -> list[StatusChange]:
        """Return the changes up to ``now``, without those that a later change has replaced."""
        earliest: dict[str, datetime] = {}
        kept = []
        for change in reversed(tuple(self)):
            bound = earliest.get(change.server_id, change.at)
            if change.at <= min(now, bound):
                kept.append(change)
            earliest[change.server_id] = min(bound, change.at)
        return kept[::-1]
