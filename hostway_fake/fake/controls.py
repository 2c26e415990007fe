"""What a test arranges in an account, and what it observes."""

import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from types import ModuleType
from typing import Final

from hostway_fake import checks
from hostway_fake.contract.catalogue import DEFAULT_FLAVOR, FLAVORS
from hostway_fake.contract.statuses import ServerStatus, SnapshotStatus
from hostway_fake.domain.identifiers import checked_server_id
from hostway_fake.domain.model import Snapshot, Volume
from hostway_fake.exceptions import invalid
from hostway_fake.fake.account import Account
from hostway_fake.fake.builds import Builds
from hostway_fake.fake.clock_control import WorldClock, run_until
from hostway_fake.fake.patch_sleep import patch_sleep, sleeper
from hostway_fake.fake.recorded_calls import RecordedCalls
from hostway_fake.fake.server_handle import ServerHandle
from hostway_fake.faults.builder import Faults, RuleHandle
from hostway_fake.faults.outcomes import Lag
from hostway_fake.journal.conduct import Conduct
from hostway_fake.journal.reliance import Reliance
from hostway_fake.journal.timeline import Timeline

_RESTING: Final = (ServerStatus.ACTIVE, ServerStatus.STOPPED, ServerStatus.SUSPENDED, ServerStatus.UNKNOWN)


class Controls:
    """The clock, the builds, the faults, the servers and the journal of an account."""

    account: Account

    # Time

    @property
    def clock(self) -> WorldClock:
        """The clock of this account."""
        return WorldClock(self.account.world)

    @property
    def builds(self) -> Builds:
        """The orders for the next builds. An order says how long a build takes and how it ends."""
        return Builds(self.account.world)

    def run_until(self, snapshot_id: str, status: str) -> Snapshot:
        """Advance the clock exactly to the event after which a snapshot has a status.

        Does nothing if the snapshot already has that status.

        Args:
            snapshot_id: The id of the snapshot.
            status: The status.

        Returns:
            The snapshot.

        Raises:
            CannotHappenError: If the snapshot will not have that status. The message says what will happen.
            ClockError: If the clock cannot be moved by the fake.
        """
        world = self.account.world
        world.snapshot(snapshot_id)
        run_until(world, snapshot_id, status, SnapshotStatus)
        return world.snapshot(snapshot_id)

    @property
    def sleep(self) -> Callable[[float], None]:
        """A replacement for ``time.sleep`` that advances the clock and returns at once.

        Pass it to a client that accepts a sleep function. For a client that also reads ``time.monotonic`` for a
        deadline, use `patch_sleep`.
        """
        return sleeper(self.account.world)

    async def async_sleep(self, seconds: float) -> None:
        """Advance the clock and let other tasks run: a replacement for ``asyncio.sleep`` or ``trio.sleep``."""
        self.sleep(seconds)
        trio = sys.modules.get("trio")
        if trio is not None and trio.lowlevel.in_trio_run():
            await trio.lowlevel.checkpoint()
        else:
            import asyncio

            await asyncio.sleep(0)

    def patch_sleep(self, module: str | ModuleType) -> AbstractContextManager[None]:
        """Make ``sleep``, ``time`` and ``monotonic`` of a module use the fake's clock while the block runs.

        It covers ``import time`` as well as ``from time import sleep``, so that deadlines expire too. tenacity, stamina
        and urllib3's ``Retry`` are covered as well. It does not cover ``asyncio.sleep``, ``datetime.now``, or waiting
        for locks and sockets.

        Args:
            module: The module of the client, or its name.
        """
        return patch_sleep(self.account.world, module)

    # Faults, and what has happened

    @property
    def faults(self) -> Faults:
        """The fault rules. A rule says which calls fail, on which side of the commit point, and how."""
        return self.account.faults

    def consistency(
        self, seconds: float, operations: Iterable[str] = Lag.operations, *, monotonic: bool = True
    ) -> tuple[RuleHandle, ...]:
        """Make reads of the account show an earlier state. It replaces what an earlier call has set.

        The rules stay active until they are removed. They need not be used. A fault rule that is written later acts in
        their place.

        Args:
            seconds: How old the state is, in virtual seconds.
            operations: The names of the operations. Default: all that read snapshots or servers.
            monotonic: As for ``lag`` of a fault rule.

        Returns:
            One rule for each operation.

        Raises:
            InvalidValueError: If an operation does not read snapshots or servers.
        """
        return self.account.faults.lag_reads(seconds, operations, monotonic)

    @property
    def calls(self) -> RecordedCalls:
        """The journal, with the calls of this account, oldest first.

        It is a tuple that can be filtered and asserted on. Credentials and passwords are masked. When the journal is
        full, the oldest calls are dropped.
        """
        return RecordedCalls.of(self.account.world.journal)

    @property
    def conduct(self) -> Conduct:
        """Assertions about how the client behaved, such as retries, back-off and polling."""
        return Conduct(self.calls)

    def timeline(self) -> Timeline:
        """Return what has happened, in the order of the clock: calls, faults, changes of status, moves of the clock.

        Example:
            >>> from hostway_fake import FakeHostway
            >>> with FakeHostway() as fake:
            ...     server = fake.add_server("jello614636-USOTE-0214")
            ...     server.stop()
            ...     fake.clock.advance(10)
            >>> print(fake.timeline())
            2013-04-12
            19:29:00.000  status  server 0214  ACTIVE
            19:29:00.000  status  server 0214  PROCESSING
            19:29:00.000  clock                +10 s
            19:29:10.000  status  server 0214  STOPPED
        """
        return self.account.world.timeline()

    def evidence(self) -> tuple[Reliance, ...]:
        """Return the behaviors of Hostway that the calls relied on, with how well each is documented, the best first.

        Example:
            >>> from hostway_fake import FakeHostway
            >>> with FakeHostway() as fake:
            ...     _ = fake.session().get(f"{fake.url}/servers")
            >>> fake.evidence()[0]
            Reliance(behavior='list_servers', label=<Evidence.DOCUMENTED: 'documented'>, page='Server pages', calls=1)
        """
        return self.account.world.journal.evidence()

    # Servers and volumes

    def add_server(
        self,
        id: str | None = None,  # noqa: A002  # the agreed name
        *,
        status: str = "ACTIVE",
        flavor: str = DEFAULT_FLAVOR,
    ) -> ServerHandle:
        """Add a server.

        Args:
            id: The id. Default: a generated one, in the documented format.
            status: The status: ACTIVE, STOPPED, SUSPENDED or UNKNOWN.
            flavor: The id of the flavor, which is the size.

        Returns:
            The server.

        Raises:
            InvalidValueError: If the id is malformed or taken, or the status or flavor does not exist.
        """
        if id is not None:
            checked_server_id(id)
        if status not in _RESTING:
            raise invalid("status", status, "one of", _RESTING)
        if checks.text("flavor", flavor) not in FLAVORS:
            raise invalid("flavor", flavor, "one of", FLAVORS)
        world = self.account.world
        return ServerHandle(world, world.add_server(id, ServerStatus(status), flavor).id)

    def server(self, id: str) -> ServerHandle:  # noqa: A002  # the agreed name
        """Return a server of this account by its id.

        Raises:
            InvalidValueError: If there is no such server.
        """
        world = self.account.world
        if not world.has_server(id):
            raise invalid("server id", id, "one of this account", (server.id for server in world.servers()))
        return ServerHandle(world, id)

    @property
    def servers(self) -> tuple[ServerHandle, ...]:
        """The servers of this account, DELETED ones too, in the order in which they were added."""
        world = self.account.world
        return tuple(ServerHandle(world, server.id) for server in world.servers())

    @property
    def volumes(self) -> tuple[Volume, ...]:
        """The volumes of this account, in the order in which they were added."""
        return self.account.world.volumes()
