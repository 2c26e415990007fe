"""The calls of a journal, to be looked through and asserted on; what was not called is told with what came nearest."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final, SupportsIndex, overload

from hostway_fake import checks, exceptions
from hostway_fake.contract.operations import BY_NAME
from hostway_fake.exceptions import NotCalledError, WrongTypeError, invalid
from hostway_fake.journal.calls import WITHOUT_STATUS, Call, Effect
from hostway_fake.journal.near_miss import differences, nearest

_STATUS: Final = re.compile(r"[1-9][0-9]{2}")
_OTHERS: Final = (*WITHOUT_STATUS, *(name for name in vars(exceptions) if name.endswith("Error")))


class Calls(tuple[Call, ...]):
    """Calls, oldest first: a tuple with two words more; a part of them is such a one too."""

    __slots__ = ()

    @overload
    def __getitem__(self, index: SupportsIndex, /) -> Call: ...

    @overload
    def __getitem__(self, index: slice, /) -> "Calls": ...

    def __getitem__(self, index: SupportsIndex | slice, /) -> "Call | Calls":
        return Calls(super().__getitem__(index)) if isinstance(index, slice) else super().__getitem__(index)

    def filter(
        self,
        operation: str | None = None,
        *,
        server: str | None = None,
        name: str | None = None,
        effect: str | None = None,
        outcome: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> "Calls":
        """Those of an operation, a server, a name of what they are about, an effect, or an outcome (``client_saw``).

        ``since`` and ``until`` are aware datetimes, both included.

        >>> from hostway_fake import FakeHostway
        >>> with FakeHostway() as fake:
        ...     _ = fake.session().get(f"{fake.url}/servers")
        >>> fake.calls.filter("list_servers", effect="none", outcome="200")
        (<Call 1 2013-04-12 19:29:00.000 GET /servers list_servers none 200>,)
        """
        wanted = _wanted(operation, server, name, effect, outcome)
        for what, instant in (("since", since), ("until", until)):
            if instant is not None and (not isinstance(instant, datetime) or instant.tzinfo is None):
                raise WrongTypeError(f"{what}: got {instant!r}, expected an aware datetime")
        if since is not None and until is not None and until < since:
            raise invalid("until", until.isoformat(), f"an instant from {since.isoformat()} on")
        return Calls(
            call
            for call in self
            if not differences(call, wanted)
            and (since is None or call.at >= since)
            and (until is None or call.at <= until)
        )

    def assert_called(
        self,
        operation: str,
        *,
        times: int | None = None,
        server: str | None = None,
        name: str | None = None,
        effect: str | None = None,
        outcome: str | None = None,
    ) -> None:
        """Raise `hostway_fake.NotCalledError` unless there is such a call, or exactly so many ``times``.

        What is raised names the calls that came nearest, and in what they differ. Calls that a savepoint has rolled
        back count: they were made.
        """
        checks.text("operation", operation)
        if times is not None:
            checks.whole("times", times, 0)
        wanted = _wanted(operation, server, name, effect, outcome)
        found = [call for call in self if not differences(call, wanted)]
        if len(found) != times if times is not None else not found:
            raise NotCalledError("\n".join(_told(self, wanted, found, times)))


def _wanted(
    operation: str | None, server: str | None, name: str | None, effect: str | None, outcome: str | None
) -> dict[str, str]:
    """What is asked of a call, by the attribute that has it."""
    if operation is not None and checks.text("operation", operation) not in BY_NAME:
        raise invalid("operation", operation, "one of", BY_NAME)
    if effect is not None and effect not in tuple(Effect):
        raise invalid("effect", effect, "one of", Effect)
    if outcome is not None and not _STATUS.fullmatch(checks.text("outcome", outcome)) and outcome not in _OTHERS:
        raise invalid("outcome", outcome, "a status such as '202', or one of", _OTHERS)
    asked = {"operation": operation, "server": server, "name": name, "effect": effect, "client_saw": outcome}
    return {what: checks.text(what, value) for what, value in asked.items() if value is not None}


def _told(calls: Calls, wanted: Mapping[str, str], found: list[Call], times: int | None) -> list[str]:
    asked = ", ".join(f"{what}={value!r}" for what, value in wanted.items() if what != "operation")
    what = wanted["operation"] + (f" with {asked}" if asked else "")
    said = f"{what} was called {len(found)} times, expected {'at least once' if times is None else times}"
    return [said, *([f"  {call}" for call in found] or nearest(calls, wanted))]
