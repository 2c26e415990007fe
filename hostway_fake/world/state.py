"""The state of one account, with its clock, seed and readings, behind one lock.

`hostway_fake.world.server_store` explains how the state of a server is computed. ``now`` is the instant of a request.
If it is None, the method reads the clock once.
"""

from collections import ChainMap
from collections.abc import MutableMapping
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from typing import Self

from hostway_fake.clock import Clock, FakeClock, SavedClock
from hostway_fake.contract.errors import NOT_FOUND
from hostway_fake.domain import identifiers, servers, snapshots, volumes
from hostway_fake.domain.builds import BuildRule
from hostway_fake.domain.model import Server, Snapshot, Volume
from hostway_fake.domain.refusals import Refusal
from hostway_fake.exceptions import invalid
from hostway_fake.faults.rulebook import Rulebook
from hostway_fake.forks import renew_locks_after_fork
from hostway_fake.journal.recorder import Journal
from hostway_fake.journal.timeline import Timeline, build_timeline
from hostway_fake.world.polls import Polls, SavedPolls, StalledPolls
from hostway_fake.world.server_store import ServerStore, StoreSavepoint
from hostway_fake.world.settings import Settings
from hostway_fake.world.values import BEGINNING, Mark, UpcomingEvent


@dataclass(frozen=True, slots=True)
class Savepoint:
    """All of a world that a client or a test can change. ``calls`` is the number of the last call."""

    servers: StoreSavepoint
    volumes: dict[str, Volume]
    builds: tuple[BuildRule, ...]
    sequence: int
    added: int
    errors: int
    clock: SavedClock | None
    polls: SavedPolls
    rulebook: Rulebook
    calls: int


class WorldState:
    """The state of one account, with its `Rulebook` and its `Journal`. It can be read, saved and rolled back.

    Every public method takes the lock once. None of them waits or performs input or output inside.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self._passwords = {settings.password.encode(), settings.password.encode("latin-1", "replace")}
        self._lock = Lock()
        self._step_lock = Lock()
        renew_locks_after_fork(self)
        self._initial_clock = clock.saved() if isinstance(clock, FakeClock) else None
        self._servers = ServerStore(settings.remember_deleted, settings.journal_size)
        self._volumes: MutableMapping[str, Volume] = {}
        self._builds: tuple[BuildRule, ...] = ()
        self._sequence = 0
        self._added = 0  # the number of servers so far, for the ids of new ones
        self._errors = 0
        self._original: WorldState | None = None  # in a dry run, the world that counts error ids
        self._polls = Polls(settings.poll_limit)
        self.rulebook: Rulebook = Rulebook(clock, settings.seed)
        self.journal: Journal = Journal(settings.journal_size, settings.journal_bytes)

    def accepts_password(self, password: bytes) -> bool:
        """Tell whether a password is that of this account, in either encoding that clients use."""
        return password in self._passwords

    def next_error_id(self) -> str:
        """Return a new ``errorid``."""
        if self._original is not None:
            return self._original.next_error_id()
        with self._lock:
            self._errors += 1
            return identifiers.uuid(self.settings.seed, "error", self._errors)

    # Reading

    def server(self, server_id: str, now: datetime | None = None) -> Server:
        """Return a server as of now. Raise `Refusal` (404) if it does not exist or is DELETED."""
        return servers.require_live(self.any_server(server_id, now))

    def any_server(self, server_id: str, now: datetime | None = None) -> Server:
        """Return a server as of now, DELETED or not. Raise `Refusal` (404) if it does not exist."""
        now = now or self.clock.now()
        with self._lock:
            return self._servers.at(server_id, now)

    def has_server(self, server_id: object) -> bool:
        """Tell whether there is a server of that id, DELETED or not."""
        return server_id in self._servers

    def servers(self, now: datetime | None = None, *, deleted: bool = True) -> tuple[Server, ...]:
        """Return the servers as of now in the order of their creation, with or without DELETED ones."""
        now = now or self.clock.now()
        with self._lock:
            return self._servers.all(now, deleted=deleted)

    def snapshots(self, server: Server, now: datetime | None = None) -> tuple[Snapshot, ...]:
        """Return the snapshots of a server as of now, DELETED ones too, oldest request first."""
        now = now or self.clock.now()
        with self._lock:
            return snapshots.merged(server, self._servers.deleted.snapshots(server.id, now))

    def snapshot_of(self, server: Server, snapshot_id: str, now: datetime | None = None) -> Snapshot | None:
        """Return a snapshot of a server, DELETED or not."""
        now = now or self.clock.now()
        with self._lock:
            return server.snapshot(snapshot_id) or self._servers.deleted.snapshot(server.id, snapshot_id, now)

    def find(self, subject: str) -> Server | Snapshot:
        """Return a server, or a snapshot of any server, as of now."""
        return self.any_server(subject) if self.has_server(subject) else self.snapshot(subject)

    def snapshot(self, snapshot_id: str) -> Snapshot:
        """Return a snapshot of any server as of now."""
        now = self.clock.now()
        for server in self.servers(now, deleted=False):
            snapshot = server.snapshot(snapshot_id)
            if snapshot is not None:
                return snapshot
        with self._lock:
            deleted = self._servers.deleted
            snapshot = deleted.snapshot(deleted.server_of(snapshot_id) or "", snapshot_id, now)
        if snapshot is None:
            raise invalid("snapshot id", snapshot_id, "a snapshot of this account")
        return snapshot

    # Volumes

    def volumes(self) -> tuple[Volume, ...]:
        """Return all volumes in the order of their creation."""
        with self._lock:
            return tuple(self._volumes.values())

    def volume(self, volume_id: str) -> Volume:
        """Return a volume. Raise `Refusal` (404) if it does not exist."""
        volume = self._volumes.get(volume_id)
        if volume is None:
            raise Refusal(NOT_FOUND)
        return volume

    def attached(self, server: Server, volume_id: str) -> Volume:
        """Return a volume that is attached to a server. Raise `Refusal` (404) if there is none of that id."""
        return volumes.attached(server, self._volumes.get(volume_id))

    def attached_volumes(self, server: Server) -> list[Volume]:
        """Return the volumes of a server, without those that were deleted since the server was read."""
        with self._lock:
            return [self._volumes[volume_id] for volume_id in server.volumes if volume_id in self._volumes]

    # What is planned

    def pending(self) -> tuple[UpcomingEvent, ...]:
        """Return all events that will change a status, soonest first."""
        now = self.clock.now()
        with self._lock:
            return self._servers.upcoming(now)

    def next_event(self) -> UpcomingEvent | None:
        """Return the first of the events that will change a status."""
        now = self.clock.now()
        with self._lock:
            return self._servers.next_event(now)

    def record_poll(self, target: str, due: datetime | None, now: datetime | None = None) -> None:
        """Count a read of something unfinished, which will be finished when it is ``due``, or never.

        A poll-stepping clock steps, but not beyond the next event.

        Raises:
            FrozenClockError: If the target was polled too often while the clock stood.
        """
        step = self.settings.poll_step
        self._polls.count(target, now or self.clock.now(), due)
        if step is not None:
            assert isinstance(self.clock, FakeClock)
            with self._step_lock:  # or two pollers together would step beyond the next event
                event = self.next_event()
                self.clock.advance(step if event is None else min(step, event.due - self.clock.now()))

    def stalled_polls(self) -> StalledPolls | None:
        """Return the polls of a client while the fake clock stood, if there were several."""
        if not isinstance(self.clock, FakeClock) or self.clock.rate:
            return None
        return self._polls.stalled(self.clock.now())

    def forget_polls(self) -> None:
        """Start to count polls anew."""
        self._polls.forget()

    # What has happened

    def mark(self) -> Mark:
        """Return the current position, for a `timeline` that starts there."""
        return Mark(self.clock.now(), self.journal.recorded, self._sequence)

    def timeline(self, since: Mark = BEGINNING) -> Timeline:
        """Return what has happened since a mark, in the order of the world's clock."""
        now = self.clock.now()
        with self._lock:
            self._servers.fold_due(now)
            changes = self._servers.history.until(now)
        if now < since.at:  # the clock went back
            since = since._replace(at=BEGINNING.at, sequence=0)
        moves = self.clock.moves if isinstance(self.clock, FakeClock) else ()
        return build_timeline(
            self.journal.since(since.recorded),
            (change for change in changes if change.at > since.at or change.order > since.sequence),
            (move for move in moves if move[0] >= since.at),
        )

    # Savepoints

    def savepoint(self) -> Savepoint:
        """Return the current state, for `roll_back`."""
        with self._lock:
            return self._savepoint()

    def savepoint_with_deleted(self) -> Savepoint:
        """Return the current state with a copy of what is DELETED, for a dump."""
        with self._lock:
            saved = self._savepoint()
            return replace(saved, servers=replace(saved.servers, deleted=saved.servers.deleted.copy()))

    def _savepoint(self) -> Savepoint:
        return Savepoint(
            servers=self._servers.savepoint(),
            volumes=dict(self._volumes),
            builds=self._builds,
            sequence=self._sequence,
            added=self._added,
            errors=self._errors,
            clock=self.clock.saved() if isinstance(self.clock, FakeClock) else None,
            polls=self._polls.saved(),
            rulebook=self.rulebook.saved(),
            calls=self.journal.last,
        )

    def roll_back(self, saved: Savepoint) -> None:
        """Return to a saved state. Calls that were made since then stay in the journal, marked as rolled back."""
        with self._lock:
            self._servers.roll_back(saved.servers)
            self._volumes, self._builds = dict(saved.volumes), saved.builds
            self._sequence, self._added, self._errors = saved.sequence, saved.added, saved.errors
            if isinstance(self.clock, FakeClock) and saved.clock is not None:
                self.clock.roll_back(saved.clock)
            self._polls.roll_back(saved.polls)
            self.rulebook.roll_back(saved.rulebook)
            self.journal.roll_back(saved.calls)

    def reset(self) -> None:
        """Reset to the initial state and clear the journal."""
        fresh = type(self)(self.settings, self.clock)
        self.roll_back(replace(fresh.savepoint(), clock=self._initial_clock and self._initial_clock.without_moves()))
        self.journal.clear()

    def dry_run(self) -> Self:
        """Return a world with the same state. What is done there has no effect here."""
        other = copy(self)
        other._original = self
        other.settings = replace(self.settings, poll_step=None)
        other._servers = self._servers.dry_run()
        other._volumes = ChainMap({}, self._volumes)  # only the first map is written
        other.journal = Journal(1, 0)
        other._polls = Polls(self.settings.poll_limit)
        return other
