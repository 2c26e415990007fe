"""The transition table, and the fold that reads a state as of an instant. All that moves a snapshot stands here."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from hostway_fake.contract.states import SnapshotStatus
from hostway_fake.domain.state import Event, Planned, Server

TRANSITIONS: Final[Mapping[tuple[SnapshotStatus, Event], SnapshotStatus]] = {
    (SnapshotStatus.BUILD, Event.COMPLETE): SnapshotStatus.ACTIVE,
    (SnapshotStatus.ACTIVE, Event.RESTORE): SnapshotStatus.ACTIVE,
    (SnapshotStatus.BUILD, Event.DELETE): SnapshotStatus.DELETED,
    (SnapshotStatus.ACTIVE, Event.DELETE): SnapshotStatus.DELETED,
}
"""Status and event to the next status. An event that is not here for a status passes without effect."""


def plan(server: Server, *events: Planned) -> Server:
    """The server with more to come."""
    return replace(server, plan=tuple(sorted((*server.plan, *events))))


def coming(server: Server) -> tuple[tuple[Planned, SnapshotStatus], ...]:
    """What of the plan will change a status, soonest first, and to which."""
    statuses = {snapshot.id: snapshot.status for snapshot in server.snapshots}
    changes = []
    for planned in server.plan:
        status = TRANSITIONS.get((statuses[planned.snapshot_id], planned.event))
        if status is not None:
            statuses[planned.snapshot_id] = status
            changes.append((planned, status))
    return tuple(changes)


def at(server: Server, now: datetime) -> Server:
    """The server as of ``now``: what is due has happened, soonest first, each at its own time."""
    due = [planned for planned in server.plan if planned.due <= now]
    if not due:
        return server
    snapshots = {snapshot.id: snapshot for snapshot in server.snapshots}
    disk_guid = server.disk_guid
    for planned in due:
        snapshot = snapshots[planned.snapshot_id]
        status = TRANSITIONS.get((snapshot.status, planned.event))
        if status is None:
            continue
        if planned.event is Event.COMPLETE and status is SnapshotStatus.ACTIVE:
            snapshot = replace(snapshot, completed_at=planned.due, parent_guid=disk_guid)
        if status is SnapshotStatus.ACTIVE:  # built on the disk, or written back to it
            disk_guid = snapshot.guid
        snapshot = replace(snapshot, status=status)
        snapshots[snapshot.id] = snapshot
    return replace(server, snapshots=tuple(snapshots.values()), disk_guid=disk_guid, plan=server.plan[len(due) :])
