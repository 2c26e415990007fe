"""What an account holds, as frozen values. How they move is in `lifecycle`; what may be asked of them, beside."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hostway_fake.contract.catalogue import DEFAULT_FLAVOR, DEFAULT_IMAGE, DEFAULT_ZONE
from hostway_fake.contract.statuses import ServerStatus, SnapshotStatus


class Event(StrEnum):
    """What can happen to a snapshot, or to a server."""

    COMPLETE = "complete"
    RESTORE = "restore"
    DELETE = "delete"
    UPDATE = "update"
    REBOOT = "reboot"
    RESIZE = "resize"
    STOP = "stop"
    START = "start"
    RUN = "run"
    """What was done to a server is done, and it runs."""
    REST = "rest"
    """What was done to a server is done, and it does not run."""


@dataclass(frozen=True, slots=True, order=True)
class ScheduledEvent:
    """An event that will happen of itself: when, the world's sequence number that makes the order total, to what.

    ``subject`` is the id of a snapshot, or of the server itself; ``value`` is what the event brings: the new name of an
    update, the new flavor of a resize that is done.
    """

    due: datetime
    order: int
    subject: str
    event: Event
    value: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot as of one instant.

    ``guid`` is known to the fake from the request on; a client sees it, ``parent_guid`` and ``relation_guid`` only once
    ``completed_at`` is set. ``number`` grows with each request of the account.
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
    """A server with its snapshots, its attached volumes, and the plan of what will happen to them, soonest first.

    A snapshot that is DELETED leaves it: the world keeps such snapshots apart, so that a server stays small.
    ``disk_guid`` is what the disk now descends from: the guid of a snapshot, or ``relation_guid`` before there is one.
    ``number`` is its own in the world, for what is drawn; ``doing`` is what is done to it while it is PROCESSING.
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
    """A volume; ``server_id`` is that of the server to which it is attached, empty for none."""

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
