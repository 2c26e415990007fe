"""The journal of a world: its calls, and how many responses of which kind were sent."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from queue import SimpleQueue
from threading import Lock
from typing import Final, TypeVar

from hostway_fake.forks import renew_locks_after_fork
from hostway_fake.journal.calls import Call
from hostway_fake.journal.reliance import Reliance, ResponseKey, reliances
from hostway_fake.journal.secrets import masked_body, masked_headers, masked_url
from hostway_fake.journal.sequence import Calls

_SECRET: Final = b"adminPass"
"""The only secret in responses of the service. Scripted responses may contain others."""


_Calls = TypeVar("_Calls", bound=Calls)

_RAISED: Final = 100
"""How many calls that raised an exception are kept for `Journal.take_raised`."""


class Journal:
    """The last calls of a world, and a count of all responses.

    Args:
        size: How many calls are kept.
        max_bytes: How many bytes the bodies of these calls may take together. The newest call is kept in any case.
    """

    def __init__(self, size: int, max_bytes: int) -> None:
        self._lock = Lock()
        renew_locks_after_fork(self)
        self._kept: deque[Call] = deque()
        self._size = size
        self._max_bytes = max_bytes
        self._bytes = 0
        self._calls = 0
        self._recorded = 0
        self._raised: deque[Call] = deque(maxlen=_RAISED)
        self._responses: dict[ResponseKey, int] = {}
        self._watchers: tuple[SimpleQueue[None], ...] = ()

    def record(self, call: Call) -> None:
        """Number a call, mask its secrets and keep it. When the journal is full, the oldest calls are dropped."""
        response_body = (
            masked_body(call.response_body) if call.rule or _SECRET in call.response_body else call.response_body
        )
        with self._lock:
            self._calls += 1
            self._recorded += 1
            self._keep(
                call._replace(
                    number=self._calls,
                    method=call.method if call.method.isalpha() else masked_url(call.method),
                    target=masked_url(call.target),
                    headers=masked_headers(call.headers),
                    body=masked_body(call.body),
                    response_body=response_body,
                )
            )
            for watcher in self._watchers:
                watcher.put(None)

    def _keep(self, call: Call) -> None:
        self._kept.append(call)
        if call.raised:
            self._raised.append(call)
        self._bytes += _bytes(call)
        while len(self._kept) > self._size or (self._bytes > self._max_bytes and len(self._kept) > 1):
            self._bytes -= _bytes(self._kept.popleft())

    def clear(self) -> None:
        """Drop all calls and counts."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0
            self._calls = 0
            self._responses.clear()

    @property
    def last(self) -> int:
        """The number of the last call."""
        return self._calls

    @property
    def recorded(self) -> int:
        """The number of calls that were recorded, including those that were dropped."""
        return self._recorded

    def since(self, recorded: int) -> Calls:
        """Return the calls after the first ``recorded`` ones, as far as they are kept."""
        with self._lock:
            return self._since(recorded)

    def _since(self, recorded: int) -> Calls:
        new = min(self._recorded - recorded, len(self._kept))
        return Calls(islice(self._kept, len(self._kept) - new, None))

    def news(self, recorded: int) -> tuple[int, Calls]:
        """Return the number of recorded calls, and those after the first ``recorded`` ones, as far as they are kept."""
        with self._lock:
            return self._recorded, self._since(recorded)

    @contextmanager
    def watched(self) -> Iterator[SimpleQueue[None]]:
        """Yield a queue that gets an item for each call while the block runs."""
        watcher = SimpleQueue[None]()
        with self._lock:
            self._watchers = (*self._watchers, watcher)
        try:
            yield watcher
        finally:
            with self._lock:
                self._watchers = tuple(each for each in self._watchers if each is not watcher)

    def take_raised(self) -> tuple[Call, ...]:
        """Return the new calls that raised an exception of the fake, including cleared ones."""
        with self._lock:
            raised = tuple(self._raised)
            self._raised.clear()
            return raised

    def roll_back(self, last: int) -> None:
        """Mark the calls after a number as rolled back."""
        with self._lock:
            undone = []
            while self._kept and self._kept[-1].number > last:
                undone.append(self._kept.pop()._replace(rolled_back=True))
            self._kept.extend(reversed(undone))

    def count_response(self, response_key: ResponseKey) -> None:
        """Count a response of the contract, whether or not the client receives it."""
        with self._lock:
            self._responses[response_key] = self._responses.get(response_key, 0) + 1

    def response_counts(self) -> dict[ResponseKey, int]:
        """Return how many responses of which kind were sent."""
        with self._lock:
            return dict(self._responses)

    def evidence(self) -> tuple[Reliance, ...]:
        """Return the behaviors that the calls relied on."""
        return reliances(self.response_counts())

    @property
    def calls(self) -> Calls:
        """The calls, oldest first."""
        return self.calls_as(Calls)

    def calls_as(self, kind: type[_Calls]) -> _Calls:
        """Return the calls, oldest first, as a tuple of a kind."""
        with self._lock:
            return kind(self._kept)


def _bytes(call: Call) -> int:
    """Return the size of the variable parts of a call, in bytes."""
    return len(call.body) + len(call.response_body) + len(call.target)
