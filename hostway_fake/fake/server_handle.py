"""A server of a fake, as a test reads and arranges it, under Hostway's own rules."""

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
    """A server of a fake.

    Its properties are read at the current instant. Methods that change something raise `hostway_fake.RefusedError` if
    Hostway would refuse the same request of a client.
    """

    def __init__(self, world: World, server_id: str) -> None:
        self._world = world
        self._id = server_id

    @property
    def id(self) -> str:
        """The id, such as ``jello614636-USOTE-0214``."""
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
        return invalid("server id", self.id, "a server of this account: it was rolled back or reset")

    @contextmanager
    def _arranging(self, what: str) -> Iterator[None]:
        """Turn a refusal of Hostway's rules into a `RefusedError`."""
        try:
            yield
        except Refusal as refusal:
            if not self._world.has_server(self.id):
                raise self._gone() from None
            raise RefusedError(f"{what}: Hostway would respond with {refusal}") from None

    @property
    def name(self) -> str:
        """The name."""
        return self._server.name

    @property
    def status(self) -> ServerStatus:
        """The status."""
        return self._server.status

    @property
    def flavor(self) -> str:
        """The id of the flavor, which is the size."""
        return self._server.flavor

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """The snapshots, DELETED ones too, in the order in which they were requested."""
        return self._world.snapshots(self._server)

    def snapshot(self, name: str) -> Snapshot:
        """Return a snapshot by its name or its id. Of several with the same name, return the newest.

        Raises:
            InvalidValueError: If there is no such snapshot.
        """
        snapshots = self.snapshots
        found = [each for each in snapshots if name in (each.name, each.id)]
        if not found:
            raise invalid("snapshot", name, f"one of {self.id}", (each.name for each in snapshots))
        return found[-1]

    @property
    def volumes(self) -> tuple[str, ...]:
        """The ids of the attached volumes."""
        return self._server.volumes

    def add_snapshot(self, name: str, status: str = "ACTIVE") -> Snapshot:
        """Add a snapshot that already has a status.

        Args:
            name: The name.
            status: The status: BUILD, ACTIVE or DELETED.

        Returns:
            The snapshot.

        Raises:
            RefusedError: If Hostway would refuse it, such as a fourth snapshot.
        """
        if not isinstance(name, str):
            raise WrongTypeError(f"name: got {name!r}, expected a string")
        if not name or name != name.encode(errors="ignore").decode():
            raise invalid("name", name, "a string that is not empty, without halves of surrogate pairs")
        if status not in tuple(SnapshotStatus):
            raise invalid("status", status, "one of", SnapshotStatus)
        with self._arranging(f"{self.id}: snapshot {name!r}"):
            return self._world.add_snapshot(self.id, CreateSnapshot(name), SnapshotStatus(status))

    def delete_snapshot(self, snapshot_id: str) -> None:
        """Delete a snapshot, whether it is built or not.

        Raises:
            RefusedError: If there is no such snapshot, or it is DELETED already.
        """
        with self._arranging(f"{self.id}: {snapshot_id!r}"):
            self._world.delete_snapshot(self.id, snapshot_id)

    def restore_snapshot(self, snapshot_id: str) -> None:
        """Restore the disk from a snapshot. The next snapshot has it as its parent.

        Raises:
            RefusedError: If there is no such snapshot, or it is in BUILD or DELETED.
        """
        with self._arranging(f"{self.id}: {snapshot_id!r}"):
            self._world.restore_snapshot(self.id, snapshot_id)

    def attach_volume(self, volume_id: str | None = None) -> str:
        """Attach a volume. A server with a volume refuses new snapshots with status 400.

        Args:
            volume_id: The id of the volume. It is created if it does not exist. Default: a new volume.

        Returns:
            The id of the volume.

        Raises:
            RefusedError: If the volume is attached already, or the server is in BUILD or DELETED.
        """
        if volume_id is not None:
            checked_volume_id(volume_id)
        with self._arranging(f"{self.id}: {volume_id or 'a new volume'}"):
            return self._world.add_attached_volume(self.id, volume_id)

    def detach_volume(self, volume_id: str) -> None:
        """Detach a volume.

        Raises:
            InvalidValueError: If the volume is not attached to this server.
        """
        if volume_id not in self.volumes:
            raise invalid("volume id", volume_id, f"one attached to {self.id}", self.volumes)
        with self._arranging(f"{self.id}: {volume_id}"):
            self._world.detach_volume(self.id, volume_id)

    def reboot(self) -> None:
        """Reboot the server. It is PROCESSING for ``action_seconds``.

        Raises:
            RefusedError: If the server is not ACTIVE, or another action runs.
        """
        self._act(Event.REBOOT)

    def resize(self, flavor: str) -> None:
        """Resize the server to a flavor. Same timing as `reboot`.

        Args:
            flavor: The id of the flavor.

        Raises:
            RefusedError: If Hostway would refuse it, such as a flavor with a smaller disk.
        """
        self._act(Event.RESIZE, checks.text("flavor", flavor))

    def stop(self) -> None:
        """Stop the server. Same timing and errors as `reboot`."""
        self._act(Event.STOP)

    def start(self) -> None:
        """Start the server, which is STOPPED. Same timing as `reboot`.

        Raises:
            RefusedError: If the server is not STOPPED, or another action runs.
        """
        self._act(Event.START)

    def _act(self, event: Event, value: str = "") -> None:
        with self._arranging(f"{self.id}: {event}"):
            self._world.act(self.id, event, value)

    def delete(self) -> None:
        """Delete the server and its snapshots. Its volumes are detached.

        Raises:
            RefusedError: If the server is DELETED already.
        """
        with self._arranging(f"{self.id}: delete"):
            self._world.delete_server(self.id)

    def run_until(self, status: str) -> None:
        """Advance the clock exactly to the event after which the server has a status.

        Does nothing if the server already has that status.

        Raises:
            CannotHappenError: If the server will not have that status. The message says what will happen.
            ClockError: If the clock cannot be moved by the fake.
        """
        if not self._world.has_server(self.id):
            raise self._gone()
        run_until(self._world, self.id, status, ServerStatus)
