"""The DELETED servers and snapshots of an account. They can be read, and they do not change."""

from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime

from hostway_fake.domain.model import Server, Snapshot


class Deleted:
    """The last ``limit`` servers and snapshots that were deleted; the oldest is dropped first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: OrderedDict[str, tuple[str, Server | Snapshot]] = OrderedDict()
        self._servers: dict[str, Server] = {}
        self._snapshots: dict[str, dict[str, Snapshot]] = {}  # of each server, by id
        self._mark = 0

    def copy(self) -> "Deleted":
        other = Deleted(self._limit)
        for server_id, held in self._held.values():
            other.add(server_id, held)
        other._mark = self._mark
        return other

    def add(self, server_id: str, held: Server | Snapshot) -> None:
        """Add a server, or a snapshot of a server."""
        self._mark += 1
        self._held[held.id] = server_id, held
        if isinstance(held, Server):
            self._servers[held.id] = held
        else:
            self._snapshots.setdefault(server_id, {})[held.id] = held
        if len(self._held) > self._limit:
            self._forget(last=False)

    def _forget(self, last: bool) -> None:
        subject, (server_id, held) = self._held.popitem(last)
        if isinstance(held, Server):
            del self._servers[subject]
            return
        snapshots = self._snapshots[server_id]
        del snapshots[subject]
        if not snapshots:
            del self._snapshots[server_id]

    @property
    def mark(self) -> int:
        return self._mark

    def roll_back(self, mark: int) -> None:
        """Remove what was deleted since ``mark``. Entries that were dropped since then are not restored."""
        for _ in range(min(self._mark - mark, len(self._held))):
            self._forget(last=True)
        self._mark = mark

    @property
    def servers(self) -> dict[str, Server]:
        """The servers, by id."""
        return self._servers

    def snapshots(self, server_id: str, now: datetime) -> tuple[Snapshot, ...]:
        """Return the snapshots of a server that were deleted by ``now``."""
        return tuple(each for each in self._snapshots.get(server_id, {}).values() if _is_deleted(each, now))

    def snapshot(self, server_id: str, snapshot_id: str, now: datetime) -> Snapshot | None:
        """Return a snapshot of a server if it was deleted by ``now``."""
        snapshot = self._snapshots.get(server_id, {}).get(snapshot_id)
        return snapshot if snapshot and _is_deleted(snapshot, now) else None

    def server_of(self, snapshot_id: str) -> str | None:
        """Return the id of the server that had a snapshot."""
        held = self._held.get(snapshot_id)
        return held[0] if held else None

    def __iter__(self) -> Iterator[tuple[str, Server | Snapshot]]:
        return iter(self._held.values())


def _is_deleted(snapshot: Snapshot, now: datetime) -> bool:
    return snapshot.deleted_at is not None and snapshot.deleted_at <= now
