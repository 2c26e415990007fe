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
from hostway_fake.contract.states import SnapshotStatus
from hostway_fake.domain import lifecycle
from hostway_fake.domain.refusals import Refusal
from hostway_fake.domain.servers import require_live, require_ready
from hostway_fake.domain.state import Event, Planned, Server, Snapshot


@dataclass(frozen=True, slots=True)
class CreateSnapshot:
    """What a client asks for."""

    name: str
    description: str = ""


def _counting(server: Server, readings: Readings) -> list[Snapshot]:
    """The snapshots that hold a name and a place."""
    if readings["deleted_count"] == "true":
        return list(server.snapshots)
    return [snapshot for snapshot in server.snapshots if snapshot.status is not SnapshotStatus.DELETED]


def _has_extra_volumes(server: Server, command: CreateSnapshot, readings: Readings) -> None:
    if server.volumes:
        raise Refusal(EXTRA_VOLUMES)


def _name_is_taken(server: Server, command: CreateSnapshot, readings: Readings) -> None:
    if any(snapshot.name == command.name for snapshot in _counting(server, readings)):
        raise Refusal(NAME_TAKEN)


def _limit_is_reached(server: Server, command: CreateSnapshot, readings: Readings) -> None:
    if len(_counting(server, readings)) >= SNAPSHOTS_PER_SERVER:
        raise Refusal(LIMIT_REACHED)


_RULES: Final[Mapping[str, Callable[[Server, CreateSnapshot, Readings], None]]] = {
    "400": _has_extra_volumes,
    "409": _name_is_taken,
    "413": _limit_is_reached,
}
"""The rules of create by the status they refuse with; reading ``refusal_order`` says which is asked first."""


def check_create(server: Server, command: CreateSnapshot, readings: Readings) -> None:
    """Raise the `Refusal` that a create meets, if any."""
    require_ready(require_live(server))
    for status in readings["refusal_order"].split(","):
        _RULES[status](server, command, readings)


def create(server: Server, snapshot: Snapshot, order: int, *happens: tuple[datetime, Event]) -> Server:
    """The server with one more snapshot in BUILD, and what will happen to it."""
    planned = (Planned(due, order, snapshot.id, event) for due, event in happens)
    return lifecycle.plan(replace(server, snapshots=(*server.snapshots, snapshot)), *planned)


def delete(server: Server, now: Server, order: int, instant: datetime, snapshot_id: str) -> Server:
    """The server, which is ``now`` as of ``instant``, with a snapshot deleted, built or not; again is 404."""
    snapshot = require_live(now).snapshot(snapshot_id)
    if snapshot is None or snapshot.status is SnapshotStatus.DELETED:
        raise Refusal(NOT_FOUND)
    return lifecycle.plan(server, Planned(instant, order, snapshot_id, Event.DELETE))


def restore(server: Server, now: Server, order: int, instant: datetime, snapshot_id: str) -> Server:
    """The server, which is ``now`` as of ``instant``, with its disk written back from a snapshot that is ACTIVE."""
    snapshot = require_live(now).snapshot(snapshot_id)
    if snapshot is None or snapshot.status is SnapshotStatus.DELETED:
        raise Refusal(NOT_FOUND)
    if snapshot.status is SnapshotStatus.BUILD:
        raise Refusal(NOT_RESTORABLE)
    return lifecycle.plan(server, Planned(instant, order, snapshot_id, Event.RESTORE))


def listed(server: Server, readings: Readings) -> tuple[Snapshot, ...]:
    """The snapshots that a list shows, oldest request first."""
    if readings["deleted_visible"] == "always":
        return server.snapshots
    return tuple(snapshot for snapshot in server.snapshots if snapshot.status is not SnapshotStatus.DELETED)


def shown(server: Server, snapshot_id: str, readings: Readings) -> Snapshot:
    """The snapshot that a get shows."""
    snapshot = server.snapshot(snapshot_id)
    if snapshot is None or (snapshot.status is SnapshotStatus.DELETED and readings["deleted_visible"] == "never"):
        raise Refusal(NOT_FOUND)
    return snapshot
