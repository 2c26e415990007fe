"""The rules for snapshots. Each function refuses, or returns the server with what is planned."""

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
    """The command of ``create_snapshot``."""

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
"""The rules for creating a snapshot, by the status of their refusal. The reading ``refusal_order`` orders them."""


def counts_deleted(readings: Readings) -> bool:
    """Tell whether DELETED snapshots count towards the limit and keep their names."""
    return readings["deleted_count"] == "true"


def check_create(server: Server, counted: Snapshots, command: CreateSnapshot, readings: Readings) -> None:
    """Refuse to create a snapshot if a rule forbids it. ``counted`` are the snapshots that count towards the limit."""
    require_ready(require_live(server))
    for status in readings["refusal_order"].split(","):
        _RULES[status](server, counted, command)


def create(server: Server, snapshot: Snapshot, order: int, *happens: tuple[datetime, Event]) -> Server:
    """Return the server with another snapshot in BUILD, and with its planned events."""
    planned = (ScheduledEvent(due, order, snapshot.id, event) for due, event in happens)
    return lifecycle.plan(replace(server, snapshots=(*server.snapshots, snapshot)), *planned)


def delete(server: Server, order: int, instant: datetime, snapshot_id: str) -> Server:
    """Return the server with a snapshot deleted. Refuse with 404 if it is DELETED already."""
    _existing(server, snapshot_id)
    return lifecycle.plan(server, ScheduledEvent(instant, order, snapshot_id, Event.DELETE))


def restore(server: Server, order: int, instant: datetime, snapshot_id: str) -> Server:
    """Return the server with its disk restored from a snapshot. Refuse unless the snapshot is ACTIVE."""
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
    """Return the snapshots of a server, including DELETED ones, oldest request first.

    A snapshot that was deleted after the server was read is in both. The value in the server wins.
    """
    by_id = {snapshot.id: snapshot for snapshot in (*deleted, *server.snapshots)}
    return tuple(sorted(by_id.values(), key=lambda snapshot: snapshot.number))


def shown(snapshot: Snapshot | None, readings: Readings) -> Snapshot:
    """Return the snapshot that ``get_snapshot`` shows. Refuse with 404 if it shows none."""
    if snapshot is None or (snapshot.status is SnapshotStatus.DELETED and readings["deleted_visible"] == "never"):
        raise Refusal(NOT_FOUND)
    return snapshot
