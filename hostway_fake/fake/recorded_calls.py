"""The calls of an account, with methods that wait for more calls in real time."""

import sys
from functools import partial
from queue import Empty
from typing import Final, TypedDict, Unpack

from hostway_fake import checks
from hostway_fake.clock import monotonic
from hostway_fake.exceptions import NotCalledError
from hostway_fake.journal.calls import Call
from hostway_fake.journal.near_miss import differences
from hostway_fake.journal.recorder import Journal
from hostway_fake.journal.sequence import Calls, not_called, wanted_values

_LONGEST: Final = 10**6
"""The longest wait, in real seconds. Locks cannot wait for much longer."""


class WaitOptions(TypedDict, total=False):
    """The arguments of `RecordedCalls.wait_for`, but for the operation."""

    times: int
    timeout: float
    server: str | None
    name: str | None
    effect: str | None
    outcome: str | None
    status: int | None


class RecordedCalls(Calls):
    """The calls in the journal of an account, oldest first."""

    _journal: Journal

    @classmethod
    def of(cls, journal: Journal) -> "RecordedCalls":
        """Return the calls of a journal."""
        calls = journal.calls_as(cls)
        calls._journal = journal  # noqa: SLF001  # an object of this class
        return calls

    def __reduce__(self) -> tuple[type[Calls], tuple[tuple[Call, ...]]]:
        return Calls, (tuple(self),)

    def wait_for(
        self,
        operation: str,
        *,
        times: int = 1,
        timeout: float = 5,
        server: str | None = None,
        name: str | None = None,
        effect: str | None = None,
        outcome: str | None = None,
        status: int | None = None,
    ) -> Calls:
        """Wait until a client in another thread or process has made enough calls with all of the given attributes.

        Calls that were made before count too.

        Args:
            operation: The name of the operation.
            times: How many such calls to wait for.
            timeout: For how many real seconds to wait.
            server: As in `filter`.
            name: As in `filter`.
            effect: As in `filter`.
            outcome: As in `filter`.
            status: As in `filter`.

        Returns:
            The calls with these attributes, oldest first.

        Raises:
            NotCalledError: If there are too few calls when the time is over. The message has those that came nearest.
            InvalidValueError: If no call can have such an attribute.

        Example:
            >>> from threading import Thread
            >>> from hostway_fake import FakeHostway
            >>> with FakeHostway() as fake, fake.session() as session:
            ...     Thread(target=session.get, args=(f"{fake.url}/servers",)).start()
            ...     len(fake.calls.wait_for("list_servers"))
            1
        """
        checks.text("operation", operation)
        checks.whole("times", times)
        end = monotonic() + checks.positive("timeout", timeout, _LONGEST)
        wanted = wanted_values(operation, server, name, effect, outcome, status)
        found: list[Call] = []
        seen, is_over = 0, False
        with self._journal.watched() as news:
            while True:
                seen, new = self._journal.news(seen)
                found += [call for call in new if not differences(call, wanted)]
                if len(found) >= times:
                    return Calls(found)
                if is_over:
                    message = "\n".join(not_called(self._journal.calls, wanted, found, times))
                    raise NotCalledError(f"after {timeout:g} s: {message}")
                try:
                    news.get(timeout=max(0, end - monotonic()))
                except Empty:
                    is_over = True

    async def async_wait_for(self, operation: str, **others: Unpack[WaitOptions]) -> Calls:
        """Wait as `wait_for` does, with the same arguments. Other tasks of asyncio or trio run meanwhile."""
        wait = partial(self.wait_for, operation, **others)
        trio = sys.modules.get("trio")
        if trio is not None and trio.lowlevel.in_trio_run():
            waited: Calls = await trio.to_thread.run_sync(wait, abandon_on_cancel=True)
            return waited
        import asyncio

        return await asyncio.to_thread(wait)
