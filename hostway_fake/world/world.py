"""State: one isolated account with its clock, seed and readings, behind one lock.

Theory of operation. A server is a frozen value with a plan: the events that are due later. To read its state at an
instant, fold the events that are due by then into the value (`lifecycle.at`). The result is stored, so no event is
folded twice. `Past` keeps the earlier values for a clock that goes back. DELETED snapshots and servers move to
`Deleted`. Both are bounded, so the cost of an operation does not depend on what has happened before.

A change is always made to the newest value of a server, even if the clock has gone back since. So Hostway's rules hold
at every instant.

``now`` is the instant of a request. If it is None, the method asks the clock once.
"""

from collections import ChainMap
from collections.abc import Callable, MutableMapping
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Lock

from hostway_fake.bounded import BoundedLog
from hostway_fake.clock import Clock, FakeClock
from hostway_fake.contract.catalogue import DEFAULT_FLAVOR, DEFAULT_ZONE
from hostway_fake.contract.errors import NOT_FOUND
from hostway_fake.contract.statuses import ServerStatus, SnapshotStatus
from hostway_fake.domain import builds, identifiers, lifecycle, servers, snapshots, volumes
from hostway_fake.domain.builds import BuildRule
from hostway_fake.domain.model import Event, HistoryEntry, ScheduledEvent, Server, Snapshot, Status, Volume
from hostway_fake.domain.refusals import Refusal
from hostway_fake.domain.servers import CreateServer
from hostway_fake.domain.snapshots import CreateSnapshot
from hostway_fake.domain.volumes import CreateVolume
from hostway_fake.exceptions import invalid
from hostway_fake.faults.rulebook import Rulebook
from hostway_fake.forks import renew_locks_after_fork
from hostway_fake.journal.recorder import Journal
from hostway_fake.journal.timeline import Timeline, told
from hostway_fake.world.agenda import Agenda
from hostway_fake.world.deleted import Deleted
from hostway_fake.world.past import Past
from hostway_fake.world.polls import Polls
from hostway_fake.world.settings import Settings
from hostway_fake.world.values import BEGINNING, Mark, Savepoint, UpcomingEvent


class World:
    """The state of one account, its `Rulebook` and its `Journal`.

    Every method takes the lock once; none waits, answers or reads the wire inside.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self._passwords = {settings.password.encode(), settings.password.encode("latin-1", "replace")}
        self._lock = Lock()
        self._step_lock = Lock()
        renew_locks_after_fork(self)
        self._made = clock.saved() if isinstance(clock, FakeClock) else None
        self._servers: MutableMapping[str, Server] = {}  # the newest value of each that is not DELETED
        self._volumes: MutableMapping[str, Volume] = {}
        self._agenda = Agenda()
        self._past = Past()
        self._deleted = Deleted(settings.remember_deleted)
        self._builds: tuple[BuildRule, ...] = ()
        self._history = BoundedLog[HistoryEntry](settings.journal_size)
        self._sequence = 0
        self._added = 0  # servers, for the ids of those to come
        self._errors = 0
        self._original: World | None = None  # of a rehearsal, whose error ids a client sees too
        self._polls = Polls(settings.poll_limit)
        self.rulebook: Rulebook = Rulebook(clock, settings.seed)
        self.journal: Journal = Journal(settings.journal_size, settings.journal_bytes)

    def accepts_password(self, password: bytes) -> bool:
        """Whether a client's password is this account's, in either encoding that clients use."""
        return password in self._passwords

    def next_error_id(self) -> str:
        """The next ``errorid``; each error has its own."""
        if self._original is not None:
            return self._original.next_error_id()
        with self._lock:
            self._errors += 1
            return identifiers.uuid(self.settings.seed, "error", self._errors)

    # Reading

    def server(self, server_id: str, now: datetime | None = None) -> Server:
        """Return a server as of now, or raise the refusal 404, also for one that is DELETED."""
        return servers.require_live(self.any_server(server_id, now))

    def any_server(self, server_id: str, now: datetime | None = None) -> Server:
        """Return a server as of now, DELETED or not, or raise the refusal 404."""
        now = now or self.clock.now()
        with self._lock:
            return self._as_of(server_id, now)

    def has_server(self, server_id: object) -> bool:
        """Tell whether there is a server of that id, DELETED or not."""
        return isinstance(server_id, str) and (server_id in self._servers or server_id in self._deleted.servers)

    def servers(self, now: datetime | None = None, *, deleted: bool = True) -> tuple[Server, ...]:
        """Return the servers as of now, with those that are ``deleted`` or without, in the order they were added."""
        now = now or self.clock.now()
        with self._lock:
            more = self._deleted.servers.keys() if deleted else self._past.changed_after(now) - self._servers.keys()
            found = [server for each in (*self._servers, *more) if (server := self._existing(each, now))]
        return tuple(sorted(found, key=_number) if more else found)

    def snapshots(self, server: Server, now: datetime | None = None) -> tuple[Snapshot, ...]:
        """Return the snapshots of a server as of now, DELETED ones too, oldest request first."""
        now = now or self.clock.now()
        with self._lock:
            return snapshots.merged(server, self._deleted.snapshots(server.id, now))

    def snapshot_of(self, server: Server, snapshot_id: str, now: datetime | None = None) -> Snapshot | None:
        """Return a snapshot of a server, DELETED or not."""
        now = now or self.clock.now()
        with self._lock:
            return server.snapshot(snapshot_id) or self._deleted.snapshot(server.id, snapshot_id, now)

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
            snapshot = self._deleted.snapshot(self._deleted.server_of(snapshot_id) or "", snapshot_id, now)
        if snapshot is None:
            raise invalid("snapshot id", snapshot_id, "a snapshot of this account")
        return snapshot

    def _as_of(self, server_id: str, now: datetime) -> Server:
        """Return a server as of an instant, or raise the refusal 404; the lock is held."""
        change = self._past.find(server_id, now)
        if change is None:
            return self._newest(server_id, now)
        if change.before is None:
            raise Refusal(NOT_FOUND)
        held = self._servers.get(server_id)
        server = replace(lifecycle.at(change.before, now), volumes=held.volumes if held else ())
        return _without_deleted(server)

    def _existing(self, server_id: str, now: datetime) -> Server | None:
        try:
            return self._as_of(server_id, now)
        except Refusal:
            return None

    def _newest(self, server_id: str, now: datetime) -> Server:
        """Return the newest value of a server, with what is due by now folded in and stored; the lock is held."""
        stored = self._servers.get(server_id) or self._deleted.servers.get(server_id)
        if stored is None:
            raise Refusal(NOT_FOUND)
        server = lifecycle.at(stored, now)
        if server is stored:
            return server
        return self._store(stored, server, max(planned.due for planned in stored.plan if planned.due <= now))

    def _store(self, before: Server | None, server: Server, until: datetime) -> Server:
        """Store the newest value of a server, which was ``before`` until an instant; return it without DELETED ones."""
        if self._original is not None:  # a rehearsal: nothing but this call reads it
            self._servers[server.id] = server
            return server
        self._past.add(server.id, until, before)
        for snapshot in server.snapshots:
            if snapshot.status is SnapshotStatus.DELETED:
                self._deleted.add(server.id, snapshot)
        server = _without_deleted(server)
        if server.status is ServerStatus.DELETED:
            self._servers.pop(server.id, None)
            self._deleted.add(server.id, server)
        else:
            self._servers[server.id] = server
        self._agenda.replace(server.id, before.plan if before else (), server.plan)
        return server

    # Changing

    def add_server(
        self, server_id: str | None, status: ServerStatus = ServerStatus.ACTIVE, flavor: str = DEFAULT_FLAVOR
    ) -> Server:
        """Arrange a server that has ``status`` at every instant, also before it was added."""
        with self._lock:
            if server_id is None:
                server_id, zone = self._free_server_id(DEFAULT_ZONE), DEFAULT_ZONE
            elif self.has_server(server_id):
                raise invalid("server id", server_id, "one that this account does not have yet")
            else:
                zone = identifiers.zone_of(server_id)
            server = self._new_server(server_id, server_id, zone)
            now = self.clock.now()
            server = self._servers[server_id] = replace(server, status=status, flavor=flavor, completed_at=now)
            self._born(now, server_id, server_id, status, server.number)
            return server

    def create_server(self, command: CreateServer, now: datetime | None = None) -> tuple[Server, str]:
        """What ``create_server`` does: the new server in BUILD and its password, or a `Refusal`."""
        servers.check_create(command)
        now = now or self.clock.now()
        with self._lock:
            server = self._new_server(self._free_server_id(command.zone), command.name, command.zone)
            server = replace(server, status=ServerStatus.BUILD, image=command.image, flavor=command.flavor)
            self._born(now, server.id, server.id, server.status, server.number)
            complete = ScheduledEvent(_later(now, self.settings.build_time), server.number, server.id, Event.COMPLETE)
            self._put(None, lifecycle.plan(server, complete), server.number, now)
            return server, command.password or identifiers.password(self.settings.seed, server.number)

    def _new_server(self, server_id: str, name: str, zone: str) -> Server:
        number = self._sequence = self._sequence + 1
        self._added += 1
        guid = identifiers.uuid(self.settings.seed, "relation", number)
        return Server(server_id, guid, guid, number=number, name=name, zone=zone)

    def _free_server_id(self, zone: str) -> str:
        number = self._added + 1
        while self.has_server(candidate := identifiers.server_id(self.settings.account, zone, number)):
            number += 1
        return candidate

    def act(self, server_id: str, event: Event, value: str = "", now: datetime | None = None) -> None:
        """Begin an action on a server, which takes as long as actions do, or refuse."""

        def begin(server: Server, order: int, instant: datetime) -> Server:
            done = _later(instant, self.settings.action_time)
            return servers.act(server, order, instant, done, event, value)

        self._change(server_id, begin, now, takes=2)

    def update_server(self, server_id: str, name: str, now: datetime | None = None) -> None:
        """Give a server another name, or refuse."""
        self._change(server_id, partial(servers.update, name=name), now)

    def delete_server(self, server_id: str, now: datetime | None = None) -> None:
        """Delete a server and its snapshots, and free its volumes, or refuse."""

        def delete(server: Server, order: int, instant: datetime) -> Server:
            deleted = servers.delete(server, order, instant)
            for volume_id in server.volumes:
                deleted, self._volumes[volume_id] = volumes.detach(deleted, self._volumes[volume_id])
            return deleted

        self._change(server_id, delete, now)

    def create_snapshot(self, server_id: str, command: CreateSnapshot, now: datetime | None = None) -> Snapshot:
        """What ``create_snapshot`` does: the new snapshot in BUILD, or a `Refusal`."""
        return self._add_snapshot(server_id, command, None, now or self.clock.now())

    def add_snapshot(self, server_id: str, command: CreateSnapshot, status: SnapshotStatus) -> Snapshot:
        """Arrange a snapshot that has ``status`` already, under the same rules as a client's."""
        now, at_once = self.clock.now(), timedelta(0)
        happens = {
            SnapshotStatus.BUILD: None,
            SnapshotStatus.ACTIVE: ((at_once, Event.COMPLETE),),
            SnapshotStatus.DELETED: ((at_once, Event.COMPLETE), (at_once, Event.DELETE)),
        }
        snapshot = self._add_snapshot(server_id, command, happens[status], now)
        return self.snapshot_of(self.any_server(server_id, now), snapshot.id, now) or snapshot

    def _add_snapshot(
        self,
        server_id: str,
        command: CreateSnapshot,
        happens: tuple[tuple[timedelta, Event], ...] | None,
        now: datetime,
    ) -> Snapshot:
        """A new snapshot; what happens to it is a build as the rules for builds have it, unless it is given."""
        settings = self.settings
        with self._lock:
            server = self._newest(server_id, now)
            counts_deleted = snapshots.counts_deleted(settings.readings)
            deleted = self._deleted.snapshots(server_id, now) if counts_deleted else ()
            snapshots.check_create(server, (*server.snapshots, *deleted), command, settings.readings)
            number = self._sequence = self._sequence + 1
            snapshot = Snapshot(
                identifiers.snapshot_id(settings.seed, number, server_id, identifiers.in_zone(now, settings.time_zone)),
                command.name,
                command.description,
                requested_at=now,
                guid=identifiers.uuid(settings.seed, "guid", number),
                number=number,
            )
            if happens is None:
                happens = self._next_build(server_id, command.name, number)
            planned = [(_later(now, after), event) for after, event in happens]
            self._born(now, server_id, snapshot.id, snapshot.status, number)
            self._put(server, snapshots.create(server, snapshot, number, *planned), number, now)
            return snapshot

    def _next_build(self, server_id: str, name: str, number: int) -> tuple[tuple[timedelta, Event], ...]:
        rule = builds.choose(self._builds, server_id, name) or BuildRule()
        self._builds = builds.spent(self._builds, rule)
        return builds.outcome(rule, self.settings.build_time, self.settings.seed, number)

    def script_build(self, rule: BuildRule) -> None:
        """One more rule for the builds to come."""
        with self._lock:
            self._builds = (*self._builds, rule)

    def delete_snapshot(self, server_id: str, snapshot_id: str, now: datetime | None = None) -> None:
        """Delete a snapshot, built or not, or refuse."""
        self._change(server_id, partial(snapshots.delete, snapshot_id=snapshot_id), now)

    def restore_snapshot(self, server_id: str, snapshot_id: str, now: datetime | None = None) -> None:
        """Write the disk back from a snapshot, or refuse."""
        self._change(server_id, partial(snapshots.restore, snapshot_id=snapshot_id), now)

    def _change(
        self, server_id: str, rule: Callable[[Server, int, datetime], Server], now: datetime | None, takes: int = 1
    ) -> None:
        """What a rule does at once; it takes so many numbers, from the one that it is given on."""
        now = now or self.clock.now()
        with self._lock:
            server = self._newest(server_id, now)
            number = self._sequence + 1
            self._put(server, rule(server, number, now), number, now)
            self._sequence += takes

    def _put(self, before: Server | None, server: Server, number: int, now: datetime) -> None:
        """Store a server that was ``before`` until now, and note what is planned for it since a number."""
        calls = self.journal.last
        for planned in server.plan:
            if planned.order >= number:
                self._history.append(
                    HistoryEntry(
                        now, calls, server.id, planned.subject, planned.due, planned.order, event=planned.event
                    )
                )
        self._store(before, lifecycle.at(server, now), now)

    def _born(self, now: datetime, server_id: str, subject: str, status: Status, number: int) -> None:
        calls = self.journal.last
        self._history.append(HistoryEntry(now, calls, server_id, subject, now, number, born=status))

    def mark(self) -> Mark:
        """Where the world is, for a `timeline` from there on."""
        return Mark(self.clock.now(), self.journal.recorded, self._sequence)

    def timeline(self, since: Mark = BEGINNING) -> Timeline:
        """What happened, in the order of the world's clock."""
        with self._lock:
            now, history_log = self.clock.now(), tuple(self._history)
        if now < since.at:  # it went back since
            since = since._replace(at=BEGINNING.at, sequence=0)
        moves = self.clock.moves if isinstance(self.clock, FakeClock) else ()
        changes = lifecycle.history(history_log, now)
        return told(
            self.journal.since(since.recorded),
            (change for change in changes if change[0].due > since.at or change[0].order > since.sequence),
            (move for move in moves if move[0] >= since.at),
        )

    # Volumes

    def volumes(self) -> tuple[Volume, ...]:
        """All volumes, in the order in which they were added."""
        with self._lock:
            return tuple(self._volumes.values())

    def volume(self, volume_id: str) -> Volume:
        """A volume, or the refusal 404."""
        volume = self._volumes.get(volume_id)
        if volume is None:
            raise Refusal(NOT_FOUND)
        return volume

    def attached(self, server: Server, volume_id: str) -> Volume:
        """A volume that is attached to a server, or the refusal 404."""
        return volumes.attached(server, self._volumes.get(volume_id))

    def attached_volumes(self, server: Server) -> list[Volume]:
        """Return the volumes of a server, without those that were deleted since the server was read."""
        with self._lock:
            return [self._volumes[volume_id] for volume_id in server.volumes if volume_id in self._volumes]

    def create_volume(self, command: CreateVolume, now: datetime | None = None) -> Volume:
        """What ``create_volume`` does: the new volume, or a `Refusal`."""
        volumes.check_create(command)
        now = now or self.clock.now()
        with self._lock:
            return self._new_volume(None, command, now)

    def _new_volume(self, volume_id: str | None, command: CreateVolume, now: datetime) -> Volume:
        settings = self.settings
        if volume_id is None:
            number = self._sequence = self._sequence + 1
            volume_id = identifiers.volume_id(settings.seed, number, identifiers.in_zone(now, settings.time_zone))
        volume = self._volumes[volume_id] = Volume(
            volume_id,
            now,
            command.name,
            command.description,
            command.size,
            command.type,
            command.contents,
            command.zone,
        )
        return volume

    def delete_volume(self, volume_id: str) -> None:
        """Delete a volume, or refuse."""
        with self._lock:
            volumes.check_delete(self.volume(volume_id))
            del self._volumes[volume_id]

    def attach_volume(self, server_id: str, volume_id: str, device: str, now: datetime | None = None) -> None:
        """Attach a volume to a server, or refuse."""
        now = now or self.clock.now()
        with self._lock:
            self._attach(self._ready(server_id, now), self.volume(volume_id), device)

    def add_attached_volume(self, server_id: str, volume_id: str | None) -> str:
        """Arrange that a volume is attached, a new one where there is none of that id; its id."""
        now = self.clock.now()
        with self._lock:
            server = self._ready(server_id, now)
            known = self._volumes.get(volume_id or "")
            volume = known or self._new_volume(volume_id, CreateVolume("", "", 1, "", "", DEFAULT_ZONE), now)
            self._attach(server, volume, "")
            return volume.id

    def _ready(self, server_id: str, now: datetime) -> Server:
        """A server to be changed, or the refusal of one that is DELETED or in BUILD."""
        server = servers.require_live(self._newest(server_id, now))
        servers.require_ready(server)
        return server

    def _attach(self, server: Server, volume: Volume, device: str) -> None:
        self._servers[server.id], self._volumes[volume.id] = volumes.attach(server, volume, device)

    def detach_volume(self, server_id: str, volume_id: str, now: datetime | None = None) -> None:
        """Detach a volume, or refuse with 404."""
        now = now or self.clock.now()
        with self._lock:
            server = servers.require_live(self._newest(server_id, now))
            volume = volumes.attached(server, self._volumes.get(volume_id))
            self._servers[server_id], self._volumes[volume_id] = volumes.detach(server, volume)

    # What is to come

    def pending(self) -> tuple[UpcomingEvent, ...]:
        """All that will happen, soonest first."""
        now = self.clock.now()
        with self._lock:
            return self._pending(now)

    def _pending(self, now: datetime) -> tuple[UpcomingEvent, ...]:
        concerned = {server_id for _, _, server_id in self._agenda.after(now)} | self._past.changed_after(now)
        return tuple(sorted(event for server_id in concerned for event in self._coming(server_id, now)))

    def next_event(self) -> UpcomingEvent | None:
        """The soonest of what will happen."""
        now = self.clock.now()
        with self._lock:
            if self._past.changed_after(now):  # the clock went back
                return next(iter(self._pending(now)), None)
            soonest = next(self._agenda.after(now), None)
            return min(self._coming(soonest[2], now), default=None) if soonest else None

    def _coming(self, server_id: str, now: datetime) -> list[UpcomingEvent]:
        server = self._existing(server_id, now)
        return [
            UpcomingEvent(
                planned.due, planned.order, server_id, "" if planned.subject == server_id else planned.subject, status
            )
            for planned, status in (lifecycle.coming(server) if server else ())
        ]

    def record_poll(self, place: str, due: datetime | None, now: datetime | None = None) -> None:
        """A client has read what is not finished, and will be when it is ``due``, or never.

        A poll-stepping clock steps, but not past the next event; polling in vain raises `FrozenClockError`.
        """
        step = self.settings.poll_step
        self._polls.count(place, now or self.clock.now(), due)
        if step is not None:
            assert isinstance(self.clock, FakeClock)
            with self._step_lock:  # or two pollers together would pass the next event
                event = self.next_event()
                self.clock.advance(step if event is None else min(step, event.due - self.clock.now()))

    def forget_polls(self) -> None:
        """Count polls in vain from here on."""
        self._polls.forget()

    def saved(self) -> Savepoint:
        """All that a client or a test can change, for `restore`; it takes a copy of what holds the servers."""
        with self._lock:
            return self._saved()

    def savepoint_with_deleted(self) -> Savepoint:
        """As `saved`, and also a copy of what is DELETED."""
        with self._lock:
            return replace(self._saved(), deleted=self._deleted.copy())

    def _saved(self) -> Savepoint:
        return Savepoint(
            servers=dict(self._servers),
            volumes=dict(self._volumes),
            agenda=self._agenda.copy(),
            past=self._past,
            past_mark=self._past.mark,
            deleted=self._deleted,
            deleted_mark=self._deleted.mark,
            history_log=self._history,
            history_mark=self._history.mark,
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
        """Let all be as it was; calls since then stay in the journal, and are marked."""
        with self._lock:
            self._servers, self._volumes = dict(saved.servers), dict(saved.volumes)
            self._agenda, self._builds = saved.agenda.copy(), saved.builds
            self._sequence, self._added, self._errors = saved.sequence, saved.added, saved.errors
            self._past, self._deleted, self._history = saved.past, saved.deleted, saved.history_log
            self._past.roll_back(saved.past_mark)
            self._deleted.roll_back(saved.deleted_mark)
            self._history.roll_back(saved.history_mark)
            if isinstance(self.clock, FakeClock) and saved.clock is not None:
                self.clock.roll_back(saved.clock)
            self._polls.roll_back(saved.polls)
            self.rulebook.roll_back(saved.rulebook)
            self.journal.roll_back(saved.calls)

    def reset(self) -> None:
        """Let all be as it was when the world was made, and forget what happened."""
        fresh = World(self.settings, self.clock)
        self.roll_back(replace(fresh.saved(), clock=self._made and self._made.without_moves()))
        self.journal.clear()

    def dry_run(self) -> "World":
        """This world as it would go on: what is done there has no effect here."""
        other = copy(self)
        other._original = self
        other.settings = replace(self.settings, poll_step=None)
        other._servers = ChainMap({}, self._servers)  # the first map alone is written
        other._volumes = ChainMap({}, self._volumes)
        other.journal = Journal(1, 0)
        other._history = BoundedLog(0)
        other._polls = Polls(self.settings.poll_limit)
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
        plan=tuple(planned for planned in server.plan if planned.subject not in deleted),
    )


def _later(now: datetime, after: timedelta) -> datetime:
    """An instant from now, or the last that there is."""
    try:
        return now + after
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _number(server: Server) -> int:
    return server.number
