"""What may be asked of snapshots: the rules of creating one, each a function that refuses or stays silent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from hostway_fake.contract.errors import (
    EXTRA_VOLUMES,
    LIMIT_REACHED,
    NAME_TAKEN,
    NOT_FOUND,
    NOT_RESTORABLE,
)
from hostway_fake.contract.limits import SNAPSHOTS_PER_SERVER
from hostway_fake.contract.readings import Readings
from hostway_fake.contract.statuses import SnapshotStatus
from hostway_fake.domain import lifecycle
from hostway_fake.domain.model import Event, ScheduledEvent, Server, Snapshot
from hostway_fake.domain.refusals import Refusal
from hostway_fake.domain.servers import require_live, require_ready

Snapshots = tuple[Snapshot, ...]


@dataclass(frozen=True, slots=True)
class CreateSnapshot:
    """What a client asks for."""

    name: str
    description: str = ""


def _has_extra_volumes(server: Server, counted: Snapshots, command: CreateSnapshot) -> None:
    if server.volumes:
        raise Refusal(EXTRA_VOLUMES)


def _name_is_taken(server: Server, counted: Snapshots, command: CreateSnapshot) -> None:
    if any(snapshot.name == command.name for snapshot in counted):
        raise Refusal(NAME_TAKEN)


def _limit_is_reached(server: Server, counted: Snapshots, command: CreateSnapshot) -> None:
    if len(counted) >= SNAPSHOTS_PER_SERVER:
        raise Refusal(LIMIT_REACHED)


_RULES: Final[Mapping[str, Callable[[Server, Snapshots, CreateSnapshot], None]]] = {
    "400": _has_extra_volumes,
    "409": _name_is_taken,
    "413": _limit_is_reached,
}
"""The rules of create by the status they refuse with; reading ``refusal_order`` says which is asked first."""


def counts_deleted(readings: Readings) -> bool:
    """Tell whether DELETED snapshots hold their name and their place."""
    return readings["deleted_count"] == "true"


def check_create(server: Server, counted: Snapshots, command: CreateSnapshot, readings: Readings) -> None:
    """Raise the `Refusal` that a create meets, if any; ``counted`` are the snapshots that hold a name and a place."""
    require_ready(require_live(server))
    for status in readings["refusal_order"].split(","):
        _RULES[status](server, counted, command)


def create(server: Server, snapshot: Snapshot, order: int, *happens: tuple[datetime, Event]) -> Server:
    """The server with one more snapshot in BUILD, and what will happen to it."""
    planned = (ScheduledEvent(due, order, snapshot.id, event) for due, event in happens)
    return lifecycle.plan(replace(server, snapshots=(*server.snapshots, snapshot)), *planned)


def delete(server: Server, order: int, instant: datetime, snapshot_id: str) -> Server:
    """Return the server with a snapshot deleted, built or not; again is 404."""
    _existing(server, snapshot_id)
    return lifecycle.plan(server, ScheduledEvent(instant, order, snapshot_id, Event.DELETE))


def restore(server: Server, order: int, instant: datetime, snapshot_id: str) -> Server:
    """Return the server with its disk written back from a snapshot that is ACTIVE."""
    if _existing(server, snapshot_id).status is SnapshotStatus.BUILD:
        raise Refusal(NOT_RESTORABLE)
    return lifecycle.plan(server, ScheduledEvent(instant, order, snapshot_id, Event.RESTORE))


def _existing(server: Server, snapshot_id: str) -> Snapshot:
    snapshot = require_live(server).snapshot(snapshot_id)
    if snapshot is None or snapshot.status is SnapshotStatus.DELETED:
        raise Refusal(NOT_FOUND)
    return snapshot


def lists_deleted(readings: Readings) -> bool:
    """Tell whether a list shows DELETED snapshots."""
    return readings["deleted_visible"] == "always"


def merged(server: Server, deleted: Snapshots) -> Snapshots:
    """Return all snapshots of a server, oldest request first.

    A snapshot that was deleted after the server was read is in both, and is shown as the server has it.
    """
    by_id = {snapshot.id: snapshot for snapshot in (*deleted, *server.snapshots)}
    return tuple(sorted(by_id.values(), key=lambda snapshot: snapshot.number))


def shown(snapshot: Snapshot | None, readings: Readings) -> Snapshot:
    """Return the snapshot that a get shows, if it shows it."""
    if snapshot is None or (snapshot.status is SnapshotStatus.DELETED and readings["deleted_visible"] == "never"):
        raise Refusal(NOT_FOUND)
    return snapshot
