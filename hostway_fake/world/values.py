"""What a world says of itself: what is to come, a place in what happens, and all of it as it was."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple

from hostway_fake.bounded import BoundedLog
from hostway_fake.clock import SavedClock
from hostway_fake.domain.builds import BuildRule
from hostway_fake.domain.model import HistoryEntry, Server, Status, Volume
from hostway_fake.faults.rulebook import Rulebook
from hostway_fake.world.agenda import Agenda
from hostway_fake.world.deleted import Deleted
from hostway_fake.world.past import Past
from hostway_fake.world.polls import SavedPolls


@dataclass(frozen=True, slots=True, order=True)
class UpcomingEvent:
    """What will happen of itself: when, to which snapshot of which server, and the status that it then has.

    ``snapshot_id`` is empty where it happens to the server itself. ``order`` says which of two that are due at once is
    first.
    """

    due: datetime
    order: int
    server_id: str
    snapshot_id: str
    status: Status

    @property
    def subject(self) -> str:
        """The id of what it happens to."""
        return self.snapshot_id or self.server_id


class Mark(NamedTuple):
    """A place in what happens in a world: its instant, the calls that were recorded, and its sequence by then."""

    at: datetime
    recorded: int
    sequence: int


BEGINNING: Final = Mark(datetime.min.replace(tzinfo=UTC), 0, 0)


@dataclass(frozen=True, slots=True)
class Savepoint:
    """A world as it was; ``calls`` is the number of its last call then.

    Logs are not copied: they are taken back to a mark, so that what a savepoint costs does not depend on their length.
    """

    servers: dict[str, Server]
    volumes: dict[str, Volume]
    agenda: Agenda
    past: Past
    past_mark: tuple[int, datetime]
    deleted: Deleted
    deleted_mark: int
    history_log: BoundedLog[HistoryEntry]
    history_mark: int
    builds: tuple[BuildRule, ...]
    sequence: int
    added: int
    errors: int
    clock: SavedClock | None
    polls: SavedPolls
    rulebook: Rulebook
    calls: int
