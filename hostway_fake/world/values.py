"""Values that `World` returns."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple

from hostway_fake.domain.model import Status


@dataclass(frozen=True, slots=True, order=True)
class UpcomingEvent:
    """An event that will change the status of a snapshot or server.

    Attributes:
        due: The instant of the event.
        order: The order of events that are due at the same instant.
        server_id: The id of the server.
        snapshot_id: The id of the snapshot. Empty if the server itself changes.
        status: The status after the event.
    """

    due: datetime
    order: int
    server_id: str
    snapshot_id: str
    status: Status

    @property
    def subject(self) -> str:
        """The id of the snapshot, or of the server if no snapshot changes."""
        return self.snapshot_id or self.server_id


class Mark(NamedTuple):
    """A position in what happens in a world: the instant, the number of recorded calls, and the sequence number."""

    at: datetime
    recorded: int
    sequence: int


BEGINNING: Final = Mark(datetime.min.replace(tzinfo=UTC), 0, 0)
