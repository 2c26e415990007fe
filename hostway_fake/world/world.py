"""One isolated account: the commands that change its state.

``now`` is the instant of a request. If it is None, the method reads the clock once. A command that Hostway's rules
forbid raises `Refusal` and changes nothing.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from hostway_fake.contract.catalogue import DEFAULT_FLAVOR, DEFAULT_ZONE
from hostway_fake.contract.statuses import ServerStatus, SnapshotStatus
from hostway_fake.domain import builds, identifiers, lifecycle, servers, snapshots, volumes
from hostway_fake.domain.builds import BuildRule
from hostway_fake.domain.model import Event, ScheduledEvent, Server, Snapshot, Volume
from hostway_fake.domain.servers import CreateServer
from hostway_fake.domain.snapshots import CreateSnapshot
from hostway_fake.domain.volumes import CreateVolume
from hostway_fake.exceptions import invalid
from hostway_fake.world.state import WorldState


class World(WorldState):
    """An account and the commands that change it. Each command takes the lock once."""

    # Servers

    def add_server(
        self, server_id: str | None, status: ServerStatus = ServerStatus.ACTIVE, flavor: str = DEFAULT_FLAVOR
    ) -> Server:
        """Add a server that has ``status`` at every instant, also before it was added."""
        with self._lock:
            if server_id is None:
                server_id, zone = self._free_server_id(DEFAULT_ZONE), DEFAULT_ZONE
            elif self.has_server(server_id):
                raise invalid("server id", server_id, "one that this account does not have yet")
            else:
                zone = identifiers.zone_of(server_id)
            server = self._new_server(server_id, server_id, zone)
            now = self.clock.now()
            server = replace(server, status=status, flavor=flavor, completed_at=now)
            self._servers.keep(server)
            self._servers.created(now, server.number, server_id, server_id, status, self.journal.last, False)
            return server

    def create_server(self, command: CreateServer, now: datetime | None = None) -> tuple[Server, str]:
        """Create a server in BUILD. Return it and its password."""
        servers.check_create(command)
        by_call, now = now is not None, now or self.clock.now()
        with self._lock:
            server = self._new_server(self._free_server_id(command.zone), command.name, command.zone)
            server = replace(server, status=ServerStatus.BUILD, image=command.image, flavor=command.flavor)
            calls = self.journal.last
            self._servers.created(now, server.number, server.id, server.id, server.status, calls, by_call)
            complete = ScheduledEvent(_later(now, self.settings.build_time), server.number, server.id, Event.COMPLETE)
            self._servers.put(None, lifecycle.plan(server, complete), now, calls, by_call)
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
        """Begin an action on a server. The action takes the account's action time."""

        def begin(server: Server, order: int, instant: datetime) -> Server:
            done = _later(instant, self.settings.action_time)
            return servers.act(server, order, instant, done, event, value)

        self._change(server_id, begin, now, takes=2)

    def update_server(self, server_id: str, name: str, now: datetime | None = None) -> None:
        """Rename a server."""
        self._change(server_id, partial(servers.update, name=name), now)

    def delete_server(self, server_id: str, now: datetime | None = None) -> None:
        """Delete a server and its snapshots, and detach its volumes."""

        def delete(server: Server, order: int, instant: datetime) -> Server:
            deleted = servers.delete(server, order, instant)
            for volume_id in server.volumes:
                deleted, self._volumes[volume_id] = volumes.detach(deleted, self._volumes[volume_id])
            return deleted

        self._change(server_id, delete, now)

    def create_snapshot(self, server_id: str, command: CreateSnapshot, now: datetime | None = None) -> Snapshot:
        """Create a snapshot in BUILD."""
        return self._add_snapshot(server_id, command, None, now or self.clock.now(), by_call=now is not None)

    def add_snapshot(self, server_id: str, command: CreateSnapshot, status: SnapshotStatus) -> Snapshot:
        """Add a snapshot that has ``status`` already. The same rules hold as for a client."""
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
        *,
        by_call: bool = False,
    ) -> Snapshot:
        """Add a snapshot. Its build follows ``happens``, or the rules for builds if that is None."""
        settings = self.settings
        with self._lock:
            server = self._servers.newest(server_id, now)
            counts_deleted = snapshots.counts_deleted(settings.readings)
            deleted = self._servers.deleted.snapshots(server_id, now) if counts_deleted else ()
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
            calls = self.journal.last
            self._servers.created(now, number, server_id, snapshot.id, snapshot.status, calls, by_call)
            self._servers.put(server, snapshots.create(server, snapshot, number, *planned), now, calls, by_call)
            return snapshot

    def _next_build(self, server_id: str, name: str, number: int) -> tuple[tuple[timedelta, Event], ...]:
        rule = builds.choose(self._builds, server_id, name) or BuildRule()
        self._builds = builds.spent(self._builds, rule)
        return builds.outcome(rule, self.settings.build_time, self.settings.seed, number)

    def script_build(self, rule: BuildRule) -> None:
        """Add a rule for future builds."""
        with self._lock:
            self._builds = (*self._builds, rule)

    def delete_snapshot(self, server_id: str, snapshot_id: str, now: datetime | None = None) -> None:
        """Delete a snapshot, finished or not."""
        self._change(server_id, partial(snapshots.delete, snapshot_id=snapshot_id), now)

    def restore_snapshot(self, server_id: str, snapshot_id: str, now: datetime | None = None) -> None:
        """Restore the disk of a server from a snapshot."""
        self._change(server_id, partial(snapshots.restore, snapshot_id=snapshot_id), now)

    def _change(
        self, server_id: str, rule: Callable[[Server, int, datetime], Server], now: datetime | None, takes: int = 1
    ) -> None:
        """Change a server by a function. The function gets the first of ``takes`` new sequence numbers."""
        by_call, now = now is not None, now or self.clock.now()
        with self._lock:
            server = self._servers.newest(server_id, now)
            number = self._sequence + 1
            self._servers.put(server, rule(server, number, now), now, self.journal.last, by_call)
            self._sequence += takes

    # Volumes

    def create_volume(self, command: CreateVolume, now: datetime | None = None) -> Volume:
        """Create a volume."""
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
        """Delete a volume."""
        with self._lock:
            volumes.check_delete(self.volume(volume_id))
            del self._volumes[volume_id]

    def attach_volume(self, server_id: str, volume_id: str, device: str, now: datetime | None = None) -> None:
        """Attach a volume to a server."""
        now = now or self.clock.now()
        with self._lock:
            self._attach(self._ready(server_id, now), self.volume(volume_id), device)

    def add_attached_volume(self, server_id: str, volume_id: str | None) -> str:
        """Attach a volume for a test. Create it if it does not exist. Return its id."""
        now = self.clock.now()
        with self._lock:
            server = self._ready(server_id, now)
            known = self._volumes.get(volume_id or "")
            volume = known or self._new_volume(volume_id, CreateVolume("", "", 1, "", "", DEFAULT_ZONE), now)
            self._attach(server, volume, "")
            return volume.id

    def _ready(self, server_id: str, now: datetime) -> Server:
        """Return a server that can be changed. Raise `Refusal` if it is DELETED or in BUILD."""
        server = servers.require_live(self._servers.newest(server_id, now))
        servers.require_ready(server)
        return server

    def _attach(self, server: Server, volume: Volume, device: str) -> None:
        server, self._volumes[volume.id] = volumes.attach(server, volume, device)
        self._servers.keep(server)

    def detach_volume(self, server_id: str, volume_id: str, now: datetime | None = None) -> None:
        """Detach a volume. Raise `Refusal` (404) if it is not attached to this server."""
        now = now or self.clock.now()
        with self._lock:
            server = servers.require_live(self._servers.newest(server_id, now))
            volume = volumes.attached(server, self._volumes.get(volume_id))
            server, self._volumes[volume_id] = volumes.detach(server, volume)
            self._servers.keep(server)


def _later(now: datetime, after: timedelta) -> datetime:
    """Return an instant after now, or the last that a datetime can hold."""
    try:
        return now + after
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)
