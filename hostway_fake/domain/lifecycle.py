"""The transition tables, and the fold that computes the state of a server as of an instant.

`fold` is the only code that applies the tables. The state at an instant, the upcoming events and the history of a
server all come from it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from hostway_fake.contract.statuses import ServerStatus, SnapshotStatus
from hostway_fake.domain.model import Event, ScheduledEvent, Server, Snapshot, Status

TRANSITIONS: Final[Mapping[tuple[SnapshotStatus, Event], SnapshotStatus]] = {
    (SnapshotStatus.BUILD, Event.COMPLETE): SnapshotStatus.ACTIVE,
    (SnapshotStatus.ACTIVE, Event.RESTORE): SnapshotStatus.ACTIVE,
    (SnapshotStatus.BUILD, Event.DELETE): SnapshotStatus.DELETED,
    (SnapshotStatus.ACTIVE, Event.DELETE): SnapshotStatus.DELETED,
}
"""The next status of a snapshot, by its status and an event. An event that is not listed has no effect."""

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
"""The same for servers."""


_LATEST: Final = datetime.max.replace(tzinfo=UTC)
_WRITES_DISK: Final = frozenset({Event.COMPLETE, Event.RESTORE})
"""The events after which the disk of the server descends from the snapshot."""


def plan(server: Server, *events: ScheduledEvent) -> Server:
    """Return the server with more planned events."""
    return replace(server, plan=tuple(sorted((*server.plan, *events))))


def fold(server: Server, until: datetime = _LATEST) -> Iterator[tuple[ScheduledEvent, Server]]:
    """Yield the events of the plan that are due by an instant, soonest first, each with the server after it."""
    for event in server.plan:
        if event.due > until:
            return
        server = _happened(server, event)
        yield event, server


def at(server: Server, now: datetime) -> Server:
    """Return the server as of ``now``: every due event has happened, each at its own time."""
    return after(server, list(fold(server, now)))


def after(server: Server, folded: Sequence[tuple[ScheduledEvent, Server]]) -> Server:
    """Return the server after events that `fold` yielded, without these events in its plan."""
    return replace(folded[-1][1], plan=server.plan[len(folded) :]) if folded else server


def status_changes(
    server: Server, folded: Iterable[tuple[ScheduledEvent, Server]]
) -> Iterator[tuple[ScheduledEvent, Status]]:
    """Yield those of the folded events that change the status of their subject, each with the new status."""
    for event, later in folded:
        status = _status(later, event.subject)
        if status is not _status(server, event.subject):
            yield event, status
        server = later


def _status(server: Server, subject: str) -> Status:
    snapshot = server.snapshot(subject)
    return server.status if snapshot is None else snapshot.status


def _happened(server: Server, planned: ScheduledEvent) -> Server:
    """Return the server after an event. An event that the tables do not list has no effect."""
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
