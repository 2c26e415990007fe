"""The resources of an account as frozen values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hostway_fake.contract.catalogue import DEFAULT_FLAVOR, DEFAULT_IMAGE, DEFAULT_ZONE
from hostway_fake.contract.statuses import ServerStatus, SnapshotStatus


class Event(StrEnum):
    """An event of a snapshot or server."""

    COMPLETE = "complete"
    RESTORE = "restore"
    DELETE = "delete"
    UPDATE = "update"
    REBOOT = "reboot"
    RESIZE = "resize"
    STOP = "stop"
    START = "start"
    RUN = "run"
    """The end of an action, after which the server is ACTIVE."""
    REST = "rest"
    """The end of an action, after which the server is STOPPED."""


@dataclass(frozen=True, slots=True, order=True)
class ScheduledEvent:
    """An event that is planned.

    Attributes:
        due: The instant of the event.
        order: The world's sequence number, which orders events at the same instant.
        subject: The id of the snapshot or server.
        event: The event.
        value: The new name of an update, or the new flavor of a finished resize.
    """

    due: datetime
    order: int
    subject: str
    event: Event
    value: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot as of one instant.

    Attributes:
        id: The id.
        name: The name.
        description: The description.
        requested_at: The instant of the request.
        guid: The guid. A client sees the guids only once the build has ended.
        status: The status.
        parent_guid: The guid of the snapshot from which the disk descended.
        completed_at: The instant at which the build ended.
        deleted_at: The instant at which it was deleted.
        number: A number that grows with each request of the account.
    """

    id: str
    name: str
    description: str
    requested_at: datetime
    guid: str
    status: SnapshotStatus = SnapshotStatus.BUILD
    parent_guid: str = ""
    completed_at: datetime | None = None
    deleted_at: datetime | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class Server:
    """A server as of one instant.

    DELETED snapshots are not in it: the world keeps them apart, so that a server stays small.

    Attributes:
        id: The id.
        relation_guid: The guid that all of its snapshots share.
        disk_guid: The guid of the snapshot from which the disk descends; ``relation_guid`` if there is none.
        status: The status.
        snapshots: The snapshots.
        volumes: The ids of the attached volumes.
        plan: The planned events, earliest first.
        number: The number of the server in the world.
        name: The name.
        image: The id of the image.
        flavor: The id of the flavor.
        zone: The name of the zone.
        completed_at: The instant at which the build ended.
        updated_at: The instant of the last update or action.
        doing: The action that runs while the server is PROCESSING.
    """

    id: str
    relation_guid: str
    disk_guid: str
    status: ServerStatus = ServerStatus.ACTIVE
    snapshots: tuple[Snapshot, ...] = ()
    volumes: tuple[str, ...] = ()
    plan: tuple[ScheduledEvent, ...] = ()
    number: int = 0
    name: str = ""
    image: str = DEFAULT_IMAGE
    flavor: str = DEFAULT_FLAVOR
    zone: str = DEFAULT_ZONE
    completed_at: datetime | None = None
    updated_at: datetime | None = None
    doing: Event | None = None

    def snapshot(self, snapshot_id: str) -> Snapshot | None:
        return next((snapshot for snapshot in self.snapshots if snapshot.id == snapshot_id), None)


Status = SnapshotStatus | ServerStatus


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A change of status that has happened.

    Attributes:
        at: The instant of the change.
        order: The world's sequence number, which orders changes at the same instant.
        server_id: The server that the subject belongs to.
        subject: The id of the snapshot or server.
        status: The new status.
        calls: The number of calls before the change. None if the change was scheduled earlier.
        by_call: Whether a call made the change, and not the test.
    """

    at: datetime
    order: int
    server_id: str
    subject: str
    status: Status
    calls: int | None = None
    by_call: bool = False


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume.

    Attributes:
        id: The id.
        created_at: The instant of the request.
        name: The name.
        description: The description.
        size: The size in GB.
        type: The type.
        contents: The contents, from the metadata.
        zone: The name of the zone.
        server_id: The id of the server to which it is attached. Empty if it is not attached.
        device: The device name, if it is attached.
    """

    id: str
    created_at: datetime
    name: str = ""
    description: str = ""
    size: int = 1
    type: str = ""
    contents: str = ""
    zone: str = DEFAULT_ZONE
    server_id: str = ""
    device: str = ""
