"""What a test holds of a server: reads and arranges what it has, under Hostway's own rules."""

from collections.abc import Iterator
from contextlib import contextmanager

from hostway_fake import checks
from hostway_fake.contract.statuses import ServerStatus, SnapshotStatus
from hostway_fake.domain.identifiers import checked_volume_id
from hostway_fake.domain.model import Event, Server, Snapshot
from hostway_fake.domain.refusals import Refusal
from hostway_fake.domain.snapshots import CreateSnapshot
from hostway_fake.exceptions import InvalidValueError, RefusedError, WrongTypeError, invalid
from hostway_fake.fake.clock_control import run_until
from hostway_fake.suggestions import Suggests
from hostway_fake.world import World


class ServerHandle(Suggests):
    """A server of a fake: reads and arranges what it holds, from Python."""

    def __init__(self, world: World, server_id: str) -> None:
        self._world = world
        self._id = server_id

    @property
    def id(self) -> str:
        """Its id, such as ``jello614636-USOTE-0214``."""
        return self._id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ServerHandle) and (self._world, self.id) == (other._world, other.id)

    def __hash__(self) -> int:
        return hash((id(self._world), self.id))

    def __repr__(self) -> str:
        return f"<ServerHandle {self.id}>"

    @property
    def _server(self) -> Server:
        try:
            return self._world.any_server(self.id)
        except Refusal:
            raise self._gone() from None

    def _gone(self) -> InvalidValueError:
        return invalid("server id", self.id, "one of this account: it was rolled back or reset")

    @contextmanager
    def _arranging(self, what: str) -> Iterator[None]:
        """What Hostway refuses is raised as an exception."""
        try:
            yield
        except Refusal as refusal:
            if not self._world.has_server(self.id):
                raise self._gone() from None
            raise RefusedError(f"{what}: Hostway would answer {refusal}") from None

    @property
    def name(self) -> str:
        """Its name as of now."""
        return self._server.name

    @property
    def status(self) -> ServerStatus:
        """Its status as of now."""
        return self._server.status

    @property
    def flavor(self) -> str:
        """The id of its size as of now."""
        return self._server.flavor

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """Its snapshots as of now, DELETED ones too, oldest request first."""
        return self._world.snapshots(self._server)

    @property
    def volumes(self) -> tuple[str, ...]:
        """The ids of the volumes that are attached to it."""
        return self._server.volumes

    def add_snapshot(self, name: str, status: str = "ACTIVE") -> Snapshot:
        """Add a snapshot that has ``status`` already; what Hostway forbids raises `hostway_fake.RefusedError`."""
        if not isinstance(name, str):
            raise WrongTypeError(f"name: got {name!r}, expected a string")
        if not name or name != name.encode(errors="ignore").decode():
            raise invalid("name", name, "a string that is not empty, without halves of surrogate pairs")
        if status not in tuple(SnapshotStatus):
            raise invalid("status", status, "one of", SnapshotStatus)
        with self._arranging(f"{self.id}: snapshot {name!r}"):
            return self._world.add_snapshot(self.id, CreateSnapshot(name), SnapshotStatus(status))

    def delete_snapshot(self, snapshot_id: str) -> None:
        """Delete a snapshot, built or not; one that is not there or DELETED raises `hostway_fake.RefusedError`."""
        with self._arranging(f"{self.id}: {snapshot_id!r}"):
            self._world.delete_snapshot(self.id, snapshot_id)

    def restore_snapshot(self, snapshot_id: str) -> None:
        """Write the disk back from a snapshot: the next one has it as its parent.

        One that is in BUILD, not there or DELETED raises `hostway_fake.RefusedError`.
        """
        with self._arranging(f"{self.id}: {snapshot_id!r}"):
            self._world.restore_snapshot(self.id, snapshot_id)

    def attach_volume(self, volume_id: str | None = None) -> str:
        """Attach a volume, so that a snapshot is refused with 400; returns its id, drawn when none is given."""
        if volume_id is not None:
            checked_volume_id(volume_id)
        with self._arranging(f"{self.id}: {volume_id or 'a new volume'}"):
            return self._world.add_attached_volume(self.id, volume_id)

    def detach_volume(self, volume_id: str) -> None:
        """Detach a volume that is attached."""
        if volume_id not in self.volumes:
            raise invalid("volume id", volume_id, f"one attached to {self.id}", self.volumes)
        with self._arranging(f"{self.id}: {volume_id}"):
            self._world.detach_volume(self.id, volume_id)

    def reboot(self) -> None:
        """Reboot it: it is PROCESSING for ``action_seconds``. What is forbidden raises `hostway_fake.RefusedError`."""
        self._act(Event.REBOOT)

    def resize(self, flavor: str) -> None:
        """Give it another size, by the id of a flavor, as `reboot` does what it does."""
        self._act(Event.RESIZE, checks.text("flavor", flavor))

    def stop(self) -> None:
        """Stop it, as `reboot` does what it does."""
        self._act(Event.STOP)

    def start(self) -> None:
        """Start it, as `reboot` does what it does."""
        self._act(Event.START)

    def _act(self, event: Event, value: str = "") -> None:
        with self._arranging(f"{self.id}: {event}"):
            self._world.act(self.id, event, value)

    def delete(self) -> None:
        """Delete it, and its snapshots with it; its volumes are free then."""
        with self._arranging(f"{self.id}: delete"):
            self._world.delete_server(self.id)

    def run_until(self, status: str) -> None:
        """Advance exactly to the event after which it has ``status``; raises as `FakeHostway.run_until` does."""
        if not self._world.has_server(self.id):
            raise self._gone()
        run_until(self._world, self.id, status, ServerStatus)
