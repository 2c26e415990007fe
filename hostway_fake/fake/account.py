"""One account of a fake: its world, its fault rules, and the accounts that were added to it.

`hostway_fake.FakeHostway` is what users hold of an account. ``fake.at(url)`` gives another one of the same account.
"""

import sys
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from hostway_fake.exceptions import (
    BlockedHostError,
    ClosedFakeError,
    HostwayFakeError,
    InvalidValueError,
    UnfinishedRuleError,
)
from hostway_fake.faults.builder import Faults
from hostway_fake.journal.reliance import ResponseKey
from hostway_fake.service.exchange import exchange
from hostway_fake.service.messages import ExchangeResult, Request
from hostway_fake.world import Savepoint, World, Worlds

if TYPE_CHECKING:
    from hostway_fake.faults.script import FaultScript
    from hostway_fake.transports.server import ThreadServer

_ERRORS: Final = 100
"""The number of errors of each kind that are kept until a test ends."""
_CLOSED: Final = 100
"""The number of closed accounts that are kept while a test framework watches."""


class Account:
    """An account behind a fake. For test frameworks, such as the pytest plugin; it may change in any release.

    Attributes:
        world: The state, with its rulebook and its journal.
        worlds: The accounts that share the same transports.
        parent: The account that this one was added to.
        faults: The fault rules.
        servers: The running servers.
        blocked: The last errors that were raised for requests to other hosts.
        discarded_errors: The last errors about fault rules that a reset has removed.
        closed_accounts: Accounts that were added to this one and are closed. Kept only after `watch`.
    """

    def __init__(self, world: World, script: "FaultScript | None" = None) -> None:
        self.world = world
        self.worlds: Worlds = Worlds(world)
        self.parent: Account | None = None
        self.faults: Faults = Faults(world.rulebook)
        self.servers: set[ThreadServer] = set()
        self.blocked: deque[BlockedHostError] = deque(maxlen=_ERRORS)
        self.discarded_errors: deque[HostwayFakeError] = deque(maxlen=_ERRORS)
        self.closed_accounts: deque[Account] = deque(maxlen=0)
        self._children: dict[World, Account] = {}
        self._script = script
        self._savepoints: list[Savepoint] = []
        self._closed_response_counts: Counter[ResponseKey] = Counter()
        self._closed_where = ""
        self._play_script()

    def _play_script(self) -> None:
        if self._script is not None:
            for rule in self._script.rules:
                self.faults.write(rule)
            for build in self._script.builds:
                self.world.script_build(build)

    def add(self, child: "Account") -> None:
        """Add an account behind the same transports.

        Raises:
            InvalidValueError: If an account of that name exists.
        """
        child.worlds = Worlds(child.world, self.worlds.by_account)
        child.parent = self
        child.closed_accounts = deque(maxlen=self.closed_accounts.maxlen)
        self._children[child.world] = child

    @property
    def name(self) -> str:
        """The user name of the account."""
        return self.world.settings.account

    @property
    def is_open(self) -> bool:
        """Whether the account can be reached."""
        return self.worlds.by_account.get(self.name) is self.world

    def watch(self) -> None:
        """Keep the accounts that are closed from now on in `closed_accounts`."""
        self.closed_accounts = deque(maxlen=_CLOSED)

    def accounts(self) -> "Iterator[Account]":
        """Yield this account and those that were added to it, also the closed ones that are kept."""
        yield self
        for child in (*self._children.values(), *self.closed_accounts):
            yield from child.accounts()

    def forget_closed(self) -> None:
        """Forget the closed accounts that are kept."""
        for account in tuple(self.accounts()):
            account.closed_accounts.clear()

    def exchange(self, request: Request) -> ExchangeResult:
        """Respond to a request that was sent in process.

        Raises:
            ClosedFakeError: If this account is closed.
        """
        if not self.is_open:
            raise ClosedFakeError(
                f"{request.method} {request.target}: the fake of account {self.name} is closed. "
                f"It was closed {self._closed_where}."
            )
        return exchange(self.worlds, request)

    def close(self) -> "tuple[Account, ...]":
        """Stop the servers, and close this account and those that were added to it. Return all of them."""
        for server in tuple(self.servers):
            server.stop()
        closed = (self, *(each for child in tuple(self._children.values()) for each in child.close()))
        if self.is_open:
            self._closed_where = _caller()
        self.worlds.leave()
        if self.parent is not None:
            self.parent.remove(self)
        return closed

    def remove(self, child: "Account") -> None:
        """Remove a closed account that was added to this one, and keep its response counts."""
        if self._children.pop(child.world, None) is None:
            return
        self.closed_accounts.append(child)
        if child._closed_response_counts or child.world.journal.recorded:  # noqa: SLF001  # the same class
            self._closed_response_counts.update(child.response_counts())

    def response_counts(self) -> Counter[ResponseKey]:
        """Return how many responses of which kind this account and those added to it have sent."""
        total = Counter(self.world.journal.response_counts())
        for each in (self._closed_response_counts, *(child.response_counts() for child in self._children.values())):
            total.update(each)
        return total

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo at the end of the block what was done in it. See `hostway_fake.FakeHostway.savepoint`."""
        unfinished_before = self.faults.saved()
        saved = self.world.savepoint()
        self._savepoints.append(saved)
        error: UnfinishedRuleError | None = None
        try:
            yield
            error = self.faults.unfinished(unfinished_before)
        finally:
            if not any(saved is each for each in self._savepoints):
                raise InvalidValueError("savepoint: it ends after the one around it, which has undone it already")
            while self._savepoints.pop() is not saved:
                pass  # one that began inside the block, and is undone with it
            self.world.roll_back(saved)
            self.faults.roll_back(unfinished_before)
        if error:
            raise error

    def reset(self) -> None:
        """Reset to the initial state and clear the journal."""
        self._closed_response_counts.update(self.world.journal.response_counts())
        try:
            self.faults.check()
        except HostwayFakeError as error:
            self.discarded_errors.append(error)
        self.faults.roll_back([])
        self.world.reset()
        self._play_script()


def _caller() -> str:
    """Return where the code outside this package is that closes a fake."""
    frame = sys._getframe(1)  # noqa: SLF001  # inspect.stack() reads source files, which is slow
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in ("hostway_fake", "contextlib"):
        frame = frame.f_back
    if frame.f_globals.get("__name__", "").startswith("_pytest"):
        return "at the end of the test that used it"
    return f"in {frame.f_code.co_filename}, line {frame.f_lineno}"
