"""The servers of a world: their newest values, their past, what is DELETED, and what is planned.

Theory of operation. A server is a frozen value with a plan: the events that are due later. To read its state at an
instant, fold the events that are due by then into the value (`hostway_fake.domain.lifecycle.fold`). The result is
stored, so no event is folded twice. `Past` keeps the earlier values for a clock that goes back. DELETED snapshots and
servers move to `Deleted`, changes of status to `History`. All of these are bounded, so the cost of an operation does
not depend on what has happened before.

A change is always made to the newest value of a server, even if the clock has gone back since. So Hostway's rules hold
at every instant.

The store has no lock. `hostway_fake.world.world.World` calls it under its own.
"""

from collections import ChainMap
from collections.abc import Iterable, MutableMapping
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime

from hostway_fake.contract.errors import NOT_FOUND
from hostway_fake.contract.statuses import ServerStatus, SnapshotStatus
from hostway_fake.domain import lifecycle
from hostway_fake.domain.model import ScheduledEvent, Server, Status, StatusChange
from hostway_fake.domain.refusals import Refusal
from hostway_fake.world.agenda import Agenda
from hostway_fake.world.deleted import Deleted
from hostway_fake.world.history import History
from hostway_fake.world.past import Past
from hostway_fake.world.values import UpcomingEvent

Folded = list[tuple[ScheduledEvent, Server]]


@dataclass(frozen=True, slots=True)
class StoreSavepoint:
    """The state of a `ServerStore`. Logs are not copied: each is rolled back to a mark."""

    servers: dict[str, Server]
    agenda: Agenda
    past: Past
    past_mark: tuple[int, datetime]
    deleted: Deleted
    deleted_mark: int
    history: History
    history_mark: int


class ServerStore:
    """The servers of a world, which can be read as of any instant.

    Args:
        remember_deleted: How many DELETED servers and snapshots are kept.
        history_size: How many changes of status are kept.
    """

    def __init__(self, remember_deleted: int, history_size: int) -> None:
        self._newest: MutableMapping[str, Server] = {}  # the newest value of each server that is not DELETED
        self._agenda = Agenda()
        self._past = Past()
        self.deleted: Deleted = Deleted(remember_deleted)
        self.history: History = History(history_size)
        self._is_dry_run = False

    def __contains__(self, server_id: object) -> bool:
        return isinstance(server_id, str) and (server_id in self._newest or server_id in self.deleted.servers)

    # Reading

    def at(self, server_id: str, now: datetime) -> Server:
        """Return a server as of an instant.

        Raises:
            Refusal: 404, if there was no such server at that instant.
        """
        change = self._past.find(server_id, now)
        if change is None:
            return self.newest(server_id, now)
        if change.before is None:
            raise Refusal(NOT_FOUND)
        newest = self._newest.get(server_id)
        server = replace(lifecycle.at(change.before, now), volumes=newest.volumes if newest else ())
        return _without_deleted(server)

    def find(self, server_id: str, now: datetime) -> Server | None:
        """Return a server as of an instant, or None."""
        try:
            return self.at(server_id, now)
        except Refusal:
            return None

    def all(self, now: datetime, *, deleted: bool) -> tuple[Server, ...]:
        """Return the servers as of an instant, in the order in which they were added."""
        more = self.deleted.servers.keys() if deleted else self._past.changed_after(now) - self._newest.keys()
        found = [server for each in (*self._newest, *more) if (server := self.find(each, now))]
        return tuple(sorted(found, key=_number) if more else found)

    def newest(self, server_id: str, now: datetime) -> Server:
        """Return the newest value of a server. Fold in what is due by now, and store the result."""
        stored = self._newest.get(server_id) or self.deleted.servers.get(server_id)
        if stored is None:
            raise Refusal(NOT_FOUND)
        if not stored.plan or stored.plan[0].due > now:  # most reads end here
            return stored
        folded = list(lifecycle.fold(stored, now))
        self._record(stored, folded)
        return self._store(stored, lifecycle.after(stored, folded), folded[-1][0].due)

    def fold_due(self, now: datetime) -> None:
        """Fold in all events that are due by now, so that the history is complete up to now."""
        for server_id in self._agenda.due(now):
            self.newest(server_id, now)

    # Changing

    def put(self, before: Server | None, server: Server, now: datetime, calls: int, by_call: bool) -> Server:
        """Store a server that a call has changed, and return its value as of now.

        Args:
            before: The value until now. None if the server is new.
            server: The new value. What is due by now is folded in.
            now: The instant of the change.
            calls: The number of calls before this change.
            by_call: Whether a call makes the change.
        """
        folded = list(lifecycle.fold(server, now))
        self._record(server, folded, calls, by_call)
        return self._store(before, lifecycle.after(server, folded), now)

    def created(
        self, now: datetime, order: int, server_id: str, subject: str, status: Status, calls: int, by_call: bool
    ) -> None:
        """Record the first status of a server or snapshot."""
        self.history.append(StatusChange(now, order, server_id, subject, status, calls, by_call))

    def keep(self, server: Server) -> None:
        """Store a server as it is at every instant, also before now. Do not record a change."""
        before = self._newest.get(server.id)
        self._newest[server.id] = server
        self._agenda.replace(server.id, before.plan if before else (), server.plan)

    def _record(self, server: Server, folded: Folded, calls: int | None = None, by_call: bool = False) -> None:
        for event, status in lifecycle.status_changes(server, folded):
            change = StatusChange(event.due, event.order, server.id, event.subject, status, calls, by_call)
            self.history.append(change)

    def _store(self, before: Server | None, server: Server, until: datetime) -> Server:
        """Store the newest value of a server, which was ``before`` until an instant. Return it without DELETED ones."""
        if self._is_dry_run:  # nothing but this call reads it
            self._newest[server.id] = server
            return server
        self._past.add(server.id, until, before)
        for snapshot in server.snapshots:
            if snapshot.status is SnapshotStatus.DELETED:
                self.deleted.add(server.id, snapshot)
        server = _without_deleted(server)
        if server.status is ServerStatus.DELETED:
            self._newest.pop(server.id, None)
            self.deleted.add(server.id, server)
        else:
            self._newest[server.id] = server
        self._agenda.replace(server.id, before.plan if before else (), server.plan)
        return server

    # What is planned

    def upcoming(self, now: datetime) -> tuple[UpcomingEvent, ...]:
        """Return all events that will change a status, soonest first."""
        server_ids = {server_id for _, _, server_id in self._agenda.after(now)} | self._past.changed_after(now)
        return tuple(sorted(event for server_id in server_ids for event in self._upcoming(server_id, now)))

    def next_event(self, now: datetime) -> UpcomingEvent | None:
        """Return the first of the events that will change a status."""
        if self._past.changed_after(now):  # the clock went back
            return next(iter(self.upcoming(now)), None)
        soonest = next(self._agenda.after(now), None)
        return min(self._upcoming(soonest[2], now), default=None) if soonest else None

    def _upcoming(self, server_id: str, now: datetime) -> Iterable[UpcomingEvent]:
        server = self.find(server_id, now)
        for event, status in lifecycle.status_changes(server, lifecycle.fold(server)) if server else ():
            snapshot_id = "" if event.subject == server_id else event.subject
            yield UpcomingEvent(event.due, event.order, server_id, snapshot_id, status)

    # Savepoints

    def savepoint(self) -> StoreSavepoint:
        """Return the current state, for `roll_back`. This copies the index of servers, not the servers."""
        return StoreSavepoint(
            servers=dict(self._newest),
            agenda=self._agenda.copy(),
            past=self._past,
            past_mark=self._past.mark,
            deleted=self.deleted,
            deleted_mark=self.deleted.mark,
            history=self.history,
            history_mark=self.history.mark,
        )

    def roll_back(self, saved: StoreSavepoint) -> None:
        """Return to a saved state."""
        self._newest, self._agenda = dict(saved.servers), saved.agenda.copy()
        self._past, self.deleted, self.history = saved.past, saved.deleted, saved.history
        self._past.roll_back(saved.past_mark)
        self.deleted.roll_back(saved.deleted_mark)
        self.history.roll_back(saved.history_mark)

    def dry_run(self) -> "ServerStore":
        """Return a store with the same servers. Changes of it do not change this one."""
        other = copy(self)
        other._is_dry_run = True
        other._newest = ChainMap({}, self._newest)  # only the first map is written
        other.history = History(0)
        return other


def _without_deleted(server: Server) -> Server:
    """Return a server without its DELETED snapshots, and without what was planned for them."""
    if server.status is ServerStatus.DELETED:
        return replace(server, snapshots=(), plan=())
    deleted = {snapshot.id for snapshot in server.snapshots if snapshot.status is SnapshotStatus.DELETED}
    if not deleted:
        return server
    return replace(
        server,
        snapshots=tuple(snapshot for snapshot in server.snapshots if snapshot.id not in deleted),
        plan=tuple(event for event in server.plan if event.subject not in deleted),
    )


def _number(server: Server) -> int:
    return server.number
