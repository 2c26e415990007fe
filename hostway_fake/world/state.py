"""State: one isolated account with its clock, seed and readings, behind one lock."""

from bisect import bisect_right, insort
from collections import ChainMap, deque
from collections.abc import Callable, Iterator, MutableMapping
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Lock

from hostway_fake.clock import Clock, FakeClock
from hostway_fake.contract.catalogue import DEFAULT_FLAVOR, DEFAULT_ZONE
from hostway_fake.contract.errors import NOT_FOUND
from hostway_fake.contract.states import ServerStatus, SnapshotStatus
from hostway_fake.domain import builds, identifiers, lifecycle, servers, snapshots, volumes
from hostway_fake.domain.builds import BuildRule
from hostway_fake.domain.refusals import Refusal
from hostway_fake.domain.servers import CreateServer
from hostway_fake.domain.snapshots import CreateSnapshot
from hostway_fake.domain.state import Event, Happening, Planned, Server, Snapshot, Status, Volume
from hostway_fake.domain.volumes import CreateVolume
from hostway_fake.exceptions import invalid
from hostway_fake.forks import renew_locks_after_fork
from hostway_fake.journal.timeline import Timeline, told
from hostway_fake.world.journal import Journal
from hostway_fake.world.polls import Polls
from hostway_fake.world.rulebook import Rulebook
from hostway_fake.world.settings import Settings
from hostway_fake.world.values import BEGINNING, Mark, Pending, Savepoint


class World:
    """The state of one account, its `Rulebook` and its `Journal`.

    Every method takes the lock once; none waits, answers or reads the wire inside.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self._goes_back = not isinstance(clock, FakeClock)
        self._passwords = {settings.password.encode(), settings.password.encode("latin-1", "replace")}
        self._lock = Lock()
        self._step_lock = Lock()
        renew_locks_after_fork(self)
        self._made = clock.saved() if isinstance(clock, FakeClock) else None
        self._servers: MutableMapping[str, Server] = {}
        self._volumes: MutableMapping[str, Volume] = {}
        self._agenda: list[tuple[datetime, int, str]] = []  # due, order and server of all that was ever planned, sorted
        self._builds: tuple[BuildRule, ...] = ()
        self._happenings: deque[Happening] = deque(maxlen=settings.journal_size)
        self._sequence = 0
        self._errors = 0
        self._original: World | None = None  # of a rehearsal, whose error ids a client sees too
        self._polls = Polls(settings.poll_limit)
        self.rulebook: Rulebook = Rulebook(clock, settings.seed)
        self.journal: Journal = Journal(settings.journal_size, settings.journal_bytes)

    def admits(self, password: bytes) -> bool:
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

    def server(self, server_id: str) -> Server:
        """The server as of now, or the refusal 404, which one that is DELETED meets as well."""
        return servers.require_live(self.any_server(server_id))

    def any_server(self, server_id: str) -> Server:
        """The server as of now, DELETED or not, or the refusal 404.

        What is past is folded in once, unless the clock can go back to it; nobody can tell, but that it is read faster.
        """
        stored = self._stored(server_id)
        server = lifecycle.at(stored, self.clock.now())
        if server is not stored and not self._goes_back:
            with self._lock:
                if self._servers.get(server_id) is stored:  # unless it was changed or reset meanwhile
                    self._servers[server_id] = server
        return server

    def has_server(self, server_id: object) -> bool:
        """Whether there is a server of that id, DELETED or not."""
        return isinstance(server_id, str) and server_id in self._servers

    def servers(self) -> tuple[Server, ...]:
        """All servers as of now, DELETED ones too, in the order in which they were added."""
        now = self.clock.now()
        with self._lock:
            return tuple(lifecycle.at(server, now) for server in self._servers.values())

    def find(self, subject: str) -> Server | Snapshot:
        """A server, or a snapshot of any server, as of now."""
        return self.any_server(subject) if subject in self._servers else self.snapshot(subject)

    def snapshot(self, snapshot_id: str) -> Snapshot:
        """A snapshot of any server as of now."""
        for server in self.servers():
            snapshot = server.snapshot(snapshot_id)
            if snapshot is not None:
                return snapshot
        raise invalid("snapshot id", snapshot_id, "a snapshot of this account")

    def _read(self, server_id: str, now: datetime) -> tuple[Server, Server]:
        """The server to be changed, and the server as of now.

        They are the same, and the past is folded in, unless the clock can go back: then the past must be kept.
        """
        stored = self._stored(server_id)
        server = lifecycle.at(stored, now)
        return (stored, server) if self._goes_back else (server, server)

    def _stored(self, server_id: str) -> Server:
        server = self._servers.get(server_id)
        if server is None:
            raise Refusal(NOT_FOUND)
        return server

    # Changing

    def add_server(
        self, server_id: str | None, status: ServerStatus = ServerStatus.ACTIVE, flavor: str = DEFAULT_FLAVOR
    ) -> Server:
        """Arrange a server that has ``status`` at every instant."""
        with self._lock:
            if server_id is None:
                server_id, zone = self._free_server_id(DEFAULT_ZONE), DEFAULT_ZONE
            elif server_id in self._servers:
                raise invalid("server id", server_id, "one that this account does not have yet")
            else:
                zone = identifiers.zone_of(server_id)
            server = self._new_server(server_id, server_id, zone)
            now = self.clock.now()
            server = self._servers[server_id] = replace(server, status=status, flavor=flavor, completed_at=now)
            self._born(now, server_id, server_id, status, server.number)
            return server

    def create_server(self, command: CreateServer) -> tuple[Server, str]:
        """What ``create_server`` does: the new server in BUILD and its password, or a `Refusal`."""
        servers.check_create(command)
        with self._lock:
            now = self.clock.now()
            server = self._new_server(self._free_server_id(command.zone), command.name, command.zone)
            server = replace(server, status=ServerStatus.BUILD, image=command.image, flavor=command.flavor)
            self._born(now, server.id, server.id, server.status, server.number)
            complete = Planned(_later(now, self.settings.build_time), server.number, server.id, Event.COMPLETE)
            self._put(lifecycle.plan(server, complete), server.number, now)
            return server, command.password or identifiers.password(self.settings.seed, server.number)

    def _new_server(self, server_id: str, name: str, zone: str) -> Server:
        number = self._sequence = self._sequence + 1
        guid = identifiers.uuid(self.settings.seed, "relation", number)
        return Server(server_id, guid, guid, number=number, name=name, zone=zone)

    def _free_server_id(self, zone: str) -> str:
        number = len(self._servers) + 1
        while (candidate := identifiers.server_id(self.settings.account, zone, number)) in self._servers:
            number += 1
        return candidate

    def act(self, server_id: str, event: Event, value: str = "") -> None:
        """Begin an action on a server, which takes as long as actions do, or refuse."""

        def begin(stored: Server, now: Server, order: int, instant: datetime) -> Server:
            done = _later(instant, self.settings.action_time)
            return servers.act(stored, servers.require_live(now), order, instant, done, event, value)

        self._change(server_id, begin, takes=2)

    def update_server(self, server_id: str, name: str) -> None:
        """Give a server another name, or refuse."""

        def rename(stored: Server, now: Server, order: int, instant: datetime) -> Server:
            servers.require_live(now)
            return servers.update(stored, order, instant, name)

        self._change(server_id, rename)

    def delete_server(self, server_id: str) -> None:
        """Delete a server and its snapshots, and free its volumes, or refuse."""

        def delete(stored: Server, now: Server, order: int, instant: datetime) -> Server:
            servers.require_live(now)
            for volume_id in stored.volumes:
                stored, self._volumes[volume_id] = volumes.detach(stored, self._volumes[volume_id])
            return servers.delete(stored, order, instant)

        self._change(server_id, delete)

    def create_snapshot(self, server_id: str, command: CreateSnapshot) -> Snapshot:
        """What ``create_snapshot`` does: the new snapshot in BUILD, or a `Refusal`."""
        return self._add_snapshot(server_id, command, None)

    def add_snapshot(self, server_id: str, command: CreateSnapshot, status: SnapshotStatus) -> Snapshot:
        """Arrange a snapshot that has ``status`` already, under the same rules as a client's."""
        at_once = timedelta(0)
        happens = {
            SnapshotStatus.BUILD: None,
            SnapshotStatus.ACTIVE: ((at_once, Event.COMPLETE),),
            SnapshotStatus.DELETED: ((at_once, Event.COMPLETE), (at_once, Event.DELETE)),
        }
        snapshot = self._add_snapshot(server_id, command, happens[status])
        return self.any_server(server_id).snapshot(snapshot.id) or snapshot

    def _add_snapshot(
        self, server_id: str, command: CreateSnapshot, happens: tuple[tuple[timedelta, Event], ...] | None
    ) -> Snapshot:
        """A new snapshot; what happens to it is a build as the rules for builds have it, unless it is given."""
        settings = self.settings
        with self._lock:
            now = self.clock.now()
            stored, server = self._read(server_id, now)
            snapshots.check_create(server, command, settings.readings)
            number = self._sequence = self._sequence + 1
            snapshot = Snapshot(
                identifiers.snapshot_id(settings.seed, number, server_id, identifiers.in_zone(now, settings.time_zone)),
                command.name,
                command.description,
                requested_at=now,
                guid=identifiers.uuid(settings.seed, "guid", number),
            )
            if happens is None:
                happens = self._next_build(server_id, command.name, number)
            planned = [(_later(now, after), event) for after, event in happens]
            self._born(now, server_id, snapshot.id, snapshot.status, number)
            self._put(snapshots.create(stored, snapshot, number, *planned), number, now)
            return snapshot

    def _next_build(self, server_id: str, name: str, number: int) -> tuple[tuple[timedelta, Event], ...]:
        rule = builds.choose(self._builds, server_id, name) or BuildRule()
        self._builds = builds.spent(self._builds, rule)
        return builds.outcome(rule, self.settings.build_time, self.settings.seed, number)

    def script_build(self, rule: BuildRule) -> None:
        """One more rule for the builds to come."""
        with self._lock:
            self._builds = (*self._builds, rule)

    def delete_snapshot(self, server_id: str, snapshot_id: str) -> None:
        """Delete a snapshot, built or not, or refuse."""
        self._change(server_id, partial(snapshots.delete, snapshot_id=snapshot_id))

    def restore_snapshot(self, server_id: str, snapshot_id: str) -> None:
        """Write the disk back from a snapshot, or refuse."""
        self._change(server_id, partial(snapshots.restore, snapshot_id=snapshot_id))

    def _change(self, server_id: str, rule: Callable[[Server, Server, int, datetime], Server], takes: int = 1) -> None:
        """What a rule does at once; it takes so many numbers, from the one that it is given on."""
        with self._lock:
            now = self.clock.now()
            stored, server = self._read(server_id, now)
            number = self._sequence + 1
            self._put(rule(stored, server, number, now), number, now)
            self._sequence += takes

    def _put(self, server: Server, number: int, now: datetime) -> None:
        """Keep a server, and note what is planned for it since a number."""
        self._servers[server.id] = server
        calls = self.journal.last
        for planned in server.plan:
            if planned.order >= number:
                insort(self._agenda, (planned.due, planned.order, server.id))
                self._happenings.append(
                    Happening(now, calls, server.id, planned.subject, planned.due, planned.order, event=planned.event)
                )

    def _born(self, now: datetime, server_id: str, subject: str, status: Status, number: int) -> None:
        calls = self.journal.last
        self._happenings.append(Happening(now, calls, server_id, subject, now, number, born=status))

    def mark(self) -> Mark:
        """Where the world is, for a `timeline` from there on."""
        return Mark(self.clock.now(), self.journal.recorded, self._sequence)

    def timeline(self, since: Mark = BEGINNING) -> Timeline:
        """What happened, in the order of the world's clock."""
        with self._lock:
            now, happenings = self.clock.now(), tuple(self._happenings)
        if now < since.at:  # it went back since
            since = since._replace(at=BEGINNING.at, sequence=0)
        moves = self.clock.moves if isinstance(self.clock, FakeClock) else ()
        changes = lifecycle.history(happenings, now)
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

    def create_volume(self, command: CreateVolume) -> Volume:
        """What ``create_volume`` does: the new volume, or a `Refusal`."""
        volumes.check_create(command)
        with self._lock:
            return self._new_volume(None, command)

    def _new_volume(self, volume_id: str | None, command: CreateVolume) -> Volume:
        settings, now = self.settings, self.clock.now()
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

    def attach_volume(self, server_id: str, volume_id: str, device: str) -> None:
        """Attach a volume to a server, or refuse."""
        with self._lock:
            self._attach(self._ready(server_id), self.volume(volume_id), device)

    def add_attached_volume(self, server_id: str, volume_id: str | None) -> str:
        """Arrange that a volume is attached, a new one where there is none of that id; its id."""
        with self._lock:
            server = self._ready(server_id)
            known = self._volumes.get(volume_id or "")
            volume = known or self._new_volume(volume_id, CreateVolume("", "", 1, "", "", DEFAULT_ZONE))
            self._attach(server, volume, "")
            return volume.id

    def _ready(self, server_id: str) -> Server:
        """A server to be changed, or the refusal of one that is DELETED or in BUILD."""
        stored, server = self._read(server_id, self.clock.now())
        servers.require_ready(servers.require_live(server))
        return stored

    def _attach(self, server: Server, volume: Volume, device: str) -> None:
        self._servers[server.id], self._volumes[volume.id] = volumes.attach(server, volume, device)

    def detach_volume(self, server_id: str, volume_id: str) -> None:
        """Detach a volume, or refuse with 404."""
        with self._lock:
            stored, server = self._read(server_id, self.clock.now())
            volume = volumes.attached(servers.require_live(server), self._volumes.get(volume_id))
            self._servers[server_id], self._volumes[volume_id] = volumes.detach(stored, volume)

    # What is to come

    def pending(self) -> tuple[Pending, ...]:
        """All that will happen, soonest first."""
        with self._lock:
            now = self.clock.now()
            concerned = {server_id for _, _, server_id in self._after(now)}
            return tuple(sorted(event for server_id in concerned for event in self._coming(server_id, now)))

    def next_event(self) -> Pending | None:
        """The soonest of what will happen."""
        with self._lock:
            now = self.clock.now()
            for due, order, server_id in self._after(now):
                for event in self._coming(server_id, now):
                    if (event.due, event.order) == (due, order):
                        return event
            return None

    def _after(self, now: datetime) -> Iterator[tuple[datetime, int, str]]:
        """What was planned for later than ``now``; some of it may have become void since."""
        first = bisect_right(self._agenda, now, key=_due)
        return (self._agenda[place] for place in range(first, len(self._agenda)))

    def _coming(self, server_id: str, now: datetime) -> list[Pending]:
        server = lifecycle.at(self._stored(server_id), now)
        return [
            Pending(
                planned.due, planned.order, server_id, "" if planned.subject == server_id else planned.subject, status
            )
            for planned, status in lifecycle.coming(server)
        ]

    def polled(self, place: str, due: datetime | None) -> None:
        """A client has read what is not finished, and will be when it is ``due``, or never.

        A poll-stepping clock steps, but not past the next event; polling in vain raises `FrozenClockError`.
        """
        now, step = self.clock.now(), self.settings.poll_step
        self._polls.count(place, now, due)
        if step is not None:
            assert isinstance(self.clock, FakeClock)
            with self._step_lock:  # or two pollers together would pass the next event
                event = self.next_event()
                self.clock.advance(step if event is None else min(step, event.due - self.clock.now()))

    def forget_polls(self) -> None:
        """Count polls in vain from here on."""
        self._polls.restore({})

    def saved(self) -> Savepoint:
        """All that a client or a test can change, for `restore`; it takes a copy of what holds the servers."""
        with self._lock:
            return Savepoint(
                dict(self._servers),
                dict(self._volumes),
                list(self._agenda),
                self._builds,
                self._sequence,
                self._errors,
                tuple(self._happenings),
                self.clock.saved() if isinstance(self.clock, FakeClock) else None,
                self._polls.saved(),
                self.rulebook.saved(),
                self.journal.last,
            )

    def restore(self, saved: Savepoint) -> None:
        """Let all be as it was; calls since then stay in the journal, and are marked."""
        with self._lock:
            self._servers, self._volumes = dict(saved.servers), dict(saved.volumes)
            self._agenda, self._builds = list(saved.agenda), saved.builds
            self._sequence, self._errors = saved.sequence, saved.errors
            self._happenings = deque(saved.happenings, self._happenings.maxlen)
            if isinstance(self.clock, FakeClock) and saved.clock is not None:
                self.clock.restore(saved.clock)
            self._polls.restore(saved.polls)
            self.rulebook.restore(saved.rulebook)
            self.journal.roll_back(saved.calls)

    def reset(self) -> None:
        """Let all be as it was when the world was made, and forget what happened."""
        fresh = World(self.settings, self.clock)
        self.restore(replace(fresh.saved(), clock=self._made))
        self.journal.reset()

    def rehearsal(self) -> "World":
        """This world as it would go on: what is done there has no effect here."""
        other = copy(self)
        other._original = self
        other.settings = replace(self.settings, poll_step=None)
        other._servers = ChainMap({}, self._servers)  # the first map alone is written
        other._volumes = ChainMap({}, self._volumes)
        other.journal = Journal(1, 0)
        other._happenings = deque()
        other._agenda, other._polls = [], Polls(self.settings.poll_limit)
        return other


def _later(now: datetime, after: timedelta) -> datetime:
    """An instant from now, or the last that there is."""
    try:
        return now + after
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def _due(planned: tuple[datetime, int, str]) -> datetime:
    return planned[0]
