"""The transition tables, and the fold that reads a state as of an instant. All that moves things stands here."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import reduce
from typing import Any, Final

from hostway_fake.contract.statuses import ServerStatus, SnapshotStatus
from hostway_fake.domain.model import Event, HistoryEntry, ScheduledEvent, Server, Snapshot, Status

TRANSITIONS: Final[Mapping[tuple[SnapshotStatus, Event], SnapshotStatus]] = {
    (SnapshotStatus.BUILD, Event.COMPLETE): SnapshotStatus.ACTIVE,
    (SnapshotStatus.ACTIVE, Event.RESTORE): SnapshotStatus.ACTIVE,
    (SnapshotStatus.BUILD, Event.DELETE): SnapshotStatus.DELETED,
    (SnapshotStatus.ACTIVE, Event.DELETE): SnapshotStatus.DELETED,
}
"""Status of a snapshot and event to the next status. An event that is not here for a status passes without effect."""

SERVER_TRANSITIONS: Final[Mapping[tuple[ServerStatus, Event], ServerStatus]] = {
    (ServerStatus.BUILD, Event.COMPLETE): ServerStatus.ACTIVE,
    (ServerStatus.ACTIVE, Event.REBOOT): ServerStatus.PROCESSING,
    (ServerStatus.ACTIVE, Event.RESIZE): ServerStatus.PROCESSING,
    (ServerStatus.ACTIVE, Event.STOP): ServerStatus.PROCESSING,
    (ServerStatus.STOPPED, Event.RESIZE): ServerStatus.PROCESSING,
    (ServerStatus.STOPPED, Event.START): ServerStatus.PROCESSING,
    (ServerStatus.PROCESSING, Event.RUN): ServerStatus.ACTIVE,
    (ServerStatus.PROCESSING, Event.REST): ServerStatus.STOPPED,
    **{(status, Event.UPDATE): status for status in ServerStatus if status is not ServerStatus.DELETED},
    **{(status, Event.DELETE): ServerStatus.DELETED for status in ServerStatus if status is not ServerStatus.DELETED},
}
"""The same of a server."""


_WRITES_DISK: Final = frozenset({Event.COMPLETE, Event.RESTORE})
"""The events after which the disk descends from the snapshot: it was built on the disk, or written back to it."""


def history(history_log: Iterable[HistoryEntry], now: datetime) -> tuple[tuple[HistoryEntry, Status], ...]:
    """What of all that was ordered has changed a status by ``now``, in its order, and to which."""
    statuses: dict[str, Status] = {}
    subjects: dict[str, set[str]] = {}  # by server: what has a status
    changes = []
    for happening in sorted(history_log, key=lambda each: (each.due, each.order, each.born is None)):
        status = happening.born or _next(statuses.get(happening.subject), happening.event)
        if happening.due > now or status is None or status is statuses.get(happening.subject):
            continue
        statuses[happening.subject] = status
        subjects.setdefault(happening.server_id, set()).add(happening.subject)
        changes.append((happening, status))
        if status is ServerStatus.DELETED:  # and with it all that it has, without a word
            statuses |= dict.fromkeys(subjects.pop(happening.subject) - {happening.subject}, SnapshotStatus.DELETED)
    return tuple(changes)


def _next(status: Status | None, event: Event | None) -> Status | None:
    if status is None or event is None:
        return None
    return (
        SERVER_TRANSITIONS.get((status, event))
        if isinstance(status, ServerStatus)
        else TRANSITIONS.get((status, event))
    )


def plan(server: Server, *events: ScheduledEvent) -> Server:
    """The server with more to come."""
    return replace(server, plan=tuple(sorted((*server.plan, *events))))


def coming(server: Server) -> tuple[tuple[ScheduledEvent, Status], ...]:
    """What of the plan will change a status, soonest first, and to which."""
    changes = []
    for planned in server.plan:
        before, server = _status(server, planned.subject), _happened(server, planned)
        status = _status(server, planned.subject)
        if status is not before:
            changes.append((planned, status))
    return tuple(changes)


def _status(server: Server, subject: str) -> Status:
    snapshot = server.snapshot(subject)
    return server.status if snapshot is None else snapshot.status


def at(server: Server, now: datetime) -> Server:
    """The server as of ``now``: what is due has happened, soonest first, each at its own time."""
    if not server.plan or server.plan[0].due > now:
        return server
    due = [planned for planned in server.plan if planned.due <= now]
    return replace(reduce(_happened, due, server), plan=server.plan[len(due) :])


def _happened(server: Server, planned: ScheduledEvent) -> Server:
    """The server after an event, which passes without effect where no table has it."""
    if planned.subject == server.id:
        return _happened_to_server(server, planned)
    place, snapshot = next(
        (place, snapshot) for place, snapshot in enumerate(server.snapshots) if snapshot.id == planned.subject
    )
    status = TRANSITIONS.get((snapshot.status, planned.event))
    if status is None:
        return server
    changes: dict[str, Any] = {"status": status}
    if planned.event is Event.COMPLETE:
        changes |= {"completed_at": planned.due, "parent_guid": server.disk_guid}
    if status is SnapshotStatus.DELETED:
        changes["deleted_at"] = planned.due
    disk_guid = snapshot.guid if planned.event in _WRITES_DISK else server.disk_guid
    snapshots = (*server.snapshots[:place], replace(snapshot, **changes), *server.snapshots[place + 1 :])
    return replace(server, snapshots=snapshots, disk_guid=disk_guid)


def _deleted(snapshot: Snapshot, at: datetime) -> Snapshot:
    deleted_at = snapshot.deleted_at or at
    return replace(snapshot, status=SnapshotStatus.DELETED, deleted_at=deleted_at)


def _happened_to_server(server: Server, planned: ScheduledEvent) -> Server:
    status = SERVER_TRANSITIONS.get((server.status, planned.event))
    if status is None:
        return server
    match planned.event:
        case Event.COMPLETE:
            return replace(server, status=status, completed_at=planned.due)
        case Event.UPDATE:
            return replace(server, name=planned.value, updated_at=planned.due)
        case Event.RUN | Event.REST:
            flavor = planned.value or server.flavor
            return replace(server, status=status, doing=None, flavor=flavor, updated_at=planned.due)
        case Event.DELETE:
            gone = tuple(_deleted(snapshot, planned.due) for snapshot in server.snapshots)
            return replace(server, status=status, doing=None, snapshots=gone)
        case _:
            return replace(server, status=status, doing=planned.event)
