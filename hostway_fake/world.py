"""State: one isolated account with its clock, seed and readings, behind one lock; and those that share the ways in."""

from dataclasses import dataclass, field
from datetime import UTC, timedelta, tzinfo
from threading import Lock

from hostway_fake.clock import Clock
from hostway_fake.contract.errors import NOT_FOUND
from hostway_fake.contract.readings import Readings
from hostway_fake.contract.states import SnapshotStatus
from hostway_fake.domain import identifiers, lifecycle, snapshots, volumes
from hostway_fake.domain.refusals import Refusal
from hostway_fake.domain.snapshots import CreateSnapshot
from hostway_fake.domain.state import Event, Server, Snapshot
from hostway_fake.exceptions import invalid


@dataclass(frozen=True, slots=True)
class Settings:
    """What a world is made with, and never changes."""

    account: str
    password: str
    seed: int
    revision: str
    readings: Readings
    build_time: timedelta
    time_zone: tzinfo = UTC


class World:
    """The state of one account. Every method takes the lock once; none waits, answers or reads the wire inside."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self._passwords = {settings.password.encode(), settings.password.encode("latin-1", "replace")}
        self._lock = Lock()
        self._servers: dict[str, Server] = {}
        self._sequence = 0
        self._errors = 0

    def admits(self, password: bytes) -> bool:
        """Whether a client's password is this account's, in either encoding that clients use."""
        return password in self._passwords

    def next_error_id(self) -> str:
        """The next ``errorid``; each error has its own."""
        with self._lock:
            self._errors += 1
            return identifiers.uuid(self.settings.seed, "error", self._errors)

    # Reading

    def server(self, server_id: str) -> Server:
        """The server as of now, or the refusal 404."""
        return lifecycle.at(self._stored(server_id), self.clock.now())

    def servers(self) -> tuple[Server, ...]:
        """All servers as of now, in the order in which they were added."""
        now = self.clock.now()
        with self._lock:
            return tuple(lifecycle.at(server, now) for server in self._servers.values())

    def require_server(self, server_id: str) -> None:
        """Refuse with 404 what is not here."""
        self._stored(server_id)

    def _stored(self, server_id: str) -> Server:
        server = self._servers.get(server_id)
        if server is None:
            raise Refusal(NOT_FOUND)
        return server

    # Changing

    def add_server(self, server_id: str | None) -> Server:
        with self._lock:
            number = self._sequence = self._sequence + 1
            if server_id is None:
                server_id = self._free_server_id()
            elif server_id in self._servers:
                raise invalid("server id", server_id, "one that this account does not have yet")
            guid = identifiers.uuid(self.settings.seed, "relation", number)
            server = self._servers[server_id] = Server(server_id, relation_guid=guid, disk_guid=guid)
            return server

    def _free_server_id(self) -> str:
        number = len(self._servers) + 1
        while (candidate := identifiers.server_id(self.settings.account, number)) in self._servers:
            number += 1
        return candidate

    def create_snapshot(self, server_id: str, command: CreateSnapshot) -> Snapshot:
        """What ``create_snapshot`` does: the new snapshot in BUILD, or a `Refusal`."""
        return self._add_snapshot(server_id, command, (self.settings.build_time, Event.COMPLETE))

    def add_snapshot(self, server_id: str, command: CreateSnapshot, status: SnapshotStatus) -> Snapshot:
        """Arrange a snapshot that has ``status`` already, under the same rules as a client's."""
        at_once = timedelta(0)
        happens = {
            SnapshotStatus.BUILD: ((self.settings.build_time, Event.COMPLETE),),
            SnapshotStatus.ACTIVE: ((at_once, Event.COMPLETE),),
            SnapshotStatus.DELETED: ((at_once, Event.COMPLETE), (at_once, Event.DELETE)),
        }
        snapshot = self._add_snapshot(server_id, command, *happens[status])
        return self.server(server_id).snapshot(snapshot.id) or snapshot

    def _add_snapshot(self, server_id: str, command: CreateSnapshot, *happens: tuple[timedelta, Event]) -> Snapshot:
        settings = self.settings
        with self._lock:
            now = self.clock.now()
            server = lifecycle.at(self._stored(server_id), now)
            snapshots.check_create(server, command, settings.readings)
            number = self._sequence = self._sequence + 1
            snapshot = Snapshot(
                identifiers.snapshot_id(settings.seed, number, server_id, now.astimezone(settings.time_zone)),
                command.name,
                command.description,
                requested_at=now,
                guid=identifiers.uuid(settings.seed, "guid", number),
            )
            self._servers[server_id] = snapshots.create(
                server, snapshot, number, *((now + after, event) for after, event in happens)
            )
            return snapshot

    def attach_volume(self, server_id: str, volume_id: str | None) -> str:
        """Attach a volume, a new one when no id is given; its id."""
        with self._lock:
            now = self.clock.now()
            server = lifecycle.at(self._stored(server_id), now)
            if volume_id is None:
                number = self._sequence = self._sequence + 1
                volume_id = identifiers.volume_id(self.settings.seed, number, now.astimezone(self.settings.time_zone))
            self._servers[server_id] = volumes.attach(server, volume_id)
            return volume_id

    def detach_volume(self, server_id: str, volume_id: str) -> None:
        with self._lock:
            server = lifecycle.at(self._stored(server_id), self.clock.now())
            self._servers[server_id] = volumes.detach(server, volume_id)


@dataclass(frozen=True, slots=True)
class Worlds:
    """The worlds behind the same ways in, by account, and the one at home here: it answers whom nobody knows."""

    home: World
    by_account: dict[str, World] = field(default_factory=dict)

    def __post_init__(self) -> None:
        account = self.home.settings.account
        if self.by_account.setdefault(account, self.home) is not self.home:
            raise invalid("user", account, "one that has no world behind these ways in yet")

    def leave(self) -> None:
        """Take the home world away; its credentials are unknown from here on."""
        self.by_account.pop(self.home.settings.account, None)
