"""What an account holds, as frozen values. How they move is in `lifecycle`; what may be asked of them, beside."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hostway_fake.contract.states import ServerStatus, SnapshotStatus


class Event(StrEnum):
    """What can happen to a snapshot."""

    COMPLETE = "complete"
    RESTORE = "restore"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, order=True)
class Planned:
    """An event that will happen of itself: when, the world's sequence number that makes the order total, to what."""

    due: datetime
    order: int
    snapshot_id: str
    event: Event


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot as of one instant.

    ``guid`` is known to the fake from the request on; a client sees it, ``parent_guid`` and ``relation_guid`` only once
    ``completed_at`` is set.
    """

    id: str
    name: str
    description: str
    requested_at: datetime
    guid: str
    status: SnapshotStatus = SnapshotStatus.BUILD
    parent_guid: str = ""
    completed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """A server with its snapshots, its attached volumes, and the plan of what will happen to them, soonest first.

    ``disk_guid`` is what the disk now descends from: the guid of a snapshot, or ``relation_guid`` before there is one.
    """

    id: str
    relation_guid: str
    disk_guid: str
    status: ServerStatus = ServerStatus.ACTIVE
    snapshots: tuple[Snapshot, ...] = ()
    volumes: tuple[str, ...] = ()
    plan: tuple[Planned, ...] = ()

    def snapshot(self, snapshot_id: str) -> Snapshot | None:
        return next((snapshot for snapshot in self.snapshots if snapshot.id == snapshot_id), None)
