"""The calls of a journal, which can be filtered, counted and asserted on."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final, SupportsIndex, overload

from hostway_fake import checks, exceptions
from hostway_fake.contract.operations import BY_NAME
from hostway_fake.exceptions import NotCalledError, WrongTypeError, invalid
from hostway_fake.journal.calls import WITHOUT_STATUS, Call, Effect
from hostway_fake.journal.near_miss import differences, nearest
from hostway_fake.suggestions import Suggests, suggests_keywords

_STATUS: Final = re.compile(r"[1-9][0-9]{2}")
_OUTCOMES: Final = (*WITHOUT_STATUS, *(name for name in vars(exceptions) if name.endswith("Error")))

_SUGGESTIONS: Final = suggests_keywords(
    status_code="status", client_saw="outcome", server_id="server", op="operation", id="name", count="times"
)


class Calls(tuple[Call, ...], Suggests):
    """Calls, oldest first. It is a tuple; a slice of it has the same methods."""

    __slots__ = ()

    @overload
    def __getitem__(self, index: SupportsIndex, /) -> Call: ...

    @overload
    def __getitem__(self, index: slice, /) -> "Calls": ...

    def __getitem__(self, index: SupportsIndex | slice, /) -> "Call | Calls":
        return Calls(super().__getitem__(index)) if isinstance(index, slice) else super().__getitem__(index)

    @property
    def last(self) -> Call:
        """The last call.

        Raises:
            NotCalledError: If there are no calls.
        """
        if not self:
            raise NotCalledError("there were no calls at all")
        return self[-1]

    @_SUGGESTIONS
    def filter(
        self,
        operation: str | None = None,
        *,
        server: str | None = None,
        name: str | None = None,
        effect: str | None = None,
        outcome: str | None = None,
        status: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> "Calls":
        """Return the calls that have all of the given attributes.

        Args:
            operation: The name of the operation.
            server: The server id in the path.
            name: The name of the snapshot, server or volume.
            effect: ``"applied"``, ``"refused"`` or ``"none"``.
            outcome: What the client saw: a status such as ``"202"``, or the name of a fault such as ``"reset"`` or of
                an exception of the fake.
            status: The status that the client received.
            since: An aware datetime. Calls at this instant are included.
            until: An aware datetime. Calls at this instant are included.

        Raises:
            InvalidValueError: If no call can have such an attribute.

        Example:
            >>> from hostway_fake import FakeHostway
            >>> with FakeHostway() as fake:
            ...     _ = fake.session().get(f"{fake.url}/servers")
            >>> fake.calls.filter("list_servers", effect="none", status=200)
            (<Call 1 2013-04-12 19:29:00.000 GET /servers list_servers none 200>,)
        """
        wanted = wanted_values(operation, server, name, effect, outcome, status)
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

    @_SUGGESTIONS
    def count(
        self,
        operation: str | None = None,
        *,
        server: str | None = None,
        name: str | None = None,
        effect: str | None = None,
        outcome: str | None = None,
        status: int | None = None,
    ) -> int:
        """Return how many calls have all of the given attributes. See `filter`."""
        wanted = wanted_values(operation, server, name, effect, outcome, status)
        return sum(not differences(call, wanted) for call in self)

    @_SUGGESTIONS
    def assert_called(
        self,
        operation: str,
        *,
        times: int | None = None,
        server: str | None = None,
        name: str | None = None,
        effect: str | None = None,
        outcome: str | None = None,
        status: int | None = None,
    ) -> None:
        """Assert that there is a call with all of the given attributes. See `filter`.

        Calls that a savepoint has rolled back count, because they were made.

        Args:
            operation: The name of the operation.
            times: How many such calls there must be. Default: at least one.
            server: As in `filter`.
            name: As in `filter`.
            effect: As in `filter`.
            outcome: As in `filter`.
            status: As in `filter`.

        Raises:
            NotCalledError: If no call matches, or if the number of matches differs from ``times``. The message
                contains the closest calls, and the attributes in which they differ.
        """
        checks.text("operation", operation)
        if times is not None:
            checks.whole("times", times, 0)
        wanted = wanted_values(operation, server, name, effect, outcome, status)
        found = [call for call in self if not differences(call, wanted)]
        if len(found) != times if times is not None else not found:
            raise NotCalledError("\n".join(not_called(self, wanted, found, times)))


def wanted_values(
    operation: str | None,
    server: str | None,
    name: str | None,
    effect: str | None,
    outcome: str | None,
    status: int | None,
) -> dict[str, str]:
    """Return the wanted values by the attribute of `Call`."""
    if operation is not None and checks.text("operation", operation) not in BY_NAME:
        raise invalid("operation", operation, "one of", BY_NAME)
    if effect is not None and effect not in tuple(Effect):
        raise invalid("effect", effect, "one of", Effect)
    if status is not None:
        if outcome is not None:
            raise invalid("status", status, "either status or outcome")
        outcome = str(checks.whole("status", status, 100, 599))
    if outcome is not None and not _STATUS.fullmatch(checks.text("outcome", outcome)) and outcome not in _OUTCOMES:
        raise invalid("outcome", outcome, "a status such as '202', or one of", _OUTCOMES)
    wanted = {"operation": operation, "server": server, "name": name, "effect": effect, "client_saw": outcome}
    return {what: checks.text(what, value) for what, value in wanted.items() if value is not None}


def not_called(calls: Calls, wanted: Mapping[str, str], found: list[Call], times: int | None) -> list[str]:
    """Return the lines of the message about too few or too many calls, with the nearest ones."""
    attributes = ", ".join(f"{what}={value!r}" for what, value in wanted.items() if what != "operation")
    what = wanted["operation"] + (f" with {attributes}" if attributes else "")
    message = f"{what} was called {len(found)} times, expected {'at least once' if times is None else times}"
    return [message, *([f"  {call}" for call in found] or nearest(calls, wanted))]
